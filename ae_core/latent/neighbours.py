"""Which codes, or images, lie nearest, and how far."""

import numpy as np

from ae_core.errors import OptionError

PART = 2048  # codes that places are compared with at a time
TINY = 1e-6  # between codes that are all the same
SAMPLE = 1000  # codes whose nearest neighbours say what is near


class Index:
    """Codes to find the nearest among, by Euclidean distance; what all searches need is computed once.

    Attributes:
        codes: (n, d) float32; images flattened to (n, h·w) do as well.
    """

    def __init__(self, codes: np.ndarray) -> None:
        self.codes = np.asarray(codes, np.float32)
        # Differences of squares lose less near zero.
        self._middle = self.codes.mean(axis=0) if len(codes) else np.zeros(self.codes.shape[1], np.float32)
        parts = (self.codes[i : i + PART] - self._middle for i in range(0, len(codes), PART))
        self._squares = np.concatenate([np.einsum("nd,nd->n", part, part) for part in parts] or [np.empty(0)])

    def nearest(self, code: np.ndarray, k: int = 8) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest to one code (d,).

        Returns:
            indices: (k,), the nearest first; of equal distances the lower number first. Fewer if n < k.
            distances: (k,) float32.

        Raises:
            OptionError: if the code is not finite or has another number of units.
        """
        code = np.asarray(code, np.float32)
        if code.shape != self.codes.shape[1:]:
            raise OptionError(f"The code must have shape {self.codes.shape[1:]}, got {code.shape}.")
        if not np.isfinite(code).all():
            raise OptionError("The code must be finite numbers.")
        k = min(k, len(self.codes))
        if not k:
            return np.empty(0, np.intp), np.empty(0, np.float32)
        from_middle = code - self._middle
        about = self._squares - 2 * (self.codes @ from_middle)  # less what is the same for all
        # What rounding may hide: all that may be among the nearest are looked at again, one by one.
        longest = np.sqrt(self._squares.max()) + np.linalg.norm(self._middle) + np.linalg.norm(from_middle)
        slack = 4 * len(code) * np.finfo(np.float32).eps * longest**2
        found = np.flatnonzero(about <= np.partition(about, k - 1)[k - 1] + slack)
        apart = self.codes[found] - code
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
        for i in range(0, len(self.codes), PART):
            part = self.codes[i : i + PART] - self._middle
            squared = self._squares[i : i + PART] - 2 * centred @ part.T  # less the place's own, the same for all
            if but is not None:
                rows = np.flatnonzero((but >= i) & (but < i + PART))
                squared[rows, but[rows] - i] = np.inf
            best = squared.argmin(axis=1)
            values = np.take_along_axis(squared, best[:, None], axis=1)[:, 0]
            found = np.where(values < least, best + i, found)
            least = np.minimum(values, least)
        return np.linalg.norm(np.asarray(places, np.float64) - self.codes[found], axis=1)


def nearest(codes: np.ndarray, code: np.ndarray, k: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of codes (n, d) to one code (d,), as `Index.nearest` gives them."""
    return Index(codes).nearest(code, k)


def nearest_others(codes: np.ndarray | Index, number: int, k: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """As `nearest`, to one of the codes, which is not among its own neighbours."""
    index = codes if isinstance(codes, Index) else Index(codes)
    found, far = index.nearest(index.codes[number], k + 1)
    others = found != number
    return found[others][:k], far[others][:k]


def distances(codes: np.ndarray, places: np.ndarray, but: np.ndarray | None = None) -> np.ndarray:
    """From each of places (m, d) to the nearest of codes (n, d), as `Index.distances` gives them."""
    return Index(codes).distances(places, but)


def spacing(codes: np.ndarray, quantile: float = 0.99) -> float:
    """How far a code's nearest neighbour is among codes (n, d), at that quantile of a sample of them; above 0."""
    sample = np.random.default_rng(0).permutation(len(codes))[:SAMPLE]
    return max(float(np.quantile(distances(codes, codes[sample], but=sample), quantile)), TINY)
