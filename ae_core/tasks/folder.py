"""A job's folder: what is written there by the trainer and read by everyone."""

import contextlib
import io
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ae_core import cards, derived, disk, epoch_film, logs, processes, runs, spec, training
from ae_core.epoch_film import Film
from ae_core.errors import ExplorerError, TrainingError
from ae_core.runs import Run
from ae_core.spec import Spec
from ae_core.tasks.status import ARCHIVE, Status, saves_after_stop

MAKE_RUNS = ("train", "import-run")  # the tasks whose jobs belong to a run of their own


@dataclass(frozen=True)
class Job:
    """Some work in the queue, from its folder.

    Attributes:
        path: The folder; its name is the job's id and, where it makes a run, that run's name.
        task: The name of what it does, as in `catalog`.
        owner: Who asked for it; None for the command line.
        title: What to call the run.
        status: Where it stood when this record was read.
        arguments: What the task is to work on.
        sweep: The id that it shares with the others of its sweep; empty if it is of none.
        continues: The id of the stopped training that it goes on from; empty if of none.
    """

    path: Path
    task: str
    owner: str | None
    title: str
    status: Status
    arguments: Mapping[str, Any]
    sweep: str = ""
    continues: str = ""

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def spec(self) -> Spec:
        """What it trains or builds."""
        found: Spec = self.arguments["spec"]
        return found

    def run(self) -> Run:
        """The run that it computes something from.

        Raises:
            RunError: if that is gone or damaged.
        """
        return runs.read(Path(self.arguments["run"]))

    @property
    def run_path(self) -> Path:
        """Where its run is once it is finished."""
        return self.path.parent.parent / "runs" / self.path.name

    @property
    def stopping(self) -> str:
        """How far it has heeded that it was asked to stop, a sentence; empty if nobody asked."""
        if not (self.path / "stop").exists():
            return ""
        if saves_after_stop(self.path, self.status):
            return "Stopped: what was learnt is being saved …"
        return "Stopping after this step …" if self.status.phase == training.TRAINING else "Stopping …"

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

    def film(self) -> Film | None:
        """Where test examples lay after each finished epoch; None before the first."""
        about = self.spec.about.sizes["test"], self.spec.network.latent_dim
        try:
            return epoch_film.unpack((self.path / cards.FILM).read_bytes(), None, *about)
        except (OSError, ValueError):
            return None

    @property
    def resumable(self) -> bool:
        return self.status.state in ("failed", "cancelled") and self.saved.epoch > 0

    @property
    def saved(self) -> Status:
        """A new status in the queue, at the epoch from which it would go on."""
        epoch = training.saved_epoch(self.path / "resume")
        return Status(epoch=epoch, fraction=epoch / self.spec.training.epochs if epoch else 0.0)


def jobs_folder() -> Path:
    return runs.data_folder() / "jobs"


def paths() -> list[Path]:
    """The folders of all jobs."""
    try:
        return [Path(entry.path) for entry in os.scandir(jobs_folder()) if not entry.name.startswith(".")]
    except OSError:
        return []


def create(
    what: Spec, owner: str | None, title: str, sweep: str = "", archive: bytes | None = None, continues: str = ""
) -> Job:
    """A new job, queued, that trains a run, or builds the one of an archive."""
    task = "train" if archive is None else "import-run"
    record = {"task": task, "spec": what.to_json(), "owner": owner, "title": title, "sweep": sweep}
    if continues:
        record["continues"] = continues
    return _create(jobs_folder() / runs.new_name(what.kind), record, archive)


def create_shared(task: str, run: Run, owner: str | None, what: str = "") -> Job:
    """The job that computes something from a run, queued; it is the same for all who ask for it."""
    arguments = {"run": str(run.path.resolve()), "what": what}
    record = {"task": task, "arguments": arguments, "owner": owner, "title": run.title}
    path = _shared_path(task, run, what)
    (path / "stop").unlink(missing_ok=True)
    return _create(path, record)


def create_data(upload: Path, arguments: dict[str, Any], owner: str, title: str) -> Job:
    """A new job, queued, that makes a data set of the files in a folder, which becomes the job's own."""
    path = jobs_folder() / runs.new_name("data")
    record = {"task": "add-data", "arguments": arguments, "owner": owner, "title": title}
    try:
        path.mkdir(parents=True)
        os.rename(upload, path / "upload")
    except OSError as error:
        shutil.rmtree(path, ignore_errors=True)
        raise TrainingError(f"It cannot be prepared: {runs.unusable(error)}.") from error
    return _create(path, record)


