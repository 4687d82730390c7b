"""The process that watches over a job's worker: ``python -m ae_core.tasks.watchdog FOLDER [PARENT]``.

It starts the worker, ends it where a limit or a stop asks for that, and writes the status that the worker could not.
It imports nothing heavy, so that nothing keeps it from looking. The worker ends with it.

PARENT is the id of the process that started this one, if they are to end together.
"""

import contextlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from ae_core import processes, settings, training
from ae_core.errors import TrainingError
from ae_core.tasks import catalog, cleanup, folder
from ae_core.tasks.status import ENDED, FAILED, Status, failure_reason, last_part, resume_hint, saves_after_stop

WORKER = "ae_core.tasks.worker"
LOOK_SECONDS = 0.1
SAVING_SECONDS = 2.0  # that a run which is being saved when the stop comes has left, so that all is over in 3
GRACE_SECONDS = 60.0  # beyond the time limit, at which a training itself stops
LEARNS_NOTHING = ("Starting", training.LOADING, training.BUILDING)
SMALLER = "choose a smaller network, code or batch"


@dataclass(frozen=True)
class End:
    """How a job ended, and why, a sentence."""

    state: str
    reason: str


def main(path: Path, parent: int | None = None) -> int:
    """Has the job of a folder done; 0 unless it failed.

    Raises:
        TrainingError: if it has ended, or another process does it.
    """
    if parent is not None:
        processes.end_with(parent)
    with processes.working(path) as mine:
        if not mine:
            raise TrainingError(f"Job {path.name!r} is already under way in another process.")
        status = Status.load(path)
        if not status.active:
            raise TrainingError(f"Job {path.name!r} is {status.state}: resume it, or start another one.")
        return watch(path)


def watch(path: Path) -> int:
    """Runs a job's worker and stays until it has ended; 0 unless it failed."""
    kills = processes.memory_kills()
    # In a session of its own, whose priority it lowers.
    command = [sys.executable, "-m", WORKER, str(path), str(os.getpid())]
    worker = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    end = _follow(path, worker)
    with contextlib.suppress(OSError):
        cleanup.remove_temporary(path)
        cleanup.remove_unfinished()
    if end is None:
        noted = folder.noted(path)
        if worker.returncode >= 0 and (noted is None or not noted.active):
            return worker.returncode
        end = _unexpected(path, worker.returncode, processes.memory_kills() > kills)
    write_final_status(path, end)
    return 1


def write_final_status(path: Path, end: End) -> None:
    """Writes how a job ended; where the disk takes no new file, its log may still take a line."""
    if end.state == "failed":
        log_failure(end.reason)
    with contextlib.suppress(OSError, ValueError):  # whoever looks sees that the process is gone, and reads the log
        ended = replace(Status.load(path), state=end.state, phase="", reason=end.reason, seconds_left=None)
        replace(ended, updated=time.time()).write(path)


def log_failure(reason: str) -> None:
    """Says into the log why a job failed."""
    with contextlib.suppress(OSError):
        print(f"{FAILED}{reason}", file=sys.stderr, flush=True)


def _follow(path: Path, worker: subprocess.Popen[bytes]) -> End | None:
    """Waits for the end of the worker; why it was ended here, if it was."""
    limits, keeps = settings.current(), catalog.get(folder.task_of(path)).keeps
    began, asked = time.monotonic(), None
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(LOOK_SECONDS)
            return None
        now = time.monotonic()
        if asked is None and (path / "stop").exists():
            asked = now
        end = None
        if processes.memory(worker.pid) > limits.trainer_mb << 20:
            end = End("failed", memory_ran_out())
        elif asked is not None:
            end = _stopped(path, now - asked) if keeps else End("cancelled", "")
        elif limits.minutes and now - began > limits.minutes * 60 + GRACE_SECONDS:
            end = End("cancelled", f"{time_is_over(limits.minutes)}{resume_hint(path)}.")
        if end is not None:
            worker.kill()
            worker.wait()
            return end


def _stopped(path: Path, waited: float) -> End | None:
    """How a training ends that was asked to stop and is where it does not look whether it was; None if it goes on."""
    noted = folder.noted(path)
    if noted is None or noted.phase in LEARNS_NOTHING:
        back = resume_hint(path)
        return End("cancelled", f"Stopped before it continued{back}." if back else "")
    if (path.parent.parent / "runs" / path.name).exists():
        return None  # it has just been saved
    # One that saves because it was stopped keeps what it has learnt, however long that takes.
    if noted.phase == training.SAVING and waited > SAVING_SECONDS and not saves_after_stop(path, noted):
        return End("cancelled", f"Stopped while its model was being saved{resume_hint(path)}.")
    return None


def memory_ran_out() -> str:
    """A sentence."""
    return f"Memory ran out: it may take {settings.current().trainer_mb:,} MB; {SMALLER}."


def time_is_over(minutes: float) -> str:
    """The beginning of a sentence."""
    return f"The time limit of {minutes:g} minute{'s' * (minutes != 1)} was reached"


def _unexpected(path: Path, code: int, memory_ended: bool) -> End:
    """Why a worker ended that did not say so itself; a negative code is that of the signal that ended it."""
    if code < 0 and memory_ended:
        return End("failed", f"Memory ran out on this machine: {SMALLER}, or try again later.")
    if code and "bad_alloc" in last_part(path / "log.txt"):
        return End("failed", memory_ran_out())
    if code < 0:
        return End("failed", f"{ENDED}{resume_hint(path)}.")
    return End("failed", failure_reason(path))


if __name__ == "__main__":
    place, parent, *_ = [*sys.argv[1:], ""]
    sys.exit(main(Path(place), int(parent) if parent else None))
