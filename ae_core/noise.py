"""Three kinds of noise, each written once for NumPy (pages, evaluation) and Keras (training).

Each takes a random field of the images' shape, so that the caller owns the randomness: a page shows several
models the same noise, and a trainer draws a new field at each step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from ae_core.errors import OptionError


@dataclass(frozen=True)
class Noise:
    """One kind of noise.

    Attributes:
        title: Display name.
        field: Distribution of the random field, "normal" (standard) or "uniform" (in [0, 1)).
        level_help: Meaning of the level, in [0, 1].
        apply: (x, level, field, xp) → noisy images in [0, 1].
    """

    title: str
    field: str
    level_help: str
    apply: Callable[[Any, float, Any, Any], Any]


def _gaussian(x: Any, level: float, normal: Any, xp: Any) -> Any:
    return xp.clip(x + level * normal, 0.0, 1.0)


def _salt_and_pepper(x: Any, level: float, uniform: Any, xp: Any) -> Any:
    x = xp.where(uniform < level / 2, xp.zeros_like(x), x)
    return xp.where(uniform > 1 - level / 2, xp.ones_like(x), x)


def _masking(x: Any, level: float, uniform: Any, xp: Any) -> Any:
    return xp.where(uniform < level, xp.zeros_like(x), x)


NOISES = {
    "gaussian": Noise("Gaussian", "normal", "standard deviation of the added noise", _gaussian),
    "salt-and-pepper": Noise("Salt and pepper", "uniform", "share of pixels set to 0 or 1", _salt_and_pepper),
    "masking": Noise("Masking", "uniform", "share of pixels set to 0", _masking),
}


def get(name: str) -> Noise:
    if name not in NOISES:
        raise OptionError(f"Unknown noise {name!r}: must be one of {', '.join(NOISES)}.")
    return NOISES[name]


def corrupt(x: Any, name: str, level: float, field: Any, xp: ModuleType | Any = np) -> Any:
    """Adds noise to images.

    Args:
        x: Images in [0, 1].
        name: One of `NOISES`.
        level: In [0, 1]; see `Noise.level_help`.
        field: Random field of x's shape, distributed as `Noise.field`.
        xp: Array module of x, `numpy` or `keras.ops`.

    Returns:
        Images in [0, 1] of x's shape.
    """
    return get(name).apply(x, level, field, xp)


def draw_field(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Draws the float32 random field that noise `name` takes."""
    rng = np.random.default_rng(seed)
    if get(name).field == "normal":
        return rng.standard_normal(shape, dtype=np.float32)
    return rng.random(shape, dtype=np.float32)


def add(x: np.ndarray, name: str, level: float, seed: int) -> np.ndarray:
    """Adds seeded noise to NumPy images; float32 of x's shape in [0, 1]."""
    if not 0 <= level <= 1:
        raise OptionError(f"A noise level must be in [0, 1], got {level}.")
    return corrupt(x, name, level, draw_field(name, x.shape, seed)).astype(np.float32)
