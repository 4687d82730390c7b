"""Places in a latent space: planes through it, neighbours, and densities to draw codes from."""

from ae_core.latent.densities import RANGES, Density, density, fit_density, impossible, standard_normal
from ae_core.latent.neighbours import distances, nearest, spacing
from ae_core.latent.paths import along, spherical, straight, through
from ae_core.latent.planes import (
    Plane,
    extent,
    grid,
    main_plane,
    principal_directions,
    principal_plane,
    prior_quantiles,
    triangle_plane,
    unit_plane,
    whole_plane,
)
from ae_core.latent.traversals import off_values, switch_off, traverse, unit_ranges
from ae_core.latent.truth import OVERLAYS, ground, kernel_density, overlay, plane_covariances, round_trip, stretch

__all__ = [
    "OVERLAYS",
    "RANGES",
    "Density",
    "Plane",
    "along",
    "density",
    "distances",
    "extent",
    "fit_density",
    "grid",
    "ground",
    "impossible",
    "kernel_density",
    "main_plane",
    "nearest",
    "off_values",
    "overlay",
    "plane_covariances",
    "principal_directions",
    "principal_plane",
    "prior_quantiles",
    "round_trip",
    "spacing",
    "spherical",
    "standard_normal",
    "straight",
    "stretch",
    "switch_off",
    "through",
    "traverse",
    "triangle_plane",
    "unit_plane",
    "unit_ranges",
    "whole_plane",
]
