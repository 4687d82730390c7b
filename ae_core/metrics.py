"""Metrics of reconstructions and codes: pure functions of NumPy arrays.

Examples are float arrays of shape (n, *shape) in [0, 1], as images (n, h, w) or (n, h, w, 3); codes are (n, d).
"""

import math
from collections.abc import Callable

import numpy as np

from ae_core.blurring import blur
from ae_core.errors import OptionError

PART = 1024  # images
EPSILON = 1e-7  # as Keras clips probabilities
LEAST_VARIANCE = 1e-6  # as in kinds/base.py


def squared_error(x: np.ndarray, x_hat: np.ndarray) -> np.ndarray:
    """Mean squared error of each example, shape (n,)."""
    if np.shape(x) != np.shape(x_hat):
        raise OptionError(f"Examples to compare must have the same shape, got {np.shape(x)} and {np.shape(x_hat)}.")
    return _in_parts(lambda x, x_hat: _mean((np.asarray(x, np.float32) - x_hat) ** 2), x, x_hat)


def written(error: float) -> str:
    """An error with four decimals; one below 0.001, as those of signals are, with two digits instead."""
    return f"{error:.2g}" if 0 < abs(error) < 0.001 else f"{error:.4f}"


def binary_cross_entropy(x: np.ndarray, x_hat: np.ndarray) -> np.ndarray:
    """Binary cross-entropy of each example in nats per value, shape (n,); x is the target."""

    def of(x: np.ndarray, x_hat: np.ndarray) -> np.ndarray:
        p = np.clip(x_hat, EPSILON, 1 - EPSILON).astype(np.float32)
        return _mean(-(x * np.log(p) + (1 - x) * np.log1p(-p)))

    return _in_parts(of, x, x_hat)


def gaussian_surprise(x: np.ndarray, x_hat: np.ndarray) -> np.ndarray:
    """Negative log-density of each example under a Gaussian around x_hat in nats per value, shape (n,).

    Its variance is the mean squared error of all examples, which makes them most likely.
    """
    errors = squared_error(x, x_hat)
    variance = max(float(errors.mean(dtype=np.float64)), LEAST_VARIANCE)
    return 0.5 * (math.log(2 * math.pi * variance) + errors / variance)


def surprise(likelihood: str, x: np.ndarray, x_hat: np.ndarray) -> np.ndarray:
    """Negative log-likelihood of each example in nats per value, shape (n,), by one of `spec.LIKELIHOODS`."""
    return binary_cross_entropy(x, x_hat) if likelihood == "bernoulli" else gaussian_surprise(x, x_hat)


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over all axes but the first."""
    return np.asarray(values.mean(axis=tuple(range(1, values.ndim))))


def _in_parts(measure: Callable[[np.ndarray, np.ndarray], np.ndarray], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Measures examples in parts: intermediate results would be several copies of all images."""
    if np.shape(x) != np.shape(y) or len(x) <= PART:
        return measure(x, y)
    return np.concatenate([measure(x[i : i + PART], y[i : i + PART]) for i in range(0, len(x), PART)])


def pixel_entropy(x: np.ndarray) -> np.ndarray:
    """Lower bound of each image's BCE, reached at x_hat = x, in nats per pixel, shape (n,); above 0 for grey pixels."""
    return binary_cross_entropy(x, x)


