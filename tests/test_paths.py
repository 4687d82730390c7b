"""Paths through a latent space, held to NumPy and to geometry."""

import numpy as np
import pytest

from ae_core import latent
from ae_core.errors import OptionError
from ae_core.latent import paths

RNG = np.random.default_rng(0)
A, B, C = RNG.standard_normal((3, 16)).astype(np.float32)
WAYS = pytest.mark.parametrize("way", paths.WAYS)


def unit(code: np.ndarray) -> np.ndarray:
    return code / np.linalg.norm(code)


# Two places


@WAYS
@pytest.mark.parametrize("frames", [2, 3, 16])
def test_a_path_begins_and_ends_exactly_at_its_codes(way: str, frames: int) -> None:
    path = paths.WAYS[way](A, B, frames)
    assert (path.shape, path.dtype) == ((frames, 16), np.float32)
    np.testing.assert_array_equal(path[[0, -1]], [A, B])


def test_a_straight_path_is_numpys() -> None:
    np.testing.assert_allclose(paths.straight(A, B, 9), np.linspace(A, B, 9), atol=1e-6)
    for way in paths.WAYS.values():
        assert way(np.maximum(A, 0), np.maximum(B, 0), 30).min() >= 0, "activations stay what a ReLU can give"


def test_a_spherical_path_is_whites_formula_and_its_norm_changes_evenly() -> None:
    p, q = unit(A).astype(np.float64), unit(B).astype(np.float64)
    omega = np.arccos(p @ q)
    for t, place in zip(np.linspace(0, 1, 7), paths.spherical(p, q, 7), strict=True):
        expected = (np.sin((1 - t) * omega) * p + np.sin(t * omega) * q) / np.sin(omega)
        np.testing.assert_allclose(place, expected, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(paths.spherical(p, 5 * q, 9), axis=1), np.linspace(1, 5, 9), atol=1e-5)


@pytest.mark.parametrize(
    ("start", "end"),
    [(A, 3 * A), (A, -2 * A), (A, np.zeros(16)), (np.zeros(16), B)],
    ids=["same", "opposite", "to 0", "from 0"],
)
def test_where_there_is_no_one_arc_the_path_is_straight(start: np.ndarray, end: np.ndarray) -> None:
    np.testing.assert_array_equal(paths.spherical(start, end, 8), paths.straight(start, end, 8))


# Several places


@WAYS
@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("frames", [3, 4, 17])
def test_a_path_through_several_codes_meets_each_of_them(way: str, even: bool, frames: int) -> None:
    path, stops = paths.through([A, B, C], frames, way, even), paths.stops([A, B, C], frames, way, even)
    assert path.shape == (frames, 16)
    np.testing.assert_array_equal(path[stops], [A, B, C])


def test_even_legs_have_as_many_steps_and_others_steps_as_long() -> None:
    assert paths.stops([A, B, C], 17) == [0, 8, 16]
    assert paths.stops([A, B, A, C], 12) == [0, 4, 8, 11]
    corners = np.array([[0, 0], [3, 0], [3, 9]], np.float32)
    assert paths.stops(corners, 13, even=False) == [0, 3, 12]
    np.testing.assert_allclose(np.linalg.norm(np.diff(paths.through(corners, 13, even=False), axis=0), axis=1), 1)
    # Along a quarter of a circle of radius 2, and then straight out by as much.
    arc = np.array([[2, 0], [0, 2], [0, 2 + np.pi]], np.float32)
    assert paths.stops(arc, 21, "spherical", even=False) == [0, 10, 20]
    back = paths.through([A, B, A], 5)
    np.testing.assert_array_equal(back, back[::-1])


# Along a direction


def test_along_a_direction_only_the_place_on_it_moves() -> None:
    path = paths.along(A, 3, -1.0, 2.0, 7)
    np.testing.assert_allclose(path[:, 3], np.linspace(-1, 2, 7), atol=1e-6)
    np.testing.assert_array_equal(np.delete(path, 3, axis=1), np.tile(np.delete(A, 3), (7, 1)))
    np.testing.assert_allclose(path, paths.along(A, np.eye(16)[3], -1.0, 2.0, 7), atol=1e-6)
    path, u = paths.along(A, 10 * B, 1.0, -4.0, 6), unit(B)
    np.testing.assert_allclose(path @ u, np.linspace(1, -4, 6), atol=1e-5)
    across = path - np.outer(path @ u, u)
    np.testing.assert_allclose(across, np.tile(A - (A @ u) * u, (6, 1)), atol=1e-5)


# What is met on the way


def test_jumps_are_root_mean_squares() -> None:
    images = np.zeros((3, 2, 2))
    images[1], images[2, 0, 0] = 0.5, 1
    np.testing.assert_allclose(paths.jumps(images), [0.5, np.sqrt((0.5**2 * 3 + 0.5**2) / 4)])


@pytest.mark.parametrize("m", [1, 700, 3000])
def test_distances_are_numpys_and_exactly_zero_at_a_code(m: int) -> None:
    codes = (100 + np.random.default_rng(m).standard_normal((m, 16))).astype(np.float32)
    path = np.concatenate([codes[:1], 100 + RNG.standard_normal((9, 16)).astype(np.float32)])
    found = latent.distances(codes, path)
    assert found[0] == 0
    expected = np.linalg.norm(path[:, None].astype(np.float64) - codes[None].astype(np.float64), axis=2).min(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


# What is refused


@WAYS
@pytest.mark.parametrize(
    ("start", "end", "frames", "why"),
    [
        (A, A, 5, "two different places"),
        (A, B, 1, "at least 2 frames"),
        (A, B[:3], 5, "same units"),
        (A, np.full(16, np.nan), 5, "finite"),
        (np.full(16, np.inf), B, 5, "finite"),
        (A[None], B[None], 5, "one code"),
        ([], [], 5, "one code"),
    ],
)
def test_no_path_is_made_of_these(way: str, start: np.ndarray, end: np.ndarray, frames: int, why: str) -> None:
    with pytest.raises(OptionError, match=why) as caught:
        paths.WAYS[way](start, end, frames)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("codes", "frames", "way", "why"),
    [
        ([A], 5, "straight", "at least 2 places"),
        ([A, B, C], 2, "straight", "at least 3 frames"),
        ([A, B, B], 9, "straight", "two different places"),
        ([A, B], 9, "crooked", "straight or spherical"),
    ],
)
@pytest.mark.parametrize("even", [True, False])
def test_no_path_goes_through_these(codes: list[np.ndarray], frames: int, way: str, why: str, even: bool) -> None:
    with pytest.raises(OptionError, match=why):
        paths.through(codes, frames, way, even)


@pytest.mark.parametrize(
    ("direction", "low", "high", "frames", "why"),
    [
        (np.zeros(16), 0, 1, 5, "zero everywhere"),
        (B[:4], 0, 1, 5, "16 units"),
        (np.full(16, np.nan), 0, 1, 5, "finite"),
        (16, 0, 1, 5, "from 0 to 15"),
        (-1, 0, 1, 5, "from 0 to 15"),
        (2, 1, 1, 5, "two different places"),
        (2, 0, np.inf, 5, "finite"),
        (2, 0, 1, 1, "at least 2 frames"),
    ],
)
def test_no_path_goes_along_these(direction: object, low: float, high: float, frames: int, why: str) -> None:
    with pytest.raises(OptionError, match=why):
        paths.along(A, direction, low, high, frames)
