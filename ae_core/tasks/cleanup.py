"""What is removed: what nobody has used for long, and what killed processes left half-written."""

import contextlib
import itertools
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from ae_core import disk, kept_directions, logs, processes, runs, settings
from ae_core.data import own
from ae_core.errors import ExplorerError
from ae_core.runs import Run
from ae_core.tasks import datasets, folder

DAY = 24 * 3600
IN_USE = 3600  # seconds since its last use in which a run is never removed
TOUCH_SECONDS = 600  # a use is noted this often


def note_use(name: str) -> None:
    """Notes that the run, job or data set of that name is used now; every ten minutes at most, and never fails."""
    path = _uses() / name
    with contextlib.suppress(OSError):
        if time.time() - _modified(path) > TOUCH_SECONDS:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


def clean_up(now: float | None = None) -> None:
    """Removes what is left half-written, and visitors' jobs and runs that were not used for `keep_days`; never fails.

    What belongs to nobody, from the command line, stays. So does what a process works on, or was used within an hour.

    Args:
        now: Seconds since 1970; by default they are asked.
    """
    now = time.time() if now is None else now
    try:
        with folder.locked():
            gone = [*_expired(now), *_half_made(), *_computations(now)]
            # Out of sight at once: whoever looks sees a whole job or run, or none.
            for path in gone:
                hide(path)
            for path in folder.paths():
                if not processes.is_alive(path):
                    remove_temporary(path)
            for path in (runs.data_folder() / "runs").glob("[!.]*"):
                remove_temporary(path)  # of a title that was written under this lock
        remove_unfinished()
        _clean_up_derived(now)
        datasets.clean_up_incoming(now)
        for dataset in datasets.expired(now):
            logs.event("unused data set removed", dataset=dataset.name)
            own.remove(dataset)
    except ExplorerError:  # `locked` has said it
        return
    except OSError as error:
        logs.lasting("clean-up failed", error=str(error))
    else:
        logs.lasting("clean-up failed", error="")


def remove_temporary(path: Path) -> None:
    """Removes the temporary files of processes that are gone from a folder whose lock is free, or the caller's."""
    for left in itertools.chain(path.glob(".*.tmp"), path.glob("resume/.*.tmp")):
        left.unlink(missing_ok=True)


def remove_unfinished() -> None:
    """Removes unfinished runs and data sets whose writers are gone."""
    for parent in (runs.data_folder() / "runs", own.folder()):
        disk.remove_unfinished(parent)


def _uses() -> Path:
    return runs.data_folder() / "used"


def _modified(path: Path) -> float:
    """When that was last written, in seconds since 1970; 0 if it is not there."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _expired(now: float) -> Iterator[Path]:
    """Jobs and runs of visitors whose time is over, and notes of the use of what is gone."""
    days = settings.current().keep_days
    results = runs.data_folder() / "runs"
    for use in _uses().glob("*"):
        if not any((parent / use.name).exists() for parent in (results, folder.jobs_folder())):
            use.unlink(missing_ok=True)
    if not days:
        return
    owners = {run.name: run.card.owner for run in runs.scan(results) if isinstance(run, Run)}
    for path in folder.paths():
        with contextlib.suppress(ExplorerError):
            if (job := folder.find(path.name)).task in folder.MAKE_RUNS:
                owners.setdefault(path.name, job.owner)
    for name, owner in owners.items():
        path, run = folder.jobs_folder() / name, results / name
        noted = folder.noted(path)
        used = max(_modified(_uses() / name), _modified(run), noted.updated if noted is not None else 0.0)
        idle = now - used
        busy = processes.is_alive(path) or (noted is not None and noted.active)
        if owner is None or busy or idle < max(days * DAY, IN_USE):
            continue
        logs.event("unused run removed", run=name)
        yield from (found for found in (run, path) if found.exists())


def _half_made() -> Iterator[Path]:
    """Folders of jobs whose making was cut off: under the lock nobody is making one."""
    for path in folder.paths():
        if path.is_dir() and not (path / "status.json").exists() and not processes.is_alive(path):
            yield path


def _computations(now: float) -> Iterator[Path]:
    """Folders of jobs that made no run and ended a day ago."""
    for path in folder.paths():
        noted = folder.noted(path)
        if noted is None or noted.active or folder.task_of(path) in folder.MAKE_RUNS:
            continue
        if now - noted.updated > DAY and not processes.is_alive(path):
            yield path


def hide(path: Path) -> None:
    """Renames a folder, so that it is what is left of a run that nobody writes."""
    new = runs.data_folder() / "runs" / f"{disk.UNFINISHED}{path.parent.name}-{path.name}"
    new.parent.mkdir(exist_ok=True)
    os.rename(path, new)


def _clean_up_derived(now: float) -> None:
    """Removes what was computed from runs that are gone, or kept with them, and old temporary files."""
    folders = [runs.data_folder() / name for name in ("derived", kept_directions.FOLDER)]
    if not any(parent.is_dir() for parent in folders):
        return
    found = itertools.chain(runs.scan(runs.data_folder() / "runs"), runs.shipped())
    known = {run.card.sha256["encoder.onnx"] for run in found if isinstance(run, Run)}
    for path in itertools.chain.from_iterable(parent.iterdir() for parent in folders if parent.is_dir()):
        if not re.fullmatch("[0-9a-f]{64}", path.name):
            continue
        for left in path.rglob(".*.tmp"):
            if now - _modified(left) > IN_USE:
                left.unlink(missing_ok=True)
        if path.name not in known and now - _modified(path) > DAY:
            shutil.rmtree(path, ignore_errors=True)
    days = settings.current().keep_days
    for kept in (runs.data_folder() / kept_directions.FOLDER).glob("*/*.json"):
        if days and now - _modified(kept) > max(days * DAY, IN_USE):
            kept.unlink(missing_ok=True)
