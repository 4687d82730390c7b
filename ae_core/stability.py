"""How far a code moves when its example is nudged: what a contractive autoencoder is to keep small.

A Jacobian at the image itself says little where the network has kinks: max-pooling and relu have them exactly at images
with black ground, and there symmetric differences and automatic differentiation see nothing of them. So the images are
nudged, as far as noise would, and it is looked where their codes go.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ae_core.data import as_float

SIGMAS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
SIGMA = 0.1  # of the one figure
PART = 1000  # examples at a time


def nudge_curve(
    encode: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    sigmas: Sequence[float] = SIGMAS,
    seed: int = 0,
    clip: bool = True,
    together: bool = False,
) -> np.ndarray:
    """How far codes move, E(f_j(x + σv) − f_j(x))² over the variance of f_j, mean over units; v is standard normal.

    Its root is how far a unit moves as a share of how far it varies between examples. Divided by σ², it is flat for a
    linear encoder, where it is ‖w_j‖² over the variance. A code that is shrunk gains nothing: its variance shrinks with
    it. Taken together, as E‖f(x + σv) − f(x)‖² over the codes' total variance, units can still cheat: one that varies
    more than all others and hardly moves, such as one of the mean brightness, hides what the others do.

    Args:
        encode: Examples (n, *shape) to codes (n, d).
        x: Examples as a data set keeps them, or as floats in [0, 1].
        sigmas: Sizes of the nudge, standard deviations of what is added to each value.
        seed: Of v, which is the same for all sizes.
        clip: Whether nudged examples stay in [0, 1], as images do.
        together: Whether all units are measured by the variance of all, not each by its own.

    Returns:
        float64, one for each size; NaN if all codes are the same. Units that never change do not count.

    Reference: Rifai et al. 2011, "Higher order contractive auto-encoder": the penalty of eq. 7 for a finite σ.
    """
    # In parts: all examples as floats may take a gigabyte.
    codes = np.concatenate([encode(as_float(x[i : i + PART])) for i in range(0, len(x), PART)])
    variances = np.var(codes, axis=0, dtype=np.float64)
    alive = variances > 0
    if not alive.any():
        return np.full(len(sigmas), np.nan)
    rng, moved = np.random.default_rng(seed), np.zeros((len(sigmas), int(alive.sum())))
    for i in range(0, len(x), PART):
        part = as_float(x[i : i + PART])
        v = rng.standard_normal(part.shape, dtype=np.float32)
        for k, sigma in enumerate(sigmas):
            nudged = part + np.float32(sigma) * v
            away = encode(np.clip(nudged, 0, 1) if clip else nudged) - codes[i : i + PART]
            moved[k] += np.square(away[:, alive], dtype=np.float64).sum(axis=0)
    moved /= len(x)
    if together:
        return np.asarray(moved.sum(axis=1) / variances.sum())
    return np.asarray((moved / variances[alive]).mean(axis=1))


def code_shift(encode: Callable[[np.ndarray], np.ndarray], x: np.ndarray, seed: int = 0) -> float:
    """How far units move at σ = 0.1 as a share of how far they vary: 0 is still; NaN if all codes are the same.

    The root of `nudge_curve`, whose arguments these are.
    """
    return float(np.sqrt(nudge_curve(encode, x, (SIGMA,), seed)[0]))
