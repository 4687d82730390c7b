"""A job's folder: what is written there by the trainer and read by everyone."""

import contextlib
import io
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np

from ae_core import disk, processes, runs, spec
from ae_core.errors import ExplorerError, TrainingError
from ae_core.spec import Spec

BEGUN = "Training process started "  # in the log: what follows is of this process
LAST_WORDS = "Failed: "
MAX_LOG = 1 << 16
Fill = Callable[[Path], None]


@dataclass(frozen=True)
class Status(processes.Status):
    """Where a job stands: queued, then starting in a process of its own, running, and finished, cancelled or failed.

    A reason says why it failed, or why it was cancelled where that was not simply the stop button.

    Attributes:
        epoch: Epochs finished.
        submitted: When it was put into the queue, in seconds since 1970: its place there.
        started: When its process began, likewise; 0 before that.
        starts: How often it was handed to a process.
        remote: Whether others look after its process: then it is gone only once the queue says so.
    """

    STATES = (*processes.ACTIVE, "finished", "cancelled", "failed")
    ENDED = "The training process ended unexpectedly"

    state: str = "queued"
    phase: str = "In the queue"
    epoch: int = 0
    submitted: float = field(default_factory=time.time)
    started: float = 0.0
    starts: int = 0
    remote: bool = False

    @classmethod
    def read(cls, folder: Path) -> Self:
        noted = cls.load(folder)
        return noted if noted.remote else super().read(folder)

    @classmethod
    def ended(cls, folder: Path) -> str:
        """What its last words in the log say, which stand there when a full disk took no other; or that it is gone."""
        words = _last_words(folder / "log.txt")
        return words or f"{cls.ENDED}{way_back(folder)}."


@dataclass(frozen=True)
class Job:
    """A training, from its folder.

    Attributes:
        path: The folder; its name is the job's id and the name of the run to be.
        spec: What it trains.
        owner: Who asked for it; None for the command line.
        title: What to call the run.
        status: Where it stood when this record was read.
        sweep: The id that it shares with the others of its sweep; empty if it is of none.
    """

    path: Path
    spec: Spec
    owner: str | None
    title: str
    status: Status
    sweep: str = ""

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


def paths() -> list[Path]:
    """The folders of all jobs."""
    try:
        return [Path(entry.path) for entry in os.scandir(jobs_folder()) if not entry.name.startswith(".")]
    except OSError:
        return []


def leave(path: Path) -> None:
    """Adds nothing to a job's folder."""


def create(what: Spec, owner: str | None, title: str, fill: Fill = leave, sweep: str = "") -> Job:
    """A new job's folder, queued; `fill` puts into it what else its training needs."""
    path = jobs_folder() / runs.new_name(what.kind)
    try:
        path.mkdir(parents=True)
        record = {"spec": what.to_json(), "owner": owner, "title": title, "sweep": sweep}
        disk.write_json(path / "spec.json", record)
        fill(path)
        Status().write(path)
    except OSError as error:
        shutil.rmtree(path, ignore_errors=True)
        raise TrainingError(f"The training cannot be prepared: {error.strerror or error}.") from error
    return find(path.name)


def copy(job: Job) -> Job:
    """A new job, queued, that knows what this one has learnt up to its last finished epoch."""
    new = create(job.spec, job.owner, job.title, sweep=job.sweep)
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
        status = Status.read(path)
        what, owner, title, sweep = _asked(path, (path / "spec.json").stat().st_mtime_ns)
    except (OSError, ValueError, TypeError, KeyError, RecursionError, ExplorerError) as error:
        raise TrainingError(f"The folder of training {job_id!r} is damaged ({error}).") from error
    return Job(path, what, owner, title, status, sweep)


@lru_cache(maxsize=4096)  # it never changes, and every page asks again and again
def _asked(path: Path, modified: int) -> tuple[Spec, str | None, str, str]:
    record = json.loads((path / "spec.json").read_text())
    owner = record["owner"]
    what, sweep = spec.Spec.from_json(record["spec"]), str(record.get("sweep", ""))  # jobs of before had none
    return what, None if owner is None else str(owner), str(record["title"]), sweep


def noted(path: Path) -> Status | None:
    """What a job's status said last, whether or not it is still true; None if it makes no sense."""
    try:
        about = (path / "status.json").stat()  # always a new file
        return _noted(path, (about.st_ino, about.st_mtime_ns, about.st_size))
    except OSError:
        return None


@lru_cache(maxsize=4096)
def _noted(path: Path, version: object) -> Status | None:
    try:
        return Status.load(path)
    except (OSError, ValueError):
        return None


def listing(owner: str | None) -> list[Job]:
    """An owner's jobs, the latest first; damaged folders are left out."""
    found = []
    for path in paths():
        try:
            job = find(path.name)
        except TrainingError:
            continue
        if job.owner == owner:
            found.append(job)
    return sorted(found, key=lambda job: -job.status.submitted)


def active(owner: str | None) -> Job | None:
    """The job that this owner has under way: the one that is running, or else the first in the queue, if any."""
    under_way = [job for job in listing(owner) if job.status.active]
    return min(under_way, key=lambda job: (job.status.state == "queued", job.status.submitted), default=None)


@contextmanager
def locked(why: str = "The training cannot be prepared") -> Iterator[None]:
    """Held by whoever puts jobs into the queue, takes them out of it, or removes them.

    Raises:
        TrainingError: if the disk lets nobody; begins with `why`.
    """
    try:
        jobs_folder().mkdir(parents=True, exist_ok=True)
        with processes.lock(jobs_folder() / ".queue"):
            yield
    except OSError as error:
        raise TrainingError(f"{why}: {error.strerror or error}.") from error


def way_back(path: Path) -> str:
    """What a sentence about a job that has ended adds if it can be resumed."""
    try:
        epoch = Status.load(path).epoch
    except (OSError, ValueError):
        epoch = 0
    return f"; it can be resumed from epoch {epoch}" if epoch and any((path / "resume").glob("*.npz")) else ""


def note_start(log: Path) -> None:
    """Begins a part of the log; it also takes the log's first block while the disk still has one."""
    with log.open("a") as file:
        file.write(f"{BEGUN}{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}\n")


def last_part(log: Path) -> str:
    """What the process that was started last has printed, the end of it if that is long."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - MAX_LOG))
            text = file.read(MAX_LOG).decode(errors="replace")
    except OSError:
        return ""
    return text.rpartition(BEGUN)[2]


def _last_words(log: Path) -> str:
    lines = last_part(log).splitlines()
    return next((line.removeprefix(LAST_WORDS) for line in reversed(lines) if line.startswith(LAST_WORDS)), "")


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
