"""Densities of runs' codes, kept as `derived` says: ``derived/<encoder>/density.npz``."""

from contextlib import suppress
from pathlib import Path

from ae_core import derived
from ae_core.inference import LoadedRun
from ae_core.latent import densities
from ae_core.latent.densities import Density, Mixture
from ae_core.runs import Run

NAME = "density.npz"
MAX_FILE = 1 << 20


def density(run: LoadedRun) -> Density | None:
    """What `latent.density` fits to the codes of a run's test images, from what is kept; None if nothing is."""
    if prior := densities.prior(run):
        return prior
    mixture = read(run.run)
    return None if mixture is None else densities.of_mixture(mixture, densities.limits(run))


def read(run: Run) -> Mixture | None:
    """What is kept of a run; None if there is nothing that is whole."""
    d = run.spec.network.latent_dim
    for arrays in derived.load(run, NAME, MAX_FILE):
        with suppress(Exception):  # other arrays
            mixture = Mixture(**arrays)
            k = len(mixture.weights)
            if mixture.means.shape == (k, d) and mixture.roots.shape in ((k, d, d), (k, d)):
                return mixture
    return None


def write(path: Path, mixture: Mixture) -> None:
    """Keeps a mixture, whole or not at all.

    Raises:
        OSError: if it cannot be written.
    """
    derived.save(path, vars(mixture))
