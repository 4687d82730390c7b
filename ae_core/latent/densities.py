"""Densities to draw codes from."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ae_core.errors import OptionError
from ae_core.inference import LoadedRun
from ae_core.latent.neighbours import distances

COMPONENTS = 10
FIT_CODES = 2000  # enough for 10 Gaussians, fitted in a second
FIT_ROUNDS = 20
TOLERANCE = 1e-3  # by which a unit may be out of range


@dataclass(frozen=True)
class Density:
    """A distribution to draw codes from.

    Attributes:
        name: Description for display.
        draw: (n, seed) → codes, (n, d) float32.
    """

    name: str
    draw: Callable[[int, int], np.ndarray]


def standard_normal(latent_dim: int) -> Density:
    """The prior of a variational run."""

    def draw(n: int, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).standard_normal((n, latent_dim), dtype=np.float32)

    return Density("the prior, a standard normal", draw)


# Range of a unit, by activation.
RANGES = {"relu": (0.0, np.inf), "sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "linear": (-np.inf, np.inf)}


def density(run: LoadedRun, codes: np.ndarray) -> Density:
    """Returns a run's prior, or a mixture fitted to codes (n, d) of images."""
    return prior(run) or fit_density(codes, limits(run))


def prior(run: LoadedRun) -> Density | None:
    """Returns the prior of a run whose kind has one."""
    return standard_normal(run.latent_dim) if run.recipe.prior else None


def limits(run: LoadedRun) -> tuple[float, float]:
    """Range of the units of a run's codes."""
    return RANGES[run.spec.network.code_activation]


def impossible(run: LoadedRun, codes: np.ndarray) -> np.ndarray:
    """Whether the run's encoder can never give each of codes (n, d), since a unit is out of range; bool (n,)."""
    low, high = limits(run)
    outside = (codes < low - TOLERANCE) | (codes > high + TOLERANCE)
    return np.asarray(np.any(outside, axis=1))


def off_manifold_share(density: Density, codes: np.ndarray, neighbour_distance: float) -> float:
    """Share of 1,000 draws farther than `neighbour_distance` from all codes (n, d), in [0, 1]."""
    return float((distances(codes, density.draw(1000, 0)) > neighbour_distance).mean())


@dataclass(frozen=True)
class Mixture:
    """A mixture of Gaussians.

    Attributes:
        weights: (k,), positive, of sum 1.
        means: (k, d).
        roots: Cholesky factors of the covariances, (k, d, d); of diagonal ones the standard deviations, (k, d).
    """

    weights: np.ndarray
    means: np.ndarray
    roots: np.ndarray

    def draw(self, n: int, seed: int) -> np.ndarray:
        """Draws n codes, (n, d) float64."""
        rng = np.random.default_rng(seed)
        picks = rng.choice(len(self.weights), size=n, p=self.weights)
        noise = rng.standard_normal((n, self.means.shape[1]))
        roots = self.roots[picks]
        z: np.ndarray = self.means[picks] + (
            np.einsum("nij,nj->ni", roots, noise) if roots.ndim == 3 else roots * noise
        )
        return z


def fit_density(codes: np.ndarray, limits: tuple[float, float] = RANGES["linear"]) -> Density:
    """Fits a mixture of up to 10 Gaussians to codes, for runs without a prior.

    Args:
        codes: (n, d); at most 2,000 of them are used.
        limits: Range of a unit: draws are clipped to it.

    Raises:
        OptionError: if all codes are the same, or none can be fitted.

    Reference: Ghosh et al. 2020, From variational to deterministic autoencoders, section 4 (ex-post density).
    """
    return of_mixture(fit_mixture(sample(codes)), limits)


def sample(codes: np.ndarray) -> np.ndarray:
    """Samples the codes, of (n, d), that a mixture is fitted to.

    Raises:
        OptionError: if all codes are the same.
    """
    if not np.ptp(codes, axis=0).any():
        raise OptionError("All codes are the same: there is no density to sample from.")
    return np.random.default_rng(0).permutation(codes)[:FIT_CODES]


def fit_mixture(codes: np.ndarray) -> Mixture:
    """Fits a mixture of up to 10 Gaussians to codes (n, d).

    Raises:
        OptionError: if none can be fitted.
    """
    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits

    codes = codes.astype(np.float64)
    scale = codes.std() or 1.0  # makes the regularisation independent of the codes' scale
    # Full covariances need many more codes than dims.
    shape = "full" if codes.shape[1] <= 64 else "diag"
    mixture = GaussianMixture(
        min(COMPONENTS, len(codes)), covariance_type=shape, random_state=0, reg_covar=1e-4, max_iter=FIT_ROUNDS
    )
    # On small matrices, threads cost ten times what they save.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not converged after 20 rounds is close enough
        try:
            mixture.fit(codes / scale)
        except ValueError as error:
            raise OptionError("No density could be fitted to these codes: there is nothing to sample from.") from error
    roots = np.linalg.cholesky(mixture.covariances_) if shape == "full" else np.sqrt(mixture.covariances_)
    return Mixture(mixture.weights_, mixture.means_ * scale, roots * scale)


def of_mixture(mixture: Mixture, limits: tuple[float, float]) -> Density:
    """Makes a density of a mixture, with draws clipped to limits."""
    low, high = limits
    upper = f"the range from {low:g} to {high:g}" if np.isfinite(high) else f"{low:g} or above"
    clipped = f", limited to {upper} as the units are" if np.isfinite(low) else ""
    return Density(
        f"a mixture of {len(mixture.weights)} Gaussians fitted to the codes of test images{clipped}",
        lambda n, seed: np.clip(mixture.draw(n, seed), low, high).astype(np.float32),
    )
