"""Draws judged: distances known by formula, by scikit-learn and by their extremes; and those of runs on digits."""

from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import sqrtm
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from ae_core import data, inference, judges, runs, uses
from ae_core.data import as_float
from ae_core.latent import densities
from ae_core.uses import generation

RNG = np.random.default_rng(0)
WAYS = ("prior", "mixture", "again")


def test_the_frechet_distance_is_the_formulas() -> None:
    mixing = RNG.normal(size=(5, 5))
    a, b = RNG.normal(size=(400, 5)) @ mixing, RNG.normal(2, 1, (300, 5))
    (mean, covariance), (other, of_other) = ((x.mean(axis=0), np.cov(x.T)) for x in (a, b))
    both = sqrtm(covariance @ of_other).real
    expected = np.sum((mean - other) ** 2) + np.trace(covariance + of_other - 2 * both)
    assert generation.frechet(a, generation.moments(b)) == pytest.approx(expected, rel=1e-6)


def test_the_frechet_distance_of_two_known_gaussians() -> None:
    first, second = np.array([1.0, 2, 0.5]), np.array([3.0, 1, 0.5])
    a = RNG.normal(0, first, (200_000, 3))
    known = np.array([1.0, 0, -2]), np.diag(second**2)
    expected = 1 + 4 + np.sum((first - second) ** 2)
    assert generation.frechet(a, known) == pytest.approx(expected, rel=0.01)


def test_a_set_is_as_itself_and_nothing_of_a_far_one() -> None:
    points = RNG.normal(size=(300, 8)).astype(np.float32)
    assert generation.frechet(points, generation.moments(points)) == pytest.approx(0, abs=1e-9)
    assert generation.manifolds(points, points) == {"precision": 1, "recall": 1, "coverage": 1}
    assert generation.manifolds(points, points + 100) == {"precision": 0, "recall": 0, "coverage": 0}
    assert generation.frechet(points, generation.moments(points + 100)) == pytest.approx(8 * 100**2, rel=1e-3)


def test_precision_is_of_draws_and_recall_of_real_examples() -> None:
    real = np.concatenate([RNG.normal(0, 1, (200, 4)), RNG.normal(50, 1, (200, 4))])
    half = RNG.normal(0, 0.3, (400, 4))  # one of two clusters, and only its middle
    found = generation.manifolds(real, half)
    assert found["precision"] > 0.95
    assert found["recall"] < 0.3
    of_real, of_drawn = (NearestNeighbors(n_neighbors=4).fit(x).kneighbors(x)[0][:, 3] for x in (real, half))
    apart = np.linalg.norm(real[:, None] - half[None], axis=2)
    assert found["precision"] == np.mean([(apart[:, j] <= of_real).any() for j in range(400)])
    assert found["recall"] == np.mean([(apart[i] <= of_drawn).any() for i in range(400)])
    assert found["coverage"] == np.mean([apart[i].min() <= of_real[i] for i in range(400)])


def test_coverage_sees_through_what_one_outlier_makes_of_precision() -> None:
    real = np.concatenate([RNG.normal(0, 1, (300, 4)), np.full((1, 4), 100.0)])
    noise = RNG.uniform(20, 90, (300, 4))  # far from all, but for the room around the outlier
    found = generation.manifolds(real, noise)
    assert found["precision"] > 0.9
    assert found["coverage"] < 0.01


def test_the_nearest_are_scikit_learns() -> None:
    images = RNG.integers(0, 256, (1300, 6, 5), np.uint8)
    places = RNG.random((40, 30), np.float32)
    rows, far = generation.nearest(images, places)
    theirs = NearestNeighbors(n_neighbors=1).fit(images.reshape(1300, -1) / 255)
    distances, expected = theirs.kneighbors(places)
    np.testing.assert_array_equal(rows, expected[:, 0])
    np.testing.assert_allclose(far, distances[:, 0], atol=1e-5)


def test_copies_are_nearer_than_all_test_examples_and_test_examples_as_near_as_themselves() -> None:
    train, test = RNG.random((500, 12), np.float32), RNG.random((100, 12), np.float32)
    own = generation.nearest(train, test)[1]
    copies = generation.nearest(train, train[:100])[1]
    assert generation.share_nearer(copies, own) == 1
    assert generation.share_nearer(own, own) == 0.5
    assert generation.share_nearer(own + 10, own) == 0


def test_a_gaussian_has_the_mean_and_covariance_that_it_was_fitted_to() -> None:
    codes = RNG.normal(size=(4000, 3)) @ RNG.normal(size=(3, 3)) + 5
    drawn = generation.gaussian(codes).draw(40_000, 1)
    np.testing.assert_allclose(drawn.mean(axis=0), codes.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(codes.T), atol=0.05 * np.abs(np.cov(codes.T)).max())


