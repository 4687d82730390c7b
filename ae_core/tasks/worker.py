"""The process that does one job: ``python -m ae_core.tasks.worker FOLDER PARENT``; its parent watches over it."""

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

from ae_core import cards, disk, epoch_film, processes, settings, training
from ae_core.errors import ExplorerError
from ae_core.events import Advanced, Cancelled, Done, EpochEnd, Failed, Finished, Preparing, Progress, Started
from ae_core.tasks import catalog, folder, watchdog
from ae_core.tasks.folder import Job
from ae_core.tasks.status import Status, resume_hint

MAX_POINTS = 1000  # lines of progress.jsonl in a whole training
TELL_SECONDS = 0.3  # between two notes of the progress within a phase
SPARE_MB = 512  # address space beyond the memory: threads' stacks, and what allocators hold back


def work(job: Job) -> Status:
    """Does a job to its end and keeps its folder up to date; the last status."""
    status = replace(job.status, state="running", started=time.time(), reason="")
    points = 0
    clock = _Clock(job)

    def tell(**changes: Any) -> None:
        nonlocal status
        status = replace(status, updated=time.time(), **changes)
        status.write(job.path)

    for event in catalog.get(job.task).work(job, clock.stop):
        match event:
            case Preparing(phase):
                tell(phase=phase, seconds_left=None)
            case Advanced(phase, fraction):
                if clock.is_due(phase):
                    tell(phase=phase, fraction=fraction, seconds_left=clock.seconds_left(fraction))
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
                tell(phase=training.TRAINING, fraction=event.fraction, seconds_left=event.seconds_left)
            case EpochEnd():
                _append(job.path / "history.jsonl", event.record())
                _write_preview(job.path, event.preview)
                if event.film is not None:
                    disk.write_bytes(job.path / cards.FILM, epoch_film.pack(event.film))
                tell(epoch=event.epoch)
            case Finished() | Done():
                training.forget_state(job.path / "resume")
                tell(state="finished", phase="", fraction=1.0, seconds_left=0.0)
            case Cancelled(run, epoch, why):
                reason = why or clock.reason(epoch, run is not None)
                tell(state="cancelled", phase="", epoch=epoch, seconds_left=None, reason=reason)
            case Failed(reason):
                watchdog.log_failure(reason)
                tell(state="failed", phase="", reason=reason, seconds_left=None)
    return status


class _Clock:
    """The time that a job takes, and when it is to stop: once it was asked to, or has taken all that it may."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._minutes = settings.current().minutes
        self._end = time.monotonic() + self._minutes * 60 if self._minutes else float("inf")
        self._over = False
        self._phase, self._began, self._told = "", 0.0, 0.0

    def stop(self) -> bool:
        if (self._job.path / "stop").exists():
            return True
        self._over = self._over or time.monotonic() > self._end
        return self._over

    def is_due(self, phase: str) -> bool:
        """Whether progress is to be told: at the beginning of a phase, and now and then within it."""
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._began = phase, now
        elif now - self._told < TELL_SECONDS:
            return False
        self._told = now
        return True

    def seconds_left(self, fraction: float) -> float | None:
        """What is left of the phase, from what it took so far; None at its beginning."""
        passed = time.monotonic() - self._began
        return passed * (1 - fraction) / fraction if fraction and passed > TELL_SECONDS else None

    def reason(self, epoch: int, kept: bool) -> str:
        """Why a task stopped, of a training in that epoch, if not because it was asked to."""
        if not self._over:
            return ""
        if "spec" not in self._job.arguments:
            return f"{watchdog.time_is_over(self._minutes)} before it was done."
        return f"{watchdog.time_is_over(self._minutes)} after {epoch} of {self._job.spec.training.epochs} epochs; " + (
            "what was learnt is kept as a model." if kept else "nothing was learnt by then."
        )


def _append(path: Path, record: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def _write_records(path: Path, records: Iterable[dict[str, Any]]) -> None:
    disk.write_bytes(path, "".join(json.dumps(record) + "\n" for record in records).encode())


def _write_preview(path: Path, images: np.ndarray) -> None:
    buffer = io.BytesIO()
    np.save(buffer, images)
    disk.write_bytes(path / "preview.npy", buffer.getvalue())


def run(path: Path) -> int:
    """Does the job of a folder and writes how it ended; 0 unless it failed."""
    try:
        return 0 if work(folder.find(path.name)).state in ("finished", "cancelled") else 1
    except Exception as error:
        traceback.print_exc()  # into the job's log
        watchdog.write_final_status(path, watchdog.End("failed", _sentence(error, path)))
        return 1


def _sentence(error: Exception, path: Path) -> str:
    if isinstance(error, ExplorerError):
        return str(error)
    if isinstance(error, MemoryError):
        return watchdog.memory_ran_out()
    if isinstance(error, OSError):
        return f"A file could not be written or read: {error.strerror or error}{resume_hint(path)}."
    return f"It stopped on an error: {error}"


def main(path: Path, parent: int) -> int:
    """Does the job of a folder, within the limits of this server; 0 unless it failed."""
    processes.end_with(parent)
    if settings.current().priority == "idle":
        processes.lower_priority(idle=catalog.lane_of(path) == "long")  # somebody waits for a short one
    processes.limit_memory((settings.current().trainer_mb + SPARE_MB) << 20)
    with processes.working(path, processes.WORKER) as mine:  # one whose watchdog was killed may be about to end
        return run(path) if mine else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
