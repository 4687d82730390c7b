"""The curve of nudged examples: known of linear and of constant encoders, and of the runs that ship."""

from collections.abc import Callable

import numpy as np
import pytest

import ae_core
from ae_core import data, stability

RNG = np.random.default_rng(0)
X = RNG.uniform(0.4, 0.6, (3000, 5, 4)).astype(np.float32)
W = RNG.normal(0, 1, (20, 3))


def linear(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1) @ W


def test_a_linear_encoder_moves_its_codes_alike_at_all_sizes() -> None:
    sigmas = (0.001, 0.01, 0.05)
    found = stability.nudge_curve(linear, X, sigmas, clip=False)
    expected = ((W**2).sum(axis=0) / np.var(linear(X), axis=0)).mean()
    assert found / np.square(sigmas) == pytest.approx(expected, rel=0.02)
    together = stability.nudge_curve(linear, X, sigmas, clip=False, together=True)
    assert together / np.square(sigmas) == pytest.approx((W**2).sum() / np.var(linear(X), axis=0).sum(), rel=0.02)


def test_neither_a_smaller_code_nor_one_large_unit_is_steadier() -> None:
    found = stability.nudge_curve(linear, X, (0.01,), clip=False)
    scaled = stability.nudge_curve(lambda x: linear(x) * [0.01, 1, 500], X, (0.01,), clip=False)
    assert scaled == pytest.approx(found)

    x = X + RNG.uniform(-0.4, 0.4, (len(X), 1, 1)).astype(
        np.float32
    )  # their brightness varies, and noise hardly moves it
    shapes = W - W.mean(axis=0)

    def of_shapes(x: np.ndarray) -> np.ndarray:
        return x.reshape(len(x), -1) @ shapes

    def with_brightness(x: np.ndarray) -> np.ndarray:
        return np.concatenate([of_shapes(x), 1e5 * x.mean(axis=(1, 2))[:, None]], axis=1)

    def curve(encode: Callable[[np.ndarray], np.ndarray], together: bool) -> float:
        return float(stability.nudge_curve(encode, x, (0.01,), clip=False, together=together)[0])

    assert curve(with_brightness, together=True) < 0.1 * curve(of_shapes, together=True), "three of four move as before"
    assert curve(with_brightness, together=False) > 0.7 * curve(of_shapes, together=False)


def test_examples_become_floats_a_part_at_a_time() -> None:
    images = RNG.integers(0, 256, (2500, 5, 4), np.uint8)
    seen = []

    def encode(x: np.ndarray) -> np.ndarray:
        seen.append(len(x))
        return linear(x)

    found = stability.nudge_curve(encode, images, (0.1,))
    assert found == pytest.approx(stability.nudge_curve(linear, images / np.float32(255), (0.1,)))
    assert max(seen) <= stability.PART


def test_units_that_never_change_do_not_count() -> None:
    found = stability.nudge_curve(linear, X, (0.01,), clip=False)
    dead = stability.nudge_curve(lambda x: np.pad(linear(x), ((0, 0), (0, 5))), X, (0.01,), clip=False)
    assert dead == pytest.approx(found)


def test_a_constant_encoder_has_no_curve_and_a_quantising_one_does_not_move_at_small_sizes() -> None:
    assert np.isnan(stability.nudge_curve(lambda x: np.ones((len(x), 2)), X)).all()
    steps = stability.nudge_curve(lambda x: np.round(x.reshape(len(x), -1)[:, :2] / 0.1 + 0.5), X, (1e-6, 0.1))
    assert steps[0] < 1e-3 < steps[1]


def test_nudged_examples_stay_in_range_as_images_do() -> None:
    seen: list[float] = []

    def encode(x: np.ndarray) -> np.ndarray:
        seen.append(float(x.max()))
        return linear(x)

    black_and_white = np.round(X)
    clipped = stability.nudge_curve(encode, black_and_white, (0.3,))
    assert max(seen) <= 1
    assert clipped < stability.nudge_curve(linear, black_and_white, (0.3,), clip=False)


@pytest.mark.parametrize(("run", "moved"), [("vanilla", 0.476), ("denoising", 0.117), ("convolutional", 0.549)])
def test_runs_that_ship_move_as_was_measured_elsewhere(run: str, moved: float) -> None:
    """Measured by code that knows nothing of this module, for a nudge of a tenth."""
    x = data.as_float(data.load("fashion-mnist").split("test").images[:2000])
    found = np.sqrt(stability.nudge_curve(ae_core.load(run).encode, x, (0.1,), together=True)[0])
    assert found == pytest.approx(moved, rel=0.06)


@pytest.mark.parametrize(("run", "beside"), [("contractive", "vanilla"), ("contractive-2d", "vanilla-2d")])
def test_contractive_runs_move_at_most_half_as_far_as_vanilla_at_the_same_error(run: str, beside: str) -> None:
    """By each unit's own spread, by that of all together, and by this test's own arithmetic."""
    x = data.as_float(data.load("fashion-mnist").split("test").images[:2000])
    pair = [ae_core.load(name) for name in (run, beside)]
    assert pair[0].spec.network == pair[1].spec.network
    for together in (False, True):
        moved, vanilla = (np.sqrt(stability.nudge_curve(r.encode, x, (0.1,), together=together)[0]) for r in pair)
        assert moved <= 0.5 * vanilla
    noisy = np.clip(x + np.random.default_rng(5).normal(0, 0.1, x.shape), 0, 1).astype(np.float32)
    shares = []
    for r in pair:
        codes, away = r.encode(x), r.encode(noisy)
        shares.append(np.sqrt(((away - codes) ** 2).sum(axis=1).mean() / codes.var(axis=0).sum()))
    assert shares[0] <= 0.5 * shares[1]
    errors = [np.mean((x - r.reconstruct(x)) ** 2) for r in pair]
    assert errors[0] <= 1.05 * errors[1]
