"""Where a job stands, as its folder says it."""

import json
import time
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Self

from ae_core import disk, processes, training

ACTIVE = ("queued", "starting", "running")
STATES = (*ACTIVE, "finished", "cancelled", "failed")
BEGUN = "Process started "  # in the log, before what a process prints
FAILED = "Failed: "
ENDED = "The process ended unexpectedly"
ARCHIVE = "import.zip"  # in the folder of the job that imports it, until that has ended
MAX_LOG = 1 << 16


@dataclass(frozen=True)
class Status:
    """Where a job stands: queued, then starting in a process of its own, running, and finished, cancelled or failed.

    Attributes:
        state: One of `STATES`.
        phase: What it is doing, for people.
        fraction: Share of it that is done, in [0, 1].
        seconds_left: Estimate, or None while there is none.
        reason: Why it failed, or was cancelled other than by the stop button, a sentence.
        epoch: Epochs finished, of a training.
        submitted: When it was put into the queue, in seconds since 1970: its place there.
        started: When its process began, likewise; 0 before that.
        starts: How often it was handed to a process.
        remote: Whether it runs on a cluster, whose scheduler decides whether its process is gone.
        updated: When this was written, in seconds since 1970.
    """

    state: str = "queued"
    phase: str = "In the queue"
    fraction: float = 0.0
    seconds_left: float | None = None
    reason: str = ""
    epoch: int = 0
    submitted: float = field(default_factory=time.time)
    started: float = 0.0
    starts: int = 0
    remote: bool = False
    updated: float = field(default_factory=time.time, kw_only=True)

    @property
    def active(self) -> bool:
        return self.state in ACTIVE

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Where the job of a folder stands: failed if its process is gone.

        Raises:
            OSError: if nothing can be read.
            ValueError: if it is not what `write` writes.
        """
        alive = processes.is_alive(folder)  # asked first: what ends in between has said how
        found = cls.load(folder)
        late = found.state == "running" or time.time() - found.updated > processes.START_SECONDS
        if not found.remote and found.state in ("starting", "running") and late and not alive:
            return replace(found, state="failed", phase="", seconds_left=None, reason=failure_reason(folder))
        return found

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What was written last, whether or not it is still true.

        Raises:
            OSError, ValueError: as `read`.
        """
        try:
            record = json.loads((folder / "status.json").read_text(encoding="utf-8"))
            known = {f.name for f in fields(cls)}  # another version may have written more
            found = cls(**{name: value for name, value in record.items() if name in known})
        except (TypeError, AttributeError, RecursionError) as error:
            raise ValueError("its status makes no sense") from error
        values = [(name, value) for name, value in asdict(found).items() if (name, value) != ("seconds_left", None)]
        fit = all(isinstance(v, str if name in ("state", "phase", "reason") else int | float) for name, v in values)
        if not fit or found.state not in STATES:
            raise ValueError("its status makes no sense")
        return found

    def write(self, folder: Path) -> None:
        disk.write_json(folder / "status.json", asdict(self))
        if not self.active:
            (folder / ARCHIVE).unlink(missing_ok=True)


def failure_reason(folder: Path) -> str:
    """Why a job failed whose process is gone: what its log says last, since a full disk takes no new status."""
    lines = last_part(folder / "log.txt").splitlines()
    words = next((line.removeprefix(FAILED) for line in reversed(lines) if line.startswith(FAILED)), "")
    return words or f"{ENDED}{resume_hint(folder)}."


def resume_hint(folder: Path) -> str:
    """What a sentence about a job that has ended adds if it can be resumed."""
    epoch = training.saved_epoch(folder / "resume")
    return f"; it can be resumed from epoch {epoch}" if epoch else ""


def saves_after_stop(folder: Path, now: Status) -> bool:
    """Whether a job saves its run because it was asked to stop, and not because it has come to its end."""
    try:
        return now.phase == training.SAVING and (folder / "stop").stat().st_mtime <= now.updated
    except OSError:  # nobody asked
        return False


def note_start(log: Path) -> None:
    """Begins a part of the log; it also takes the log's first block while the disk still has one."""
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{BEGUN}{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}\n")


def last_part(log: Path) -> str:
    """What the process that was started last has printed, the end of it if that is long."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - MAX_LOG))
            text = file.read(MAX_LOG).decode("utf-8", errors="replace")
    except OSError:
        return ""
    return text.rpartition(BEGUN)[2]
