"""Arrays that replicas share through the data folder."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from ae_core import data, derived, fitting, latent, metrics, runs, training
from ae_core.data import own
from ae_core.latent import MAIN_PLANE, Index, colouring, densities
from ae_core.latent.neighbours import FEW
from ae_core.runs import Run
from ae_core.spec import make_spec
from pages.serving import caches, lens_tiles
from pages.widgets import colour_input


@pytest.fixture
def run(digits_runs: dict[str, Path], data_folder: Path) -> Run:
    """A run of which this process has computed nothing."""
    caches.errors.cache_clear()
    caches.neighbour_distance.cache_clear()
    return runs.read(digits_runs["vanilla"])


def test_a_new_replica_reads_what_another_has_computed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def computed() -> list[np.ndarray]:
        forget()
        return [caches.errors(run), np.array(caches.neighbour_distance(run)), colour_input.disagreement(run)]

    before = computed()
    for module, name in ((metrics, "squared_error"), (latent, "neighbour_distance"), (colouring, "disagreement")):
        monkeypatch.delattr(module, name)
    for found, first in zip(computed(), before, strict=True):
        assert np.array_equal(found, first)
        assert found.dtype == first.dtype


def test_indexes_are_kept_by_their_size(run: Run) -> None:
    codes = caches.codes(run)
    assert caches.index(run).nbytes == codes.nbytes + 4 * len(codes)
    wide = np.zeros((100, 784), np.uint8)
    assert Index(wide).nbytes == wide.nbytes + 100 * 4 * (FEW + 1 + 1)


def test_a_damaged_file_is_computed_again(run: Run) -> None:
    errors = caches.errors(run)
    (file,) = derived.folder(run).glob("errors-*")
    file.write_bytes(file.read_bytes()[:-1])
    caches.errors.cache_clear()
    assert np.array_equal(caches.errors(run), errors)


def computed(run: Run) -> dict[str, np.ndarray]:
    """What is kept of a run's test examples, by what it is."""
    scene = lens_tiles.scene(run, MAIN_PLANE)
    inside = np.arange(run.dataset.sizes["test"]) % 2 == 0
    return {
        "codes": caches.codes(run),
        "errors": caches.errors(run),
        "places": caches.places(run),
        "active": caches.activity(run).counts,
        "driving": caches.driving(run).examples,
        "nudge curve": caches.nudge_curve(run),
        "unit effects": caches.unit_effects(run),
        "neighbour distance": np.array(caches.neighbour_distance(run)),
        "distinguishing": caches.distinguishing(run, "even", inside, slice(None))[1],
        "clusters": colour_input.clusters(run, 3).labels,
        "kl": colour_input.kl(run),
        "disagreement": colour_input.disagreement(run),
        "points of a lens": np.frombuffer(lens_tiles.prepare(run).points(), np.uint8),
        "home of a lens": np.array([scene.home.x, scene.home.y, scene.home.reach]),
    }


def forget() -> None:
    for function in [f for module in (caches, colour_input, lens_tiles) for f in vars(module).values()]:
        getattr(function, "cache_clear", lambda: None)()


@pytest.mark.parametrize("restarted", [False, True])
def test_what_is_kept_is_of_the_examples_that_are_there(restarted: bool, data_folder: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (800, 8, 8), np.uint8)
    dataset = data.from_arrays("mine", x, np.arange(800) % 3)
    network = {"family": "dense", "latent_dim": 3}
    *_, last = training.fit(
        make_spec("variational", dataset.name, network=network, epochs=1), data_folder / "runs" / "a"
    )
    assert isinstance(last, training.Finished), last
    run = last.run

    def looked_at() -> dict[str, np.ndarray]:
        if restarted:
            forget()
        found = computed(run)
        assert len(found["codes"]) == run.dataset.sizes["test"]
        return found

    whole = looked_at()
    path = lens_tiles.scene(run, MAIN_PLANE).path
    fitting.write(derived.kept(run, fitting.NAME), densities.fit_mixture(caches.codes(run)))
    own.remove(dataset)
    few = looked_at()
    assert len(few["codes"]) == own.CARRIED_EXAMPLES < len(whole["codes"])
    assert lens_tiles.scene(run, MAIN_PLANE).path != path, "for browsers keep what an address says"
    assert fitting.read(run) is None, "a density is of all codes"
    data.from_arrays("mine", x, np.arange(800) % 3)
    again = looked_at()
    assert lens_tiles.scene(run, MAIN_PLANE).path == path
    assert fitting.read(run) is not None
    own.remove(run.dataset)
    few_again = looked_at()
    forget()
    shutil.rmtree(data_folder / "derived")
    afresh = computed(run)
    for name in whole:
        np.testing.assert_array_equal(again[name], whole[name], name)
        np.testing.assert_array_equal(few[name], afresh[name], name)
        np.testing.assert_array_equal(few_again[name], afresh[name], name)
