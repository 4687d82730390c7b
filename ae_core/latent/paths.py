"""Paths through a latent space."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from ae_core.errors import OptionError

PARALLEL = 1e-6  # the sine below which two directions count as one, or as opposite


def straight(start: np.ndarray, end: np.ndarray, frames: int) -> np.ndarray:
    """Interpolates linearly between two codes.

    Args:
        start: (d,).
        end: (d,).
        frames: Number of codes, at least 2, both ends included.

    Returns:
        (frames, d) float32; the first and last are exactly the two codes.

    Raises:
        OptionError: if the codes are equal, not finite or of different sizes, or if there are fewer than 2 frames.
    """
    a, b = _two_places(start, end, frames)
    t = np.linspace(0, 1, frames)[:, None]
    return _exact((1 - t) * a + t * b, start, end)


def spherical(start: np.ndarray, end: np.ndarray, frames: int) -> np.ndarray:
    """Interpolates spherically between two codes: angle and norm change linearly.

    Codes of many units lie near a sphere, and the middle of a straight line lies deep inside it. Without a unique arc
    the path is straight: for parallel or opposite codes, and if one of them is zero.

    Arguments, result and errors are those of `straight`.

    Reference: White 2016, Sampling generative networks, section 2.1 (slerp); here the norm is interpolated too.
    """
    a, b = _two_places(start, end, frames)
    norms = np.linalg.norm(a), np.linalg.norm(b)
    if not all(norms):
        return straight(start, end, frames)
    p, q = a / norms[0], b / norms[1]
    angle = 2 * np.arctan2(np.linalg.norm(p - q), np.linalg.norm(p + q))  # exact for small angles, unlike arccos
    if np.sin(angle) < PARALLEL:
        return straight(start, end, frames)
    t = np.linspace(0, 1, frames)[:, None]
    directions = (np.sin((1 - t) * angle) * p + np.sin(t * angle) * q) / np.sin(angle)
    return _exact(((1 - t) * norms[0] + t * norms[1]) * directions, start, end)


# Ways between two codes, by their names in links and options.
WAYS: dict[str, Callable[[np.ndarray, np.ndarray, int], np.ndarray]] = {"straight": straight, "spherical": spherical}


def stops(codes: Sequence[np.ndarray] | np.ndarray, frames: int, way: str = "straight", even: bool = True) -> list[int]:
    """Finds the frames of a path through several codes at which it meets the codes.

    Args:
        codes: At least 2 of shape (d,).
        frames: Number of frames, at least as many as codes.
        way: A name from `WAYS`.
        even: Whether all legs get equally many steps, instead of steps in proportion to their lengths.

    Returns:
        Index of a frame for each code, increasing from 0 to frames − 1.

    Raises:
        OptionError: as `through`.
    """
    walk = _way(way)
    legs = len(codes) - 1
    if legs < 1:
        raise OptionError(f"A path needs at least 2 places, got {len(codes)}.")
    if frames <= legs:
        raise OptionError(f"A path through {legs + 1} places needs at least {legs + 1} frames, got {frames}.")
    lengths = np.ones(legs) if even else np.array([length(walk(a, b, 65)) for a, b in pairwise(codes)])
    # One step for each leg, then one more at a time for the leg with the longest steps.
    steps = np.ones(legs, int)
    for _ in range(frames - 1 - legs):
        steps[np.argmax(lengths / steps)] += 1
    return [0, *np.cumsum(steps).tolist()]


def through(
    codes: Sequence[np.ndarray] | np.ndarray, frames: int, way: str = "straight", even: bool = True
) -> np.ndarray:
    """Interpolates through several codes, each of which is one of the frames.

    Args:
        codes: At least 2 of shape (d,), each different from the next.
        frames: Number of frames, at least as many as codes.
        way: A name from `WAYS`.
        even: Whether all legs get equally many steps, up to a remainder, instead of steps of about equal length.

    Returns:
        (frames, d) float32.

    Raises:
        OptionError: as `straight`, and if there are fewer than 2 codes, fewer frames than codes, or no such way.
    """
    at = stops(codes, frames, way, even)
    legs = [
        WAYS[way](a, b, last - first + 1) for (a, b), (first, last) in zip(pairwise(codes), pairwise(at), strict=True)
    ]
    return np.concatenate([legs[0], *(leg[1:] for leg in legs[1:])])


def along(code: np.ndarray, direction: int | np.ndarray, low: float, high: float, frames: int) -> np.ndarray:
    """Moves a code along one unit or one direction; its orthogonal part stays.

    Args:
        code: (d,).
        direction: Index of a unit, or a nonzero direction (d,).
        low: Coordinate at the start: the unit's value, or the code's product with the normalised direction.
        high: Coordinate at the end; may be lower.
        frames: Number of frames, at least 2.

    Returns:
        (frames, d) float32.

    Raises:
        OptionError: if the direction has length zero or another size, there is no such unit, both places are the same,
            anything is not finite, or there are fewer than 2 frames.
    """
    z = _code(code)
    u = np.zeros(len(z))
    if isinstance(direction, int | np.integer):
        if not 0 <= direction < len(z):
            raise OptionError(f"The unit must be from 0 to {len(z) - 1}, got {direction}.")
        u[direction] = 1
    else:
        u = _code(direction)
        norm = np.linalg.norm(u)
        if u.shape != z.shape:
            raise OptionError(f"The direction must have {len(z)} units as the code has, got {len(u)}.")
        if norm == 0:
            raise OptionError("A direction needs a length: this one is zero everywhere.")
        u = u / norm
    if not np.isfinite([low, high]).all():
        raise OptionError("Both ends of a path must be finite numbers.")
    across = z - (z @ u) * u
    ends = across + low * u, across + high * u
    return straight(ends[0].astype(np.float32), ends[1].astype(np.float32), frames)


def length(path: np.ndarray) -> float:
    """Length of a path (n, d)."""
    return float(np.linalg.norm(np.diff(np.asarray(path, np.float64), axis=0), axis=1).sum())


def jumps(images: np.ndarray) -> np.ndarray:
    """Root mean square change of the example at each step: (n, *shape) → (n − 1,)."""
    changes = np.diff(np.asarray(images, np.float64), axis=0).reshape(len(images) - 1, -1)
    return np.asarray(np.sqrt(np.mean(changes**2, axis=1)))


def _way(name: str) -> Callable[[np.ndarray, np.ndarray, int], np.ndarray]:
    if name not in WAYS:
        raise OptionError(f"A path is {' or '.join(WAYS)}, got {name!r}.")
    return WAYS[name]


def _code(code: np.ndarray) -> np.ndarray:
    code = np.asarray(code, np.float64)
    if code.ndim != 1 or not len(code):
        raise OptionError(f"A place must be one code of shape (d,), got {code.shape}.")
    if not np.isfinite(code).all():
        raise OptionError("A code must be finite numbers.")
    return code


def _two_places(start: np.ndarray, end: np.ndarray, frames: int) -> tuple[np.ndarray, np.ndarray]:
    a, b = _code(start), _code(end)
    if a.shape != b.shape:
        raise OptionError(f"Two codes on one path must have the same units, got {len(a)} and {len(b)}.")
    if frames < 2:
        raise OptionError(f"A path needs at least 2 frames, got {frames}.")
    if (a == b).all():
        raise OptionError("A path needs two different places: these two are the same.")
    return a, b


def _exact(path: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    path = path.astype(np.float32)
    path[0], path[-1] = start, end
    return path
