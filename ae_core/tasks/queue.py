"""The queue of all jobs, as their status files tell it; any number of servers share it.

It has two lanes: long jobs, and short ones, which never wait for a training. Whoever changes the queue holds the lock
of `folder.locked`. Every server calls `tick` each second: the first that comes starts what may start now, in the order
in which jobs were submitted, and marks as failed what has died.
"""

import contextlib
import heapq
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from ae_core import archive, logs, processes, settings
from ae_core.errors import ExplorerError, TrainingError
from ae_core.runs import Run
from ae_core.spec import Spec
from ae_core.tasks import catalog, folder, limits
from ae_core.tasks.catalog import Lane
from ae_core.tasks.folder import Job
from ae_core.tasks.status import Status, failure_reason, resume_hint

MAX_STARTS = 3  # of a job whose process is gone before it begins
SAVING = 15.0  # seconds that saving a run takes at most


@dataclass(frozen=True)
class Place:
    """Where a job stands in the queue.

    Attributes:
        position: How many others start before it.
        seconds: When it will start, from now; None while nobody knows.
        trouble: Why none can start now, a sentence; empty if they can.
    """

    position: int
    seconds: float | None
    trouble: str = ""


def submit(what: Spec, owner: str | None, title: str, packed: bytes | None = None) -> Job:
    """Puts a training into the queue; it starts at once if nothing else is to be done before it.

    Args:
        what: What to train.
        owner: Whose it is; None, for the command line, knows no limits.
        title: What to call the run.
        packed: A checked archive, whose run is built instead.

    Raises:
        OptionError: if it is larger than this server allows.
        TrainingError: if the queue is full or the owner has enough under way, or the process cannot be started.
    """
    (job,) = submit_all([(what, title)], owner, packed=packed)
    return _started(job.id)


def submit_import(content: bytes, owner: str | None, title: str = "") -> Job:
    """Puts the building of an archive's run into the queue.

    Args:
        content: The archive's bytes; anybody may have made them.
        owner: Whose the run will be.
        title: What to call it; by default as it was called.

    Raises:
        RunError: if it is no archive of a run.
        OptionError, TrainingError: as `submit`.
    """
    found = archive.unpack(content, (lambda what: None) if owner is None else limits.check)
    return submit(found.spec, owner, title or found.title or "Imported", content)


def submit_data(upload: Path, arguments: dict[str, Any], title: str, owner: str) -> Job:
    """Puts the making of a data set into the queue.

    Raises:
        TrainingError: as `submit`.
    """
    with folder.locked():
        limits.check_room(owner, catalog.get("add-data").lane)
        job = folder.create_data(upload, arguments, owner, title)
        logs.event("job queued", job=job.id)
        _advance()
    return _started(job.id)


def compute(task: str, run: Run, owner: str | None, what: str = "") -> Job:
    """Puts what a short task computes from a run into the queue; all who ask for the same share one job.

    Args:
        task: Its name.
        run: The run.
        owner: Who asks.
        what: Which of several things, for a task that computes more than one, such as the name of a use.

    Raises:
        TrainingError: as `submit`.
    """
    with folder.locked():
        found = folder.shared(task, run, what)
        if found is not None:
            if found.status.active:
                return found
            _await_end(found.path)
        limits.check_room(owner, catalog.get(task).lane)
        job = folder.create_shared(task, run, owner, what)
        logs.event("job queued", job=job.id)
        _advance()
    return _started(job.id)


