"""Small density maps."""

import numpy as np

from ae_core.latent import extent


def density_map(points: np.ndarray, side: int) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """Draws the density of points as a square image with equal scales on both axes.

    Args:
        points: (n, 2), at least one.
        side: Side of the image in pixels.

    Returns:
        picture: uint8 (side, side), top row first, logarithmic in the number of points.
        box: (left, right, bottom, top) of the image; all but the outermost 0.5 % of points on each side lie in it.
    """
    left, right, bottom, top = extent(points)
    x, y, half = (left + right) / 2, (bottom + top) / 2, max(right - left, top - bottom) / 2
    left, right, bottom, top = x - half, x + half, y - half, y + half
    counts, _, _ = np.histogram2d(points[:, 1], points[:, 0], bins=side, range=[[bottom, top], [left, right]])
    soft = np.log1p(_smooth(counts))
    return np.round(255 * soft[::-1] / max(float(soft.max()), 1e-9)).astype(np.uint8), (left, right, bottom, top)


def _smooth(counts: np.ndarray) -> np.ndarray:
    """Smooths with a 1-2-1 kernel along both axes."""
    for axis in (0, 1):
        ahead, behind = np.roll(counts, 1, axis), np.roll(counts, -1, axis)
        counts = (ahead + 2 * counts + behind) / 4
    return counts
