"""What each unit of a code does to the picture: moved through its range, or switched off."""

from collections.abc import Iterable

import numpy as np

from ae_core.errors import OptionError
from ae_core.inference import LoadedRun
from ae_core.latent.densities import RANGES

PERCENTILES = (1.0, 99.0)
PART = 128  # units whose pictures are decoded at a time


def unit_ranges(codes: np.ndarray) -> np.ndarray:
    """Where each unit lies for most of the images: the 1st and 99th percentile of codes (n, d), (d, 2) float32."""
    return np.percentile(codes, PERCENTILES, axis=0).T.astype(np.float32)


def changes(run: LoadedRun, code: np.ndarray, ranges: np.ndarray) -> np.ndarray:
    """How much each unit changes the picture of a code while all others stay as they are.

    Args:
        run: Whose decoder draws the pictures.
        code: (d,).
        ranges: From `unit_ranges`.

    Returns:
        The root mean square difference of the two pictures at the ends of each unit's range, (d,), in [0, 1];
        exactly 0 for a unit whose range has no length.

    Raises:
        OptionError: if the code has another number of units or is not finite.
    """
    code = _checked(run, code)
    moving = np.flatnonzero(ranges[:, 0] != ranges[:, 1])
    result = np.zeros(run.latent_dim, np.float32)
    for part in _parts(moving):
        low, high = (run.decode(_with(code, part, ranges[part, end])) for end in (0, 1))
        result[part] = np.sqrt(np.mean((high - low) ** 2, axis=(1, 2)))
    return result


def shares(run: LoadedRun, code: np.ndarray, off: np.ndarray) -> np.ndarray:
    """How much the picture of a code (d,) changes when one unit is switched off, for each unit alone.

    `off` is from `off_values`; the rest as in `changes`. Exactly 0 for a unit that is off already.
    """
    code = _checked(run, code)
    whole = run.decode(code[None])
    result = np.zeros(run.latent_dim, np.float32)
    for part in _parts(np.flatnonzero(code != off)):
        without = run.decode(_with(code, part, off[part]))
        result[part] = np.sqrt(np.mean((without - whole) ** 2, axis=(1, 2)))
    return result


def traverse_units(run: LoadedRun, code: np.ndarray, units: Iterable[int], values: np.ndarray) -> np.ndarray:
    """Pictures of a code, a row for each of some units: that unit at each of its values, the others as they are.

    Args:
        run: Whose decoder draws the pictures.
        code: (d,).
        units: k numbers, from 0.
        values: (k, n).

    Returns:
        (k, n, h, w) float32 in [0, 1].

    Raises:
        OptionError: if there is no such unit, or the code or a value is not fit to be decoded.
    """
    code = _checked(run, code)
    numbers = _units(run, units)
    k, n = values.shape
    codes = _with(code, numbers.repeat(n), np.ravel(values))
    return run.decode(codes).reshape(k, n, *run.image_shape)


def off_values(run: LoadedRun, codes: np.ndarray) -> np.ndarray:
    """What each unit is when it says nothing, (d,) float32.

    Zero for relu and sigmoid, whose lowest value it is; the mean over codes (n, d) of images for a linear or
    tanh unit, for which zero is a value like any other.
    """
    if RANGES[run.spec.network.code_activation][0] == 0:
        return np.zeros(run.latent_dim, np.float32)
    return codes.mean(axis=0, dtype=np.float64).astype(np.float32)


def switch_off(run: LoadedRun, code: np.ndarray, units: Iterable[int], off: np.ndarray) -> np.ndarray:
    """A code (d,) with some of its units at their values of `off_values`: (d,) float32.

    Raises:
        OptionError: if there is no such unit, or the code is not one of this run's.
    """
    code = _checked(run, code).copy()
    numbers = _units(run, units)
    code[numbers] = off[numbers]
    return code


def _parts(units: np.ndarray) -> list[np.ndarray]:
    """The units a part at a time: pictures of 1,024 of them at once would take megabytes."""
    return np.array_split(units, -(-len(units) // PART)) if len(units) else []


def _with(code: np.ndarray, units: np.ndarray, values: np.ndarray) -> np.ndarray:
    """One copy of a code for each unit, with that unit at its value: (n, d)."""
    codes = np.tile(code, (len(units), 1))
    codes[np.arange(len(units)), units] = values
    return codes


def _checked(run: LoadedRun, code: np.ndarray) -> np.ndarray:
    code = np.asarray(code, np.float32)
    if code.shape != (run.latent_dim,):
        raise OptionError(f"The code must have {run.latent_dim} units, got an array of shape {code.shape}.")
    if not np.isfinite(code).all():
        raise OptionError("The code must be finite numbers.")
    return code


def _units(run: LoadedRun, units: Iterable[int]) -> np.ndarray:
    numbers = np.array(list(units), int)
    wrong = numbers[(numbers < 0) | (numbers >= run.latent_dim)]
    if len(wrong):
        raise OptionError(f"Units are numbered from 0 to {run.latent_dim - 1}, got {wrong[0]}.")
    return numbers
