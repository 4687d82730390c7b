"""Projections of a run's test codes: computed once, in a process of its own, and kept.

    derived/<encoder>/ tsne.npy   the places, once all are there
                       tsne.json  where the computation stands; replaced at once
                       lock       held by the process that computes, while it lives
                       stop       there once someone asked it to stop

<encoder> is the SHA-256 of the run's encoder, on which its codes depend, and on nothing else. A run that ships brings
its own, tsne-<encoder>.npy in its folder.
"""

import fcntl
import io
import json
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from ae_core import data, inference, runs
from ae_core.errors import ExplorerError, RunError
from ae_core.jobs import local
from ae_core.latent.projections import tsne
from ae_core.runs import Run

ACTIVE = ("queued", "running")
STATES = ("none", *ACTIVE, "finished", "stopped", "failed")
NICENESS = 10  # below the server, and below trainings
START_SECONDS = 30  # a queued computation whose process has not taken its lock by then will not
TELL_SECONDS = 0.5
FULL = 32767  # places are kept as int16, a third of a pixel on any screen
MAX_FILE = 4 << 20


@dataclass(frozen=True)
class Status:
    """Where a computation stands.

    Attributes:
        state: One of `STATES`.
        phase: What it is doing, for people.
        fraction: Share of it that is done, in [0, 1].
        seconds_left: Estimate, or None while there is none.
        reason: Why it failed, a sentence.
        updated: When this was written, in seconds since 1970.
    """

    state: str = "none"
    phase: str = ""
    fraction: float = 0.0
    seconds_left: float | None = None
    reason: str = ""
    updated: float = field(default_factory=time.time)

    @property
    def active(self) -> bool:
        return self.state in ACTIVE


def folder(run: Run) -> Path:
    """Where what is computed from a run is kept; it may be deleted at any time."""
    return runs.data_folder() / "derived" / _encoder(run)


def beside(run: Run) -> Path:
    """Where a run that ships brings its projection; one that is trained anew has another encoder."""
    return run.path / f"tsne-{_encoder(run)[:16]}.npy"


def _encoder(run: Run) -> str:
    digest = str(run.card["sha256"]["encoder.onnx"])
    if not re.fullmatch("[0-9a-f]{64}", digest):  # it becomes the name of a folder
        raise RunError(f"{run.path.name}: {runs.CARD} must hold a SHA-256 for encoder.onnx.")
    return digest


def read(run: Run) -> np.ndarray | None:
    """The places of all test codes of a run, float32 (n, 2) in [-1, 1]; None if there are none that are whole."""
    count = data.load(run.spec.dataset).sizes["test"]
    for path in (beside(run), folder(run) / "tsne.npy"):
        try:
            if path.stat().st_size > MAX_FILE:
                continue
            places = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
        except Exception:  # whatever NumPy makes of a damaged file
            continue
        if places.dtype == np.int16 and places.shape == (count, 2) and places.any():
            return places.astype(np.float32) / np.float32(FULL)
    return None


def compute(run: Run, on_progress: Callable[[str, float], bool | None]) -> np.ndarray | None:
    """Projects the test codes of a run by t-SNE; some seconds for its neighbours, a minute for 10,000 codes.

    Args:
        run: Which.
        on_progress: Called with what is being done and the share of it; a true answer stops it.

    Returns:
        Places as `read` gives them, or None if it was stopped.

    Raises:
        ExplorerError: if the run is damaged, or its codes are all the same.
    """
    if on_progress("Encoding the test images", 0.0):
        return None
    loaded = inference.load(run.path)
    codes = loaded.encode(data.as_float(data.load(run.spec.dataset).split("test").images))
    if on_progress("Finding the nearest neighbours of each code", 0.0):
        return None
    return tsne(codes, on_progress=lambda fraction: on_progress("Moving the dots", fraction))


def write(path: Path, places: np.ndarray) -> None:
    """Keeps places (n, 2) in [-1, 1] in a file, whole or not at all."""
    file = io.BytesIO()
    np.save(file, np.round(places * FULL).astype(np.int16))
    runs.write_bytes(path, file.getvalue())


