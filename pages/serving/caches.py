"""Caches that all visitors share: loaded runs and arrays computed from them, which are read-only."""

import copy
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Condition
from typing import Any, TypeVar

import numpy as np
from cachetools import LRUCache, cached

from ae_core import data, derived, evaluation, fitting, inference, latent, metrics, runs, stability, tasks
from ae_core.data import Split, as_float
from ae_core.epoch_film import Film
from ae_core.inference import LoadedRun
from ae_core.latent import MAIN_PLANE, Density, Index, Plane, PlaneSpec, traversals, unit_facts
from ae_core.latent.unit_facts import Driving
from ae_core.runs import Run
from ae_core.uses import anomalies, coders, generation
from ae_core.uses.anomalies import Anomalies, Asked

F = TypeVar("F", bound=Callable[..., Any])
MAX_CACHE_FILE = 1 << 20  # bytes of a file with an array
PART = 1024  # images in memory as floats at a time
TRAINING_IMAGES = 10_000  # evenly spread over the training set, to find neighbours among
# Bytes; one run may take a thousand times as much as another. Those that ship take 8, 27 and 29 MB.
LOADED_CACHE, CODES_CACHE, INDEX_CACHE = 64 << 20, 64 << 20, 64 << 20
WALLS_CACHE = 8 << 20
FLOAT = 4  # bytes
SHOWN = 24  # units that distinguish a group
DRIVING = 12  # test examples that are shown of what drives a unit
UNITS = 64  # at a time


def content(run: Run) -> tuple[Path, str, str]:
    """A cache key for a run and its test examples.

    It changes when the run is trained again under the same name, and when its data set is deleted or added again.

    Raises:
        DatasetError: if there are no test examples.
    """
    return run.path, run.digest, run.dataset.name


def _content_and(run: Run, *more: Hashable) -> Hashable:
    return content(run), *more


def memoize(
    most: int, key: Callable[..., Hashable] = _content_and, size: Callable[[Any], int] | None = None
) -> Callable[[F], F]:
    """Caches the latest results of a function; concurrent calls with the same arguments compute once.

    A look-up in `st.cache_resource` takes 0.1 ms, and some pages make fifty.

    Args:
        most: How many results to keep, or how much of them.
        key: Makes a cache key of the arguments. By default the first is a run, and its content is part of the key.
        size: How much a result takes; without it each counts as one.
    """
    return cached(LRUCache(most, getsizeof=size), key=key, condition=Condition())  # type: ignore[return-value]


def load(run: Run) -> LoadedRun:
    """Loads a run, once for all visitors, and notes its use, so that it is not removed."""
    if run.path.parent != runs.SHIPPED:
        tasks.note_use(run.name)
    loaded = _loaded(run)
    if loaded.run is not run:  # it may have another title by now
        loaded = copy.copy(loaded)
        loaded.run = run
    return loaded


@memoize(LOADED_CACHE, key=lambda run: (run.path, run.digest), size=lambda loaded: FLOAT * loaded.parameters)
def _loaded(run: Run) -> LoadedRun:
    return inference.load(run.path)


