"""Every measure at its known extremes, and against an oracle that was not written here."""

import math

import numpy as np
import pytest
import skimage.metrics
from sklearn.metrics import log_loss

from ae_core import data, metrics
from ae_core.data import as_float

RNG = np.random.default_rng(0)
X = RNG.random((6, 28, 28), dtype=np.float32)
Y = np.clip(X + 0.1 * RNG.standard_normal(X.shape, dtype=np.float32), 0, 1)


def test_equal_images_have_no_error_and_black_against_white_the_largest() -> None:
    assert metrics.squared_error(X, X).tolist() == [0] * 6
    assert metrics.psnr(X, X).tolist() == [math.inf] * 6
    assert metrics.ssim(X, X) == pytest.approx(1)
    black, white = np.zeros((2, 28, 28), np.float32), np.ones((2, 28, 28), np.float32)
    assert metrics.squared_error(black, white).tolist() == [1, 1]
    assert metrics.psnr(black, white).tolist() == [0, 0]
    assert metrics.binary_cross_entropy(white, black) == pytest.approx(-math.log(metrics.EPSILON), rel=1e-3)
    assert metrics.ssim(black, white) == pytest.approx(0, abs=1e-3)


def test_each_image_is_measured_by_itself() -> None:
    for measure in (metrics.squared_error, metrics.psnr, metrics.ssim, metrics.binary_cross_entropy):
        assert measure(X, Y).shape == (6,)
        assert measure(X, Y)[2] == pytest.approx(measure(X[2:3], Y[2:3])[0])


def test_psnr_is_scikit_images() -> None:
    expected = [skimage.metrics.peak_signal_noise_ratio(a, b, data_range=1) for a, b in zip(X, Y, strict=True)]
    assert metrics.psnr(X, Y) == pytest.approx(expected, rel=1e-5)
    # 0.1 everywhere is a hundredth, 20 dB.
    assert metrics.psnr(np.full((1, 4, 4), 0.5), np.full((1, 4, 4), 0.6)) == pytest.approx(20, abs=1e-4)


