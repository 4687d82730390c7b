"""Visitors' data sets: making them in the queue, and what their owners may do with them."""

import contextlib
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ae_core import disk, logs, runs, settings, texts
from ae_core.data import Dataset, own
from ae_core.errors import DatasetError, OptionError, TrainingError
from ae_core.tasks import folder
from ae_core.tasks.folder import Job

if TYPE_CHECKING:  # what reads files of all kinds is imported when it is wanted
    from ae_core.data.adding import Plan

UPLOAD, RESULT = "upload", "result.json"  # in the folder of a job
INCOMING_SECONDS = 6 * 3600  # that files are kept which nothing was made of
PLACES = 3  # of one visitor at a time
OWNER = "owner"  # the file in a folder of incoming files


def incoming() -> Path:
    """Folder of files that browsers have sent."""
    return settings.current().data / "incoming"


def open_incoming(owner: str) -> str:
    """Makes a place for files that a visitor will send; its name, which cannot be guessed.

    Raises:
        DatasetError: if the disk does not let it be made.
    """
    token = secrets.token_hex(16)
    try:
        _forget_oldest(owner)
        (incoming() / token).mkdir(parents=True)
        (incoming() / token / OWNER).write_text(owner, encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"Nothing can be uploaded now: {runs.unusable(error)}.") from error
    return token


def _forget_oldest(owner: str) -> None:
    """Leaves a visitor less than `PLACES` places: a tab that was closed no longer needs its own."""
    mine = []
    for path in incoming().glob("*/" + OWNER):
        with contextlib.suppress(OSError):
            if path.read_text(encoding="utf-8") == owner:
                mine.append((path.parent.stat().st_mtime, path.parent))
    for _, place in sorted(mine)[: len(mine) - PLACES + 1] if len(mine) >= PLACES else ():
        forget(place)


def forget(place: Path) -> None:
    """Removes a place and the files at it, or a file."""
    if place.is_dir():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)


def place_of(token: str, owner: str | None = None) -> Path | None:
    """The place that was made for a visitor's files; None if it is gone, or another's than that of `owner`."""
    path = incoming() / token
    with contextlib.suppress(OSError, ValueError):
        known = re.fullmatch("[0-9a-f]{32}", token) and (path / OWNER).read_text(encoding="utf-8")
        if known and owner in (None, known):
            return path
    return None


def close_incoming(path: Path, names: Sequence[str]) -> None:
    """Says what the files at a place are called, in the order of their numbers."""
    present = [name for i, name in enumerate(names) if (path / str(i)).is_file()]
    if len(present) != len(names):
        raise DatasetError("Some files did not arrive: choose them again.")
    try:
        disk.write_json(path / own.SENT_NAMES, list(names))
    except OSError as error:
        raise DatasetError(f"The files cannot be kept: {runs.unusable(error)}.") from error


def clean_up_incoming(now: float) -> None:
    """Removes files that nothing was made of, and those of exports that were cut off."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(incoming()):
            if now - entry.stat().st_mtime > INCOMING_SECONDS:
                forget(Path(entry.path))


def submit(upload: Path, plan: "Plan", origin: str, owner: str) -> Job:
    """Has a data set made of files at a place of `open_incoming`, which they leave.

    Raises:
        DatasetError: if the owner has too many data sets already.
        TrainingError: if the queue is full, or it cannot be prepared.
    """
    from ae_core.tasks import queue

    most = settings.current().sets
    being_made = [job for job in folder.jobs_of(owner, ("add-data",)) if job.status.active]
    if len(owned(owner)) + len(being_made) >= most:
        raise DatasetError(f"You have {most} data sets, and more may not be kept here: delete one first.")
    return queue.submit_data(upload, {"plan": asdict(plan), "origin": origin}, plan.title, owner)


def plan_of(job: Job) -> "Plan":
    """What a job is to make."""
    from ae_core.data.adding import Plan
    from ae_core.data.sources import Choices
    from ae_core.preparing import Fit

    record: dict[str, Any] = dict(job.arguments["plan"])
    choices = dict(record.pop("choices"))
    return Plan(**record, choices=Choices(**choices | {"fit": Fit(**choices["fit"])}))


def result_of(job: Job) -> str | None:
    """The name of the data set that a job has made; None if it has made none."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads((job.path / RESULT).read_text(encoding="utf-8"))["dataset"])
    return None


