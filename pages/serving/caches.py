"""What visitors share: loaded runs and what was computed from them; nobody may change it."""

import copy
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from threading import Condition
from typing import Any, TypeVar

import numpy as np
from cachetools import LRUCache, cached

from ae_core import data, evaluation, fitting, inference, latent, metrics, runs, tasks
from ae_core.data import as_float
from ae_core.inference import LoadedRun
from ae_core.latent import MAIN_PLANE, Density, Index, Plane, PlaneSpec, traversals
from ae_core.runs import Run

F = TypeVar("F", bound=Callable[..., Any])
PART = 1024  # images that are looked at at a time
CODES_KEPT = 64 << 20  # bytes; those of all runs that ship are half of it


def content(run: Run) -> tuple[Path, str]:
    """What tells a run from all others: one that was trained anew under its old name is another one."""
    return run.path, run.digest


def _content_and(run: Run, *more: Hashable) -> Hashable:
    return content(run), *more


def memoize(most: int, key: Callable[..., Hashable] = _content_and) -> Callable[[F], F]:
    """Keeps what a function gave the last times, so many; who asks for what is just being computed waits for it.

    Streamlit's own cache takes a tenth of a millisecond to find something in, and some pages look fifty times.

    Args:
        most: How many answers.
        key: Tells calls apart; by itself the content of the run that comes first, and what else is given.
    """
    return cached(LRUCache(most), key=key, condition=Condition())  # type: ignore[return-value]


def load(run: Run) -> LoadedRun:
    """The run, loaded once for all visitors; notes that it is used, so that it is kept."""
    if run.path.parent != runs.SHIPPED:
        tasks.note_use(run.name)
    loaded = _loaded(run)
    if loaded.run is not run:  # it may have another title by now
        loaded = copy.copy(loaded)
        loaded.run = run
    return loaded


@memoize(32)
def _loaded(run: Run) -> LoadedRun:
    return inference.load(run.path)


def test_images(dataset: str, which: Any) -> np.ndarray:
    """Those of the test images that a NumPy index picks, float32 in [0, 1]; as floats all of them would take 31 MB."""
    return as_float(data.load(dataset).split("test").images[which])


def test_labels(dataset: str) -> np.ndarray:
    """Class numbers of all test images, (n,)."""
    return data.load(dataset).split("test").labels


# By their size: those of one run may be a thousand times those of another.
@cached(
    LRUCache(CODES_KEPT, getsizeof=lambda array: array.nbytes),
    key=content,
    condition=Condition(),
)
def codes(run: Run) -> np.ndarray:
    """Codes of all test images, (n, d)."""
    loaded = load(run)
    parts = [loaded.encode(test_images(run.spec.dataset, rows)) for rows in _parts(run.spec.dataset)]
    return _frozen(np.concatenate(parts))


def log_variances(run: Run) -> np.ndarray:
    """z_log_var of all test images of a variational run, (n, d)."""
    loaded, every = load(run), _parts(run.spec.dataset)
    return np.concatenate([loaded.encode_distribution(test_images(run.spec.dataset, rows))[1] for rows in every])


@memoize(32)
def index(run: Run) -> Index:
    """The codes of all test images, to find neighbours among."""
    return Index(codes(run))


@memoize(4, key=str)
def pixels(dataset: str) -> Index:
    """All test images, to find neighbours among."""
    images = data.load(dataset).split("test").images
    return Index(images.reshape(len(images), -1))


@memoize(32)
def errors(run: Run) -> np.ndarray:
    """Mean squared error of every test image, (n,)."""
    loaded = load(run)
    z = codes(run)
    # All reconstructions at once would take, and keep, a hundred megabytes.
    parts = [
        metrics.squared_error(test_images(run.spec.dataset, rows), loaded.decode(z[rows]))
        for rows in _parts(run.spec.dataset)
    ]
    return _frozen(np.concatenate(parts))


@memoize(64)
def plane(run: Run, spec: PlaneSpec = MAIN_PLANE) -> Plane:
    """A plane through the run's codes, its main one unless told otherwise.

    Raises:
        OptionError: if there is no such plane.
    """
    return spec.plane(codes(run))


@memoize(32)
def places(run: Run) -> np.ndarray:
    """Where the test images lie on the run's main plane, (n, 2)."""
    return _frozen(plane(run).points(codes(run)))


@memoize(32)
def extent(run: Run) -> tuple[float, float, float, float]:
    """(left, right, bottom, top) of a box around them on the main plane, as `latent.extent` draws it."""
    return latent.extent(places(run))


@memoize(64)
def off_plane(run: Run, spec: PlaneSpec) -> float:
    """The median distance of the test codes from a plane."""
    return float(np.median(plane(run, spec).offsets(codes(run))))


@dataclass(frozen=True)
class Activity:
    """How a run's units share the work.

    Attributes:
        counts: How many units are active on each test image, (n,).
        rates: On which share of the test images each unit is active, (d,).
        zeros: The share of activations that are exactly zero.
    """

    counts: np.ndarray
    rates: np.ndarray
    zeros: float


@memoize(32)
def activity(run: Run) -> Activity:
    """How its units share the work on the test images."""
    z, threshold = codes(run), evaluation.activity_threshold(load(run))
    counts, rates = metrics.active_units(z, threshold), metrics.firing_rate(z, threshold)
    return Activity(_frozen(counts), _frozen(rates), float((z == 0).mean()))


@memoize(16)
def density(run: Run) -> Density:
    """What to draw the run's codes from: its prior, or the density that was fitted to its codes.

    Raises:
        LookupError: if none has been fitted yet.
    """
    found = fitting.density(load(run))
    if found is None:
        raise LookupError(f"{run.name} has no density yet")
    return found


@memoize(32)
def neighbour_distance(run: Run) -> float:
    """How far 99 % of the test codes lie at most from their nearest other one."""
    return latent.neighbour_distance(codes(run))


@memoize(32)
def directions(run: Run) -> np.ndarray:
    """The principal directions of the test codes, (d, d), by falling variance."""
    return _frozen(latent.principal_directions(codes(run))[0])


@memoize(32)
def unit_ranges(run: Run) -> np.ndarray:
    """The 1st and 99th percentile of each unit among the test codes, (d, 2)."""
    return _frozen(traversals.unit_ranges(codes(run)))


@memoize(32)
def off_manifold_share(run: Run) -> float:
    """The share of draws from the run's density that lie off the test codes.

    Raises:
        LookupError: as `density`.
    """
    return latent.off_manifold_share(density(run), codes(run), neighbour_distance(run))


@memoize(16)
def draws(run: Run, count: int, seed: int) -> np.ndarray:
    """Images decoded from codes that are drawn from the run's density, (count, h, w).

    Raises:
        LookupError: as `density`.
    """
    return _frozen(load(run).decode(density(run).draw(count, seed)))


def _parts(dataset: str) -> list[slice]:
    """Some test images after others, until all have had their turn."""
    return [slice(i, i + PART) for i in range(0, data.load(dataset).sizes["test"], PART)]


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
