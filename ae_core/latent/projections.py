"""t-SNE of codes."""

from collections.abc import Callable

import numpy as np

from ae_core.errors import OptionError
from ae_core.latent.planes import principal_directions

PERPLEXITY = 30.0  # effective number of neighbours
EARLY, STEPS = 250, 500  # steps with early exaggeration, then without
EVERY = 10  # steps between two calls of on_progress
START = 1e-4  # standard deviation of the places at the start


def tsne(
    codes: np.ndarray,
    seed: int = 0,
    on_progress: Callable[[float], bool | None] = lambda fraction: None,
) -> np.ndarray | None:
    """Embeds codes in a plane by t-distributed stochastic neighbour embedding.

    Deterministic for the same codes and seed: PCA initialisation, exact neighbours, and one thread, since several would
    sum in varying order.

    Args:
        codes: (n, d), n ≥ 5.
        seed: Random seed.
        on_progress: Called with the share of steps taken; returning true stops.

    Returns:
        float32 (n, 2), centred and scaled to a largest coordinate of 1; None if stopped.

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
        """Counts steps over both phases, each of which counts from 1."""

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
