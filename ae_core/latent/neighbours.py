"""Which codes, or images, lie nearest, and how far."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ae_core.data import as_float
from ae_core.errors import OptionError

PART = 1024  # codes that places are compared with at a time
TINY = 1e-6  # between codes that are all the same
SAMPLE = 1000  # codes whose nearest neighbours say what is near


class Index:
    """Codes to find the nearest among, by Euclidean distance; what all searches need is computed once.

    Args:
        codes: (n, d) floats; images flattened to (n, h·w) do as well, and as uint8 stay that small.
    """

    def __init__(self, codes: np.ndarray) -> None:
        self._codes = codes if codes.dtype == np.uint8 else np.asarray(codes, np.float32)
        n, d = codes.shape
        # Differences of squares lose less near zero.
        total = sum((part.sum(axis=0, dtype=np.float64) for _, part in self._parts()), np.zeros(d))
        self._middle = (total / max(n, 1)).astype(np.float32)
        self._squares = np.empty(n, np.float32)
        for rows, part in self._parts():
            apart = part - self._middle
            self._squares[rows] = np.einsum("nd,nd->n", apart, apart)

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Some of the codes, float32; of uint8 images in [0, 1]."""
        codes: np.ndarray = self._codes[rows]
        return as_float(codes) if codes.dtype == np.uint8 else codes

    def _parts(self) -> Iterator[tuple[slice, np.ndarray]]:
        for i in range(0, len(self._codes), PART):
            yield slice(i, i + PART), self[i : i + PART]

    def nearest(self, code: np.ndarray, k: int = 8) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest to one code (d,).

        Returns:
            indices: (k,), the nearest first; of equal distances the lower number first. Fewer if n < k.
            distances: (k,) float32.

        Raises:
            OptionError: if the code is not finite or has another number of units.
        """
        code = np.asarray(code, np.float32)
        if code.shape != self._codes.shape[1:]:
            raise OptionError(f"The code must have shape {self._codes.shape[1:]}, got {code.shape}.")
        if not np.isfinite(code).all():
            raise OptionError("The code must be finite numbers.")
        k = min(k, len(self._codes))
        if not k:
            return np.empty(0, np.intp), np.empty(0, np.float32)
        from_middle = code - self._middle
        about = self._squares.copy()  # less what is the same for all
        for rows, part in self._parts():
            about[rows] -= 2 * (part @ from_middle)
        # What rounding may hide: all that may be among the nearest are looked at again, one by one.
        longest = np.sqrt(self._squares.max()) + np.linalg.norm(self._middle) + np.linalg.norm(from_middle)
        slack = 4 * len(code) * np.finfo(np.float32).eps * longest**2
        found = np.flatnonzero(about <= np.partition(about, k - 1)[k - 1] + slack)
        apart = self[found] - code
        squared = np.einsum("nd,nd->n", apart, apart)
        order = np.lexsort((found, squared))[:k]
        return found[order], np.sqrt(squared[order])

    def distances(self, places: np.ndarray, but: np.ndarray | None = None) -> np.ndarray:
        """From each of places (m, d) to the nearest code: (m,) float64; exactly 0 at a code.

        Args:
            places: As many units.
            but: For each place the number of a code that does not count, (m,): itself, if it is one of the codes.
        """
        centred = np.asarray(places, np.float32) - self._middle
        least, found = np.full(len(places), np.inf, np.float32), np.zeros(len(places), np.intp)
        for rows, part in self._parts():
            squared = self._squares[rows] - 2 * centred @ (part - self._middle).T  # less the place's own
            if but is not None:
                own = np.flatnonzero((but >= rows.start) & (but < rows.stop))
                squared[own, but[own] - rows.start] = np.inf
            best = squared.argmin(axis=1)
            values = np.take_along_axis(squared, best[:, None], axis=1)[:, 0]
            found = np.where(values < least, best + rows.start, found)
            least = np.minimum(values, least)
        return np.linalg.norm(np.asarray(places, np.float64) - self[found], axis=1)


def nearest(codes: np.ndarray, code: np.ndarray, k: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of codes (n, d) to one code (d,), as `Index.nearest` gives them."""
    return Index(codes).nearest(code, k)


def nearest_others(codes: np.ndarray | Index, number: int, k: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """As `nearest`, to one of the codes, which is not among its own neighbours."""
    index = codes if isinstance(codes, Index) else Index(codes)
    found, far = index.nearest(index[number], k + 1)
    others = found != number
    return found[others][:k], far[others][:k]


def distances(codes: np.ndarray, places: np.ndarray, but: np.ndarray | None = None) -> np.ndarray:
    """From each of places (m, d) to the nearest of codes (n, d), as `Index.distances` gives them."""
    return Index(codes).distances(places, but)


def spacing(codes: np.ndarray, quantile: float = 0.99) -> float:
    """How far a code's nearest neighbour is among codes (n, d), at that quantile of a sample of them; above 0."""
    sample = np.random.default_rng(0).permutation(len(codes))[:SAMPLE]
    return max(float(np.quantile(distances(codes, codes[sample], but=sample), quantile)), TINY)
