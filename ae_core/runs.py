"""Runs on disk: a folder is a run, and the folder is the truth.

    spec.json           what was trained
    history.jsonl       one line for each epoch: every loss term, learning rate, seconds
    model.weights.h5    the weights
    encoder.onnx        images → codes
    decoder.onnx        codes → images
    card.json           figures on the test set, sizes, duration, SHA-256 of the other files

A run is written beside its place and renamed into it whole; after that it never changes.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ae_core import settings
from ae_core import spec as specs
from ae_core.errors import ExplorerError, RunError
from ae_core.spec import Spec

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints"
FILES = ("spec.json", "history.jsonl", "model.weights.h5", "encoder.onnx", "decoder.onnx")
CARD = "card.json"
FORMAT = 1
MAX_JSON = 4 << 20
MAX_FILE = 64 << 20
UNFINISHED = ".unfinished-"


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
    card: dict[str, Any]

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def title(self) -> str:
        return clean(str(self.card.get("title") or "")) or clean(self.name)

    @property
    def digest(self) -> str:
        """Changes when any file of the run does."""
        return hashlib.sha256(json.dumps(self.card["sha256"], sort_keys=True).encode()).hexdigest()


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


def read(path: Path) -> Run:
    """The run in that folder; its JSON is checked here, its other files when they are read.

    Raises:
        RunError: if there is none, a file is missing, or its JSON is not what `write` writes.
    """
    if not os.path.isdir(path):  # unlike Path.is_dir, it takes any name
        raise RunError(f"There is no run at {path.name!r}: the folder does not exist.")
    missing = [name for name in (*FILES, CARD) if not (path / name).is_file()]
    if missing:
        raise RunError(f"{path.name}: {', '.join(missing)} missing; the run is incomplete.")
    card = read_card(path)
    if card.get("format") != FORMAT:
        raise RunError(f"{path.name}: {CARD} has format {card.get('format')!r}, expected {FORMAT}.")
    digests = card.get("sha256")
    if not isinstance(digests, dict) or set(digests) != set(FILES):
        raise RunError(f"{path.name}: {CARD} must hold a SHA-256 for each of {', '.join(FILES)}.")
    if not isinstance(card.get("bytes"), dict):
        raise RunError(f"{path.name}: {CARD} must hold the size of each file.")
    if not isinstance(card.get("metrics"), dict) or not isinstance(card.get("parameters"), int):
        raise RunError(f"{path.name}: {CARD} must hold metrics and parameters.")
    # A listing cannot afford every digest; what was cut or filled up shows by its size.
    for name in FILES:
        size, expected = (path / name).stat().st_size, card["bytes"].get(name)
        if size != expected:
            raise RunError(f"{path.name}: {name} has {size:,} bytes, its card says {expected!r}.")
    try:
        spec = specs.parse(read_file(path, "spec.json", card).decode("utf-8", "replace"))
    except RunError:
        raise
    except ExplorerError as error:
        raise RunError(f"{path.name}: spec.json is not valid: {error}") from None
    lines = read_file(path, "history.jsonl", card).decode("utf-8", "replace").splitlines()
    return Run(path, spec, tuple(_json_object(path, line, "history.jsonl") for line in lines), card)


def read_card(path: Path) -> dict[str, Any]:
    """A run's card, as it stands."""
    return _json_object(path, _limited(path, CARD, MAX_JSON), CARD)


def read_file(path: Path, name: str, card: dict[str, Any]) -> bytes:
    """The bytes of one of a run's files, if they are the ones that its card names.

    Raises:
        RunError: if the file is missing, too large, or has changed.
    """
    content = _limited(path, name, MAX_FILE)
    if hashlib.sha256(content).hexdigest() != card["sha256"].get(name):
        raise RunError(f"{path.name}: {name} is not the file that was written (its SHA-256 differs).")
    return content


def _limited(path: Path, name: str, limit: int) -> bytes:
    try:
        size = (path / name).stat().st_size
        if size > limit:
            raise RunError(f"{path.name}: {name} has {size:,} bytes, at most {limit:,} are read.")
        return (path / name).read_bytes()
    except OSError as error:
        raise RunError(f"{path.name}: {name} cannot be read ({error.strerror}).") from error


def _json_object(path: Path, text: bytes | str, name: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
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
        entries = sorted(e for e in folder.iterdir() if e.is_dir() and not e.name.startswith("."))
    except OSError:
        return []
    local = {data_folder(), SHIPPED / "local"}
    return [_read_unless_known(entry, _fingerprint(entry)) for entry in entries if entry not in local]


@lru_cache(maxsize=1024)
def _read_unless_known(path: Path, fingerprint: object) -> Run | BrokenRun:
    return read_or_tell(path)


def _fingerprint(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Changes whenever a file of the folder is written, added or removed."""
    try:
        stats = [(e.name, e.stat()) for e in os.scandir(path)]
    except OSError:
        return ()
    return tuple(sorted((name, s.st_size, s.st_mtime_ns) for name, s in stats))


def shipped() -> list[Run | BrokenRun]:
    """The runs that came with the app."""
    return scan(SHIPPED)


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


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Adds the digests of the folder's files to the card and writes it."""
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    sizes = {name: (folder / name).stat().st_size for name in FILES}
    write_json(folder / CARD, {"format": FORMAT, **card, "bytes": sizes, "sha256": digests})


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
