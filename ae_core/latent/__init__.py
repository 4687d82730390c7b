"""Places in a latent space: planes through it, neighbours, and densities to draw codes from."""

from ae_core.latent.densities import RANGES, Density, density, fit_density, impossible, standard_normal
from ae_core.latent.neighbours import nearest
from ae_core.latent.planes import Plane, extent, grid, main_plane, principal_directions, prior_quantiles

__all__ = [
    "RANGES",
    "Density",
    "Plane",
    "density",
    "extent",
    "fit_density",
    "grid",
    "impossible",
    "main_plane",
    "nearest",
    "principal_directions",
    "prior_quantiles",
    "standard_normal",
]
