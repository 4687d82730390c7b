"""Jobs as processes on this machine."""

import subprocess
import time
from dataclasses import replace
from pathlib import Path

from ae_core import processes, runs, settings
from ae_core.tasks import status
from ae_core.tasks.catalog import Lane
from ae_core.tasks.folder import Job
from ae_core.tasks.status import Status

WATCHDOG = "ae_core.tasks.watchdog"

_started: dict[Path, subprocess.Popen[bytes]] = {}  # by this process; kept until they have ended


def capacity(lane: Lane) -> int:
    """How many jobs of a lane may run at once."""
    return settings.current().running if lane == "long" else settings.current().short_running


def trouble() -> str:
    """Why none can start, a sentence; empty if they can."""
    return ""


def comes(path: Path, now: Status) -> bool:
    """Whether the process of a starting job may still take its lock."""
    process = _started.get(path)
    if process is not None:
        return process.poll() is None
    return time.time() - now.updated <= processes.START_SECONDS  # another server started it


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
    for path in [path for path, process in _started.items() if process.poll() is not None]:
        del _started[path]
    now = replace(job.status, state="starting", phase="Starting", starts=job.status.starts + 1)
    replace(now, remote=False, updated=time.time()).write(job.path)
    log = job.path / "log.txt"
    status.note_start(log)
    # Absolute: the process stands elsewhere.
    data = str(runs.data_folder())
    _started[job.path] = processes.start(WATCHDOG, job.path, log, LATENT_EXPLORER_DATA=data)