def psnr(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio of each image in decibels, shape (n,); peak 1, equal images give inf."""
    with np.errstate(divide="ignore"):
        return -10 * np.log10(squared_error(x, y))


def mean_psnr(x: np.ndarray, y: np.ndarray) -> float:
    """Peak signal-to-noise ratio in decibels at the mean squared error of all images; inf if all are equal.

    Not the mean over images of `psnr`, which is infinite as soon as one image is unchanged.
    """
    error = float(squared_error(x, y).mean(dtype=np.float64))
    return math.inf if error == 0 else -10 * math.log10(error)


def ssim(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Structural similarity of each image (Wang et al. 2004, Gaussian window of σ 1.5), in [-1, 1].

    Images with a side below 11 get a square window. Same values as skimage, in a fifth of its time.

    Args:
        x: Images, (n, h, w) or (n, h, w, 3) in [0, 1].
        y: Images to compare with, (..., *x.shape).

    Returns:
        (..., n); of images in colour the mean over the channels.
    """
    from scipy.ndimage import uniform_filter

    x, y = np.asarray(x, np.float32), np.asarray(y, np.float32)
    if x.ndim == 4:
        of_each = [ssim(x[..., c], y[..., c]) for c in range(x.shape[3])]
        return np.asarray(np.mean(of_each, axis=0))
    h, w = x.shape[1:]
    window = min(11, h - (1 - h % 2), w - (1 - w % 2))
    rim = (window - 1) // 2

    def local(values: np.ndarray) -> np.ndarray:
        found = blur(values, 1.5, truncate=3.5) if window == 11 else uniform_filter(values, (1, window, window))
        return found[:, rim : h - rim, rim : w - rim]

    # Over a square window the variances are the unbiased sample variances.
    unbiased = 1.0 if window == 11 else window**2 / (window**2 - 1)
    c1, c2 = 0.01**2, 0.03**2  # for values in [0, 1]
    mean_x = local(x)
    square_x = mean_x**2
    var_x = unbiased * (local(x**2) - square_x)

    def against(y: np.ndarray) -> np.ndarray:
        mean_y = local(y)
        both, square_y = mean_x * mean_y, mean_y**2
        var_y, cov = unbiased * (local(y**2) - square_y), unbiased * (local(x * y) - both)
        field = (2 * both + c1) * (2 * cov + c2) / ((square_x + square_y + c1) * (var_x + var_y + c2))
        return field.mean(axis=(1, 2), dtype=np.float64)

    return np.stack([against(each) for each in y.reshape(-1, *x.shape)]).reshape(y.shape[:-2])


def kl_to_standard_normal(z_mean: np.ndarray, z_log_var: np.ndarray) -> np.ndarray:
    """KL(N(z_mean, exp z_log_var) ‖ N(0, I)) of each code in nats, summed over its dims, shape (n,).

    Reference: Kingma & Welling 2014, appendix B.
    """
    return np.asarray(_kl(z_mean, z_log_var).sum(axis=1))


def kl_by_dim(z_mean: np.ndarray, z_log_var: np.ndarray) -> np.ndarray:
    """KL(N(z_mean, exp z_log_var) ‖ N(0, 1)) of each dim in nats, mean over the codes: (n, d) twice → (d,) float64."""
    return np.asarray(_kl(z_mean, z_log_var).mean(axis=0, dtype=np.float64))


def _kl(z_mean: np.ndarray, z_log_var: np.ndarray) -> np.ndarray:
    return -0.5 * (1 + z_log_var - z_mean**2 - np.exp(z_log_var))


def total_variance(codes: np.ndarray) -> float:
    """Sum of the variances of all units."""
    return float(np.var(codes, axis=0, dtype=np.float64).sum())


def knn_accuracy(
    codes: np.ndarray,
    labels: np.ndarray,
    test_codes: np.ndarray,
    test_labels: np.ndarray,
    k: int = 5,
    on_progress: Callable[[float], None] = lambda fraction: None,
) -> float:
    """Accuracy of a k-nearest-neighbour classifier on test codes (Euclidean distance).

    `on_progress` is called with the share of test codes scored so far.
    """
    from sklearn.neighbors import KNeighborsClassifier

    classifier = KNeighborsClassifier(k).fit(codes, labels)
    right = 0
    for i in range(0, len(test_codes), 500):
        right += int(np.sum(classifier.predict(test_codes[i : i + 500]) == test_labels[i : i + 500]))
        on_progress(min(i + 500, len(test_codes)) / len(test_codes))
    return right / len(test_codes)


def auroc(values: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Probability that a value of a positive is larger than one of the others; ties count half (Mann & Whitney 1947).

    Args:
        values: (n,), or (n, d) for one figure for each column.
        positive: bool (n,), or (n, c) for c groups: in each at least one that is, and one that is not.

    Returns:
        In [0, 1], of shape () or (d,), with an axis of c after it for groups: 0.5 tells nothing, and 0 as much as 1.

    Raises:
        OptionError: if all or none are positive.
    """
    count = np.sum(positive, axis=0)
    if not np.all((count > 0) & (count < len(positive))):
        raise OptionError(f"Two groups are needed, got {count} of {len(positive):,} in one: choose some, not all.")
    values = np.asarray(values)
    ranked = ranks(values) if values.ndim == 1 else np.stack([ranks(column) for column in values.T], axis=1)
    return np.asarray((ranked.T @ positive - count * (count + 1) / 2) / (count * (len(positive) - count)))


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, of equal values their mean; (n,). Half the time of SciPy's, whose import takes half a second."""
    rising = np.sort(values)
    below, through = (np.searchsorted(rising, values, side) for side in ("left", "right"))
    return np.asarray((below + through + 1) / 2)


def percentile_rank(values: np.ndarray | float, sample: np.ndarray) -> np.ndarray:
    """Share of the sample (n,) below each value, in per cent, of the values' shape; ties count half."""
    if np.ndim(values) == 0:  # sorting ten thousand takes a millisecond
        return np.asarray((np.mean(sample < values) + np.mean(sample <= values)) / 2 * 100)
    rising = np.sort(sample)
    below, through = (np.searchsorted(rising, values, side) for side in ("left", "right"))
    return np.asarray((below + through) / 2 / len(sample) * 100)
