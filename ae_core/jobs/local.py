"""Jobs as processes on this machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ae_core.errors import TrainingError
from ae_core.jobs import folder
from ae_core.jobs.folder import Job, Status
from ae_core.spec import Spec

ROOT = Path(__file__).resolve().parent.parent.parent


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
            folder.write_status(job.path, Status())
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
        start_process("ae_core.jobs.worker", job.path, job.path / "log.txt")
    except OSError as error:
        folder.write_status(job.path, Status(state="failed", phase="", reason="The training process did not start."))
        raise TrainingError(f"The training process did not start: {error.strerror or error}.") from error


def start_process(module: str, path: Path, log: Path) -> None:
    """Runs ``python -m MODULE PATH`` in a process that outlives this one; what it prints goes into `log`.

    Raises:
        OSError: if it cannot be started.
    """
    environment = dict(
        os.environ, PYTHONPATH=os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    )
    with log.open("ab") as file:
        subprocess.Popen(
            [sys.executable, "-m", module, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=ROOT,
            env=environment,
            start_new_session=True,  # a Ctrl-C in the server's terminal does not reach it
        )
