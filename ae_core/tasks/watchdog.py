"""A process that trains, watched by the one that began it: ended where it must be, and what it did not say is said.

The watcher never imports TensorFlow, so that nothing keeps it from looking. It is forked off before anything heavy is
there: what both have imported is in memory once. Both hold the job's lock, and the one that trains ends with the other.
"""

import contextlib
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ae_core import processes, settings, training
from ae_core.tasks import cleanup, folder
from ae_core.tasks.folder import Status

NICENESS = 19  # the server goes first
LOOK_SECONDS = 0.1
SAVING_SECONDS = 2.0  # that a run which is being saved when the stop comes has left, so that all is over in 3
GRACE_SECONDS = 60.0  # beyond the time limit, at which a training itself stops
SPARE_MB = 512  # address space beyond the memory: threads' stacks, and what allocators hold back
LEARNS_NOTHING = ("Starting", training.LOADING, training.BUILDING)
SMALLER = "choose a smaller network, code or batch"


@dataclass(frozen=True)
class End:
    """How a job ended, and why, a sentence."""

    state: str
    reason: str


def watch(path: Path, train: Callable[[Path], int]) -> int:
    """Runs `train(path)` in a process of its own and stays until it has ended; its exit status."""
    processes.step_back(NICENESS)
    kills = processes.memory_kills()
    watcher = os.getpid()
    child = os.fork()
    if child == 0:
        _be_trained(path, train, watcher)
    status, end = _follow(path, child)
    with contextlib.suppress(OSError):
        cleanup.remove_temporary(path)
        cleanup.remove_unfinished()
    if end is None and not os.WIFSIGNALED(status):
        return _said(path, os.WEXITSTATUS(status))
    if end is None:
        end = _unexpected(path, os.WTERMSIG(status), processes.memory_kills() > kills)
    write_end(path, end)
    return 1


def write_end(path: Path, end: End) -> None:
    """Notes how a job ended; where the disk takes no new file, its log may still take a line."""
    if end.state == "failed":
        last_words(end.reason)
    with contextlib.suppress(OSError, ValueError):  # whoever looks sees that the process is gone, and reads the log
        ended = replace(Status.load(path), state=end.state, phase="", reason=end.reason, seconds_left=None)
        replace(ended, updated=time.time()).write(path)


def last_words(reason: str) -> None:
    """Says into the log why a job failed."""
    with contextlib.suppress(OSError):
        print(f"{folder.LAST_WORDS}{reason}", file=sys.stderr, flush=True)


def _be_trained(path: Path, train: Callable[[Path], int], watcher: int) -> None:
    code = 1
    try:
        processes.end_with(watcher)
        processes.go_first_when_memory_ends()
        most = (settings.current().trainer_mb + SPARE_MB) << 20
        with contextlib.suppress(OSError, ValueError):  # it may already be less
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))  # for what comes faster than the watcher looks
        code = train(path)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _follow(path: Path, child: int) -> tuple[int, End | None]:
    """Waits for the end of the process that trains; its status, and why it was ended here, if it was."""
    most = settings.current()
    began, asked, end = time.monotonic(), None, None
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status, end
        now = time.monotonic()
        if end is None:
            if asked is None and (path / "stop").exists():
                asked = now
            if processes.memory(child) > most.trainer_mb << 20:
                end = End("failed", memory_ran_out())
            elif asked is not None:
                end = _stopped(path, now - asked)
            elif most.minutes and now - began > most.minutes * 60 + GRACE_SECONDS:
                end = End("cancelled", f"{time_is_over(most.minutes)}{folder.way_back(path)}.")
            if end is not None:
                os.kill(child, signal.SIGKILL)
                continue
        time.sleep(LOOK_SECONDS)


def _stopped(path: Path, waited: float) -> End | None:
    """How a training ends that was asked to stop and is where it does not look whether it was; None if it goes on."""
    noted = folder.noted(path)
    if noted is None or noted.phase in LEARNS_NOTHING:
        back = folder.way_back(path)
        return End("cancelled", f"Stopped before it went on{back}." if back else "")
    if noted.phase == training.SAVING and waited > SAVING_SECONDS:
        # One that saves because it was stopped keeps what it has learnt, however long that takes.
        with contextlib.suppress(OSError):
            if (path / "stop").stat().st_mtime > noted.updated:
                return End("cancelled", f"Stopped while its run was being saved{folder.way_back(path)}.")
    return None


def memory_ran_out() -> str:
    """A sentence."""
    return f"Memory ran out: a training may take {settings.current().trainer_mb:,} MB; {SMALLER}."


def time_is_over(minutes: float) -> str:
    """The beginning of a sentence."""
    return f"The time limit of {minutes:g} minute{'s' * (minutes != 1)} was reached"


def _said(path: Path, code: int) -> int:
    """What a training ended with that was not killed; if it has not said how, that is said here."""
    noted = folder.noted(path)
    if noted is not None and noted.active:
        write_end(path, End("failed", Status.ended(path)))
    return code


def _unexpected(path: Path, number: int, memory_ended: bool) -> End:
    if number == signal.SIGKILL and memory_ended:
        return End("failed", f"Memory ran out on this machine: {SMALLER}, or try again later.")
    if number == signal.SIGABRT and "bad_alloc" in folder.last_part(path / "log.txt"):
        return End("failed", memory_ran_out())
    return End("failed", f"{Status.ENDED}{folder.way_back(path)}.")
