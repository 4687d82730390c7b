"""Codes of many units on a plane, so that near ones stay near."""

from collections.abc import Callable

import numpy as np

from ae_core.errors import OptionError
from ae_core.latent.planes import principal_directions

PERPLEXITY = 30.0  # about how many neighbours each code tries to keep
EARLY, STEPS = 250, 500  # with groups pulled together, then without
EVERY = 10  # steps between two calls of on_progress
START = 1e-4  # standard deviation of the places at the start


def tsne(
    codes: np.ndarray,
    seed: int = 0,
    on_progress: Callable[[float], bool | None] = lambda fraction: None,
) -> np.ndarray | None:
    """Places for codes (n, d) on a plane by t-distributed stochastic neighbour embedding.

    The same codes and seed give the same places: it begins at the principal directions, takes the exact nearest
    neighbours, and works on one processor, since several add up in an order of their own.

    Args:
        codes: (n, d), n ≥ 5.
        seed: Of what it draws.
        on_progress: Called now and then with the share of steps taken; a true answer stops it.

    Returns:
        float32 (n, 2), centred, the farthest coordinate at 1: its lengths mean nothing. None if it was stopped.

    Raises:
        OptionError: if the codes are too few, not finite, or all the same.

    Reference: van der Maaten & Hinton 2008; Kobak & Berens 2019; by openTSNE (Poličar et al. 2024).
    """
    codes = np.asarray(codes, np.float64)
    if codes.ndim != 2 or len(codes) < 5:
        raise OptionError(f"t-SNE takes at least 5 codes, got shape {codes.shape}.")
    if not np.isfinite(codes).all():
        raise OptionError("Codes must be finite numbers.")
    if not np.ptp(codes, axis=0).any():
        raise OptionError("All codes are the same: no place is nearer to one than to another.")
    from openTSNE import TSNE
    from threadpoolctl import threadpool_limits

    directions, _ = principal_directions(codes)
    start = np.zeros((len(codes), 2))
    start[:, : min(2, codes.shape[1])] = (codes - codes.mean(axis=0)) @ directions[:2].T
    start *= START / start[:, 0].std()

    class Watch:
        """Counts over both parts of the descent, each of which counts from 1."""

        done = 0
        stopped = False

        def __call__(self, step: int, error: float, places: np.ndarray) -> bool:
            self.done += EVERY
            self.stopped = bool(on_progress(self.done / (EARLY + STEPS)))
            return self.stopped

    watch = Watch()
    with threadpool_limits(1):
        places = TSNE(
            perplexity=min(PERPLEXITY, (len(codes) - 1) / 3),
            initialization=start,
            neighbors="exact",
            n_jobs=1,
            random_state=seed,
            early_exaggeration_iter=EARLY,
            n_iter=STEPS,
            callbacks=watch,
            callbacks_every_iters=EVERY,
        ).fit(codes)
    if watch.stopped:
        return None
    result = np.asarray(places, np.float64) - np.mean(places, axis=0)
    return (result / np.abs(result).max()).astype(np.float32)