def submit_all(
    asked: Sequence[tuple[Spec, str]], owner: str | None, sweep: str = "", packed: bytes | None = None
) -> list[Job]:
    """Puts several trainings into the queue, all or none.

    Args:
        asked: What to train, and what to call the run, of each.
        owner: Whose they are; None, for the command line, knows no limits.
        sweep: The id that they share; empty if they are of none.
        packed: As of `submit`.

    Raises:
        OptionError: if one is larger than this server allows.
        TrainingError: if the queue or the owner would have too many, or they cannot be prepared.
    """
    limits.check_trainer()
    if owner is not None:
        for what, _ in asked:
            limits.check(what)
    found: list[Job] = []
    with folder.locked():
        limits.check_room(owner, more=len(asked))
        try:
            for what, title in asked:
                found.append(folder.create(what, owner, title, sweep, packed))
        except TrainingError:
            for job in found:
                shutil.rmtree(job.path, ignore_errors=True)
            raise
        for job in found:
            logs.event("job queued", job=job.id)
        _advance()
    return [folder.find(job.id) for job in found]


def resume(job: Job) -> Job:
    """Puts a stopped or failed job into the queue again, to go on from its last finished epoch.

    Raises:
        TrainingError: if there is nothing to go on from, or as `submit`.
    """
    limits.check_trainer()
    with folder.locked("It cannot be resumed"):
        job = folder.find(job.id)
        for other in (job, *folder.jobs_of(job.owner)):
            if other.status.active and job.id in (other.id, other.continues):
                return other  # another click, or another tab, was faster
        if not job.resumable:
            raise TrainingError("This training cannot be resumed: it has no finished epoch to continue from.")
        limits.check_room(job.owner)
        if job.run_path.exists():
            # A stopped training left a run, and a run never changes: what follows becomes another one.
            job = folder.copy(job)
        else:
            _await_end(job.path)
            (job.path / "stop").unlink(missing_ok=True)
            job.saved.write(job.path)
        logs.event("job queued", job=job.id)
        _advance()
    return _started(job.id)


def _await_end(path: Path) -> None:
    """Waits for the processes of a job that has ended: they would take what its status says next for their own.

    Raises:
        TrainingError: if they do not end.
    """
    for name in processes.LOCKS:
        with processes.working(path, name) as free:
            if not free:
                raise TrainingError("Its process has not ended yet: try again in a minute.")


def request_stop(job: Job) -> None:
    """Asks a job to stop: one in the queue is cancelled at once, one that learns leaves a run of what it has learnt.

    Raises:
        TrainingError: if it cannot be asked.
    """
    with folder.locked("It could not be asked to stop"):
        status = folder.find(job.id).status
        if status.state == "queued":
            replace(status, state="cancelled", phase="", updated=time.time()).write(job.path)
        elif status.active and not (job.path / "stop").exists():  # its time says when it was asked first
            (job.path / "stop").touch()


def tick() -> None:
    """Starts what may start now and notes what has died; never fails."""
    with contextlib.suppress(ExplorerError):  # `locked` has said it
        if folder.paths():
            with folder.locked():
                _advance()


def place(job: Job) -> Place:
    """Where a queued job stands: (0, 0.0) if it is about to start, or is no longer queued."""
    lane = catalog.lane_of(job.path)
    executor = _executor(lane)
    capacity = executor.capacity(lane)
    free = [0.0] * capacity  # when each trainer is free, from now
    waiting = []
    for path in folder.paths():
        noted = folder.noted(path)
        if noted is None or not noted.active or catalog.lane_of(path) != lane:
            continue
        if noted.state != "queued":
            free.append(_left(path, noted))
        elif _order(path, noted) < _order(job.path, job.status):
            waiting.append((_order(path, noted), path))
    if job.status.state != "queued":
        return Place(0, 0.0)
    if not capacity:
        return Place(len(waiting), None, executor.trouble())
    free = sorted(free)[-capacity:]
    heapq.heapify(free)
    for _, path in sorted(waiting):
        begin = heapq.heappop(free)
        heapq.heappush(free, begin + _whole(path))
    seconds = free[0]
    return Place(len(waiting), seconds if seconds < float("inf") else None)


def _executor(lane: Lane) -> ModuleType:
    """What starts the jobs of a lane, a module like `tasks.local`: a cluster's workers are for long ones."""
    if lane == "long" and settings.current().scheduler:
        from ae_core.tasks import cluster

        return cluster
    from ae_core.tasks import local

    return local


