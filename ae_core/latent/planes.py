"""Planes through a latent space, and grids on them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Plane:
    """A plane through a latent space of d dims.

    Attributes:
        origin: Code at (0, 0), float32 of shape (d,).
        axes: Two orthonormal directions, float32 of shape (2, d); of a 1-D space the second is zero.
        share: The share of the codes' variance that lies in the plane, in [0, 1].
        labels: Names of the axes.
    """

    origin: np.ndarray
    axes: np.ndarray
    share: float
    labels: tuple[str, str]

    def codes(self, points: np.ndarray) -> np.ndarray:
        """Codes of points on the plane: (n, 2) → (n, d) float32."""
        return (self.origin + np.asarray(points, np.float32) @ self.axes).astype(np.float32)

    def points(self, codes: np.ndarray) -> np.ndarray:
        """The nearest point on the plane to each code: (n, d) → (n, 2) float32."""
        return ((codes - self.origin) @ self.axes.T).astype(np.float32)


def principal_directions(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Principal component analysis of codes (n, d), by the covariance's eigenvectors.

    Returns:
        directions: (d, d) float32, one a row, by falling variance; the sign makes the largest entry positive.
        variances: (d,) float64.
    """
    covariance = np.atleast_2d(np.cov(codes, rowvar=False, dtype=np.float64))
    variances, columns = np.linalg.eigh(covariance)
    directions = columns.T[::-1]
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    return (directions * np.sign(largest)).astype(np.float32), np.clip(variances[::-1], 0, None)


def main_plane(codes: np.ndarray) -> Plane:
    """The plane to look at first: a 2-D space as it is, a larger one along its two leading directions."""
    d = codes.shape[1]
    if d <= 2:
        axes = np.eye(2, d, dtype=np.float32)
        return Plane(np.zeros(d, np.float32), axes, 1.0, ("z₁", "z₂" if d == 2 else ""))
    directions, variances = principal_directions(codes)
    total = variances.sum()
    share = float(variances[:2].sum() / total) if total > 0 else 1.0
    return Plane(codes.mean(axis=0), directions[:2], share, ("1st principal direction", "2nd principal direction"))


def prior_quantiles(n: int, reach: float) -> np.ndarray:
    """n places on one axis that split a standard normal evenly, from −reach to reach; float32, rising.

    Neighbours hold equal shares of the prior between them, so that a grid shows the prior as it is.
    """
    from scipy.special import ndtr, ndtri

    return ndtri(np.linspace(ndtr(-reach), ndtr(reach), n)).astype(np.float32)


def grid(across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """The points of a grid in reading order, top row first: (len(up) · len(across), 2) float32."""
    a, b = np.meshgrid(across, up[::-1])
    return np.stack([a.ravel(), b.ravel()], axis=1).astype(np.float32)


def extent(points: np.ndarray, margin: float = 0.05) -> tuple[float, float, float, float]:
    """(left, right, bottom, top) of a square-free box around all but the outermost 0.5 % of points on each side."""
    low, high = np.quantile(points, [0.005, 0.995], axis=0)
    pad = np.maximum((high - low) * margin, 1e-3)
    (left, bottom), (right, top) = (low - pad).tolist(), (high + pad).tolist()
    return left, right, bottom, top
