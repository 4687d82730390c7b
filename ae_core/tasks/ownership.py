"""What the owner of a run or a job may do with it, and nobody else."""

import contextlib

from ae_core import archive, cards, logs, processes, runs
from ae_core.errors import OptionError, RunError, TrainingError
from ae_core.runs import BrokenRun, Run
from ae_core.tasks import cleanup, folder
from ae_core.tasks.folder import Job

MAX_TITLE = 60  # letters that a person gives


def owns(what: str | Run | BrokenRun | Job, owner: str) -> bool:
    """Whether a run or a job, or what has that name, is that visitor's; what has no owner is nobody's to change."""
    if isinstance(what, Job):
        return what.owner == owner
    run, name = (runs.linked(what), what) if isinstance(what, str) else (what, what.name)
    if run is not None:
        with contextlib.suppress(RunError):
            return runs.owner_of(run) == owner
    with contextlib.suppress(TrainingError):
        return folder.find(name).owner == owner  # the run's card may be what is broken
    return False


def runs_for(owner: str) -> list[Run | BrokenRun]:
    """The runs that stand in a visitor's lists: their own, also those that are broken, and everyone's."""
    return [
        run
        for run in runs.scan(runs.data_folder() / "runs")
        if runs.visible(run, owner) or (isinstance(run, BrokenRun) and owns(run, owner))
    ]


def remove(name: str, owner: str) -> None:
    """Deletes a run with the job that made it.

    Raises:
        TrainingError: if it is under way, is not theirs, or the disk lets nobody.
    """
    with folder.locked("It could not be deleted"):
        _check(name, owner)
        job, noted = folder.jobs_folder() / name, folder.noted(folder.jobs_folder() / name)
        if noted is not None and noted.active:
            raise TrainingError("It is under way: stop it first, and delete it when it has ended.")
        if processes.is_alive(job):
            raise TrainingError("Its process has not ended yet: try again in a few seconds.")
        for path in (runs.data_folder() / "runs" / name, job):
            if path.exists():
                cleanup.hide(path)
        logs.event("run deleted", run=name)
    cleanup.remove_unfinished()


def check_title(title: str) -> str:
    """What a person wants to call a run, in one printable line.

    Raises:
        OptionError: if it is empty or too long.
    """
    title = runs.clean(title)
    if not title:
        raise OptionError("A model needs a name: give it at least one letter.")
    if len(title) > MAX_TITLE:
        raise OptionError(f"A name has at most {MAX_TITLE} characters, this one has {len(title):,}: shorten it.")
    return title


def rename(name: str, owner: str, title: str) -> None:
    """Calls a run otherwise.

    Raises:
        OptionError: if the title is empty or too long.
        TrainingError: if the run is not theirs.
        RunError: if it is damaged, or the disk lets nobody.
    """
    title = check_title(title)
    with folder.locked("It could not be renamed"):
        _check(name, owner)
        cards.rename(runs.data_folder() / "runs" / name, title)


def export(name: str, owner: str) -> bytes:
    """A run as the bytes of a .zip.

    Raises:
        TrainingError: if the run is not theirs.
        RunError: if it is damaged or gone.
    """
    _check(name, owner)
    run = runs.linked(name)
    if not isinstance(run, Run):
        raise RunError("This model no longer exists." if run is None else run.reason)
    return archive.pack(run)


def _check(name: str, owner: str) -> None:
    if not owns(name, owner):
        raise TrainingError("It no longer exists, or is someone else's: only its owner can change it.")
