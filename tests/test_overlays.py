"""What of a map is true: distances, densities, round trips and stretch, each against something simple."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from ae_core import latent
from ae_core.errors import OptionError
from ae_core.inference import LoadedRun


@pytest.fixture
def codes() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((300, 5)).astype(np.float32)


@pytest.fixture
def plane(codes: np.ndarray) -> latent.Plane:
    return latent.principal_plane(codes, (1, 2), codes[3])


@pytest.fixture
def places() -> np.ndarray:
    return np.random.default_rng(1).uniform(-2, 2, (40, 2)).astype(np.float32)


def linear_run(matrix: np.ndarray) -> LoadedRun:
    """A run that decodes z to matrix @ z, an image of two rows, and encodes back only half of the way."""
    pixels, d = matrix.shape
    inverse = np.linalg.pinv(matrix)

    def decode(z: Any) -> np.ndarray:
        return (z @ matrix.T).reshape(-1, 2, pixels // 2)

    def encode(x: Any) -> np.ndarray:
        return 0.5 * x.reshape(len(x), -1) @ inverse.T

    return cast(LoadedRun, SimpleNamespace(decode=decode, encode=encode, latent_dim=d))


def test_spacing_is_the_distance_to_the_nearest_other(codes: np.ndarray) -> None:
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=2).fit(codes).kneighbors(codes)[0][:, 1]
    assert latent.neighbour_distance(codes, 0.9) == pytest.approx(np.quantile(nearest, 0.9), rel=1e-3)
    assert 0 < latent.neighbour_distance(np.ones((20, 3), np.float32)) < 1e-3, "of one code, something to divide by"


@pytest.mark.parametrize("units", [5, 100])
def test_mean_distances_to_several_are_scikit_learns(units: int) -> None:
    from sklearn.neighbors import NearestNeighbors

    rng = np.random.default_rng(3)
    known, places = (rng.standard_normal((n, units)).astype(np.float32) for n in (400, 70))
    places[0] = known[9]  # 0 from one of them
    index = latent.Index(known)
    for k in (1, 5):
        expected = NearestNeighbors(n_neighbors=k).fit(known).kneighbors(places)[0].mean(axis=1)
        np.testing.assert_allclose(index.mean_distances(places, k), expected, rtol=1e-4, atol=1e-6)
    every = latent.Index(known[:3]).mean_distances(places, 5)
    expected = np.linalg.norm(places[:, None].astype(float) - known[:3], axis=2).mean(axis=1)
    np.testing.assert_allclose(every, expected, rtol=1e-5)


def test_density_is_scikit_learns(codes: np.ndarray, plane: latent.Plane, places: np.ndarray) -> None:
    from sklearn.neighbors import KernelDensity

    theirs = np.exp(KernelDensity(bandwidth=0.8).fit(codes).score_samples(plane.codes(places)))
    ours = latent.kernel_density(plane, places, codes, 0.8)
    np.testing.assert_allclose(ours / ours.sum(), theirs / theirs.sum(), rtol=1e-2)
    same = np.repeat(plane.codes(places[:1]), 9, axis=0)
    assert latent.kernel_density(plane, places[:1], same, 0.1)[0] == pytest.approx(1, abs=1e-4), "all codes are there"


def test_stretch_of_a_linear_decoder_is_the_area_of_its_parallelogram(
    codes: np.ndarray, plane: latent.Plane, places: np.ndarray
) -> None:
    matrix = np.random.default_rng(2).standard_normal((8, 5))
    jacobian = matrix @ plane.axes.T.astype(np.float64)
    area = np.sqrt(np.linalg.det(jacobian.T @ jacobian))
    np.testing.assert_allclose(latent.stretch(linear_run(matrix), plane, places, 1e-2), area, rtol=1e-3)
    line, column = latent.whole_plane(codes[:, :1]), matrix[:, :1]
    length = np.linalg.norm(column)
    np.testing.assert_allclose(latent.stretch(linear_run(column), line, places, 1e-2), length, rtol=1e-3)


def test_round_trip_is_how_far_a_code_comes_back_from() -> None:
    matrix = np.abs(np.random.default_rng(2).standard_normal((8, 3))) / 10
    z = np.random.default_rng(3).uniform(0, 1, (6, 3))  # so that all pixels stay in [0, 1]
    np.testing.assert_allclose(latent.round_trip(linear_run(matrix), z), 0.5 * np.linalg.norm(z, axis=1), rtol=1e-5)


def test_covariances_on_a_plane_are_those_of_samples(plane: latent.Plane) -> None:
    log_var = np.array([[0.0, -1.0, 1.0, 0.5, -2.0]], np.float32)
    rng = np.random.default_rng(4)
    samples = (rng.standard_normal((200_000, 5)) * np.exp(log_var / 2)) @ plane.axes.T
    (xx, xy), (_, yy) = np.cov(samples, rowvar=False)
    np.testing.assert_allclose(latent.plane_covariances(plane, log_var)[0], [xx, xy, yy], atol=0.03)


def test_an_overlay_is_what_its_name_says(codes: np.ndarray, plane: latent.Plane, places: np.ndarray) -> None:
    run, gap = linear_run(np.random.default_rng(2).standard_normal((6, 5))), 0.7
    left, right, bottom, top = latent.extent(plane.points(codes))
    step = 5e-4 * max(right - left, top - bottom)
    expected = {
        "Density": latent.kernel_density(plane, places, codes, 2 * gap),
        "Round trip": latent.round_trip(run, plane.codes(places)),
        "Stretch": latent.stretch(run, plane, places, step),
    }
    assert list(expected) == list(latent.OVERLAYS)
    for name, values in expected.items():
        np.testing.assert_array_equal(latent.overlay(name, run, plane, places, codes, gap), values)
    with pytest.raises(OptionError, match="Density, Round trip, Stretch"):
        latent.overlay("Height", run, plane, places, codes, gap)


def test_no_code_is_its_own_neighbour(codes: np.ndarray) -> None:
    found, far = latent.nearest_others(codes, 7, 4)
    expected = np.linalg.norm(codes - codes[7], axis=1)
    np.testing.assert_array_equal(found, np.argsort(expected)[1:5])
    np.testing.assert_allclose(far, np.sort(expected)[1:5], rtol=1e-5)
    alike, none = latent.nearest_others(np.ones((30, 2), np.float32), 20, 4)  # with lower numbers as near as itself
    assert alike.tolist() == [0, 1, 2, 3]
    assert none.tolist() == [0] * 4


@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_the_nearest_are_those_of_the_definition_however_far_all_lie_from_zero(offset: float) -> None:
    rng = np.random.default_rng(3)
    many = (offset + rng.random((3000, 300))).astype(np.float32)
    many[2000] = many[10]  # of equal ones the lower number comes first
    index = latent.Index(many)
    for place in (many[10], many[2999] + np.float32(0.01), many.mean(axis=0)):
        exact = np.linalg.norm(many.astype(np.float64) - place, axis=1)
        found, far = index.nearest(place, 12)
        np.testing.assert_array_equal(found, np.argsort(exact, kind="stable")[:12])
        np.testing.assert_allclose(far, exact[found], rtol=1e-4, atol=1e-6)
    assert latent.Index(many[:0]).nearest(many[0])[0].tolist() == []


@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_a_few_directions_hide_no_code_that_is_nearer(offset: float) -> None:
    rng = np.random.default_rng(4)
    along = rng.standard_normal((2000, 3)) @ rng.standard_normal((3, 120))  # in three directions, and a little in all
    many = (offset + along + 0.1 * rng.standard_normal((2000, 120))).astype(np.float32)
    many[50] = many[1500]
    off = (many[:9] + 3 * rng.standard_normal((9, 120))).astype(np.float32)
    index = latent.Index(many)
    exact = np.linalg.norm(off[:, None].astype(np.float64) - many, axis=2)
    for place, far in zip(off, exact, strict=True):
        np.testing.assert_array_equal(index.nearest(place, 10)[0], np.argsort(far, kind="stable")[:10])
    np.testing.assert_allclose(index.distances(off), exact.min(axis=1), rtol=1e-6)
    often = np.tile(off, (20, 1))  # so many that all distances are computed
    np.testing.assert_allclose(index.distances(often), np.tile(exact.min(axis=1), 20), rtol=1e-6)
    assert not index.distances(many[::40]).any(), "a code is at its own place"
    others = np.arange(0, 2000, 40)
    apart = np.linalg.norm(many[others][:, None].astype(np.float64) - many, axis=2)
    apart[np.arange(len(others)), others] = np.inf
    np.testing.assert_allclose(index.distances(many[others], but=others), apart.min(axis=1), rtol=1e-5, atol=1e-5)
    assert len(latent.Index(np.ones((100, 90), np.float32)).nearest(np.ones(90, np.float32), 100)[0]) == 100
