"""Jobs as tasks of a Dask cluster, whose workers and servers share one data folder.

A task is a job's id and runs ``python -m ae_core.tasks.watchdog FOLDER`` as a process that ends with its worker: the
scheduler then gives the task to another one, which goes on from the last epoch. What a job says of itself is in its
folder, as everywhere; the scheduler only says who is there and whose turn has not come.

One thread speaks to the scheduler. Whoever asks gets what it saw last, and never waits.
"""

import functools
import logging
import os
import platform
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ae_core import logs, processes, runs, settings
from ae_core.errors import TrainingError
from ae_core.tasks import folder, local, status
from ae_core.tasks.catalog import Lane
from ae_core.tasks.folder import Job
from ae_core.tasks.status import Status

if TYPE_CHECKING:
    from distributed import Client, Future

LATE = 10.0  # seconds until a task that was handed over is seen at the scheduler
LOOK_SECONDS = 1.0
STALE_SECONDS = 3.0  # what was seen before that is no longer known
TIMEOUT = 1.0  # seconds for the scheduler's answer
AHEAD = ("released", "waiting", "no-worker", "queued", "processing")  # states of a task that is still to end
ASKED = "Waiting for an answer of the cluster's scheduler."
SILENT = "The cluster's scheduler does not answer: trainings wait until it does."
EMPTY = "The cluster has no worker: trainings wait until one comes."
MISSING = "The package distributed is not installed here, so the cluster cannot be reached."

_one = threading.Lock()  # of a worker: one training at a time, however many threads it has


def capacity(lane: Lane = "long") -> int:
    """How many trainings may run at once: one for each worker; none while the scheduler does not answer."""
    seen = _link().seen()
    return 0 if seen is None else seen.workers


def trouble() -> str:
    """Why none can start, a sentence; empty if they can."""
    link = _link()
    seen = link.seen()
    if seen is None:
        return link.trouble
    return "" if seen.workers else EMPTY


def comes(path: Path, now: Status) -> bool:
    """Whether a job that was handed over may still be seen at the scheduler."""
    return time.time() - now.updated <= LATE


def returns(path: Path) -> bool:
    """Whether the scheduler knows a job whose process is gone, or cannot be asked."""
    seen = _link().seen()
    return seen is None or seen.tasks.get(path.name) in AHEAD


def start(job: Job) -> None:
    """Hands a job to the scheduler.

    Raises:
        OSError: if its status cannot be written.
    """
    now = replace(job.status, state="starting", phase="Waiting for a worker", starts=job.status.starts + 1)
    replace(now, remote=True, updated=time.time()).write(job.path)
    _link().submit(job.path)


def cancel(path: Path) -> None:
    """Takes a job back that no worker has begun; one that is under way heeds its stop file."""
    _link().cancel(path)


# What a worker does


