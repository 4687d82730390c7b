"""Work in processes of its own, which outlive who started them, each with a folder that says where it stands.

    status.json  where it stands; replaced at once
    lock         held by the process while it lives, however it ends

The folder is the only link between the two: any page, server or shell reads the same.
"""

import fcntl
import io
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

from ae_core import runs

ACTIVE = ("queued", "running")
START_SECONDS = 30  # what is queued and whose process has not taken its lock by then never will
ROOT = Path(__file__).resolve().parent.parent


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
    ENDED: ClassVar[str]  # the reason, where the process is gone and did not say why

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
        alive = _alive(folder)  # asked first: what ends in between has said how
        try:
            found = cls(**json.loads((folder / "status.json").read_text()))
        except (TypeError, RecursionError) as error:
            raise ValueError("its status makes no sense") from error
        values = [(name, value) for name, value in asdict(found).items() if (name, value) != ("seconds_left", None)]
        fit = all(isinstance(v, str if name in ("state", "phase", "reason") else int | float) for name, v in values)
        if not fit or found.state not in cls.STATES:
            raise ValueError("its status makes no sense")
        late = found.state != "queued" or time.time() - found.updated > START_SECONDS
        if found.active and late and not alive:
            return replace(found, state="failed", phase="", reason=cls.ENDED)
        return found

    def write(self, folder: Path) -> None:
        runs.write_json(folder / "status.json", asdict(self))


@contextmanager
def lock(path: Path, give_up: Callable[[], bool] = lambda: False, pause: float = 0.05) -> Iterator[bool]:
    """Waits for a lock and holds it; asks `give_up` every `pause` seconds, and says whether it has the lock."""
    with path.open("a") as file:
        while not (mine := _flock(file, fcntl.LOCK_EX)) and not give_up():
            time.sleep(pause)
        yield mine


@contextmanager
def working(folder: Path) -> Iterator[bool]:
    """Held by the process that does a folder's work; whether no other process does."""
    # Whoever looks whether the work goes on holds the lock for an instant: that is no reason to give up.
    tries = itertools.count(1)
    with lock(folder / "lock", lambda: next(tries) >= 50, pause=0.1) as mine:
        yield mine


def _alive(folder: Path) -> bool:
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


def start(module: str, path: Path, log: Path) -> None:
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
