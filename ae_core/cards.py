"""A run's card, with figures and the digests of its other files, and its history.

Both are validated as untrusted input.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ae_core import disk, epoch_film
from ae_core.bounds import MAX_EPOCHS, MAX_FILE
from ae_core.errors import RunError

FILES = ("spec.json", "history.jsonl", "model.weights.h5", "encoder.onnx", "decoder.onnx")
FILM = "film.npz"  # of runs that were trained since there are films
CARD = "card.json"
FORMAT = 2
MAX_JSON = 64 << 10
MAX_HISTORY = 1 << 20
MAX_TITLE = 200
MAX_REASON = 300


@dataclass(frozen=True)
class Card:
    """Metadata of a run.

    Attributes:
        title: Title given by its owner.
        owner: Owner's id; None for a run that everyone sees.
        created: Time of completion in UTC, such as "2026-11-22T18:39:13Z".
        epochs: Number of finished epochs.
        complete: Whether all requested epochs were finished.
        seconds: Training time.
        parameters: Number of trainable parameters.
        metrics: Figures on the test images; None where not finite.
        versions: Versions of the packages that trained it.
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
        """Returns one of the metrics, NaN if missing."""
        value = self.metrics.get(name)
        return math.nan if value is None else value


def unchecked(path: Path) -> dict[str, Any]:
    """Reads a run's card without validating it.

    Raises:
        RunError: if it cannot be read or is no JSON object.
    """
    return _json_object(path, disk.read(path, CARD, MAX_JSON), CARD)


def read(path: Path) -> Card:
    """Reads and validates a run's card.

    Raises:
        RunError: if it is not a card as `write` writes it, or was changed since.
    """
    values = unchecked(path)
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
    """SHA-256 of a card's content, independent of its layout."""
    return hashlib.sha256(json.dumps(card, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def write(folder: Path, values: Mapping[str, Any]) -> None:
    """Writes a run's card, with the sizes and digests of its files.

    Args:
        folder: Folder of the run, with all other files.
        values: Fields of `Card` except `bytes` and `sha256`; title and owner are optional.
    """
    title = values.get("title")
    files = [*FILES, *([FILM] if (folder / FILM).is_file() else [])]
    card = {
        "format": FORMAT,
        "title": title and title[:MAX_TITLE],
        "owner": None,
        **{name: value for name, value in values.items() if name not in ("format", "title", "digest")},
        "bytes": {name: (folder / name).stat().st_size for name in files},
        "sha256": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files},
    }
    disk.write_json(folder / CARD, {**card, "digest": _digest(card)})


def rename(path: Path, title: str) -> None:
    """Changes a run's title.

    Raises:
        RunError: if its card is damaged or cannot be written.
    """
    read(path)
    values = {name: value for name, value in unchecked(path).items() if name != "digest"} | {"title": title[:MAX_TITLE]}
    try:
        disk.write_json(path / CARD, {**values, "digest": _digest(values)})
    except OSError as error:
        raise RunError(f"{path.name}: its title cannot be written ({error.strerror or error}).") from error


def read_file(path: Path, name: str, card: Card) -> bytes:
    """Reads one of a run's files and checks its digest.

    Raises:
        RunError: if the file is missing, too large, or has changed.
    """
    content = disk.read(
        path, name, {"spec.json": MAX_JSON, "history.jsonl": MAX_HISTORY, FILM: epoch_film.MAX_FILE}.get(name, MAX_FILE)
    )
    _check_digest(path, name, card, hashlib.sha256(content))
    return content


def verify_file(path: Path, name: str, card: Card) -> None:
    """Checks the digest of one of a run's files without keeping it in memory."""
    with disk.opened(path, name, MAX_FILE) as file:
        _check_digest(path, name, card, hashlib.file_digest(file, "sha256"))


def _check_digest(path: Path, name: str, card: Card, digest: "hashlib._Hash") -> None:
    if digest.hexdigest() != card.sha256[name]:
        raise RunError(f"{path.name}: {name} is not the file that was written (its SHA-256 differs).")


def parse_history(text: str) -> tuple[dict[str, Any], ...]:
    """Parses and validates the records of a history, one a line.

    Raises:
        ValueError: if a line is invalid; names the line.
    """
    lines = text.splitlines()
    if len(lines) > MAX_EPOCHS:
        raise ValueError(f"it has {len(lines):,} lines, at most {MAX_EPOCHS} are read.")
    records = []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise ValueError(f"line {number} is not JSON.") from None
        keys = ("epoch", "seconds", "learning_rate", "terms", "validation")
        if not isinstance(record, dict) or set(record) != set(keys) or record["epoch"] != number:
            raise ValueError(f"line {number} must hold {', '.join(keys)} of epoch {number}.")
        single, named = ("seconds", "learning_rate"), ("terms", "validation")
        sound = _is_whole(record["epoch"]) and all(_is_number(record[k]) and record[k] >= 0 for k in single)
        if not sound or not all(_is_record(record[k], _is_number) and record[k] for k in named):
            raise ValueError(f"line {number} holds values that are not finite numbers.")
        if record["terms"].keys() != record["validation"].keys():
            raise ValueError(f"line {number} has other terms in training than in validation.")
        records.append(record)
    return tuple(records)


def _is_text(value: Any, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most


def _is_whole(value: Any, most: int = 2**53) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _is_number(value: Any) -> bool:
    # A whole number may have more digits than a float can hold.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _is_name(value: Any) -> bool:
    """Whether it is fit for a legend or a table."""
    return isinstance(value, str) and re.fullmatch(r"\w[\w .@-]{0,59}", value) is not None


def _is_record(value: Any, fits: Callable[[Any], bool], keys: tuple[str, ...] = ()) -> bool:
    """Whether it is a small object with valid values, and with exactly those keys if given."""
    if not isinstance(value, dict) or len(value) > 100 or (keys and set(value) - {FILM} != set(keys)):
        return False
    keys = (*keys, FILM) if keys else ()
    return all((key in keys or _is_name(key)) and fits(v) for key, v in value.items())


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _json_object(path: Path, text: bytes | str, name: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise RunError(f"{path.name}: {name} is not JSON.") from None
    if not isinstance(value, dict):
        raise RunError(f"{path.name}: {name} must be a JSON object, got {type(value).__name__}.")
    return value


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
