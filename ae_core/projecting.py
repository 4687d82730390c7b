"""Projections of a run's test codes, kept as `derived` says: ``derived/<encoder>/tsne.npy``."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ae_core import derived, inference
from ae_core.latent.projections import tsne
from ae_core.runs import Run

TSNE = "tsne.npy"
FULL = 32767  # places are kept as int16, a third of a pixel on any screen
MAX_FILE = 4 << 20


def beside(run: Run) -> Path:
    """Where a run that ships brings its projection."""
    return derived.beside(run, TSNE)


def read(run: Run) -> np.ndarray | None:
    """The places of all test codes of a run, float32 (n, 2) in [-1, 1]; None if there are none that are whole."""
    count = run.dataset.sizes["test"]
    for places in derived.load(run, TSNE, MAX_FILE):
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
    codes = loaded.encode_kept(run.dataset.split("test").images)
    if on_progress("Finding the nearest neighbours of each code", 0.0):
        return None
    return tsne(codes, on_progress=lambda fraction: on_progress("Moving the dots", fraction))


def write(path: Path, places: np.ndarray) -> None:
    """Keeps places (n, 2) in [-1, 1], whole or not at all."""
    derived.save(path, np.round(places * FULL).astype(np.int16))
