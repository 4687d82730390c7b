"""Jobs as processes on this machine."""

import time
from dataclasses import replace
from pathlib import Path

from ae_core import processes, settings
from ae_core.tasks import folder
from ae_core.tasks.folder import Job

WORKER = "ae_core.tasks.worker"
LATE = 0.0  # seconds until a process has taken its lock: it is born with it


def capacity() -> int:
    """How many trainings may run at once."""
    return settings.current().running


def trouble() -> str:
    """Why none can start, a sentence; empty if they can."""
    return ""


def returns(path: Path) -> bool:
    """Whether a job whose process is gone will get another one without the queue's doing: here never."""
    return False


def cancel(path: Path) -> None:
    """Takes a job back that returns."""


def start(job: Job) -> None:
    """Starts a job in a process of its own that outlives this one.

    Raises:
        OSError: if it cannot be started.
    """
    status = replace(job.status, state="starting", phase="Starting", starts=job.status.starts + 1)
    replace(status, remote=False, updated=time.time()).write(job.path)
    folder.note_start(job.path / "log.txt")
    processes.start(WORKER, job.path, job.path / "log.txt", lock_of=job.path)
