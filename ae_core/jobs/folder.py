"""A job's folder: what is written there by the trainer and read by everyone."""

import contextlib
import io
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ae_core import processes, runs, spec
from ae_core.errors import ExplorerError, TrainingError
from ae_core.spec import Spec


@dataclass(frozen=True)
class Status(processes.Status):
    """Where a job stands.

    Attributes:
        epoch: Epochs finished.
        submitted: When it was submitted, in seconds since 1970.
    """

    STATES = (*processes.ACTIVE, "finished", "cancelled", "failed")
    ENDED = "The training process ended unexpectedly."

    state: str = "queued"
    phase: str = "Starting"
    epoch: int = 0
    submitted: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Job:
    """A training, from its folder.

    Attributes:
        path: The folder; its name is the job's id and the name of the run to be.
        spec: What it trains.
        owner: Who asked for it.
        title: What to call the run.
        status: Where it stood when this record was read.
    """

    path: Path
    spec: Spec
    owner: str
    title: str
    status: Status

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def run_path(self) -> Path:
        """Where its run is once it is finished."""
        return self.path.parent.parent / "runs" / self.path.name

    def progress(self) -> list[dict[str, Any]]:
        """Loss terms as they fell: {"epochs": epochs done, with fraction, "terms": {name: value}}."""
        return records(self.path / "progress.jsonl")

    def history(self) -> list[dict[str, Any]]:
        """One record for each finished epoch, as in a run's history."""
        return records(self.path / "history.jsonl")

    def preview(self) -> np.ndarray | None:
        """The latest reconstructions of ten test images, uint8 of shape (10, h, w)."""
        try:
            return np.load(io.BytesIO((self.path / "preview.npy").read_bytes()), allow_pickle=False)
        except Exception:  # whatever NumPy makes of a damaged file
            return None

    @property
    def resumable(self) -> bool:
        return self.status.state in ("failed", "cancelled") and any((self.path / "resume").glob("*.npz"))


def jobs_folder() -> Path:
    return runs.data_folder() / "jobs"


def create(what: Spec, owner: str, title: str) -> Job:
    """A new job's folder, queued."""
    path = jobs_folder() / runs.new_name(what.kind)
    try:
        path.mkdir(parents=True)
        runs.write_json(path / "spec.json", {"spec": what.to_json(), "owner": owner, "title": title})
        Status().write(path)
    except OSError as error:
        shutil.rmtree(path, ignore_errors=True)
        raise TrainingError(f"The training cannot be prepared: {error.strerror or error}.") from error
    return find(path.name)


def copy(job: Job) -> Job:
    """A new job, queued, that knows what this one has learnt up to its last finished epoch."""
    new = create(job.spec, job.owner, job.title)
    try:
        shutil.copytree(job.path / "resume", new.path / "resume")
        for name in ("history.jsonl", "progress.jsonl", "preview.npy"):
            if (job.path / name).exists():
                shutil.copy(job.path / name, new.path)
    except OSError as error:
        shutil.rmtree(new.path, ignore_errors=True)
        raise TrainingError(f"The training cannot be copied: {error.strerror or error}.") from error
    return new


def find(job_id: str) -> Job:
    """The job of that id, with a status that is true now.

    Raises:
        TrainingError: if there is none, or its folder is damaged.
    """
    path = jobs_folder() / job_id
    if Path(job_id).name != job_id or job_id in ("", "..") or not path.is_dir():
        raise TrainingError(f"There is no training {job_id!r}: it may have been deleted.")
    try:
        record = json.loads((path / "spec.json").read_text())
        what = spec.Spec.from_json(record["spec"])
        status = Status.read(path)
        owner, title = str(record["owner"]), str(record["title"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError, ExplorerError) as error:
        raise TrainingError(f"The folder of training {job_id!r} is damaged ({error}).") from error
    return Job(path, what, owner, title, status)


def listing(owner: str) -> list[Job]:
    """An owner's jobs, the latest first; damaged folders are left out."""
    found = []
    for path in jobs_folder().glob("*/spec.json"):
        try:
            job = find(path.parent.name)
        except TrainingError:
            continue
        if job.owner == owner:
            found.append(job)
    return sorted(found, key=lambda job: -job.status.submitted)


def active(owner: str) -> Job | None:
    """The job that this owner has under way, if any."""
    return next((job for job in listing(owner) if job.status.active), None)


def request_stop(job: Job) -> None:
    """Asks a job to stop; it does between two steps, and leaves a run of what it has learnt."""
    try:
        (job.path / "stop").touch()
    except OSError as error:
        raise TrainingError(f"It could not be asked to stop: {error.strerror or error}.") from error


@contextmanager
def submitting() -> Iterator[None]:
    """Held while a job is checked and created, so that two tabs cannot both pass the check."""
    try:
        jobs_folder().mkdir(parents=True, exist_ok=True)
        with processes.lock(jobs_folder() / ".submitting"):
            yield
    except OSError as error:
        raise TrainingError(f"The training cannot be prepared: {error.strerror or error}.") from error


def records(path: Path) -> list[dict[str, Any]]:
    """The records of a .jsonl file; none if there is no such file."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return []
    found = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError, RecursionError):  # half-written, by a full disk or just now
            record = json.loads(line)
            if isinstance(record, dict) and isinstance(record.get("terms"), dict):
                found.append(record)
    return found
