"""Runs on disk: a folder is a run, and the folder is the truth.

    spec.json           what was trained
    history.jsonl       one line for each epoch: every loss term, learning rate, seconds
    model.weights.h5    the weights
    encoder.onnx        images → codes
    decoder.onnx        codes → images
    card.json           figures on the test set, sizes, duration, SHA-256 of the other files and of itself

A run is written beside its place and renamed into it whole; after that nothing of it changes but its title.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import math
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import lru_cache
from io import BufferedReader
from pathlib import Path
from threading import Condition
from typing import Any

from cachetools import TTLCache, cached

from ae_core import settings
from ae_core import spec as specs
from ae_core.errors import ExplorerError, RunError
from ae_core.spec import MAX_EPOCHS, Spec

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints"
FILES = ("spec.json", "history.jsonl", "model.weights.h5", "encoder.onnx", "decoder.onnx")
CARD = "card.json"
NETWORKS = ("model.weights.h5", "encoder.onnx", "decoder.onnx")
FORMAT = 2
MAX_JSON = 64 << 10
MAX_HISTORY = 1 << 20
MAX_FILE = 64 << 20
AROUND = 256 << 10  # bytes that a file of weights may have beside them
MAX_TITLE = 200
MAX_REASON = 300
UNFINISHED = ".unfinished-"
NOT_GUESSED = re.compile(r"[\w-]{1,100}-\d{8}-\d{6}-[0-9a-f]{16}", re.ASCII)  # as `new_name` makes them


@dataclass(frozen=True)
class Card:
    """What a run says of itself.

    Attributes:
        title: What its owner calls it.
        owner: Whose it is; None makes it everyone's.
        created: When it was finished, in UTC, such as "2026-11-22T18:39:13Z".
        epochs: How many were finished.
        complete: Whether these are all that were asked for.
        seconds: How long it was trained.
        parameters: How many numbers it learnt.
        metrics: Its figures on the test images; None stands for what is not finite.
        versions: Of what trained it.
        bytes, sha256: Size and digest of each of its other files.
    """

    title: str | None
    owner: str | None
    created: str
    epochs: int
    complete: bool
    seconds: float
    parameters: int
    metrics: Mapping[str, float | None]
    versions: Mapping[str, str]
    bytes: Mapping[str, int]
    sha256: Mapping[str, str]

    def figure(self, name: str) -> float:
        """One of its metrics, NaN where it has none."""
        value = self.metrics.get(name)
        return math.nan if value is None else value


@dataclass(frozen=True)
class Run:
    """A whole run.

    Attributes:
        path: Its folder; the folder's name is the run's.
        spec: What was trained.
        history: One record for each epoch: "epoch", "seconds", "learning_rate", "terms" and "validation".
        card: Its figures and digests.
    """

    path: Path
    spec: Spec
    history: tuple[dict[str, Any], ...]
    card: Card

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def title(self) -> str:
        return clean(self.card.title or "") or clean(self.name)

    @property
    def digest(self) -> str:
        """Changes when any file of the run does."""
        return hashlib.sha256(json.dumps(dict(self.card.sha256), sort_keys=True).encode()).hexdigest()


def clean(text: str) -> str:
    """People's text as one printable line: no control characters, no halves of characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


@dataclass(frozen=True)
class BrokenRun:
    """A folder that should be a run and is none, with the reason."""

    path: Path
    reason: str

    @property
    def name(self) -> str:
        return self.path.name


def data_folder() -> Path:
    """Where trainings and their runs live, see `settings`."""
    return settings.current().data


def new_name(kind: str) -> str:
    """A name that sorts by time and cannot be guessed."""
    return f"{kind}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(8)}"


def owner_of(run: Run | BrokenRun) -> str | None:
    """Whose a run is; None makes it everyone's.

    Raises:
        RunError: if its card does not vouch for it: then it is nobody's.
    """
    return run.card.owner if isinstance(run, Run) else _card(run.path).owner


def visible(run: Run | BrokenRun, owner: str | None) -> bool:
    """Whether a run stands in someone's lists: their own does, and everyone's."""
    with contextlib.suppress(RunError):
        return owner_of(run) in (None, owner)
    return False


def linked(name: str) -> Run | BrokenRun | None:
    """The run that a link names, for whoever has the link: None if there is none, or if its name could be guessed."""
    path = data_folder() / "runs" / name
    if not NOT_GUESSED.fullmatch(name) or not path.is_dir():
        return None
    return _read_unless_known(path, _fingerprint(path))