@pytest.fixture(scope="module")
def rows(digits_runs: dict[str, Path]) -> list[uses.Row]:
    return uses.measure("generation", uses.subject(inference.load(digits_runs["variational"])))


def test_all_ways_are_measured_where_there_are_such(rows: list[uses.Row], digits_runs: dict[str, Path]) -> None:
    own, pixels, pca = rows
    assert (pixels.kind, pca.kind) == ("pixels", "pca")
    for row, ways in ((own, WAYS), (pixels, ("prior", "again")), (pca, WAYS)):
        assert set(row.figures) == {f"{name}_{way}" for name in generation.SAID for way in ways}
        assert all(len(values) == generation.SEEDS for values in row.figures.values())
    vanilla = uses.subject(inference.load(digits_runs["vanilla"]))
    assert "prior" not in generation._ways(vanilla, generation.of_dataset("digits"))


def test_test_images_are_the_best_and_pixels_on_their_own_the_worst(rows: list[uses.Row]) -> None:
    _, pixels, _ = rows
    for name in ("nearer_again", "nearer_pixels_again"):  # batches round features differently
        assert pixels.figures[name] == pytest.approx([0.5] * 3, abs=0.01)
    best = pixels.mean("frechet_again")
    for row in rows:
        for way in WAYS:
            if f"frechet_{way}" in row.figures and (row.kind, way) != ("pixels", "again"):
                assert row.mean(f"frechet_{way}") > best
    assert pixels.mean("precision_prior") < 0.2
    assert pixels.mean("precision_again") > 0.7
    assert pixels.mean("recall_again") > 0.7


def test_what_is_judged_is_what_the_run_makes(rows: list[uses.Row], digits_runs: dict[str, Path]) -> None:
    """Drawn and compared again with NumPy, SciPy and scikit-learn."""
    digits, run = data.load("digits"), inference.load(digits_runs["variational"])
    train, test = (as_float(digits.split(which).images) for which in ("train", "test"))
    judge = PCA(judges.COMPONENTS, svd_solver="full").fit(train.reshape(-1, 64))
    real = judge.transform(train.reshape(-1, 64))
    drawn = run.decode(np.random.default_rng(0).standard_normal((len(test), run.latent_dim), np.float32))
    for x, way in ((drawn, "prior"), (run.reconstruct(test), "again")):
        features = judge.transform(np.clip(x, 0, 1).reshape(-1, 64))
        both = sqrtm(np.cov(features.T) @ np.cov(real.T)).real
        expected = np.sum((features.mean(axis=0) - real.mean(axis=0)) ** 2)
        expected += np.trace(np.cov(features.T) + np.cov(real.T) - 2 * both)
        assert rows[0].figures[f"frechet_{way}"][0] == pytest.approx(expected, rel=0.01)
    assert generation.density(run, "prior", np.zeros((9, 2))).name == densities.standard_normal(2).name


def test_the_walls_neighbours_are_the_nearest_of_all_training_images(digits_runs: dict[str, Path]) -> None:
    run = inference.load(digits_runs["vanilla"])
    codes = run.encode_kept(run.dataset.split("test").images)
    drawn = generation.decoded(run, generation.density(run, "mixture", codes), 7)
    by_features, by_pixels = generation.nearest_training(run, drawn)
    train = as_float(run.dataset.split("train").images)
    apart = np.square(drawn[:, None] - train[None]).sum(axis=(2, 3))
    np.testing.assert_array_equal(by_pixels, apart.argmin(axis=1))
    np.testing.assert_array_equal(generation.training_examples(run, by_features[None])[0], train[by_features])


def test_few_examples_are_not_judged(data_folder: Path) -> None:
    x = RNG.integers(0, 256, (60, 8, 8), np.uint8)
    few = data.from_arrays("few", x, None)
    assert "50 of each are needed" in uses.get("generation").lacking(few)
    assert not uses.get("generation").lacking(data.load("ecg"))


def test_runs_that_ship_bring_their_figures_and_draw_better_than_pixels_on_their_own() -> None:
    for run in runs.shipped():
        rows = uses.read("generation", run)
        assert rows is not None, f"{run.name}: `latent-explorer compare {run.name} --uses generation --beside`"
        own, pixels, _ = rows
        assert pixels.mean("frechet_again") < own.mean("frechet_again") < own.mean("frechet_mixture")
        assert own.mean("frechet_mixture") < pixels.mean("frechet_prior")
        assert ("frechet_prior" in own.figures) == bool(run.spec.recipe().prior)
