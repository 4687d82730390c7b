"""Processes, locks, priorities and signals: the one file that asks what the operating system offers.

What a system lacks is replaced by something that works everywhere, or left out where nothing depends on it.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psutil
from filelock import FileLock, Timeout

START_SECONDS = 30  # a process that has not taken its lock by then never will
ROOT = Path(__file__).resolve().parent.parent
LOCKS = WATCHDOG, WORKER = "lock", "lock-worker"  # in a job's folder, held by its two processes while they live
PATIENCE = 5.0  # seconds; `is_alive` holds a lock for an instant, which is no reason to give up
NICENESS = 19
POLL_SECONDS = 0.1
PR_SET_PDEATHSIG = 1  # of prctl.h


@contextmanager
def lock(path: Path, seconds: float = -1) -> Iterator[bool]:
    """Waits for a lock for so many seconds, or until it is free, and holds it; whether it has it."""
    held = FileLock(path)
    try:
        held.acquire(timeout=seconds)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        held.release()


@contextmanager
def working(folder: Path, name: str = WATCHDOG) -> Iterator[bool]:
    """Held by a process that does a job's work; whether no other process does."""
    with lock(folder / name, PATIENCE) as mine:
        yield mine


def is_alive(folder: Path) -> bool:
    """Whether a process does a job's work."""
    return any(_is_held(folder / name) for name in LOCKS)


def _is_held(path: Path) -> bool:
    for pause in (0.002, 0.0):  # another `is_alive` may hold it for an instant
        if not path.exists():
            return False
        try:
            with FileLock(path).acquire(blocking=False):
                return False
        except Timeout:
            time.sleep(pause)
        except OSError:
            return False
    return True


def start(module: str, path: Path, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    """Runs ``python -m MODULE PATH`` in a process that outlives this one; its output is appended to `log`.

    Raises:
        OSError: if it cannot be started.
    """
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", module, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)} | environment,
            # A Ctrl-C in the server's terminal does not reach it.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )


def cores() -> int:
    """How many processors this process may use, by its affinity and by the quota of its container; at least 1."""
    import joblib  # takes a tenth of a second, which a watchdog need not wait for

    return int(joblib.cpu_count())


def lower_priority(idle: bool = True) -> None:
    """Gives this process a lower priority for processors and disks, or, as `idle`, the lowest."""
    niceness = NICENESS if idle else NICENESS // 2
    with contextlib.suppress(psutil.Error, OSError):
        of_windows = "IDLE_PRIORITY_CLASS" if idle else "BELOW_NORMAL_PRIORITY_CLASS"
        psutil.Process().nice(getattr(psutil, of_windows, niceness))  # Linux derives the disks' from it
    with contextlib.suppress(AttributeError, OSError):
        if idle:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    # With Linux's autogroup, niceness only counts within a session: lower the session's own.
    with contextlib.suppress(AttributeError, OSError):
        if os.getsid(0) == os.getpid():
            Path("/proc/self/autogroup").write_text(str(niceness), encoding="ascii")


def limit_memory(size: int) -> None:
    """Has allocations beyond so many bytes fail where the system can; without it, only `memory` is looked at.

    Where Linux runs out of memory, it ends this process before any other.
    """
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):  # the limit may be lower already
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def end_with(parent: int) -> None:
    """Ends this process when its parent ends, however that does."""
    try:
        by_kernel = ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL) == 0
    except (AttributeError, OSError, TypeError):
        by_kernel = False
    if os.getppid() != parent:  # it ended before
        os._exit(1)
    if not by_kernel:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(parent)
        while os.getppid() == parent and process.is_running():
            time.sleep(POLL_SECONDS)
    os._exit(1)


def memory(pid: int) -> int:
    """Bytes that a process holds without those that it shares, as libraries; 0 if it has ended."""
    try:
        info = psutil.Process(pid).memory_info()
    except psutil.Error:
        return 0
    return int(info.rss - getattr(info, "shared", 0))


def memory_kills() -> int:
    """How many processes this machine has ended for want of memory; 0 where that is not known."""
    try:
        lines = (line.split() for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines())
        return sum(int(line[1]) for line in lines if line[0] == "oom_kill")
    except (OSError, ValueError, IndexError):
        return 0


@contextmanager
def interruptible(message: str) -> Iterator[Callable[[], bool]]:
    """Whether SIGINT or SIGTERM has asked to stop; the first prints `message`, a second raises KeyboardInterrupt."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        os.write(2, f"\n{message}\n".encode())  # print may be what the signal has interrupted

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
