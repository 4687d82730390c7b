"""Densities to draw codes from."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ae_core.errors import OptionError
from ae_core.inference import LoadedRun
from ae_core.latent.neighbours import distances

COMPONENTS = 10
FIT_CODES = 2000  # enough for 10 Gaussians, and fitted in a second
FIT_ROUNDS = 20


@dataclass(frozen=True)
class Density:
    """A distribution to draw codes from.

    Attributes:
        name: What it is, for people.
        draw: (n, seed) → codes, (n, d) float32.
    """

    name: str
    draw: Callable[[int, int], np.ndarray]


def standard_normal(latent_dim: int) -> Density:
    """The prior of a variational run."""

    def draw(n: int, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).standard_normal((n, latent_dim), dtype=np.float32)

    return Density("the prior, a standard normal", draw)


# What the units of a code can be, by their activation.
RANGES = {"relu": (0.0, np.inf), "sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "linear": (-np.inf, np.inf)}


def density(run: LoadedRun, codes: np.ndarray) -> Density:
    """What to draw a run's codes from: its prior, or a mixture fitted to codes (n, d) of images."""
    if run.recipe.prior:
        return standard_normal(run.latent_dim)
    return fit_density(codes, RANGES[run.spec.network.code_activation])


def impossible(run: LoadedRun, codes: np.ndarray, tolerance: float = 1e-3) -> np.ndarray:
    """Which codes (n, d) the run's encoder can never give, since a unit is out of its range; bool (n,)."""
    low, high = RANGES[run.spec.network.code_activation]
    outside = (codes < low - tolerance) | (codes > high + tolerance)
    return np.asarray(np.any(outside, axis=1))


def astray(density: Density, codes: np.ndarray, spacing: float, count: int = 1000) -> float:
    """The share of so many draws that lie farther than `spacing` from every one of codes (n, d); in [0, 1]."""
    return float((distances(codes, density.draw(count, 0)) > spacing).mean())


def fit_density(codes: np.ndarray, limits: tuple[float, float] = RANGES["linear"]) -> Density:
    """A mixture of up to 10 Gaussians fitted to codes (n, d), for runs without a prior.

    Args:
        codes: (n, d); at most 2,000 of them are used.
        limits: What a unit can be: values that are drawn beyond are moved to the nearer limit.

    Raises:
        OptionError: if all codes are the same, or none can be fitted.

    Reference: Ghosh et al. 2020, From variational to deterministic autoencoders, section 4 (ex-post density).
    """
    if not np.ptp(codes, axis=0).any():
        raise OptionError("All codes are the same: there is no density to draw from.")
    from sklearn.mixture import GaussianMixture

    sample = np.random.default_rng(0).permutation(codes)[:FIT_CODES].astype(np.float64)
    scale = sample.std() or 1.0  # so that the fit means the same for codes of any size
    # Full covariances need many more codes than dims.
    shape = "full" if codes.shape[1] <= 64 else "diag"
    components = min(COMPONENTS, len(sample))
    mixture = GaussianMixture(components, covariance_type=shape, random_state=0, reg_covar=1e-4, max_iter=FIT_ROUNDS)
    from threadpoolctl import threadpool_limits

    # Small matrices: threads that wait for one another cost ten times what they save.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not converged after 20 rounds: close enough to draw from
        try:
            mixture.fit(sample / scale)
        except ValueError as error:
            raise OptionError("No density could be fitted to these codes: there is nothing to draw from.") from error

    def draw(n: int, seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        picks = rng.choice(components, size=n, p=mixture.weights_)
        noise = rng.standard_normal((n, codes.shape[1]))
        if shape == "full":
            roots = np.linalg.cholesky(mixture.covariances_)
            z = mixture.means_[picks] + np.einsum("nij,nj->ni", roots[picks], noise)
        else:
            z = mixture.means_[picks] + np.sqrt(mixture.covariances_[picks]) * noise
        return np.clip(z * scale, *limits).astype(np.float32)

    low, high = limits
    upper = f"between {low:g} and {high:g}" if np.isfinite(high) else f"at {low:g} or above"
    clipped = f", kept {upper} as the units are" if np.isfinite(low) else ""
    return Density(f"a mixture of {components} Gaussians fitted to the codes of test images{clipped}", draw)
