"""Classical image filters, to hold denoising autoencoders against."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ae_core import metrics


@dataclass(frozen=True)
class Filter:
    """A filter with one width.

    Attributes:
        title: What people call it.
        widths: Those worth trying, in pixels; the first leaves images as they are.
        apply: (x, width) → x, filtered; (n, h, w).
    """

    title: str
    widths: tuple[float, ...]
    apply: Callable[[np.ndarray, float], np.ndarray]


def _gaussian(x: np.ndarray, width: float) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(x, (0, width, width)) if width else x


def _median(x: np.ndarray, width: float) -> np.ndarray:
    # All pixels of a window in layers: four times as fast as scipy's, for windows as small as these.
    side = int(width)
    h, w = x.shape[1:]
    padded = np.pad(x, ((0, 0), (side // 2,) * 2, (side // 2,) * 2), mode="symmetric")
    layers = np.stack([padded[:, i : i + h, j : j + w] for i in range(side) for j in range(side)])
    layers.partition(side * side // 2, axis=0)
    return layers[side * side // 2]


FILTERS = {
    "gaussian": Filter("Gaussian filter", (0.0, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0), _gaussian),
    "median": Filter("Median filter", (1.0, 3.0, 5.0), _median),
}


def at_best_width(
    name: str, clean: np.ndarray, noisy: np.ndarray, judged: slice = slice(None)
) -> tuple[float, np.ndarray]:
    """The width of filter `name` with the highest PSNR, and what it makes of the noisy images.

    Args:
        name: One of `FILTERS`.
        clean: (n, h, w) in [0, 1].
        noisy: The same images, spoiled.
        judged: Those by which the width is chosen.

    Returns:
        width: The first of the filter's widths, which changes nothing, if no other does better.
        filtered: (n, h, w).
    """
    chosen = FILTERS[name]
    filtered = [chosen.apply(noisy, width) for width in chosen.widths]
    best = int(np.argmax([metrics.mean_psnr(clean[judged], x[judged]) for x in filtered]))
    return chosen.widths[best], filtered[best]
