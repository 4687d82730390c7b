"""Classical filters of images and of signals, as baselines for denoising autoencoders."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from ae_core import metrics
from ae_core.blurring import blur
from ae_core.forms import Form

FEW = 32  # images


@dataclass(frozen=True)
class Filter:
    """A filter with one width.

    Attributes:
        title: Display name.
        widths: Widths to try, in pixels or steps; the first leaves examples unchanged.
        apply: (x, width) → filtered x, of the same shape.
        unit: Of a width, for people.
    """

    title: str
    widths: tuple[float, ...]
    apply: Callable[[np.ndarray, float], np.ndarray]
    unit: str = "px"


def _gaussian(x: np.ndarray, width: float) -> np.ndarray:
    return blur(x, width) if width else x


def _median(x: np.ndarray, width: float) -> np.ndarray:
    if x.ndim == 4:
        return np.stack([_median(x[..., c], width) for c in range(x.shape[3])], axis=-1)
    # In parts that fit the processor's cache, which saves two fifths of the time.
    return np.concatenate([_median_of_few(x[i : i + FEW], int(width)) for i in range(0, max(len(x), 1), FEW)])


def _median_of_few(x: np.ndarray, side: int) -> np.ndarray:
    # A sorting network over the shifted copies of the image: a seventh of scipy's time.
    h, w = x.shape[1:]
    padded = np.pad(x, ((0, 0), (side // 2,) * 2, (side // 2,) * 2), mode="symmetric")
    layers = [padded[:, i : i + h, j : j + w].copy() for i in range(side) for j in range(side)]
    spare = np.empty_like(layers[0])
    for low, high in _exchanges(len(layers)):
        a, b = layers[low], layers[high]
        layers[low], spare = np.minimum(a, b, out=spare), a
        np.maximum(a, b, out=b)
    return layers[len(layers) // 2]


@cache
def _exchanges(count: int) -> list[tuple[int, int]]:
    """Comparators of a sorting network that brings the median of `count` values to the middle.

    Reference: Batcher 1968, odd-even merge sort, as in Knuth, The Art of Computer Programming 3, algorithm 5.2.2M;
    without the comparators that do not affect the middle.
    """
    pairs = []
    top = 1 << (count - 1).bit_length() >> 1
    p = top
    while p:
        q, r, d = top, 0, p
        while d:
            pairs += [(i, i + d) for i in range(count - d) if i & p == r]
            d, q, r = q - p, q >> 1, p
        p >>= 1
    seen, kept = {count // 2}, []
    for pair in reversed(pairs):
        if seen.intersection(pair):
            seen.update(pair)
            kept.append(pair)
    return kept[::-1]


def _moving_average(x: np.ndarray, width: float) -> np.ndarray:
    from scipy.ndimage import uniform_filter1d

    return np.asarray(uniform_filter1d(np.asarray(x, np.float32), int(width), axis=1, mode="nearest"))


def _savitzky_golay(x: np.ndarray, width: float) -> np.ndarray:
    """Fits a polynomial of degree 3 to the steps around each one.

    Reference: Savitzky & Golay 1964, Smoothing and differentiation of data by simplified least squares procedures.
    """
    from scipy.signal import savgol_filter

    if width < SAVITZKY_GOLAY_DEGREE + 2 or width > x.shape[1]:
        return x
    return np.asarray(savgol_filter(x, int(width), SAVITZKY_GOLAY_DEGREE, axis=1), np.float32)


SAVITZKY_GOLAY_DEGREE = 3
OF_IMAGES = {
    "gaussian": Filter("Gaussian filter", (0.0, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0), _gaussian),
    "median": Filter("Median filter", (1.0, 3.0, 5.0), _median),
}
OF_SIGNALS = {
    "average": Filter("Moving average", (1.0, 3.0, 5.0, 7.0, 9.0, 13.0, 17.0, 25.0), _moving_average, "steps"),
    "savitzky-golay": Filter(
        "Savitzky-Golay filter", (1.0, 5.0, 7.0, 9.0, 13.0, 17.0, 25.0, 33.0, 49.0), _savitzky_golay, "steps"
    ),
}
FILTERS = OF_IMAGES | OF_SIGNALS


def of(form: Form) -> dict[str, Filter]:
    """The filters for examples of a form: none for tables, whose columns have no order."""
    return {"image": OF_IMAGES, "signal": OF_SIGNALS}.get(form.medium, {})


def at_best_width(
    name: str, clean: np.ndarray, noisy: np.ndarray, judged: slice = slice(None)
) -> tuple[float, np.ndarray]:
    """Filters noisy examples with the width that gives the highest PSNR.

    Args:
        name: One of `FILTERS`.
        clean: Images (n, h, w) or (n, h, w, 3), or signals (n, t, c), in [0, 1].
        noisy: The same ones with noise.
        judged: Those by which the width is chosen.

    Returns:
        width: One of the filter's widths; the first, which changes nothing, if none does better.
        filtered: Of clean's shape.
    """
    chosen = FILTERS[name]
    filtered = [chosen.apply(noisy, width) for width in chosen.widths]
    best = int(np.argmax([metrics.mean_psnr(clean[judged], x[judged]) for x in filtered]))
    return chosen.widths[best], filtered[best]