def read(path: Path) -> Run:
    """The run in that folder; its JSON is checked here, its other files when they are read.

    Raises:
        RunError: if there is none, a file is missing, or its JSON is not what `write_card` writes.
    """
    if not os.path.isdir(path):  # unlike Path.is_dir, it takes any name
        raise RunError(f"There is no run at {path.name!r}: the folder does not exist.")
    missing = [name for name in (*FILES, CARD) if not _is_plain(path / name)]
    if missing:
        raise RunError(f"{path.name}: {', '.join(missing)} missing or no plain file; the run is incomplete.")
    card = _card(path)
    # A listing cannot afford every digest; what was cut or filled up shows by its size.
    for name in FILES:
        size = (path / name).stat().st_size
        if size != card.bytes[name]:
            raise RunError(f"{path.name}: {name} has {size:,} bytes, its card says {card.bytes[name]:,}.")
    try:
        spec = specs.parse(read_file(path, "spec.json", card).decode("utf-8", "replace"))
        history = parse_history(read_file(path, "history.jsonl", card).decode("utf-8", "replace"))
    except RunError:
        raise
    except ExplorerError as error:
        raise RunError(f"{path.name}: spec.json is not valid: {error}"[:MAX_REASON]) from None
    except ValueError as error:
        raise RunError(f"{path.name}: history.jsonl is not valid: {error}") from None
    if card.parameters != spec.parameters:
        raise RunError(
            f"{path.name}: {CARD} tells of {card.parameters:,} parameters, expected {spec.parameters:,} by spec.json."
        )
    if card.epochs != len(history):
        raise RunError(f"{path.name}: {CARD} tells of {card.epochs} epochs, history.jsonl of {len(history)}.")
    for name in NETWORKS:
        most = 4 * spec.parameters + AROUND
        if card.bytes[name] > most:
            raise RunError(f"{path.name}: {name} has {card.bytes[name]:,} bytes, its network needs at most {most:,}.")
    return Run(path, spec, history, card)


def read_card(path: Path) -> dict[str, Any]:
    """A run's card, as it stands.

    Raises:
        RunError: if it cannot be read or is no JSON object.
    """
    return _json_object(path, _limited(path, CARD, MAX_JSON), CARD)


def _card(path: Path) -> Card:
    """A run's card, if it is one that `write_card` wrote."""
    values = read_card(path)
    if values.get("format") != FORMAT:
        raise RunError(f"{path.name}: {CARD} has format {values.get('format')!r}, expected {FORMAT}."[:MAX_REASON])
    names = {f.name for f in fields(Card)}
    if set(values) != names | {"format", "digest"}:
        wrong = sorted(set(values) ^ (names | {"format", "digest"}))
        raise RunError(f"{path.name}: {CARD} has fields missing or too many: {', '.join(wrong)}."[:MAX_REASON])
    for name, (expected, fits) in _FIELDS.items():
        if not fits(values[name]):
            raise RunError(f"{path.name}: {name} in {CARD} must be {expected}.")
    if values.pop("digest") != _digest(values):
        raise RunError(f"{path.name}: {CARD} is not the card that was written (its digest differs).")
    return Card(**{name: values[name] for name in names})