def train(path: str, environment: dict[str, str]) -> None:
    """Trains a job in a process that ends with this one.

    Args:
        path: The job's folder.
        environment: The settings of the server that asks for it.

    Raises:
        TrainingError: if this machine does not see the folder.
    """
    job = Path(path)
    with _one:
        if not job.is_dir():
            raise TrainingError(
                f"The cluster's worker on {platform.node()} does not see the folder {job.parent.parent}: "
                "mount it there, too."
            )
        while processes.is_alive(job):  # on a worker of which the scheduler has lost sight
            time.sleep(LOOK_SECONDS)
        if not Status.load(job).active:
            return
        own = {name: value for name, value in os.environ.items() if not name.startswith(settings.PREFIX)}
        own["PYTHONPATH"] = os.pathsep.join([str(processes.ROOT), *filter(None, [own.get("PYTHONPATH")])])
        status.note_start(job / "log.txt")
        with (job / "log.txt").open("ab") as output:
            subprocess.run(
                [sys.executable, "-m", local.WATCHDOG, path, str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=processes.ROOT,
                env=own | environment,
                start_new_session=True,
            )


# What a server does


@dataclass(frozen=True)
class _Seen:
    """What the scheduler said.

    Attributes:
        when: By the monotonic clock, in seconds.
        workers: How many there are.
        tasks: The state of each job that was asked about; None for one that it does not know.
    """

    when: float
    workers: int
    tasks: dict[str, str | None]


@functools.cache
def _connect(address: str) -> "_Link":
    return _Link(address)


def _link() -> "_Link":
    return _connect(settings.current().scheduler)


class _Link:
    """The connection to a scheduler, kept by a thread.

    Attributes:
        trouble: Why nothing is known, a sentence, where nothing is.
    """

    def __init__(self, address: str) -> None:
        self.trouble = ASKED
        self._address = address
        self._seen: _Seen | None = None
        self._orders: deque[tuple[str, Path]] = deque()  # what is to be done, and with which job
        self._futures: dict[Path, Future] = {}
        self._crowded = False
        self._wake = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="cluster", daemon=True)
        self._thread.start()

    def seen(self) -> _Seen | None:
        """What the scheduler said last; None if that was long ago."""
        seen = self._seen
        return seen if seen is not None and time.monotonic() - seen.when < STALE_SECONDS else None

    def submit(self, path: Path) -> None:
        self._orders.append(("submit", path))
        self._wake.set()

    def cancel(self, path: Path) -> None:
        self._orders.append(("cancel", path))
        self._wake.set()

    def close(self) -> None:
        """Ends the thread."""
        self._over.set()
        self._wake.set()
        self._thread.join(5)

    def _keep(self) -> None:
        while not self._over.is_set():
            trouble, error = SILENT, ""
            try:
                self._follow()
            except ImportError as missing:
                trouble, error = MISSING, str(missing)
            except Exception as problem:  # Dask's own, and those of its transports: the next time may be better
                error = repr(problem)
            known, self._seen, self._futures = self._seen, None, {}
            if not self._over.is_set() and (known is not None or trouble != self.trouble):
                logs.event("cluster unreachable", "warning", error=error)
            self.trouble = trouble
            self._over.wait(LOOK_SECONDS)

    def _follow(self) -> None:
        """Speaks to the scheduler for as long as it is there."""
        from distributed import Client

        for name in list(logging.root.manager.loggerDict):
            if name.split(".")[0] == "distributed":  # it is told here, in a line
                logging.getLogger(name).setLevel(logging.CRITICAL)
        # Certificates come from Dask's own configuration.
        with Client(self._address, timeout=TIMEOUT, set_as_default=False) as client:
            while client.status == "running" and not self._over.is_set():
                while self._orders:
                    what, path = self._orders[0]
                    self._hand_over(client, path) if what == "submit" else self._cancel(client, path)
                    self._orders.popleft()
                self._note_failures()
                self._poll(client)
                self._wake.wait(LOOK_SECONDS)
                self._wake.clear()

    def _hand_over(self, client: "Client", path: Path) -> None:
        from distributed import fire_and_forget

        future = client.submit(train, str(path), _environment(), key=path.name, pure=False)
        fire_and_forget(future)  # the end of this server cancels nothing
        self._futures[path] = future

    def _cancel(self, client: "Client", path: Path) -> None:
        from distributed import Future

        client.cancel([self._futures.pop(path, None) or Future(path.name, client=client)], force=True)

    def _poll(self, client: "Client") -> None:
        paths = [path for path in folder.paths() if _is_remote(path)]

        async def ask() -> tuple[dict[str, int], dict[str, str | None]]:
            scheduler: Any = client.scheduler
            return await scheduler.ncores(), await scheduler.get_task_status(keys=[path.name for path in paths])

        when = time.monotonic()
        threads, tasks = client.sync(ask, callback_timeout=TIMEOUT)
        if self._seen is None:
            logs.event("cluster reached", count=len(threads))
        self._seen = _Seen(when, len(threads), tasks)
        crowded = any(count > 1 for count in threads.values())
        if crowded and not self._crowded:
            logs.event("cluster workers have several threads: start them with --nthreads 1", "warning")
        self._crowded = crowded

    def _note_failures(self) -> None:
        """Notes why tasks failed that were handed over here; those that end well say so in their folders."""
        for path, future in list(self._futures.items()):
            if not future.done():
                continue
            del self._futures[path]
            if future.status != "error":
                continue
            error = future.exception(timeout=TIMEOUT)
            noted = folder.noted(path)
            if noted is None or not noted.active or processes.is_alive(path):
                continue
            if type(error).__name__ == "KilledWorker":
                reason = f"Too many of the cluster's workers were lost during training{status.resume_hint(path)}."
            else:
                reason = str(error) if isinstance(error, TrainingError) else f"A worker of the cluster failed: {error}"
            failed = replace(noted, state="failed", phase="", seconds_left=None, reason=reason, updated=time.time())
            failed.write(path)
            logs.event("job failed", "warning", job=path.name)


def _is_remote(path: Path) -> bool:
    noted = folder.noted(path)
    return noted is not None and noted.active and noted.remote


def _environment() -> dict[str, str]:
    """The settings that a trainer is to heed: this server's."""
    given = {setting.variable: os.environ.get(setting.variable, "") for setting in settings.TABLE}
    given |= {settings.PREFIX + "DATA": str(runs.data_folder()), settings.PREFIX + "SCHEDULER": ""}
    return {name: value for name, value in given.items() if value}
