"""Directions that visitors keep by name with a run: the two groups of test examples that make each.

    directions/<encoder>/<owner>.json

A direction follows from its groups, so these are kept, as short texts. <encoder> is the SHA-256 of the run's encoder: a
run that is trained anew has other codes. They are removed with the run.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ae_core import derived, disk, processes, runs
from ae_core.errors import ExplorerError, OptionError
from ae_core.runs import Run
from ae_core.texts import clean

MOST = 30  # of a visitor, for each run
MAX_NAME = 60
MAX_TEXT = 4000  # of a group
MAX_FILE = MOST * (2 * MAX_TEXT + 500)
FOLDER = "directions"


@dataclass(frozen=True)
class Kept:
    """A direction by name.

    Attributes:
        name: One printable line.
        first, second: The groups, as a link says them.
    """

    name: str
    first: str
    second: str


def listed(run: Run, owner: str) -> list[Kept]:
    """The directions that a visitor has kept of a run, in the order in which they were kept."""
    found = dict[str, Kept]()
    for record in _records(_path(run, owner)) or []:
        with suppress(Exception):  # another program wrote it
            kept = _checked(record)
            found.setdefault(kept.name, kept)
    return list(found.values())[:MOST]


def _records(path: Path) -> list[Any] | None:
    """What the file of a visitor holds; None if it holds no list, [] if there is none."""
    if not path.exists():
        return []
    try:
        found = json.loads(disk.read(path.parent, path.name, MAX_FILE).decode())
    except (ExplorerError, ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def keep(run: Run, owner: str, name: str, first: str, second: str) -> None:
    """Keeps a direction.

    Raises:
        OptionError: if the name is empty, too long or that of another one, there are too many, or they cannot be
            written.
    """
    name = clean(name).strip()
    if not name:
        raise OptionError("A direction needs a name: type one, such as longer sleeves.")
    if len(name) > MAX_NAME:
        raise OptionError(f"A name may have {MAX_NAME} letters, got {len(name)}: choose a shorter one.")
    if max(len(first), len(second)) > MAX_TEXT:
        raise OptionError("These groups are too large to be kept: select fewer, or whole classes.")

    def change(before: list[Kept]) -> list[Kept]:
        others = [kept for kept in before if kept.name != name]
        if len(others) < len(before) and Kept(name, first, second) not in before:
            raise OptionError(f"You keep another direction as “{name}”: type another name, or delete that one first.")
        if len(others) >= MOST:
            raise OptionError(f"At most {MOST} directions of a model are kept: delete one first.")
        return [*others, Kept(name, first, second)]

    _change(run, owner, change)


def forget(run: Run, owner: str, name: str) -> None:
    """Deletes a kept direction; nothing happens if there is none.

    Raises:
        OptionError: if that cannot be written.
    """
    _change(run, owner, lambda before: [kept for kept in before if kept.name != name])


def _change(run: Run, owner: str, change: Callable[[list[Kept]], list[Kept]]) -> None:
    path = _path(run, owner)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with processes.lock(path.parent / ".lock"):
            if _records(path) is None:  # what cannot be read is not lost
                path.rename(path.with_suffix(".damaged"))
            disk.write_json(path, [asdict(kept) for kept in change(listed(run, owner))])
    except OSError as error:
        raise OptionError(f"The direction cannot be kept: {runs.unusable(error)}.") from error


def _path(run: Run, owner: str) -> Path:
    whose = hashlib.sha256(owner.encode()).hexdigest()[:32]
    return runs.data_folder() / FOLDER / derived.folder(run).name / f"{whose}.json"


def _checked(record: Any) -> Kept:
    kept = Kept(record["name"], record["first"], record["second"])
    for text, most in ((kept.name, MAX_NAME), (kept.first, MAX_TEXT), (kept.second, MAX_TEXT)):
        if not isinstance(text, str) or not 0 < len(text) <= most:
            raise ValueError
    return kept