def _create(path: Path, record: dict[str, Any], archive: bytes | None = None) -> Job:
    try:
        path.mkdir(parents=True, exist_ok=True)
        disk.write_json(path / "spec.json", record)
        if archive is not None:
            disk.write_bytes(path / ARCHIVE, archive)
        Status().write(path)
    except OSError as error:
        shutil.rmtree(path, ignore_errors=True)
        raise TrainingError(f"It cannot be prepared: {runs.unusable(error)}.") from error
    return find(path.name)


def shared(task: str, run: Run, what: str = "") -> Job | None:
    """The job that computes something from a run, or did; None if there is none that can be read."""
    with contextlib.suppress(TrainingError):
        return find(_shared_path(task, run, what).name)
    return None


def _shared_path(task: str, run: Run, what: str) -> Path:
    return jobs_folder() / "-".join([task, *([what] if what else []), derived.folder(run).name[:32]])


def copy(job: Job) -> Job:
    """A new job, queued, that knows what this one has learnt up to its last finished epoch."""
    new = create(job.spec, job.owner, job.title, sweep=job.sweep, continues=job.id)
    try:
        shutil.copytree(job.path / "resume", new.path / "resume")
        for name in ("history.jsonl", "progress.jsonl", "preview.npy", cards.FILM):
            if (job.path / name).exists():
                shutil.copy(job.path / name, new.path)
        new.saved.write(new.path)
    except OSError as error:
        shutil.rmtree(new.path, ignore_errors=True)
        raise TrainingError(f"The training cannot be copied: {runs.unusable(error)}.") from error
    return find(new.id)


def find(job_id: str) -> Job:
    """The job of that id; its status is checked against its process.

    Raises:
        TrainingError: if there is none, or its folder is damaged.
    """
    path = jobs_folder() / job_id
    if Path(job_id).name != job_id or job_id in ("", "..") or not path.is_dir():
        raise TrainingError(f"There is no job {job_id!r}: it may have been deleted.")
    try:
        status = Status.read(path)
        asked = _asked(path, (path / "spec.json").stat().st_mtime_ns)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, ExplorerError) as error:
        raise TrainingError(f"The folder of job {job_id!r} is damaged ({error}).") from error
    return Job(path, status=status, **asked)


@lru_cache(maxsize=4096)  # it never changes, and every page asks again and again
def _asked(path: Path, modified: int) -> dict[str, Any]:
    """The fields of a `Job` that its spec.json holds; older versions wrote neither task nor sweep."""
    record = json.loads((path / "spec.json").read_text(encoding="utf-8"))
    task = str(record.get("task", "import-run" if (path / ARCHIVE).exists() else "train"))
    arguments = dict(record.get("arguments", {}))
    if task in MAKE_RUNS:
        arguments["spec"] = spec.Spec.from_json(record["spec"])
    owner = None if record["owner"] is None else str(record["owner"])
    names = {"title": str(record["title"])} | {name: str(record.get(name, "")) for name in ("sweep", "continues")}
    return {"task": task, "owner": owner, "arguments": arguments, **names}


def task_of(path: Path) -> str:
    """The name of a job's task; "train" if its folder is damaged."""
    try:
        return str(_asked(path, (path / "spec.json").stat().st_mtime_ns)["task"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, ExplorerError):
        return "train"


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


def jobs_of(owner: str | None, of_tasks: Collection[str] = MAKE_RUNS) -> list[Job]:
    """An owner's jobs, by default those that make runs, the latest first; damaged folders are left out."""
    found = []
    for path in paths():
        try:
            job = find(path.name)
        except TrainingError:
            continue
        if job.owner == owner and job.task in of_tasks:
            found.append(job)
    return sorted(found, key=lambda job: -job.status.submitted)


@contextmanager
def locked(why: str = "It cannot be prepared") -> Iterator[None]:
    """Held by whoever puts jobs into the queue, takes them out of it, or removes them.

    Raises:
        TrainingError: if the disk lets nobody; begins with `why`.
    """
    try:
        jobs_folder().mkdir(parents=True, exist_ok=True)
        with processes.lock(jobs_folder() / ".queue"):
            yield
    except OSError as error:
        reason = runs.unusable(error)
        logs.lasting("jobs cannot be written", error=reason)
        raise TrainingError(f"{why}: {reason}.") from error
    logs.lasting("jobs cannot be written", error="")


def records(path: Path) -> list[dict[str, Any]]:
    """The records of a .jsonl file; none if there is no such file."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    found = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError, RecursionError):  # half-written, by a full disk or just now
            record = json.loads(line)
            if isinstance(record, dict) and isinstance(record.get("terms"), dict):
                found.append(record)
    return found
