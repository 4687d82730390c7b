"""The classical filters, held to their definitions."""

import numpy as np
import pytest
from scipy import ndimage

from ae_core import data, metrics, noise
from ae_core.filters import FILTERS, at_best_width


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    return data.as_float(data.load("digits").split("test").images[:50])


def test_the_gaussian_filter_spreads_a_point_as_a_gaussian() -> None:
    point = np.zeros((1, 21, 21), np.float32)
    point[0, 10, 10] = 1
    spread = FILTERS["gaussian"].apply(point, 1.5)[0]
    assert spread.sum() == pytest.approx(1, abs=1e-5)
    distance = np.arange(21) - 10
    assert np.sum(spread * distance**2) == pytest.approx(1.5**2, rel=0.01)
    assert spread[10, 12] / spread[10, 10] == pytest.approx(np.exp(-(2**2) / (2 * 1.5**2)), rel=1e-4)


@pytest.mark.parametrize("name", FILTERS)
def test_no_filter_mixes_two_images_and_its_smallest_width_changes_nothing(name: str, clean: np.ndarray) -> None:
    x = np.zeros((3, 9, 9), np.float32)
    x[1] = 1
    filtered = FILTERS[name].apply(x, FILTERS[name].widths[-1])
    assert filtered.shape == x.shape
    np.testing.assert_array_equal(filtered[[0, 2]], 0)
    np.testing.assert_allclose(filtered[1], 1, atol=1e-6)
    smallest = FILTERS[name].widths[0]
    np.testing.assert_array_equal(FILTERS[name].apply(clean, smallest), clean)
    assert at_best_width(name, clean, clean)[0] == smallest, "without noise"


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("kind", noise.NOISES)
def test_no_other_width_scores_higher(name: str, kind: str, clean: np.ndarray) -> None:
    noisy = noise.add(clean, kind, 0.3, seed=0)
    chosen = FILTERS[name]
    scores = {w: metrics.psnr(clean, chosen.apply(noisy, w)).mean() for w in chosen.widths}
    width, filtered = at_best_width(name, clean, noisy)
    assert scores[width] == max(scores.values())
    np.testing.assert_array_equal(filtered, chosen.apply(noisy, width))


def test_the_width_is_chosen_by_the_images_that_are_judged_alone(clean: np.ndarray) -> None:
    spoiled = noise.add(clean, "gaussian", 0.3, seed=0)
    noisy = np.concatenate([clean, spoiled])
    both = np.concatenate([clean, clean])
    assert at_best_width("gaussian", both, noisy, slice(len(clean)))[0] == 0.0
    assert at_best_width("gaussian", both, noisy, slice(len(clean), None))[0] > 0.0


def test_the_median_filter_removes_a_grain_of_salt_whole() -> None:
    grey = np.full((1, 9, 9), 0.5, np.float32)
    grain = grey.copy()
    grain[0, 4, 4] = 1
    np.testing.assert_array_equal(FILTERS["median"].apply(grain, 3.0), grey)
    assert at_best_width("median", grey, grain)[0] == 3.0


@pytest.mark.parametrize("shape", [(5, 8, 8), (7, 28, 28), (2, 9, 30)])
def test_small_images_are_filtered_as_scipy_does(shape: tuple[int, int, int]) -> None:
    x = np.random.default_rng(0).random(shape, np.float32)
    for width in FILTERS["gaussian"].widths[1:]:
        expected = ndimage.gaussian_filter(x, (0, width, width))
        np.testing.assert_allclose(FILTERS["gaussian"].apply(x, width), expected, atol=1e-6)
    for width in FILTERS["median"].widths[1:]:
        expected = ndimage.median_filter(x, size=(1, int(width), int(width)))
        np.testing.assert_array_equal(FILTERS["median"].apply(x, width), expected)
