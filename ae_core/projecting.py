"""Projections of a run's test codes: computed once, in a process of its own, and kept.

    derived/<encoder>/  tsne.npy     the places, once all are there; see `derived`
                        status.json  where the computation stands; replaced at once
                        stop         there once someone asked it to stop
                        lock         held by the process that computes, while it lives

Whoever looks reads that folder, and nothing else.
"""

import io
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ae_core import data, derived, inference, processes, runs
from ae_core.errors import ExplorerError, RunError
from ae_core.latent.projections import tsne
from ae_core.runs import Run

NICENESS = 10  # below the server, and below trainings
TELL_SECONDS = 0.5
TSNE = "tsne.npy"
FULL = 32767  # places are kept as int16, a third of a pixel on any screen
MAX_FILE = 4 << 20


@dataclass(frozen=True)
class Status(processes.Status):
    """Where a computation stands."""

    STATES = ("none", *processes.ACTIVE, "finished", "stopped", "failed")
    ENDED = "The process that computed it ended unexpectedly."

    state: str = "none"


def beside(run: Run) -> Path:
    """Where a run that ships brings its projection."""
    return derived.beside(run, TSNE)


def read(run: Run) -> np.ndarray | None:
    """The places of all test codes of a run, float32 (n, 2) in [-1, 1]; None if there are none that are whole."""
    count = data.load(run.spec.dataset).sizes["test"]
    for content in derived.read(run, TSNE, MAX_FILE):
        try:
            places = np.load(io.BytesIO(content), allow_pickle=False)
        except Exception:  # whatever NumPy makes of another content
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
    """Keeps places (n, 2) in [-1, 1], whole or not at all."""
    file = io.BytesIO()
    np.save(file, np.round(places * FULL).astype(np.int16))
    derived.write(path, file.getvalue())


def status(run: Run) -> Status:
    """Where the computation for a run stands, true now."""
    if read(run) is not None:
        return Status("finished", fraction=1.0)
    try:
        found = Status.read(derived.folder(run))
    except FileNotFoundError:
        return Status()
    except (OSError, ValueError):
        return Status("failed", reason="What was noted about the computation is damaged.")
    if found.state == "finished":
        return Status("failed", reason="The projection that was kept is damaged or gone.")
    return found


def start(run: Run) -> None:
    """Starts the computation in a process of its own, unless it is under way or done.

    Raises:
        RunError: if it cannot be started.
    """
    path = derived.folder(run)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with processes.lock(path.parent / ".starting"):  # two visitors ask at once: the second sees the first's
            if status(run).state in (*processes.ACTIVE, "finished"):
                return
            (path / "stop").unlink(missing_ok=True)
            Status("starting", "Starting").write(path)
            processes.start("ae_core.projecting", run.path.resolve(), path / "log.txt")
    except OSError as error:
        raise RunError(f"The projection cannot be computed: {error.strerror or error}.") from error


def request_stop(run: Run) -> None:
    """Asks the computation to stop; it does between two steps."""
    try:
        (derived.folder(run) / "stop").touch()
    except OSError as error:
        raise RunError(f"It could not be asked to stop: {error.strerror or error}.") from error


def work(run: Run) -> Status:
    """Computes, keeps the status up to date and keeps the result; the last status."""
    path = derived.folder(run)
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
            now.write(path)
        return (path / "stop").exists()

    try:
        # One at a time on this machine.
        with processes.lock(path.parent / ".computing", lambda: tell(now.phase, 0.0), TELL_SECONDS) as alone:
            places = compute(run, tell) if alone else None
        if places is None:
            last = Status("stopped")
        else:
            write(path / TSNE, places)
            last = Status("finished", fraction=1.0)
    except Exception as error:
        traceback.print_exc()  # into the log
        sentence = str(error) if isinstance(error, ExplorerError) else f"The projection stopped on an error: {error}"
        last = replace(now, state="failed", reason=sentence)
    last.write(path)
    return last


def main(run_path: Path) -> int:
    run = runs.read(run_path)
    with processes.working(derived.folder(run)) as mine:
        if not mine:
            return 1
        os.nice(NICENESS)
        return 0 if work(run).state in ("finished", "stopped") else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