def _digest(card: dict[str, Any]) -> str:
    """The SHA-256 of what a card says, however it is laid out."""
    return hashlib.sha256(json.dumps(card, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _is_text(value: Any, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most


def _is_whole(value: Any, most: int = 2**53) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _is_number(value: Any) -> bool:
    # A whole number may have more digits than a float can hold.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _is_name(value: Any) -> bool:
    """Whether it may stand in a legend or a table as it is."""
    return isinstance(value, str) and re.fullmatch(r"\w[\w .@-]{0,59}", value) is not None


def _is_record(value: Any, fits: Callable[[Any], bool], keys: tuple[str, ...] = ()) -> bool:
    """Whether it is an object of few names with values that fit, or of exactly those keys."""
    if not isinstance(value, dict) or len(value) > 100 or (keys and set(value) != set(keys)):
        return False
    return all((key in keys or _is_name(key)) and fits(v) for key, v in value.items())


_EACH = f"for each of {', '.join(FILES)}"
_FIELDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "title": (f"at most {MAX_TITLE} characters or null", lambda v: v is None or _is_text(v, MAX_TITLE)),
    "owner": ("at most 100 characters or null", lambda v: v is None or _is_text(v, 100)),
    "created": (
        "a time such as 2026-01-31T12:00:00Z",
        lambda v: _is_text(v, 20) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", v) is not None,
    ),
    "epochs": (f"a whole number from 0 to {MAX_EPOCHS}", lambda v: _is_whole(v, MAX_EPOCHS)),
    "complete": ("true or false", lambda v: isinstance(v, bool)),
    "seconds": ("a number from 0", lambda v: _is_number(v) and v >= 0),
    "parameters": ("a whole number", _is_whole),
    "metrics": ("numbers or null by name", lambda v: _is_record(v, lambda x: x is None or _is_number(x))),
    "versions": ("words by name", lambda v: _is_record(v, lambda x: _is_text(x, 100))),
    "bytes": (f"a size {_EACH}", lambda v: _is_record(v, _is_whole, FILES)),
    "sha256": (
        f"a SHA-256 {_EACH}",
        lambda v: _is_record(v, lambda x: _is_text(x, 64) and re.fullmatch("[0-9a-f]{64}", x) is not None, FILES),
    ),
}


def parse_history(text: str) -> tuple[dict[str, Any], ...]:
    """The records of a history, one a line, checked as if a stranger had written them.

    Raises:
        ValueError: if a line is not what training writes; says which.
    """
    lines = text.splitlines()
    if len(lines) > MAX_EPOCHS:
        raise ValueError(f"it has {len(lines):,} lines, at most {MAX_EPOCHS} are read.")
    records = []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise ValueError(f"line {number} is no JSON.") from None
        keys = ("epoch", "seconds", "learning_rate", "terms", "validation")
        if not isinstance(record, dict) or set(record) != set(keys) or record["epoch"] != number:
            raise ValueError(f"line {number} must hold {', '.join(keys)} of epoch {number}.")
        single, named = ("seconds", "learning_rate"), ("terms", "validation")
        sound = _is_whole(record["epoch"]) and all(_is_number(record[k]) and record[k] >= 0 for k in single)
        if not sound or not all(_is_record(record[k], _is_number) and record[k] for k in named):
            raise ValueError(f"line {number} holds what are no numbers.")
        if record["terms"].keys() != record["validation"].keys():
            raise ValueError(f"line {number} has other terms in training than in validation.")
        records.append(record)
    return tuple(records)


def read_file(path: Path, name: str, card: Card) -> bytes:
    """The bytes of one of a run's files, if they are the ones that its card names.

    Raises:
        RunError: if the file is missing, too large, or has changed.
    """
    content = _limited(path, name, {"spec.json": MAX_JSON, "history.jsonl": MAX_HISTORY}.get(name, MAX_FILE))
    _check_digest(path, name, card, hashlib.sha256(content))
    return content


def verify_file(path: Path, name: str, card: Card) -> None:
    """Checks one of a run's files as `read_file` does, and keeps nothing of it in memory."""
    with _opened(path, name, MAX_FILE) as file:
        _check_digest(path, name, card, hashlib.file_digest(file, "sha256"))


def _check_digest(path: Path, name: str, card: Card, digest: "hashlib._Hash") -> None:
    if digest.hexdigest() != card.sha256[name]:
        raise RunError(f"{path.name}: {name} is not the file that was written (its SHA-256 differs).")


def _limited(path: Path, name: str, limit: int) -> bytes:
    with _opened(path, name, limit) as file:
        return file.read(limit)


@contextmanager
def _opened(path: Path, name: str, limit: int) -> Iterator[BufferedReader]:
    try:
        with open(os.open(path / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                raise RunError(f"{path.name}: {name} has {size:,} bytes, at most {limit:,} are read.")
            yield file
    except OSError as error:
        raise RunError(f"{path.name}: {name} cannot be read ({error.strerror}).") from error


def _is_plain(path: Path) -> bool:
    """Whether it is a file, and neither a link nor a device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _json_object(path: Path, text: bytes | str, name: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise RunError(f"{path.name}: {name} is no JSON.") from None
    if not isinstance(value, dict):
        raise RunError(f"{path.name}: {name} must be a JSON object, got {type(value).__name__}.")
    return value


def read_or_tell(path: Path) -> Run | BrokenRun:
    """The run in that folder, or why there is none."""
    try:
        return read(path)
    except RunError as error:
        return BrokenRun(path, str(error))


def scan(folder: Path) -> list[Run | BrokenRun]:
    """Every run in a folder, by name; one that is broken does not hide the others."""
    try:
        names = sorted(e.name for e in os.scandir(folder) if not e.name.startswith(".") and e.is_dir())
    except OSError:
        return []
    entries = (folder / name for name in names)
    local = {data_folder(), SHIPPED / "local"}
    return [_read_unless_known(entry, _fingerprint(entry)) for entry in entries if entry not in local]


@lru_cache(maxsize=1024)
def _read_unless_known(path: Path, fingerprint: object) -> Run | BrokenRun:
    return read_or_tell(path)


def _fingerprint(path: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Changes whenever a file of the folder is written, added or removed."""
    try:
        stats = [(e.name, e.stat(follow_symlinks=False)) for e in os.scandir(path)]
    except OSError:
        return ()
    return tuple(sorted((name, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in stats))


def shipped() -> list[Run | BrokenRun]:
    """The runs that came with the app; looked through once a second, however many pages ask."""
    return _shipped(SHIPPED)


@cached(TTLCache(maxsize=4, ttl=1), condition=Condition())
def _shipped(folder: Path) -> list[Run | BrokenRun]:
    return scan(folder)


@contextmanager
def writing(out: Path) -> Iterator[Path]:
    """A folder to fill that becomes `out` whole when the block ends, or vanishes when it fails.

    Raises:
        RunError: if `out` exists already, or the disk does not let it be written.
    """
    if out.name in ("", ".."):
        raise RunError(f"{str(out)!r} names no new folder: choose the name of one.")
    if os.path.lexists(out):
        raise RunError(f"{out.name!r} exists already: a run is never overwritten; choose another name.")
    work = out.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    claim = None
    try:
        claim = _claimed(work)
        if len(os.fsencode(out.name)) > os.pathconf(work, "PC_NAME_MAX"):
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        yield work
        for file in work.iterdir():
            _sync(file)
        _sync(work)
        os.rename(work, out)
        _sync(out.parent)
    except OSError as error:
        raise RunError(f"The run {out.name!r} cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if claim is not None:
            os.close(claim)


def _claimed(work: Path) -> int:
    """Makes a folder that `remove_if_left` leaves alone until the descriptor is closed, or its process is gone."""
    while True:
        work.mkdir(parents=True, exist_ok=True)
        claim = os.open(work, os.O_RDONLY)
        fcntl.flock(claim, fcntl.LOCK_EX)
        if work.exists():  # nobody took it for a leftover before it was locked
            return claim
        os.close(claim)


def remove_if_left(work: Path) -> bool:
    """Removes an unfinished folder whose writer is gone; whether it did."""
    try:
        claim = os.open(work, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(work, ignore_errors=True)
    except OSError:  # somebody writes it
        return False
    finally:
        os.close(claim)
    return True


def check_writable(out: Path) -> None:
    """Finds out before a training what would keep its run from being written after it.

    Raises:
        RunError: as `writing` would.
    """
    with contextlib.suppress(_NotNow), writing(out):
        raise _NotNow


class _NotNow(Exception):
    """Leaves `writing` without a run."""


def reserve(folder: Path, size: int) -> None:
    """Makes sure that the disk has room for so many bytes.

    HDF5 crashes the process where it finds a disk full; this raises an OSError before.
    """
    path = folder / ".room"
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    path.unlink()


def write_card(folder: Path, values: Mapping[str, Any]) -> None:
    """Writes the card of the files that are in the folder.

    Args:
        folder: Of the run; holds all of its other files.
        values: The fields of `Card`, without those on the files, which are added here; without title or owner it has
            none.
    """
    title = values.get("title")
    card = {
        "format": FORMAT,
        "title": title and title[:MAX_TITLE],
        "owner": None,
        **{name: value for name, value in values.items() if name not in ("format", "title", "digest")},
        "bytes": {name: (folder / name).stat().st_size for name in FILES},
        "sha256": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES},
    }
    write_json(folder / CARD, {**card, "digest": _digest(card)})


def rename(path: Path, title: str) -> None:
    """Calls a run otherwise; its card goes on vouching for the same files.

    Raises:
        RunError: if its card is damaged, or the disk does not let it be written.
    """
    _card(path)
    values = {name: value for name, value in read_card(path).items() if name != "digest"} | {"title": title[:MAX_TITLE]}
    try:
        write_json(path / CARD, {**values, "digest": _digest(values)})
    except OSError as error:
        raise RunError(f"{path.name}: its title cannot be written ({error.strerror or error}).") from error


def write_json(path: Path, value: Any) -> None:
    """Replaces a JSON file at once: whoever reads it sees the old or the new one."""
    write_bytes(path, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Replaces a file at once and for good."""
    work = path.with_name(f".{secrets.token_hex(6)}.tmp")
    try:
        with work.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(work, path)
        _sync(path.parent)
    finally:
        work.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
