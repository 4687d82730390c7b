"""Which codes, or images, lie nearest, and how far."""

import numpy as np

from ae_core.errors import OptionError

PART = 1024  # codes that places are compared with at a time
TINY = 1e-6  # between codes that are all the same
SAMPLE = 1000  # codes whose nearest neighbours say what is near


def nearest(codes: np.ndarray, code: np.ndarray, k: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of codes (n, d) to one code (d,) by Euclidean distance; images flattened to (n, h·w) do as well.

    Returns:
        indices: (k,), the nearest first; of equal distances the lower number first. Fewer if n < k.
        distances: (k,) float32.

    Raises:
        OptionError: if the code is not finite or has another number of units.
    """
    code = np.asarray(code, np.float32)
    if code.shape != codes.shape[1:]:
        raise OptionError(f"The code must have shape {codes.shape[1:]}, got {code.shape}.")
    if not np.isfinite(code).all():
        raise OptionError("The code must be finite numbers.")
    squared = np.empty(len(codes), np.float32)
    for i in range(0, len(codes), 2048):  # without a second copy of all codes
        apart = codes[i : i + 2048] - code
        squared[i : i + 2048] = np.einsum("nd,nd->n", apart, apart)
    k = min(k, len(codes))
    found = np.argpartition(squared, k - 1)[:k] if k else np.empty(0, np.intp)
    # All that are as near as the last one, so that ties fall the same way everywhere.
    if k:
        found = np.flatnonzero(squared <= squared[found].max())
    order = found[np.lexsort((found, squared[found]))][:k]
    return order, np.sqrt(squared[order])


def nearest_others(codes: np.ndarray, number: int, k: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """As `nearest`, to one of the codes, which is not among its own neighbours."""
    found, far = nearest(codes, codes[number], k + 1)
    others = found != number
    return found[others][:k], far[others][:k]


def distances(codes: np.ndarray, places: np.ndarray, but: np.ndarray | None = None) -> np.ndarray:
    """From each of places (n, d) to the nearest of codes (m, d): (n,) float64; exactly 0 at a code.

    Args:
        codes: float32.
        places: As many units.
        but: For each place the number of a code that does not count, (n,): itself, if it is one of the codes.
    """
    middle = codes.mean(axis=0)  # differences of squares lose less near zero
    centred = np.asarray(places, np.float32) - middle
    least, found = np.full(len(places), np.inf, np.float32), np.zeros(len(places), np.intp)
    for i in range(0, len(codes), PART):
        part = codes[i : i + PART] - middle
        squared = np.einsum("md,md->m", part, part) - 2 * centred @ part.T  # less the place's own, the same for all
        if but is not None:
            rows = np.flatnonzero((but >= i) & (but < i + PART))
            squared[rows, but[rows] - i] = np.inf
        best = squared.argmin(axis=1)
        values = np.take_along_axis(squared, best[:, None], axis=1)[:, 0]
        found = np.where(values < least, best + i, found)
        least = np.minimum(values, least)
    return np.linalg.norm(np.asarray(places, np.float64) - codes[found], axis=1)


def spacing(codes: np.ndarray, quantile: float = 0.99) -> float:
    """How far a code's nearest neighbour is among codes (n, d), at that quantile of a sample of them; above 0."""
    sample = np.random.default_rng(0).permutation(len(codes))[:SAMPLE]
    return max(float(np.quantile(distances(codes, codes[sample], but=sample), quantile)), TINY)