def owned(owner: str) -> list[Dataset]:
    """A visitor's data sets, the latest first."""
    return [dataset for dataset in own.everything() if dataset.owner == owner]


def _check(dataset: Dataset, owner: str) -> Dataset:
    for found in own.named(dataset.name):
        if found.owner == owner and found.path == dataset.path:
            return found
    raise TrainingError("It no longer exists, or is someone else's: only its owner can change it.")


def rename(dataset: Dataset, owner: str, title: str) -> None:
    """Calls a data set otherwise.

    Raises:
        OptionError: if the title is empty or too long.
        TrainingError: if it is not theirs.
        DatasetError: if the disk lets nobody.
    """
    title = texts.clean(title)
    if not title:
        raise OptionError("A data set needs a name: give it at least one letter.")
    if len(title) > own.MAX_TITLE:
        raise OptionError(f"A name has at most {own.MAX_TITLE} characters, this one has {len(title):,}: shorten it.")
    own.rename(_check(dataset, owner), title)


def remove(dataset: Dataset, owner: str) -> None:
    """Deletes a data set; models that learnt it stay.

    Raises:
        TrainingError: if it is not theirs, or a training needs it.
        DatasetError: if the disk lets nobody.
    """
    found = _check(dataset, owner)
    for job in folder.jobs_of(owner):
        if job.status.active and job.spec.dataset == dataset.name:
            raise TrainingError("A training that is under way needs it: stop that first, or wait until it ends.")
    own.remove(found)
    logs.event("data set deleted", dataset=dataset.name)


def runs_on(dataset: Dataset, owner: str) -> list[str]:
    """Titles of a visitor's models that learnt a data set."""
    mine = (run for run in runs.scan(runs.data_folder() / "runs") if isinstance(run, runs.Run))
    return [run.title for run in mine if run.card.owner == owner and run.spec.dataset == dataset.name]


def export(dataset: Dataset, owner: str) -> Path:
    """A data set as a .zip in a temporary file, for whoever asked to remove.

    Raises:
        TrainingError: if it is not theirs.
        DatasetError: if it cannot be written.
    """
    found = _check(dataset, owner)
    try:
        incoming().mkdir(parents=True, exist_ok=True)  # what is left there is removed after some hours
        handle, name = tempfile.mkstemp(suffix=".zip", dir=incoming())
        os.close(handle)
    except OSError as error:
        raise DatasetError(f"The file cannot be made: {runs.unusable(error)}.") from error
    try:
        own.pack(found, Path(name))
    except OSError as error:
        forget(Path(name))
        raise DatasetError(f"The file cannot be made: {runs.unusable(error)}.") from error
    return Path(name)


def expired(now: float) -> list[Dataset]:
    """Visitors' data sets that no model and no training needs and nobody has used for `keep_days`."""
    days = settings.current().keep_days
    if not days:
        return []
    needed = {run.spec.dataset for run in runs.scan(runs.data_folder() / "runs") if isinstance(run, runs.Run)}
    for path in folder.paths():
        with contextlib.suppress(Exception):
            job = folder.find(path.name)
            if job.task in folder.MAKE_RUNS:
                needed.add(job.spec.dataset)
    found = []
    for dataset in own.everything():
        assert dataset.path is not None
        used = settings.current().data / "used" / dataset.path.name
        times = [path.stat().st_mtime for path in (used, dataset.path) if path.exists()]
        if dataset.owner is not None and dataset.name not in needed and now - max(times) > days * 24 * 3600:
            found.append(dataset)
    return found
