"""Planes through a latent space, and grids on them."""

from dataclasses import dataclass

import numpy as np

from ae_core.errors import OptionError

MARGIN = 0.05  # of an extent's size, added on each side
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class Plane:
    """A plane through a latent space of d dims.

    Attributes:
        origin: Code at (0, 0), float32 of shape (d,).
        axes: Two orthonormal directions, float32 of shape (2, d); in a 1-D space the second is zero.
        share: Share of the codes' variance within the plane, in [0, 1].
        labels: Names of the axes.
    """

    origin: np.ndarray
    axes: np.ndarray
    share: float
    labels: tuple[str, str]

    def codes(self, points: np.ndarray) -> np.ndarray:
        """Maps points on the plane to codes: (n, 2) → (n, d) float32."""
        return (self.origin + np.asarray(points, np.float32) @ self.axes).astype(np.float32)

    def points(self, codes: np.ndarray) -> np.ndarray:
        """Projects codes onto the plane: (n, d) → (n, 2) float32."""
        return ((codes - self.origin) @ self.axes.T).astype(np.float32)

    def offsets(self, codes: np.ndarray) -> np.ndarray:
        """Distances of codes from the plane: (n, d) → (n,) float32."""
        away = np.asarray(codes, np.float32) - self.origin
        return np.linalg.norm(away - (away @ self.axes.T) @ self.axes, axis=1).astype(np.float32)


def principal_directions(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Principal component analysis of codes (n, d), by the covariance's eigenvectors.

    Returns:
        directions: (d, d) float32, one a row, by decreasing variance; the largest entry of each is positive.
        variances: (d,) float64.
    """
    covariance = np.atleast_2d(np.cov(codes, rowvar=False, dtype=np.float64))
    variances, columns = np.linalg.eigh(covariance)
    directions = columns.T[::-1]
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    return (directions * np.sign(largest)).astype(np.float32), np.clip(variances[::-1], 0, None)


def main_plane(codes: np.ndarray) -> Plane:
    """Default plane: a space of up to two dims itself, otherwise its two leading principal directions."""
    return whole_plane(codes) if codes.shape[1] <= 2 else principal_plane(codes)


def whole_plane(codes: np.ndarray) -> Plane:
    """The space of codes (n, 1) or (n, 2) itself.

    Raises:
        OptionError: if the codes have more units.
    """
    d = codes.shape[1]
    if d > 2:
        raise OptionError(f"A code of {d} units is not a plane: choose two directions through it.")
    return Plane(np.zeros(d, np.float32), np.eye(2, d, dtype=np.float32), 1.0, ("z₁", "z₂" if d == 2 else ""))


def principal_plane(codes: np.ndarray, which: tuple[int, int] = (1, 2), through: np.ndarray | None = None) -> Plane:
    """The plane along two principal directions of codes (n, d).

    Args:
        codes: At least two.
        which: Numbers of the directions, from 1, by decreasing variance.
        through: Code (d,) on the plane; by default the mean. The coordinates are relative to the mean.

    Raises:
        OptionError: if the numbers are equal or there is no such direction.
    """
    rows = _pair(which, codes.shape[1], "principal direction")
    axes = principal_directions(codes)[0][rows]
    mean = codes.mean(axis=0)
    away = np.zeros_like(mean) if through is None else through - mean
    names = (f"principal direction {which[0]}", f"principal direction {which[1]}")
    return _plane(mean + away - (away @ axes.T) @ axes, axes, codes, names)


def unit_plane(codes: np.ndarray, which: tuple[int, int], through: np.ndarray) -> Plane:
    """The plane along two units of codes (n, d), through a code (d,); coordinates are the units' values.

    Raises:
        OptionError: if the numbers (from 1) are equal or there is no such unit.
    """
    rows = _pair(which, codes.shape[1], "unit")
    axes = np.eye(codes.shape[1], dtype=np.float32)[rows]
    origin = np.array(through, np.float32)
    origin[rows] = 0
    first, second = (f"z{n}".translate(SUBSCRIPTS) for n in which)
    return _plane(origin, axes, codes, (first, second))


def triangle_plane(codes: np.ndarray, corners: np.ndarray) -> Plane:
    """The plane through three codes (3, d): the first lies at (0, 0), the second to its right.

    Raises:
        OptionError: if the three lie on one line, or two of them at one place.
    """
    first, second, third = np.asarray(corners, np.float64)
    sides = [float(np.linalg.norm(a - b)) for a, b in ((first, second), (first, third), (second, third))]
    if min(sides) <= 1e-6 * max(max(sides), 1e-6):
        raise OptionError("Two of the three images have the same code: choose three different ones.")
    right = (second - first) / sides[0]
    up = third - first - ((third - first) @ right) * right
    height = np.linalg.norm(up)
    if height <= 1e-6 * max(sides):
        raise OptionError("The three codes lie on one line, which many planes go through: choose another third image.")
    return _plane(first, np.stack([right, up / height]), codes, ("from the first to the second", "to the third"))


def _pair(which: tuple[int, int], d: int, what: str) -> list[int]:
    if which[0] == which[1]:
        raise OptionError(f"A plane needs two different {what}s, got {which[0]} twice.")
    if not all(1 <= n <= d for n in which):
        raise OptionError(f"There is no such {what}: got {which[0]} and {which[1]}, expected 1 to {d}.")
    return [n - 1 for n in which]


def _plane(origin: np.ndarray, axes: np.ndarray, codes: np.ndarray, labels: tuple[str, str]) -> Plane:
    total = codes.var(axis=0, dtype=np.float64).sum()
    held = ((codes - codes.mean(axis=0)) @ axes.T).var(axis=0, dtype=np.float64).sum()
    share = min(float(held / total), 1.0) if total > 0 else 1.0
    return Plane(origin.astype(np.float32), axes.astype(np.float32), share, labels)


def prior_quantiles(n: int, reach: float) -> np.ndarray:
    """n increasing quantiles of a standard normal from −reach to reach, equally spaced in probability; float32."""
    from scipy.special import ndtr, ndtri

    return ndtri(np.linspace(ndtr(-reach), ndtr(reach), n)).astype(np.float32)


def grid(across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """The points of a grid in reading order, top row first: (len(up) · len(across), 2) float32."""
    a, b = np.meshgrid(across, up[::-1])
    return np.stack([a.ravel(), b.ravel()], axis=1).astype(np.float32)


def extent(points: np.ndarray, outside: float = 0.005) -> tuple[float, float, float, float]:
    """(left, right, bottom, top) of a box around points (n, 2), with some room.

    Args:
        points: At least one.
        outside: The share of them that may lie beyond the box on each side, but for its room.
    """
    low, high = np.quantile(points, [outside, 1 - outside], axis=0)
    pad = np.maximum((high - low) * MARGIN, 1e-3)
    (left, bottom), (right, top) = (low - pad).tolist(), (high + pad).tolist()
    return left, right, bottom, top
