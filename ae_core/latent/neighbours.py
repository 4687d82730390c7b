"""Which codes, or images, lie nearest, and how far."""

from typing import Any

import numpy as np

from ae_core.data import as_float
from ae_core.errors import OptionError

PART = 1024  # codes that are looked at at a time
MANY = 64  # units of a code, from which on it pays to look along a few directions first
FEW = 24  # of these
FEW_PLACES = 64  # for more it is faster to compute all their distances
TINY = 1e-6  # between codes that are all the same
SAMPLE = 1000  # codes whose nearest neighbours say what is near, or whose directions stand for those of all


class Index:
    """Codes to find the nearest among, by Euclidean distance; what all searches need is computed once.

    Codes of many units are told apart along a few principal directions first, and by how long the rest is: by
    Cauchy-Schwarz that is never more than their distance, so that only those that it leaves need be looked at in full.

    Args:
        codes: (n, d) floats; images flattened to (n, h·w) do as well, and as uint8 stay that small.
    """

    def __init__(self, codes: np.ndarray) -> None:
        n, d = codes.shape
        self._codes = codes if codes.dtype == np.uint8 and d > MANY else _as_float(codes)
        # Differences of squares lose less near zero.
        total = sum((self[i : i + PART].sum(axis=0, dtype=np.float64) for i in range(0, n, PART)), np.zeros(d))
        self._middle = (total / max(n, 1)).astype(np.float32)
        self._axes = self._directions() if d > MANY else None
        self._short = self._codes if self._axes is None else np.empty((n, FEW + 1), np.float32)
        self._squares = np.empty(n, np.float32)
        for i in range(0, n, PART):
            rows = slice(i, i + PART)
            centred = self[rows] - self._middle
            self._squares[rows] = np.einsum("nd,nd->n", centred, centred)
            if self._axes is not None:
                self._short[rows] = self._along(centred)

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Some of the codes, float32; of uint8 images in [0, 1]."""
        return _as_float(self._codes[rows])

    def _directions(self) -> np.ndarray:
        """Orthonormal ones along which the codes differ most, (d, FEW)."""
        sample = np.random.default_rng(0).permutation(len(self._codes))[:SAMPLE]
        centred = self[sample] - self._middle
        _, columns = np.linalg.eigh(centred.T @ centred)
        return np.ascontiguousarray(columns[:, -FEW:], np.float32)

    def _along(self, centred: np.ndarray) -> np.ndarray:
        """What to tell codes apart by: themselves, or their places along the directions and the length of the rest."""
        if self._axes is None:
            return centred
        along = centred @ self._axes
        return np.column_stack([along, np.linalg.norm(centred - along @ self._axes.T, axis=1)])

    def _bounds(self, places: np.ndarray, whole: bool = False) -> np.ndarray:
        """What the squared distance of each of places (m, d) from each code is at least, (m, n), but for rounding.

        Args:
            places: Any.
            whole: Whether the distances themselves are wanted; for many places that is faster than to look twice.
        """
        centred = places - self._middle
        own = np.einsum("md,md->m", centred, centred)
        bounds = np.empty((len(places), len(self._codes)), np.float32)
        if self._axes is None or not whole:
            np.matmul(self._along(centred), self._short.T, out=bounds)
            if self._axes is None:
                bounds -= (centred @ self._middle)[:, None]  # the codes themselves are not centred
        else:
            for i in range(0, len(self._codes), PART):
                bounds[:, i : i + PART] = centred @ (self[i : i + PART] - self._middle).T
        bounds *= -2
        bounds += own[:, None]
        bounds += self._squares
        return bounds

    def _squared(self, rows: np.ndarray, place: np.ndarray) -> np.ndarray:
        """The squared distance of some codes from a place."""
        apart = self[rows] - place
        return np.einsum("nd,nd->n", apart, apart)

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
        (bounds,) = self._bounds(code[None])
        farthest = self._squared(np.argpartition(bounds, k - 1)[:k], code).max()
        # What rounding may hide: all that may be among the nearest are looked at, one by one.
        longest = np.sqrt(self._squares.max()) + np.linalg.norm(self._middle) + np.linalg.norm(code - self._middle)
        slack = 4 * len(code) * np.finfo(np.float32).eps * longest**2
        found = np.flatnonzero(bounds <= farthest + slack)
        squared = self._squared(found, code)
        order = np.lexsort((found, squared))[:k]
        return found[order], np.sqrt(squared[order])

    def distances(self, places: np.ndarray, but: np.ndarray | None = None) -> np.ndarray:
        """From each of places (m, d) to the nearest code: (m,) float64; exactly 0 at a code.

        Args:
            places: As many units.
            but: For each place the number of a code that does not count, (m,): itself, if it is one of the codes.
        """
        places = np.asarray(places, np.float32)
        found = np.zeros(len(places), np.intp)
        whole = len(places) > FEW_PLACES
        few = max(4 * PART * PART // max(len(self._codes), 1), 1)  # at once they would take hundreds of megabytes
        for i in range(0, len(places), few):
            rows = slice(i, i + few)
            bounds = self._bounds(places[rows], whole)
            if but is not None:
                bounds[np.arange(len(bounds)), but[rows]] = np.inf
            found[rows] = bounds.argmin(axis=1)
            if self._axes is not None and not whole:
                found[rows] = [self._nearer(*one) for one in zip(places[rows], bounds, found[rows], strict=True)]
        return np.linalg.norm(np.asarray(places, np.float64) - self[found], axis=1)

    def _nearer(self, place: np.ndarray, bounds: np.ndarray, first: int) -> int:
        """The number of the code that is nearest to a place, if not the first that may be."""
        (squared,) = self._squared(np.array([first]), place)
        others = np.flatnonzero(bounds < squared)
        if not len(others):
            return first
        apart = self._squared(others, place)
        best = int(apart.argmin())
        return int(others[best]) if apart[best] < squared else first


def _as_float(codes: np.ndarray) -> np.ndarray:
    return as_float(codes) if codes.dtype == np.uint8 else np.asarray(codes, np.float32)


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


def neighbour_distance(codes: np.ndarray, quantile: float = 0.99) -> float:
    """How far a code's nearest neighbour is among codes (n, d), at that quantile of a sample of them; above 0."""
    sample = np.random.default_rng(0).permutation(len(codes))[:SAMPLE]
    return max(float(np.quantile(distances(codes, codes[sample], but=sample), quantile)), TINY)
