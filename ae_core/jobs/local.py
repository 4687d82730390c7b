"""Jobs as processes on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager

from ae_core import processes
from ae_core.errors import TrainingError
from ae_core.jobs import folder
from ae_core.jobs.folder import Job, Status
from ae_core.spec import Spec


def submit(what: Spec, owner: str, title: str) -> Job:
    """Starts a training in a process of its own that outlives this one.

    Raises:
        TrainingError: if the owner has one under way, or the process cannot be started.
    """
    with _claim(owner):
        job = folder.create(what, owner, title)
    _start(job)
    return job


def resume(job: Job) -> Job:
    """Starts a stopped or failed job again from its last finished epoch.

    Raises:
        TrainingError: if there is nothing to go on from, or the owner has another one under way.
    """
    with _claim(job.owner):
        if not job.resumable:
            raise TrainingError("This training cannot be resumed: it has no finished epoch to go on from.")
        if job.run_path.exists():
            # A stopped training left a run, and a run never changes: what follows becomes another one.
            job = folder.copy(job)
        else:
            (job.path / "stop").unlink(missing_ok=True)
            Status().write(job.path)
    _start(job)
    return folder.find(job.id)


@contextmanager
def _claim(owner: str) -> Iterator[None]:
    """Lets one submission through at a time, and an owner's only if none of theirs is under way."""
    with folder.submitting():
        other = folder.active(owner)
        if other is not None:
            raise TrainingError(f"You have a training under way ({other.title}): stop it, or wait for its end.")
        yield


def _start(job: Job) -> None:
    try:
        processes.start("ae_core.jobs.worker", job.path, job.path / "log.txt")
    except OSError as error:
        Status("failed", "", reason="The training process did not start.").write(job.path)
        raise TrainingError(f"The training process did not start: {error.strerror or error}.") from error
