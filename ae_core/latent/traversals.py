"""Effects of single units on the image: traversed through their ranges, or switched off."""

from collections.abc import Iterable

import numpy as np

from ae_core.errors import OptionError
from ae_core.inference import LoadedRun
from ae_core.latent.densities import RANGES

PERCENTILES = (1.0, 99.0)
PART = 128  # units decoded at a time


def unit_ranges(codes: np.ndarray) -> np.ndarray:
    """1st and 99th percentile of each unit over codes (n, d), (d, 2) float32."""
    return np.percentile(codes, PERCENTILES, axis=0).T.astype(np.float32)


def changes(run: LoadedRun, code: np.ndarray, ranges: np.ndarray) -> np.ndarray:
    """Measures how much each unit alone changes the image of a code over its range.

    Args:
        run: Loaded run.
        code: (d,).
        ranges: From `unit_ranges`.

    Returns:
        Root mean square difference of the images at both ends of each unit's range, (d,), in [0, 1]; exactly 0 for a
        unit with an empty range.

    Raises:
        OptionError: if the code has another number of units or is not finite.
    """
    code = _checked(run, code)
    moving = np.flatnonzero(ranges[:, 0] != ranges[:, 1])
    result = np.zeros(run.latent_dim, np.float32)
    for part in _parts(moving):
        low, high = (run.decode(_with(code, part, ranges[part, end])) for end in (0, 1))
        result[part] = _root_mean_square(high - low)
    return result


def shares(run: LoadedRun, code: np.ndarray, off: np.ndarray) -> np.ndarray:
    """Measures how much the image of a code (d,) changes when each unit alone is switched off.

    `off` is from `off_values`; the rest is as in `changes`. Exactly 0 for a unit that is off already.
    """
    code = _checked(run, code)
    whole = run.decode(code[None])
    result = np.zeros(run.latent_dim, np.float32)
    for part in _parts(np.flatnonzero(code != off)):
        without = run.decode(_with(code, part, off[part]))
        result[part] = _root_mean_square(without - whole)
    return result


def traverse_units(run: LoadedRun, code: np.ndarray, units: Iterable[int], values: np.ndarray) -> np.ndarray:
    """Decodes a code with each of some units set to several values.

    Args:
        run: Loaded run.
        code: (d,).
        units: k indices.
        values: Values of each unit, (k, n).

    Returns:
        (k, n, *shape) float32.

    Raises:
        OptionError: if there is no such unit, or the code or a value is not fit to be decoded.
    """
    code = _checked(run, code)
    numbers = _units(run, units)
    k, n = values.shape
    codes = _with(code, numbers.repeat(n), np.ravel(values))
    return run.decode(codes).reshape(k, n, *run.form.shape)


def off_values(run: LoadedRun, codes: np.ndarray) -> np.ndarray:
    """Values of the units when switched off, (d,) float32.

    Zero for relu and sigmoid, the mean over codes (n, d) of images for linear and tanh.
    """
    if RANGES[run.spec.network.code_activation][0] == 0:
        return np.zeros(run.latent_dim, np.float32)
    return codes.mean(axis=0, dtype=np.float64).astype(np.float32)


def switch_off(run: LoadedRun, code: np.ndarray, units: Iterable[int], off: np.ndarray) -> np.ndarray:
    """Sets some units of a code (d,) to their values of `off_values`: (d,) float32.

    Raises:
        OptionError: if there is no such unit, or the code is not one of this run's.
    """
    code = _checked(run, code).copy()
    numbers = _units(run, units)
    code[numbers] = off[numbers]
    return code


def _root_mean_square(differences: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.mean(differences.reshape(len(differences), -1) ** 2, axis=1)))


def _parts(units: np.ndarray) -> list[np.ndarray]:
    """Splits units into parts: images of 1,024 at once would take megabytes."""
    return np.array_split(units, -(-len(units) // PART)) if len(units) else []


def _with(code: np.ndarray, units: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Copies a code for each unit, with that unit set to its value: (n, d)."""
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