def on_disk(run: Run, name: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """An array from the data folder, where the first replica that computes it puts it for the others; read-only.

    Args:
        run: Whose it is, and of whose test examples.
        name: Of the array.
        compute: Computes it, with at most MAX_CACHE_FILE bytes.

    Raises:
        DatasetError: if there are no test examples.
    """
    name = f"{name}-{run.digest[:16]}.npy"
    path = derived.kept(run, name)
    for found in derived.load(run, name, MAX_CACHE_FILE):
        return _frozen(np.asarray(found))
    array = compute()
    if derived.kept(run, name) == path:  # its data set was neither deleted nor added meanwhile
        with suppress(OSError):  # a full disk keeps nobody from looking
            derived.save(path, array)
    return _frozen(array)


def test_images(dataset: str, which: Any) -> np.ndarray:
    """Test images at a NumPy index, float32 in [0, 1]. Ask for few: all of Fashion-MNIST's take 31 MB."""
    return as_float(data.load(dataset).split("test").images[which])


def test_labels(dataset: str) -> np.ndarray:
    """Class numbers of all test images, (n,)."""
    return data.load(dataset).split("test").labels


@memoize(CODES_CACHE, size=lambda array: array.nbytes)
def codes(run: Run) -> np.ndarray:
    """Codes of all test images, (n, d)."""
    return _frozen(load(run).encode_kept(run.dataset.split("test").images))


@memoize(CODES_CACHE, key=lambda *of: of, size=lambda array: array.nbytes)
def principal_codes(dataset: str, units: int) -> np.ndarray:
    """Principal components of all test examples, (n, units)."""
    found = data.load(dataset)
    return _frozen(coders.pca(found, units).encode(found.split("test").images))


def log_variances(run: Run) -> np.ndarray:
    """z_log_var of all test images of a variational run, (n, d)."""
    loaded, every = load(run), _parts(run.dataset.name)
    return np.concatenate([loaded.encode_distribution(test_images(run.dataset.name, rows))[1] for rows in every])


@memoize(INDEX_CACHE, size=lambda index: index.nbytes)
def index(run: Run) -> Index:
    """An index of the test codes for nearest-neighbour search."""
    return Index(codes(run))


@memoize(INDEX_CACHE, size=lambda index: index.nbytes)
def index_by_angle(run: Run) -> Index:
    """The same by the angle between codes: its distances are those of codes of length 1, √(2 − 2 cos)."""
    return Index(latent.of_unit_length(codes(run)))


@memoize(4, key=str)
def pixels(dataset: str) -> Index:
    """An index of all test images for nearest-neighbour search by pixels."""
    images = data.load(dataset).split("test").images
    return Index(images.reshape(len(images), -1))


@memoize(4, key=str)
def training_labels(dataset: str) -> np.ndarray:
    """Class numbers of the training examples of a data set, (n,)."""
    return _frozen(data.load(dataset).read("train").labels)  # read anew: the examples are not to stay in memory


@memoize(2, key=str)
def training_images(dataset: str) -> Split:
    """Some training examples and labels, evenly spread, or else those for tests; others are not kept in memory."""
    found = data.load(dataset)
    every = found.read("train") if found.whole else found.split("test")
    rows = slice(None, None, max(1, len(every) // TRAINING_IMAGES))
    images = every.images[rows]
    # Those of a data set that was added stay on the disk.
    return Split(images if isinstance(images, np.memmap) else images.copy(), every.labels[rows])


@memoize(INDEX_CACHE, size=lambda index: index.nbytes)
def training_index(run: Run) -> Index:
    """An index of the codes of `training_images` for nearest-neighbour search."""
    return Index(load(run).encode_kept(training_images(run.dataset.name).images))


@memoize(32)
def errors(run: Run) -> np.ndarray:
    """Mean squared error of every test image, (n,)."""

    def compute() -> np.ndarray:
        loaded, z = load(run), codes(run)
        # In parts: all reconstructions at once take a hundred megabytes.
        parts = [
            metrics.squared_error(test_images(run.dataset.name, rows), loaded.decode(z[rows]))
            for rows in _parts(run.dataset.name)
        ]
        return np.concatenate(parts)

    return on_disk(run, "errors", compute)


@memoize(64)
def plane(run: Run, spec: PlaneSpec = MAIN_PLANE) -> Plane:
    """A plane through the run's codes, its main one unless told otherwise.

    Raises:
        OptionError: if there is no such plane.
    """
    return spec.plane(codes(run))


@memoize(32)
def places(run: Run) -> np.ndarray:
    """The test codes projected on the run's main plane, (n, 2)."""
    return _frozen(plane(run).points(codes(run)))


@memoize(32)
def extent(run: Run) -> tuple[float, float, float, float]:
    """`latent.extent` of the test codes on the main plane: (left, right, bottom, top)."""
    return latent.extent(places(run))


@memoize(64)
def off_plane(run: Run, spec: PlaneSpec) -> float:
    """The median distance of the test codes from a plane."""
    return float(np.median(plane(run, spec).offsets(codes(run))))


@dataclass(frozen=True)
class Activity:
    """How often a run's units are active on the test images.

    Attributes:
        counts: Active units on each image, (n,).
        rates: Share of the images on which each unit is active, (d,).
        zeros: Share of activations that are exactly zero.
    """

    counts: np.ndarray
    rates: np.ndarray
    zeros: float


@memoize(32)
def activity(run: Run) -> Activity:
    """The run's activity on the test images."""
    z = codes(run)
    active = evaluation.active(load(run), z)
    return Activity(_frozen(active.sum(axis=1)), _frozen(active.mean(axis=0)), float((z == 0).mean()))


@memoize(32)
def nudge_curve(run: Run) -> np.ndarray:
    """How far the run's units move for each size of nudge, as a share of how far they vary, (k,)."""

    def compute() -> np.ndarray:
        return np.sqrt(stability.nudge_curve(load(run).encode, run.dataset.split("test").images))

    return on_disk(run, "nudge-curve", compute)


@memoize(8)
def film(run: Run) -> Film | None:
    """Where test examples lay after each epoch of the run's training.

    Raises:
        RunError: if it is damaged.
    """
    return run.film


@memoize(16)
def driving(run: Run) -> Driving:
    """What drives each of the run's units among the test examples."""
    of = run.dataset
    active = evaluation.active(load(run), codes(run))
    return unit_facts.driving(codes(run), active, test_labels(of.name), len(of.class_names), DRIVING)


@memoize(32)
def unit_spreads(run: Run) -> np.ndarray:
    """The standard deviation of each of the run's units over the test examples, (d,)."""
    return _frozen(unit_facts.spreads(codes(run)))


@memoize(32)
def off_values(run: Run) -> np.ndarray:
    """What the run's units are set to when they are off, (d,)."""
    return _frozen(traversals.off_values(load(run), codes(run)))


@memoize(32)
def unit_effects(run: Run) -> np.ndarray:
    """How much each unit changes the image that drives it most, root mean square over its values, (d,)."""

    def compute() -> np.ndarray:
        loaded, strongest = load(run), driving(run).examples[:, 0]
        parts = []
        for start in range(0, loaded.latent_dim, UNITS):
            units = np.arange(start, min(start + UNITS, loaded.latent_dim))
            pair = unit_facts.additions(loaded, codes(run)[strongest[units]], off_values(run), units)
            parts.append(np.sqrt(metrics.squared_error(*pair)))
        return np.concatenate(parts)

    return on_disk(run, "unit-effects", compute)


@memoize(16, key=lambda run, group, inside, among: (content(run), group))
def distinguishing(run: Run, group: str, inside: np.ndarray, among: Any) -> tuple[np.ndarray, np.ndarray]:
    """The units that tell a group from other test examples, by rank, with their AUROC.

    Args:
        run: A run.
        group: Names the group, and the others.
        inside: Which of those below belong to the group, bool.
        among: The index of the test examples that are looked at.
    """
    return unit_facts.distinguishing(codes(run)[among], inside, SHOWN)


@memoize(16)
def odd_ones(run: Run) -> Asked:
    """The test examples of which the run's scores shall say which are odd."""
    return anomalies.ask(run.dataset, run.spec.left_out)


@memoize(CODES_CACHE // 4, size=lambda array: array.nbytes)
def learnt_codes(run: Run) -> np.ndarray:
    """Codes of some training examples that the run learnt, (k, d)."""
    return _frozen(load(run).encode_kept(anomalies.learnt(run.dataset, run.spec.left_out)))


@memoize(16)
def oddness(run: Run) -> dict[str, np.ndarray]:
    """How odd each of `odd_ones` is, by the names of the scores that apply to the run, and their mean values, (n,)."""

    def compute() -> np.ndarray:
        asked = odd_ones(run)
        found = anomalies.of_run(load(run), asked, learnt_codes(run))
        return np.stack([*found.values(), asked.means()])

    names = [*anomalies.applying(load(run)), "brightness"]
    return dict(zip(names, on_disk(run, f"oddness-{Anomalies.version}", compute), strict=True))


@memoize(16)
def density(run: Run) -> Density:
    """The density to sample codes from: the run's prior, or the one fitted to its test codes.

    Raises:
        LookupError: if none has been fitted yet.
    """
    found = fitting.density(load(run))
    if found is None:
        raise LookupError(f"{run.name} has no density yet")
    return found


@memoize(32)
def neighbour_distance(run: Run) -> float:
    """The 99th percentile of the distance from a test code to its nearest neighbour."""
    return float(on_disk(run, "neighbour-distance", lambda: np.array(latent.neighbour_distance(codes(run)))))


@memoize(32)
def principal_directions(run: Run) -> np.ndarray:
    """The principal directions of the test codes, (d, d), by falling variance."""
    return _frozen(latent.principal_directions(codes(run))[0])


@memoize(32)
def unit_ranges(run: Run) -> np.ndarray:
    """The 1st and 99th percentile of each unit among the test codes, (d, 2)."""
    return _frozen(traversals.unit_ranges(codes(run)))


@memoize(32)
def off_manifold_share(run: Run) -> float:
    """Share of samples from the run's density that are farther than `neighbour_distance` from every code.

    Raises:
        LookupError: as `density`.
    """
    return latent.off_manifold_share(density(run), codes(run), neighbour_distance(run))


@memoize(16)
def draws(run: Run, count: int, seed: int) -> np.ndarray:
    """Images decoded from samples of the run's density, (count, h, w).

    Raises:
        LookupError: as `density`.
    """
    return _frozen(load(run).decode(density(run).draw(count, seed)))


@memoize(WALLS_CACHE, size=lambda wall: wall.nbytes)
def draws_and_nearest(run: Run, way: str, count: int) -> np.ndarray:
    """The first draws that were judged, and their nearest training examples in features and between pixels.

    Args:
        run: Its training examples must be here.
        way: "prior" or "mixture", as of `generation.density`.
        count: How many.

    Returns:
        (3, count, *shape) float32.
    """
    loaded = load(run)
    drawn = generation.decoded(loaded, generation.density(loaded, way, codes(run)), count)
    about = f"nearest-{way}-{count}-{generation.Generation.version}-{generation.judge_of(loaded.dataset).key}"
    rows = on_disk(run, about, lambda: generation.nearest_training(loaded, drawn))
    return _frozen(np.concatenate([drawn[None], generation.training_examples(loaded, rows)]))


def _parts(dataset: str) -> list[slice]:
    """Slices of PART that cover the test images."""
    return [slice(i, i + PART) for i in range(0, data.load(dataset).sizes["test"], PART)]


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
