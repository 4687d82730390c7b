"""The process that executes one job: ``python -m ae_core.jobs.worker FOLDER``."""

import io
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ae_core import processes, runs, training
from ae_core.errors import ExplorerError, TrainingError
from ae_core.events import Cancelled, EpochEnd, Failed, Finished, Preparing, Progress, Started
from ae_core.jobs import folder
from ae_core.jobs.folder import Job, Status

NICENESS = 5  # the server goes first
MAX_POINTS = 1000  # lines of progress.jsonl in a whole training


def work(job: Job) -> Status:
    """Trains a job to its end and keeps its folder up to date; the last status."""
    status = replace(job.status, state="running")
    points = 0

    def tell(**changes: Any) -> None:
        nonlocal status
        status = replace(status, updated=time.time(), **changes)
        status.write(job.path)

    events = training.fit(
        job.spec,
        job.run_path,
        stop=(job.path / "stop").exists,
        state=job.path / "resume",
        title=job.title,
        owner=job.owner,
    )
    for event in events:
        match event:
            case Preparing(phase):
                tell(phase=phase, seconds_left=None)
            case Started(first_epoch=first):
                tell(epoch=first)
                _keep(job.path / "history.jsonl", lambda record: record["epoch"] <= first)
                _keep(job.path / "progress.jsonl", lambda record: record["epochs"] <= first)
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
            case Cancelled(_, epoch):
                tell(state="cancelled", phase="", epoch=epoch, seconds_left=None)
            case Failed(reason):
                tell(state="failed", phase="", reason=reason, seconds_left=None)
    return status


def _append(path: Path, record: dict[str, Any]) -> None:
    with path.open("a") as file:
        file.write(json.dumps(record) + "\n")


def _keep(path: Path, wanted: Callable[[dict[str, Any]], bool]) -> None:
    """Cuts a file of records back to what a resume goes on from."""
    if path.exists():
        kept = [json.dumps(record) + "\n" for record in folder.records(path) if wanted(record)]
        runs.write_bytes(path, "".join(kept).encode())


def _write_preview(path: Path, images: np.ndarray) -> None:
    buffer = io.BytesIO()
    np.save(buffer, images)
    runs.write_bytes(path / "preview.npy", buffer.getvalue())


def main(path: Path) -> int:
    with processes.working(path) as mine:
        if not mine:
            raise TrainingError(f"Training {path.name!r} is already under way in another process.")
        os.nice(NICENESS)
        job = folder.find(path.name)
        try:
            return 0 if work(job).state in ("finished", "cancelled") else 1
        except Exception as error:
            traceback.print_exc()  # into the job's log
            sentence = str(error) if isinstance(error, ExplorerError) else f"The training stopped on an error: {error}"
            replace(job.status, state="failed", phase="", reason=sentence).write(path)
            return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
