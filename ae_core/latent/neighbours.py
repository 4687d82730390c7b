"""Nearest neighbours among codes, or among images."""

from typing import Any

import numpy as np

from ae_core.data import as_float
from ae_core.errors import OptionError

PART = 1024  # codes processed at a time
MANY = 64  # units above which lower bounds along a few directions pay off
FEW = 24  # such directions
FEW_PLACES = 64  # queries above which computing all distances is faster
TINY = 1e-6  # distance between codes that are all the same
SAMPLE = 1000  # codes that stand for all in estimates


class Index:
    """Index for exact nearest-neighbour search by Euclidean distance.

    For codes of many units, the distance along a few principal directions and the difference in length of the remainder
    give a lower bound (Cauchy-Schwarz); full distances are computed only where the bound allows a neighbour.

    Args:
        codes: (n, d) floats, or examples flattened to (n, size), which may stay uint8.
    """

    def __init__(self, codes: np.ndarray) -> None:
        n, d = codes.shape
        self._codes = codes if codes.dtype == np.uint8 and d > MANY else _as_float(codes)
        # Differences of squares lose less near zero.
        total = sum((self[i : i + PART].sum(axis=0, dtype=np.float64) for i in range(0, n, PART)), np.zeros(d))
        self._middle = (total / max(n, 1)).astype(np.float32)
        self._axes = self._directions() if d > MANY else None
        self._short = self._codes if self._axes is None else np.empty((n, self._axes.shape[1] + 1), np.float32)
        self._squares = np.empty(n, np.float32)
        for i in range(0, n, PART):
            rows = slice(i, i + PART)
            centred = self[rows] - self._middle
            self._squares[rows] = np.einsum("nd,nd->n", centred, centred)
            if self._axes is not None:
                self._short[rows] = self._along(centred)

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Returns codes as float32; uint8 images in [0, 1]."""
        return _as_float(self._codes[rows])

    @property
    def nbytes(self) -> int:
        """Bytes that it takes, the codes among them."""
        return self._codes.nbytes + self._squares.nbytes + (0 if self._axes is None else self._short.nbytes)

    def _directions(self) -> np.ndarray:
        """Principal directions of the codes, (d, FEW)."""
        sample = np.random.default_rng(0).permutation(len(self._codes))[:SAMPLE]
        centred = self[sample] - self._middle
        if len(centred) >= centred.shape[1]:
            _, columns = np.linalg.eigh(centred.T @ centred)
            return np.ascontiguousarray(columns[:, -FEW:], np.float32)
        # Of many pixels the same directions follow from the smaller matrix of products between examples.
        _, rows = np.linalg.eigh(centred @ centred.T)
        columns = centred.T @ rows[:, -FEW:]
        return np.ascontiguousarray(np.linalg.qr(columns)[0], np.float32)

    def _along(self, centred: np.ndarray) -> np.ndarray:
        """Coordinates for the bound: along the directions and the remainder's length, or all of a small code."""
        if self._axes is None:
            return centred
        along = centred @ self._axes
        return np.column_stack([along, np.linalg.norm(centred - along @ self._axes.T, axis=1)])

    def _bounds(self, places: np.ndarray, whole: bool = False) -> np.ndarray:
        """Lower bounds, up to rounding, of the squared distances between places (m, d) and codes, (m, n).

        Args:
            places: (m, d).
            whole: Whether to compute the distances themselves, which is faster for many places.
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
        """Squared distances of some codes from a place."""
        apart = self[rows] - place
        return np.einsum("nd,nd->n", apart, apart)

    def nearest(self, code: np.ndarray, k: int = 8) -> tuple[np.ndarray, np.ndarray]:
        """Finds the k nearest neighbours of one code (d,).

        Returns:
            indices: (k,), by distance, then by index. Fewer if n < k.
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
        # Bounds are subject to rounding: all candidates within the slack are compared exactly.
        longest = np.sqrt(self._squares.max()) + np.linalg.norm(self._middle) + np.linalg.norm(code - self._middle)
        slack = 4 * len(code) * np.finfo(np.float32).eps * longest**2
        found = np.flatnonzero(~(bounds > farthest + slack))  # NaN, of squares beyond float32, rules none out
        squared = self._squared(found, code)
        order = np.lexsort((found, squared))[:k]
        return found[order], np.sqrt(squared[order])

    def distances(self, places: np.ndarray, but: np.ndarray | None = None) -> np.ndarray:
        """Distances from places to their nearest codes, (m,) float64; exactly 0 at a code.

        Args:
            places: (m, d).
            but: For each place the index of a code to ignore, (m,): the place itself if it is one of the codes.
        """
        places = np.asarray(places, np.float32)
        found = np.zeros(len(places), np.intp)
        whole = len(places) > FEW_PLACES
        few = max(4 * PART * PART // max(len(self._codes), 1), 1)  # all at once would take hundreds of megabytes
        for i in range(0, len(places), few):
            rows = slice(i, i + few)
            bounds = self._bounds(places[rows], whole)
            if but is not None:
                bounds[np.arange(len(bounds)), but[rows]] = np.inf
            found[rows] = bounds.argmin(axis=1)
            if self._axes is not None and not whole:
                found[rows] = [self._nearer(*one) for one in zip(places[rows], bounds, found[rows], strict=True)]
        return np.linalg.norm(np.asarray(places, np.float64) - self[found], axis=1)

    def mean_distances(self, places: np.ndarray, k: int) -> np.ndarray:
        """Mean distance from places (m, d) to their k nearest codes, or to all if there are fewer, (m,) float64."""
        places = np.asarray(places, np.float32)
        k, means = min(k, len(self._codes)), np.empty(len(places))
        few = max(4 * PART * PART // max(len(self._codes), 1), 1)  # as in `distances`
        for i in range(0, len(places), few):
            some = places[i : i + few]
            near = np.argpartition(self._bounds(some, whole=True), k - 1, axis=1)[:, :k]
            # Exactly, one neighbour of all places at a time: differences of squares are lost near zero.
            away = [np.linalg.norm(np.asarray(some, np.float64) - self[column], axis=1) for column in near.T]
            means[i : i + few] = np.mean(away, axis=0)
        return means

    def _nearer(self, place: np.ndarray, bounds: np.ndarray, first: int) -> int:
        """Index of the code nearest to a place, given a first candidate."""
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
    """Finds the k nearest of codes (n, d) to one code (d,), see `Index.nearest`."""
    return Index(codes).nearest(code, k)


def of_unit_length(codes: np.ndarray) -> np.ndarray:
    """Codes (n, d) with length 1, so that the nearest are those at the smallest angle; those of length 0 stay there."""
    lengths = np.linalg.norm(codes, axis=1, keepdims=True)
    return np.divide(codes, lengths, out=np.zeros_like(codes), where=lengths > 0)


def nearest_others(codes: np.ndarray | Index, number: int, k: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """As `nearest`, to one of the codes, which is not among its own neighbours."""
    index = codes if isinstance(codes, Index) else Index(codes)
    found, far = index.nearest(index[number], k + 1)
    others = found != number
    return found[others][:k], far[others][:k]


def distances(codes: np.ndarray, places: np.ndarray, but: np.ndarray | None = None) -> np.ndarray:
    """Distances from places (m, d) to the nearest of codes (n, d), see `Index.distances`."""
    return Index(codes).distances(places, but)


def neighbour_distance(codes: np.ndarray, quantile: float = 0.99) -> float:
    """Quantile of the distance between a code and its nearest neighbour among codes (n, d), from a sample; above 0."""
    sample = np.random.default_rng(0).permutation(len(codes))[:SAMPLE]
    return max(float(np.quantile(distances(codes, codes[sample], but=sample), quantile)), TINY)
