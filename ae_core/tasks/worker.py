"""The process that executes one job: ``python -m ae_core.tasks.worker FOLDER [LOCK [PARENT]]``.

LOCK is the descriptor of the folder's lock, where whoever started the process has taken it; see `processes.start`.
PARENT is the id of the process that started this one, if they are to end together.
"""

import io
import json
import sys
import time
import traceback
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ae_core import disk, processes, settings, training
from ae_core.errors import ExplorerError, TrainingError
from ae_core.events import Cancelled, EpochEnd, Failed, Finished, Preparing, Progress, Started
from ae_core.tasks import folder, import_run, watchdog
from ae_core.tasks.folder import Job, Status

MAX_POINTS = 1000  # lines of progress.jsonl in a whole training


def work(job: Job) -> Status:
    """Trains a job to its end and keeps its folder up to date; the last status."""
    status = replace(job.status, state="running", started=time.time(), reason="")
    points = 0
    clock = _Clock(job)

    def tell(**changes: Any) -> None:
        nonlocal status
        status = replace(status, updated=time.time(), **changes)
        status.write(job.path)

    if import_run.is_import(job.path):
        events = import_run.rebuild(job)
    else:
        events = training.fit(
            job.spec,
            job.run_path,
            stop=clock.stop,
            state=job.path / "resume",
            title=job.title,
            owner=job.owner,
        )
    for event in events:
        match event:
            case Preparing(phase):
                tell(phase=phase, seconds_left=None)
            case Started(history=history):
                tell(epoch=len(history))
                # The saved state knows: a process that was killed may have told of fewer epochs, or of more.
                _write_records(job.path / "history.jsonl", history)
                before = [p for p in job.progress() if p["epochs"] <= len(history)]
                _write_records(job.path / "progress.jsonl", before)
            case Progress():
                if event.fraction * MAX_POINTS >= points:
                    points = int(event.fraction * MAX_POINTS) + 1
                    epochs = event.fraction * job.spec.training.epochs
                    _append(job.path / "progress.jsonl", {"epochs": round(epochs, 4), "terms": event.terms})
                if event.preview is not None:
                    _write_preview(job.path, event.preview)
                tell(phase="Training", fraction=event.fraction, seconds_left=event.seconds_left)
            case EpochEnd():
                _append(job.path / "history.jsonl", event.record())
                _write_preview(job.path, event.preview)
                tell(epoch=event.epoch)
            case Finished():
                training.forget_state(job.path / "resume")
                tell(state="finished", phase="", fraction=1.0, seconds_left=0.0)
            case Cancelled(run, epoch):
                reason = clock.reason(epoch, run is not None)
                tell(state="cancelled", phase="", epoch=epoch, seconds_left=None, reason=reason)
            case Failed(reason):
                watchdog.last_words(reason)
                tell(state="failed", phase="", reason=reason, seconds_left=None)
    return status


class _Clock:
    """When a job is to stop: once it was asked to, or has taken its time."""

    def __init__(self, job: Job) -> None:
        self._asked = job.path / "stop"
        self._epochs = job.spec.training.epochs
        self._minutes = settings.current().minutes
        self._end = time.monotonic() + self._minutes * 60 if self._minutes else float("inf")
        self._over = False

    def stop(self) -> bool:
        if self._asked.exists():
            return True
        self._over = self._over or time.monotonic() > self._end
        return self._over

    def reason(self, epoch: int, kept: bool) -> str:
        """Why it stopped in that epoch, if not because it was asked to."""
        if not self._over:
            return ""
        return f"{watchdog.time_is_over(self._minutes)} after {epoch} of {self._epochs} epochs; " + (
            "what was learnt is kept as a run." if kept else "nothing was learnt by then."
        )


def _append(path: Path, record: dict[str, Any]) -> None:
    with path.open("a") as file:
        file.write(json.dumps(record) + "\n")


def _write_records(path: Path, records: Iterable[dict[str, Any]]) -> None:
    disk.write_bytes(path, "".join(json.dumps(record) + "\n" for record in records).encode())


def _write_preview(path: Path, images: np.ndarray) -> None:
    buffer = io.BytesIO()
    np.save(buffer, images)
    disk.write_bytes(path / "preview.npy", buffer.getvalue())


def train(path: Path) -> int:
    """Trains the job of a folder and notes how that ended; 0 unless it failed."""
    job = folder.find(path.name)
    try:
        return 0 if work(job).state in ("finished", "cancelled") else 1
    except Exception as error:
        traceback.print_exc()  # into the job's log
        watchdog.write_end(path, watchdog.End("failed", _sentence(error, path)))
        return 1


def _sentence(error: Exception, path: Path) -> str:
    if isinstance(error, ExplorerError):
        return str(error)
    if isinstance(error, MemoryError):
        return watchdog.memory_ran_out()
    if isinstance(error, OSError):
        return f"A file could not be written or read: {error.strerror or error}{folder.way_back(path)}."
    return f"The training stopped on an error: {error}"


def main(path: Path, given: int | None = None) -> int:
    """Trains the job of a folder, watched, unless that is done or another process does it.

    Args:
        path: The folder.
        given: A descriptor of its lock, if that is taken.
    """
    with processes.working(path, given) as mine:
        if not mine:
            raise TrainingError(f"Training {path.name!r} is already under way in another process.")
        status = Status.load(path)
        if not status.active:
            raise TrainingError(f"Training {path.name!r} is {status.state}: resume it, or start another one.")
        return watchdog.watch(path, train)


if __name__ == "__main__":
    place, lock, parent, *_ = [*sys.argv[1:], "", ""]
    if parent:
        processes.end_with(int(parent))
    sys.exit(main(Path(place), int(lock) if lock else None))
