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


def best_width(name: str, clean: np.ndarray, noisy: np.ndarray) -> float:
    """The width of filter `name` with the highest PSNR of (n, h, w) images in [0, 1]; 0 or 1 changes nothing."""
    chosen = FILTERS[name]
    scores = [metrics.mean_psnr(clean, chosen.apply(noisy, w)) for w in chosen.widths]
    return chosen.widths[int(np.argmax(scores))]
