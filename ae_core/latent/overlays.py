"""Overlays that tell how far a latent map can be trusted: density of codes, round trip, stretch."""

import numpy as np

from ae_core.errors import OptionError
from ae_core.inference import LoadedRun
from ae_core.latent.densities import impossible
from ae_core.latent.neighbours import distances
from ae_core.latent.planes import Plane, extent

PART = 512  # places compared with all codes at a time
OVERLAYS = {
    "Density": "Strong blue: many test images have their codes here.",
    "Round trip": "Strong blue: if you decode this place and encode the image, its code lies far away. The model "
    "itself would put the image elsewhere.",
    "Stretch": "Strong blue: a small step changes the image a lot, as on a border between kinds of images (√det(JᵀJ)).",
}
GAPS = 2  # radius of a code's neighbourhood in neighbour distances


def overlay(
    name: str, run: LoadedRun, plane: Plane, places: np.ndarray, codes: np.ndarray, neighbour_distance: float
) -> np.ndarray:
    """Computes an overlay at places of a plane, shape (n,).

    Args:
        name: A key of OVERLAYS.
        run: Loaded run.
        plane: Plane through the run's latent space.
        places: (n, 2).
        codes: Codes of the test images, (m, d).
        neighbour_distance: Result of `neighbour_distance` for the codes.

    Raises:
        OptionError: if there is no overlay of that name.
    """
    if name == "Density":
        return kernel_density(plane, places, codes, GAPS * neighbour_distance)
    if name == "Round trip":
        return round_trip(run, plane.codes(places))
    if name == "Stretch":
        left, right, bottom, top = extent(plane.points(codes))
        return stretch(run, plane, places, step=5e-4 * max(right - left, top - bottom))
    raise OptionError(f"Unknown overlay {name!r}: must be one of {', '.join(OVERLAYS)}.")


def ground(
    run: LoadedRun, plane: Plane, places: np.ndarray, codes: np.ndarray, neighbour_distance: float
) -> np.ndarray:
    """Classifies places (n, 2): 0 near test codes, 1 far from all, 2 impossible as a code; (n,).

    The arguments are those of `overlay`.
    """
    unseen = distances(codes, plane.codes(places)) > GAPS * neighbour_distance
    return np.where(impossible(run, plane.codes(places)), 2, unseen.astype(int))


def kernel_density(plane: Plane, points: np.ndarray, codes: np.ndarray, width: float) -> np.ndarray:
    """Kernel density of codes (m, d) at places (n, 2) of a plane: mean of exp(−‖z − zᵢ‖² / 2 width²), (n,).

    Distances are those in the full space: a code off the plane counts less. 1 if all codes lie at the place.
    """
    q, away = plane.points(codes), plane.offsets(codes) ** 2
    points = np.asarray(points, np.float32)
    out = np.empty(len(points), np.float32)
    for i in range(0, len(points), PART):
        part = points[i : i + PART]
        squared = ((part[:, None, 0] - q[None, :, 0]) ** 2 + (part[:, None, 1] - q[None, :, 1]) ** 2) + away
        out[i : i + PART] = np.exp(squared / np.float32(-2 * width**2)).mean(axis=1)
    return out


def round_trip(run: LoadedRun, codes: np.ndarray) -> np.ndarray:
    """‖encode(decode(z)) − z‖ of codes (n, d), shape (n,)."""
    return np.linalg.norm(run.encode(np.clip(run.decode(codes), 0, 1)) - codes, axis=1)


def stretch(run: LoadedRun, plane: Plane, points: np.ndarray, step: float) -> np.ndarray:
    """Area factor of the decoder at places (n, 2) of a plane, √det(JᵀJ), shape (n,).

    J = ∂decode/∂(x, y) by central differences of that step; in a 1-D space the result is ‖J‖. The unit is squared grey
    range a squared unit of code.

    Reference: Arvanitidis et al. 2018, Latent space oddity, equation 3 (the metric) and section 2 (its volume).
    """
    sides = []
    for axis in np.eye(2, dtype=np.float32):
        ahead, behind = (run.decode(plane.codes(points + sign * step * axis)) for sign in (1, -1))
        sides.append(((ahead - behind) / (2 * step)).reshape(len(points), -1))
    a, b, c = (np.einsum("np,np->n", sides[i], sides[j], dtype=np.float64) for i, j in ((0, 0), (1, 1), (0, 1)))
    if not plane.axes[1].any():
        return np.sqrt(a)
    return np.sqrt(np.maximum(a * b - c**2, 0))


def plane_covariances(plane: Plane, z_log_var: np.ndarray) -> np.ndarray:
    """Covariances on a plane of posteriors with diagonal log-variances (n, d): (n, 3) float32, of xx, xy and yy."""
    variance = np.exp(z_log_var)
    x, y = plane.axes
    return np.stack([variance @ (x * x), variance @ (x * y), variance @ (y * y)], axis=1).astype(np.float32)
