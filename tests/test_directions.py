"""Directions between groups of codes, against what is known of made-up groups and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ae_core import metrics
from ae_core.errors import OptionError
from ae_core.latent import directions

RNG = np.random.default_rng(0)


def groups(apart: float, count: int = 400, units: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Two clouds of unit variance whose means differ along the first unit."""
    first, second = RNG.standard_normal((count, units)), RNG.standard_normal((count, units))
    second[:, 0] += apart
    return first, second


def test_it_leads_from_one_mean_to_the_other() -> None:
    first, second = groups(3)
    found = directions.between(first, second)
    np.testing.assert_allclose(found.start + found.vector, second.mean(axis=0), atol=1e-12)
    back = directions.between(second, first)
    np.testing.assert_allclose(back.vector, -found.vector)
    assert found.vector[0] == pytest.approx(3, abs=0.2)


def test_its_share_is_that_of_the_variance_of_both_along_it() -> None:
    found = directions.between(*groups(4, 20_000))
    assert found.share == pytest.approx((1 + 4) / (8 + 4), abs=0.01)  # variance 1 within, (4 / 2)² between the means
    assert directions.between(*groups(0.01, 20_000)).share == pytest.approx(1 / 8, abs=0.02)


def test_a_bootstrap_says_how_well_it_is_known() -> None:
    assert directions.between(*groups(3, 2000)).cosines.mean() > 0.99
    few = directions.between(*groups(0.3, 20))
    assert few.cosines.mean() < 0.9
    assert few.drawn.shape == (directions.DRAWS, 8)
    # The means' own errors, sqrt(2 / n) in each unit, are what bootstrap vectors scatter by.
    many = directions.between(*groups(3, 500), draws=2000)
    np.testing.assert_allclose(many.drawn.std(axis=0), np.sqrt(2 / 500), rtol=0.15)


def test_groups_dealt_at_random_are_no_better_known_than_the_floor_says() -> None:
    for count in (20, 200):
        found = [directions.between(*groups(0, count), seed=seed) for seed in range(20)]
        cosines, floor = np.mean([f.cosines.mean() for f in found]), np.mean([f.floor for f in found])
        assert floor == pytest.approx(np.sqrt(0.5), abs=0.06), "a sample and its source share half of their noise"
        assert cosines == pytest.approx(floor, abs=0.06)
    known = directions.between(*groups(3, 200))
    assert known.cosines.mean() > known.floor + 0.2


def test_order_is_that_of_examples_that_did_not_make_it() -> None:
    assert directions.between(*groups(2, 4000)).order == pytest.approx(0.921, abs=0.01)  # Φ(2 / √2)
    chance = [directions.between(*groups(0, 12, 60), seed=seed).order for seed in range(100)]
    assert np.mean(chance) == pytest.approx(0.5, abs=0.05), "of many units some always differ; they do not count"


def test_groups_that_make_none_are_refused() -> None:
    first, second = groups(1)
    with pytest.raises(OptionError, match="at least 2 examples in each group, got 1 and 400"):
        directions.between(first[:1], second)
    with pytest.raises(OptionError, match="the same mean code"):
        directions.between(first, first)


@pytest.mark.parametrize("units", [2, 8])
def test_its_plane_holds_it_and_what_else_varies_most(units: int) -> None:
    first, second = groups(3, units=units)
    second[:, units - 1] *= 5
    codes, vector = np.concatenate([first, second]), directions.between(first, second).vector
    plane = directions.plane_along(codes, vector)
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-6)
    places = plane.points(codes)
    assert places.var(axis=0).sum() / codes.var(axis=0).sum() == pytest.approx(plane.share, abs=1e-5)
    start, end = plane.points(np.stack([codes.mean(axis=0), codes.mean(axis=0) + vector]))
    assert np.linalg.norm(end - start) == pytest.approx(np.linalg.norm(vector), rel=1e-5), "all of it is in the plane"
    if units > 2:
        along = vector / np.linalg.norm(vector)
        rest = codes - codes.mean(axis=0)
        rest -= (rest @ along)[:, None] * along
        most = np.linalg.svd(rest, full_matrices=False)[2][0]
        assert abs(plane.axes[1] @ most) == pytest.approx(1, abs=1e-4)


def test_codes_that_vary_along_it_alone_have_a_plane_too() -> None:
    codes = np.zeros((40, 3))
    codes[:, 2] = np.arange(40)
    plane = directions.plane_along(codes, np.array([0.0, 0, 5]))
    assert np.isfinite(plane.axes).all()
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-6)


def test_an_analogy_is_a_parallelogram() -> None:
    a, b, c = RNG.standard_normal((3, 5))
    np.testing.assert_allclose(directions.analogy(a, b, c) - c, b - a)


def test_cosines_are_those_of_angles() -> None:
    assert directions.cosine(np.array([[1.0, 0], [1, 1], [-2, 0], [0, 0]]), np.array([3.0, 0])) == pytest.approx(
        [1, np.sqrt(0.5), -1, 0]
    )


def test_auroc_is_that_of_scikit_learn_with_ties_and_for_many_columns() -> None:
    values = np.round(RNG.standard_normal((500, 6)), 1)
    positive = RNG.random(500) < 0.3
    values[positive, 2] += 2
    expected = [roc_auc_score(positive, column) for column in values.T]
    np.testing.assert_allclose(metrics.auroc(values, positive), expected, atol=1e-12)
    assert metrics.auroc(np.zeros(500), positive) == pytest.approx(0.5)
    for nobody in (np.zeros(500, bool), np.ones(500, bool)):
        with pytest.raises(OptionError, match="Two groups are needed"):
            metrics.auroc(values, nobody)