def test_ssim_is_wang_et_al_from_the_formula() -> None:
    from scipy.ndimage import correlate

    offsets = np.arange(-5, 6)
    line = np.exp(-(offsets**2) / (2 * 1.5**2))
    window = np.outer(line, line) / line.sum() ** 2
    a, b = X[0].astype(np.float64), Y[0].astype(np.float64)
    mean_a, mean_b = correlate(a, window), correlate(b, window)
    var_a, var_b = correlate(a * a, window) - mean_a**2, correlate(b * b, window) - mean_b**2
    cov = correlate(a * b, window) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    field = (2 * mean_a * mean_b + c1) * (2 * cov + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    assert metrics.ssim(X[:1], Y[:1])[0] == pytest.approx(field[5:-5, 5:-5].mean(), abs=1e-4)


@pytest.mark.parametrize("shape", [(8, 8), (7, 9), (10, 12), (28, 28)])
def test_ssim_serves_small_images_and_falls_with_noise(shape: tuple[int, int]) -> None:
    x = RNG.random((3, *shape), dtype=np.float32)
    noise = RNG.standard_normal(x.shape, dtype=np.float32)
    weak, strong = (metrics.ssim(x, np.clip(x + level * noise, 0, 1)) for level in (0.05, 0.5))
    assert (weak > 0.8).all()
    assert (strong < weak).all()


def test_bce_is_scikit_learns_log_loss_on_black_and_white() -> None:
    x = (X[:1] > 0.5).astype(np.float32)
    p = np.clip(Y[:1], 0.01, 0.99)
    assert metrics.binary_cross_entropy(x, p)[0] == pytest.approx(log_loss(x.ravel(), p.ravel()), rel=1e-5)
    assert metrics.binary_cross_entropy(X, np.full_like(X, 0.5)) == pytest.approx(math.log(2), rel=1e-6)


def test_pixel_entropy_is_the_floor_of_bce() -> None:
    assert metrics.pixel_entropy(np.full((1, 4, 4), 0.5)) == pytest.approx(math.log(2))
    assert metrics.pixel_entropy((X > 0.5).astype(np.float32)) == pytest.approx(0, abs=1e-6)
    for nudge in (-0.01, 0.01):
        assert (metrics.binary_cross_entropy(X, np.clip(X + nudge, 0, 1)) > metrics.pixel_entropy(X)).all()
    x = as_float(data.load("fashion-mnist").split("test").images)
    assert metrics.pixel_entropy(x).mean(dtype=np.float64) == pytest.approx(0.24217, abs=5e-6), "as published"


def test_kl_is_zero_at_the_prior_and_the_mean_log_ratio_of_the_densities_elsewhere() -> None:
    zeros = np.zeros((3, 4))
    assert metrics.kl_to_standard_normal(zeros, zeros).tolist() == [0, 0, 0]
    mean, log_var = RNG.standard_normal((3, 4)), RNG.standard_normal((3, 4))
    kl = metrics.kl_to_standard_normal(mean, log_var)
    assert (kl > 0).all()
    assert metrics.kl_to_standard_normal(np.tile(mean, 2), np.tile(log_var, 2)) == pytest.approx(2 * kl)
    mean, log_var = np.array([[0.7, -1.2]]), np.array([[-1.0, 0.5]])
    z = mean + np.exp(log_var / 2) * RNG.standard_normal((400_000, 2))
    log_q = -0.5 * (((z - mean) ** 2) / np.exp(log_var) + log_var).sum(axis=1)
    log_p = -0.5 * (z**2).sum(axis=1)
    assert metrics.kl_to_standard_normal(mean, log_var)[0] == pytest.approx((log_q - log_p).mean(), abs=0.01)


def test_the_variances_of_the_units_are_added_up() -> None:
    codes = RNG.standard_normal((500, 3)) * [1, 2, 3]
    assert metrics.total_variance(codes) == pytest.approx(np.trace(np.cov(codes.T, bias=True)))
    assert metrics.total_variance(np.ones((9, 3))) == 0


def test_knn_is_perfect_on_classes_apart_and_chance_on_constant_codes() -> None:
    labels = np.repeat(np.arange(10), 20)
    apart = labels[:, None] * 10.0 + 0.1 * RNG.standard_normal((200, 2))
    assert metrics.knn_accuracy(apart, labels, apart + 0.01, labels) == 1
    constant = np.zeros((200, 2))
    assert metrics.knn_accuracy(constant, labels, constant, labels) == pytest.approx(0.1)
    assert metrics.knn_accuracy(apart, labels, apart, (labels + 1) % 10) == 0
    codes, labels = np.array([[0.0], [1.0], [1.1], [9.0]]), np.array([0, 1, 1, 0])
    for k, label in ((1, 0), (3, 1)):
        assert metrics.knn_accuracy(codes, labels, np.array([[0.1]]), np.array([label]), k=k) == 1


def test_percentile_ranks_are_scipys_mean_ranks() -> None:
    from scipy.stats import percentileofscore

    assert [float(metrics.percentile_rank(value, np.arange(10))) for value in (-1, 99)] == [0, 100]
    sample = RNG.integers(0, 9, 50) / 10  # with ties
    expected = [percentileofscore(sample, value, kind="mean") for value in sample]
    assert metrics.percentile_rank(sample, sample) == pytest.approx(expected)
    assert [float(metrics.percentile_rank(value, sample)) for value in sample] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("error", "expected"),
    [(0.01344, "0.0134"), (0.25, "0.2500"), (0.001, "0.0010"), (0.000131, "0.00013"), (0.0, "0.0000"), (1e-6, "1e-06")],
)
def test_small_errors_are_written_by_their_digits(error: float, expected: str) -> None:
    assert metrics.written(error) == expected