def _order(path: Path, status: Status) -> tuple[float, str]:
    return status.submitted, path.name


def _started(job_id: str) -> Job:
    job = folder.find(job_id)
    if job.status.state == "failed":
        raise TrainingError(job.status.reason)
    return job


def _advance() -> None:
    """What `tick` does, under the lock."""
    waiting: defaultdict[Lane, list[tuple[tuple[float, str], Path]]] = defaultdict(list)
    under_way: Counter[Lane] = Counter()
    for path in folder.paths():
        noted = folder.noted(path)
        if noted is None or not noted.active:
            continue
        lane = catalog.lane_of(path)
        if noted.state == "queued":
            waiting[lane].append((_order(path, noted), path))
        elif _has_process(path, noted, _executor(lane)):
            under_way[lane] += 1
    for lane, found in waiting.items():
        executor = _executor(lane)
        for _, path in sorted(found)[: max(0, executor.capacity(lane) - under_way[lane])]:
            _start(path, executor)


def _has_process(path: Path, noted: Status, executor: ModuleType) -> bool:
    """Whether a job that was handed to a process has one; if not, notes that it failed, or puts it back."""
    if processes.is_alive(path):
        return True
    now = folder.noted(path)  # it may have ended in between
    if now is None or not now.active:
        return False
    if executor.returns(path):
        return _awaits_process(path, now, executor)
    if now.state == "starting" and executor.comes(path, now):
        return True
    if now.state == "starting" and now.starts < MAX_STARTS:
        _note(path, replace(now, state="queued", phase="In the queue"))
    else:
        failed = replace(now, state="failed", phase="", seconds_left=None, reason=failure_reason(path))
        if _note(path, failed):
            logs.event("job failed", "warning", job=path.name)
    return False


def _awaits_process(path: Path, now: Status, executor: ModuleType) -> bool:
    """Whether a job still waits for a process, or for another one; it does not if it was asked to stop."""
    with processes.lock(path / processes.WATCHDOG, seconds=0) as mine:  # else it has one by now
        if mine and (path / "stop").exists():
            executor.cancel(path)
            end = f"Stopped before it continued{back}." if (back := resume_hint(path)) else ""
            _note(path, replace(now, state="cancelled", phase="", seconds_left=None, reason=end))
            return False
        if mine and now.state == "running":
            back = f"from epoch {now.epoch}" if now.epoch else "from the beginning"
            phase = f"The worker was lost: another one continues {back}"
            if _note(path, replace(now, state="starting", phase=phase, seconds_left=None)):
                logs.event("worker lost", "warning", job=path.name, epoch=now.epoch)
    return True


def _start(path: Path, executor: ModuleType) -> None:
    try:
        job = folder.find(path.name)
    except TrainingError:
        return  # damaged; shown as such
    try:
        executor.start(job)
        logs.event("job started", job=job.id)
    except OSError as error:
        reason = f"The process did not start: {error.strerror or error}."
        _note(path, replace(job.status, state="failed", phase="", reason=reason))


def _note(path: Path, status: Status) -> bool:
    """Writes a status; whether the disk took it."""
    try:
        replace(status, updated=time.time()).write(path)
    except OSError as error:  # everyone sees that its process is gone
        logs.lasting("status not written", error=error.strerror or str(error), job=path.name)
        return False
    logs.lasting("status not written", error="", job=path.name)
    return True


def _left(path: Path, status: Status) -> float:
    """Seconds that a job still takes whose process was started; infinite if nobody knows."""
    if status.seconds_left is not None:
        return status.seconds_left + SAVING / 2
    return max(0.0, _whole(path) - max(0.0, time.time() - (status.started or status.updated)))


def _whole(path: Path) -> float:
    """Seconds that a whole job will take; infinite if nobody knows."""
    try:
        job = folder.find(path.name)
    except TrainingError:
        return 0.0
    return catalog.get(job.task).seconds(job)
