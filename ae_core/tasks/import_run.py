"""Runs that come in as archives: checked where they arrive, built by the trainer's process."""

from collections.abc import Iterator
from pathlib import Path

from ae_core import archive, disk, training
from ae_core.events import Cancelled, Event, Finished, Preparing
from ae_core.tasks import queue
from ae_core.tasks.folder import Job

ARCHIVE = "import.zip"  # in the folder of the job that builds it


def submit(content: bytes, owner: str | None, title: str = "") -> Job:
    """Puts the building of an archive's run into the queue.

    Args:
        content: The archive's bytes; anybody may have made them.
        owner: Whose the run will be.
        title: What to call it; by default as it was called.

    Raises:
        RunError: if it is no archive of a run.
        OptionError, TrainingError: as `queue.submit`.
    """
    found = archive.unpack(content)
    title = title or found.title or "Imported"
    return queue.submit(found.spec, owner, title, lambda path: disk.write_bytes(path / ARCHIVE, content))


def is_import(job_path: Path) -> bool:
    """Whether a job builds an archive's run instead of training one."""
    return (job_path / ARCHIVE).exists()


def rebuild(job: Job) -> Iterator[Event]:
    """Builds the run of such a job; the events of `training.rebuild`, or Cancelled.

    Raises:
        RunError: if the archive has been changed since it was checked.
    """
    found = archive.unpack((job.path / ARCHIVE).read_bytes())
    for event in training.rebuild(found, job.run_path, job.title, job.owner):
        if isinstance(event, Finished):
            (job.path / ARCHIVE).unlink(missing_ok=True)
        yield event
        if isinstance(event, Preparing) and (job.path / "stop").exists():
            yield Cancelled(None, 0)
            return