def status(run: Run) -> Status:
    """Where the computation for a run stands, true now."""
    if read(run) is not None:
        return Status("finished", fraction=1.0)
    path = folder(run)
    found = _read_status(path)
    if found.state == "finished":
        return Status("failed", reason="The projection that was kept is damaged or gone.")
    if found.active and not _alive(path, found):
        return replace(found, state="failed", reason="The process that computed it ended unexpectedly.")
    return found


def start(run: Run) -> None:
    """Starts the computation in a process of its own, unless it is under way or done.

    Raises:
        RunError: if it cannot be started.
    """
    path = folder(run)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with (path.parent / ".starting").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # two visitors ask at once: the second sees the first's
            if status(run).state in (*ACTIVE, "finished"):
                return
            (path / "stop").unlink(missing_ok=True)
            _write_status(path, Status("queued", "Starting"))
            local.start_process("ae_core.projecting", run.path.resolve(), path / "log.txt")
    except OSError as error:
        raise RunError(f"The projection cannot be computed: {error.strerror or error}.") from error


def request_stop(run: Run) -> None:
    """Asks the computation to stop; it does between two steps."""
    try:
        (folder(run) / "stop").touch()
    except OSError as error:
        raise RunError(f"It could not be asked to stop: {error.strerror or error}.") from error


def work(run: Run) -> Status:
    """Computes, keeps the status up to date and keeps the result; the last status."""
    path = folder(run)
    now = Status("running", "Waiting for another projection to be done")
    began, told = time.time(), 0.0

    def tell(phase: str, fraction: float) -> bool:
        nonlocal now, began, told
        if phase != now.phase:
            began, told = time.time(), 0.0
        if time.time() - told > TELL_SECONDS:
            told = time.time()
            left = (told - began) * (1 - fraction) / fraction if fraction else None
            now = Status("running", phase, fraction, left)
            _write_status(path, now)
        return (path / "stop").exists()

    try:
        with _alone(path.parent, lambda: tell(now.phase, 0.0)) as alone:
            places = compute(run, tell) if alone else None
        if places is None:
            last = Status("stopped")
        else:
            write(path / "tsne.npy", places)
            last = Status("finished", fraction=1.0)
    except Exception as error:
        traceback.print_exc()  # into the log
        sentence = str(error) if isinstance(error, ExplorerError) else f"The projection stopped on an error: {error}"
        last = replace(now, state="failed", reason=sentence)
    _write_status(path, last)
    return last


@contextmanager
def _alone(place: Path, stopped: Callable[[], bool]) -> Iterator[bool]:
    """Waits until no other projection is computed on this machine; whether it may go on."""
    with (place / ".computing").open("a") as file:
        while not (free := _lock(file, fcntl.LOCK_EX)) and not stopped():
            time.sleep(TELL_SECONDS)
        yield free


def _read_status(path: Path) -> Status:
    try:
        found = Status(**json.loads((path / "tsne.json").read_text()))
        numbers = (found.fraction, found.updated, found.seconds_left or 0.0)
        if found.state not in STATES or not all(isinstance(n, int | float) for n in numbers):
            raise ValueError("its status makes no sense")
    except FileNotFoundError:
        return Status()
    except (OSError, ValueError, TypeError, RecursionError):
        return Status("failed", reason="What was noted about the computation is damaged.")
    return found


def _write_status(path: Path, what: Status) -> None:
    runs.write_json(path / "tsne.json", asdict(what))


def _alive(path: Path, found: Status) -> bool:
    """Whether a process holds the lock, or may still be about to."""
    try:
        with (path / "lock").open() as file:
            if not _lock(file, fcntl.LOCK_SH):
                return True
    except OSError:
        pass
    return found.state == "queued" and time.time() - found.updated < START_SECONDS


def _lock(file: io.TextIOWrapper, how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def main(run_path: Path) -> int:
    run = runs.read(run_path)
    with (folder(run) / "lock").open("a") as file:
        # Whoever looks whether this lives holds the lock for an instant: that is no reason to give up.
        for _ in range(50):
            if _lock(file, fcntl.LOCK_EX):
                os.nice(NICENESS)
                return 0 if work(run).state in ("finished", "stopped") else 1
            time.sleep(0.1)
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
