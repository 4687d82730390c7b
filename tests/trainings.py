"""What several tests of trainings share: jobs as they stand in the data folder, and ways to wait for what they become.

What the worker of these tests does is in `fake_worker`.
"""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from ae_core import tasks, training
from ae_core.spec import Spec, make_spec
from ae_core.tasks import Job, Status, folder

ROOT = Path(__file__).resolve().parent.parent  # of the repository
PATIENCE = 120  # seconds


def small(**training: Any) -> Spec:
    return make_spec("vanilla", "digits", **{"epochs": 2, "batch_size": 64, "compile": False} | training)


def at(state: str, owner: str | None = "alice", title: str = "quick", **status: Any) -> Job:
    """A job's folder as it stood when everything around it ended."""
    job = folder.create(small(), owner, title)
    Status(state, **status).write(job.path)
    return tasks.find(job.id)


def resumable(job: Job) -> Job:
    """The job with the saved state of the epoch that its status tells of."""
    save_epoch(job.path, job.status.epoch)
    return tasks.find(job.id)


def save_epoch(path: Path, epoch: int) -> None:
    """Saves a state of a job that knows its number of finished epochs, and no more."""
    (path / "resume").mkdir(exist_ok=True)
    np.savez(path / "resume" / training.STATE, epoch=epoch)


def at_work(path: Path) -> list[psutil.Process]:
    """The processes of a job, or of all in a folder; the one that watches comes before the one that trains."""
    found = {}
    for process in psutil.process_iter(["cmdline"]):
        with contextlib.suppress(psutil.Error):  # it ends meanwhile
            named = any(part.startswith(str(path)) for part in process.info["cmdline"] or [])
            if named and process.status() != psutil.STATUS_ZOMBIE:
                found[process] = process.ppid() in {other.pid for other in found}
    return sorted(found, key=lambda process: found[process])


def wait(job: Job, until: Callable[[Job], bool], tick: bool = True) -> Job:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if tick:
            tasks.tick()
        job = tasks.find(job.id)
        if until(job):
            return job
        time.sleep(0.02)
    raise AssertionError(f"still {job.status}: {(job.path / 'log.txt').read_text()}")


def ended(job: Job) -> bool:
    return not job.status.active


def in_phase(phase: str) -> Callable[[Job], bool]:
    return lambda job: job.status.phase == phase
