"""A worker whose trainings are made up, for tests: what it does is the title of its job, if that names one."""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ae_core import processes, training
from ae_core.tasks import folder, local, watchdog, worker
from ae_core.tasks.status import Status
from tests.trainings import save_epoch

LONG = 60.0


def tell(path: Path, **changes: object) -> None:
    replace(Status.load(path), updated=time.time(), **changes).write(path)


def quick(path: Path) -> None:
    """Notes who else is at work meanwhile."""
    busy = path.parent.parent / "busy"
    with (path.parent.parent / "starts.txt").open("a") as file:
        file.write(f"{path.name}\n")
    try:
        busy.mkdir()
    except FileExistsError:
        (path.parent.parent / "two-at-once").touch()
    time.sleep(0.1)
    busy.rmdir()
    tell(path, state="finished", phase="")


def hangs_in(phase: str) -> Callable[[Path], None]:
    def hang(path: Path) -> None:
        tell(path, state="running", phase=phase)
        time.sleep(LONG)

    return hang


def keeps(path: Path) -> None:
    """Heeds the stop between two steps, and then saves for longer than a stop may take."""
    tell(path, state="running", phase="Training", epoch=1)
    while not (path / "stop").exists():
        time.sleep(0.05)
    tell(path, phase=training.SAVING)
    time.sleep(4)
    tell(path, state="cancelled", phase="", epoch=1)


def learns(path: Path) -> None:
    """Finishes an epoch and goes on."""
    save_epoch(path, 1)
    tell(path, state="running", phase="Training", epoch=1)
    time.sleep(LONG)


def recovers(path: Path) -> None:
    """Goes on for long, and to its end only once it goes on from an epoch."""
    if not (path / "resume").exists():
        learns(path)
    tell(path, state="running", phase="Training", epoch=2)
    tell(path, state="finished", phase="")


def eats(path: Path) -> None:
    tell(path, state="running", phase="Training")
    hold = []
    while True:
        hold.append(np.ones(5 << 20, np.uint8))
        time.sleep(0.002)


def gulps(path: Path) -> None:
    tell(path, state="running", phase="Training")
    np.ones(4 << 30, np.uint8)


def aborts(path: Path) -> None:
    os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
    os.kill(os.getpid(), signal.SIGABRT)


def writes(path: Path) -> None:
    """Notes something again and again, as a training does."""
    while True:
        tell(path, state="running", phase="Training", epoch=1)
        time.sleep(0.05)


def dies(path: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


MODES: dict[str, Callable[[Path], None]] = {
    "quick": quick,
    "loading": hangs_in(training.LOADING),
    "building": hangs_in(training.BUILDING),
    "saving": hangs_in(training.SAVING),
    "keeps": keeps,
    "learns": learns,
    "recovers": recovers,
    "eats": eats,
    "gulps": gulps,
    "aborts": aborts,
    "writes": writes,
    "dies": dies,
    "leaves": lambda path: None,
}


trained = worker.work


def work(job: folder.Job) -> Status:
    if job.title not in MODES:
        return trained(job)
    MODES[job.title](job.path)
    return Status.load(job.path)


def dask_setup(_: object) -> None:
    """Called by a Dask worker that preloads this module."""
    local.WATCHDOG = "tests.fake_worker"


if __name__ == "__main__":
    # Called as the watchdog is, and by it, which then holds its lock, as the worker is.
    watchdog.WORKER = "tests.fake_worker"
    worker.work = work
    path, *parent = sys.argv[1:]
    called = worker.main if processes.is_alive(Path(path)) else watchdog.main
    sys.exit(called(Path(path), *map(int, parent)))
