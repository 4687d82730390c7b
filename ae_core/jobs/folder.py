"""A job's folder: what is written there by the trainer and read by everyone."""

import contextlib
import fcntl
import io
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ae_core import runs, spec
from ae_core.errors import ExplorerError, TrainingError
from ae_core.spec import Spec

ACTIVE = ("queued", "running")
STATES = (*ACTIVE, "finished", "cancelled", "failed")
START_SECONDS = 30  # a queued job whose process has not taken its lock by then will not


@dataclass(frozen=True)
class Status:
    """Where a job stands.

    Attributes:
        state: One of `STATES`.
        phase: What it is doing, for people.
        fraction: Share of all steps taken, in [0, 1].
        epoch: Epochs finished.
        seconds_left: Estimate, or None while there is none.
        reason: Why it failed, a sentence.
        submitted: When it was submitted, in seconds since 1970.
        updated: When this was written.
    """

    state: str = "queued"
    phase: str = "Starting"
    fraction: float = 0.0
    epoch: int = 0
    seconds_left: float | None = None
    reason: str = ""
    submitted: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)

    def check(self) -> None:
        """Raises ValueError if it is not what `write_status` writes."""
        numbers = (self.fraction, self.submitted, self.updated, self.epoch, self.seconds_left or 0.0)
        if self.state not in STATES or not all(isinstance(n, int | float) for n in numbers):
            raise ValueError("its status makes no sense")

    @property
    def active(self) -> bool:
        return self.state in ACTIVE


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
        write_status(path, Status())
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
        status = Status(**json.loads((path / "status.json").read_text()))
        owner, title = str(record["owner"]), str(record["title"])
        status.check()
    except (OSError, ValueError, TypeError, KeyError, RecursionError, ExplorerError) as error:
        raise TrainingError(f"The folder of training {job_id!r} is damaged ({error}).") from error
    if status.active and not _alive(path, status):
        ended = {"state": "failed", "phase": "", "reason": "The training process ended unexpectedly."}
        status = Status(**asdict(status) | ended)
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


def write_status(path: Path, status: Status) -> None:
    runs.write_json(path / "status.json", asdict(status))


def take_lock(path: Path) -> io.TextIOWrapper:
    """Holds the job's lock until the returned file is closed or the process ends, however it ends.

    Raises:
        TrainingError: if another process holds it.
    """
    file = (path / "lock").open("a")
    # Whoever looks whether the job lives holds the lock for an instant: that is no reason to give up.
    for _ in range(50):
        if _flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
            return file
        time.sleep(0.1)
    file.close()
    raise TrainingError(f"Training {path.name!r} is already under way in another process.")


@contextmanager
def submitting() -> Iterator[None]:
    """Held while a job is checked and created, so that two tabs cannot both pass the check."""
    try:
        jobs_folder().mkdir(parents=True, exist_ok=True)
        with (jobs_folder() / ".submitting").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise TrainingError(f"The training cannot be prepared: {error.strerror or error}.") from error


def _alive(path: Path, status: Status) -> bool:
    """Whether a process holds the job's lock, or may still be about to."""
    try:
        with (path / "lock").open() as file:
            if not _flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB):
                return True
    except OSError:
        pass
    return status.state == "queued" and time.time() - status.updated < START_SECONDS


def _flock(file: io.TextIOWrapper, how: int) -> bool:
    try:
        fcntl.flock(file, how)
    except OSError:
        return False
    return True


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
