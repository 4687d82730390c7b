"""Work in processes of its own, which outlive who started them, each with a folder that says where it stands.

    status.json  where it stands; replaced at once
    lock         held by the process while it lives, however it ends

The folder is the only link between the two: any page, server or shell reads the same.
"""

import contextlib
import ctypes
import errno
import fcntl
import io
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import ClassVar, Self

from ae_core import disk, runs

ACTIVE = ("queued", "starting", "running")
START_SECONDS = 30  # what is starting and whose process has not taken its lock by then never will
ROOT = Path(__file__).resolve().parent.parent
PR_SET_PDEATHSIG = 1  # of prctl.h


@dataclass(frozen=True)
class Status:
    """Where some work stands.

    Attributes:
        state: One of `STATES`.
        phase: What it is doing, for people.
        fraction: Share of it that is done, in [0, 1].
        seconds_left: Estimate, or None while there is none.
        reason: Why it failed, a sentence.
        updated: When this was written, in seconds since 1970.
    """

    STATES: ClassVar[tuple[str, ...]]
    ENDED: ClassVar[str]  # the reason, as far as is known, where the process is gone and did not say

    state: str
    phase: str = ""
    fraction: float = 0.0
    seconds_left: float | None = None
    reason: str = ""
    updated: float = field(default_factory=time.time, kw_only=True)

    @property
    def active(self) -> bool:
        return self.state in ACTIVE

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Where the work of a folder stands, true now.

        Raises:
            OSError: if nothing can be read.
            ValueError: if it is not what `write` writes.
        """
        alive = is_alive(folder)  # asked first: what ends in between has said how
        found = cls.load(folder)
        late = found.state == "running" or time.time() - found.updated > START_SECONDS
        if found.state in ("starting", "running") and late and not alive:
            return replace(found, state="failed", phase="", seconds_left=None, reason=cls.ended(folder))
        return found

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What was noted last, whether or not it is still true.

        Raises:
            OSError, ValueError: as `read`.
        """
        try:
            record = json.loads((folder / "status.json").read_text(encoding="utf-8"))
            known = {f.name for f in fields(cls)}  # another version may have written more
            found = cls(**{name: value for name, value in record.items() if name in known})
        except (TypeError, AttributeError, RecursionError) as error:
            raise ValueError("its status makes no sense") from error
        values = [(name, value) for name, value in asdict(found).items() if (name, value) != ("seconds_left", None)]
        fit = all(isinstance(v, str if name in ("state", "phase", "reason") else int | float) for name, v in values)
        if not fit or found.state not in cls.STATES:
            raise ValueError("its status makes no sense")
        return found

    @classmethod
    def ended(cls, folder: Path) -> str:
        """Why the work of a folder failed, where the process is gone and did not say."""
        return cls.ENDED

    def write(self, folder: Path) -> None:
        disk.write_json(folder / "status.json", asdict(self))


@contextmanager
def lock(path: Path, give_up: Callable[[], bool] = lambda: False, pause: float = 0.05) -> Iterator[bool]:
    """Waits for a lock and holds it; asks `give_up` every `pause` seconds, and says whether it has the lock."""
    with path.open("a") as file:
        while not (mine := _flock(file, fcntl.LOCK_EX)) and not give_up():
            time.sleep(pause)
        yield mine


@contextmanager
def working(folder: Path, given: int | None = None) -> Iterator[bool]:
    """Held by the process that does a folder's work; whether no other process does.

    Args:
        folder: Where the lock is.
        given: The descriptor of a lock that `start` took for this process.
    """
    if given is not None:
        os.set_inheritable(given, False)
        with os.fdopen(given, "a"):
            yield True
        return
    # Whoever looks whether the work goes on holds the lock for an instant: that is no reason to give up.
    tries = itertools.count(1)
    with lock(folder / "lock", lambda: next(tries) >= 50, pause=0.1) as mine:
        yield mine


def is_alive(folder: Path) -> bool:
    """Whether a process does a folder's work."""
    try:
        with (folder / "lock").open() as file:
            return not _flock(file, fcntl.LOCK_SH)
    except OSError:
        return False


def _flock(file: io.TextIOWrapper, how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def start(module: str, path: Path, log: Path, lock_of: Path | None = None) -> None:
    """Runs ``python -m MODULE PATH`` in a process that outlives this one; what it prints goes into `log`.

    Args:
        module: Which.
        path: What it is to work on.
        log: Its log, which grows.
        lock_of: A folder whose lock the process holds from its first moment: ``python -m MODULE PATH LOCK``, where
            LOCK is a descriptor for `working`. So nobody takes it for dead before it is up.

    Raises:
        OSError: if it cannot be started, or another process holds that lock.
    """
    environment = dict(
        os.environ,
        PYTHONPATH=os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        LATENT_EXPLORER_DATA=str(runs.data_folder()),  # it stands elsewhere: a relative one would mean another
    )
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("ab"))
        arguments: list[str] = [str(path)]
        given: tuple[int, ...] = ()
        if lock_of is not None:
            claim = stack.enter_context((lock_of / "lock").open("a"))
            tries = itertools.count(1)
            while not _flock(claim, fcntl.LOCK_EX):  # somebody may just look whether it is held
                if next(tries) >= 20:
                    raise BlockingIOError(errno.EAGAIN, "another process does this work")
                time.sleep(0.05)
            arguments, given = [*arguments, str(claim.fileno())], (claim.fileno(),)
        subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=ROOT,
            env=environment,
            pass_fds=given,
            start_new_session=True,  # a Ctrl-C in the server's terminal does not reach it
        )


def step_back(niceness: int) -> None:
    """Gives this process the lowest priority for processors and disks."""
    os.nice(niceness)  # Linux derives the disk priority from it
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    # With autogroup, niceness only counts within a session: lower the session's own.
    with contextlib.suppress(AttributeError, OSError):
        if os.getsid(0) == os.getpid():
            Path("/proc/self/autogroup").write_text(str(niceness))


def go_first_when_memory_ends() -> None:
    """Makes Linux end this process before any other when the machine runs out of memory."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def end_with(parent: int) -> None:
    """Makes Linux end this process when its parent ends, however that does."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before
        os._exit(1)


def memory(pid: int) -> int:
    """Bytes that a process has for itself and that only its end frees; 0 where that is not known."""
    try:
        lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        return sum(int(line[1]) << 10 for line in lines if line[0] in ("RssAnon:", "RssShmem:", "VmSwap:"))
    except (OSError, ValueError, IndexError):
        return 0


def memory_kills() -> int:
    """How many processes this machine has ended for want of memory; 0 where that is not known."""
    try:
        lines = (line.split() for line in Path("/proc/vmstat").read_text().splitlines())
        return sum(int(line[1]) for line in lines if line[0] == "oom_kill")
    except (OSError, ValueError, IndexError):
        return 0
