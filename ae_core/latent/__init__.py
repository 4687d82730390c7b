"""Latent spaces: planes, neighbours, and densities to draw codes from.

`paths`, `traversals` and `projections` are modules of their own.
"""

from ae_core.latent.densities import (
    RANGES,
    Density,
    density,
    fit_density,
    impossible,
    off_manifold_share,
    standard_normal,
)
from ae_core.latent.neighbours import Index, distances, nearest, nearest_others, neighbour_distance, of_unit_length
from ae_core.latent.overlays import OVERLAYS, ground, kernel_density, overlay, plane_covariances, round_trip, stretch
from ae_core.latent.plane_spec import MAIN_PLANE, PlaneSpec, code_text, parse_code
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

__all__ = [
    "MAIN_PLANE",
    "OVERLAYS",
    "RANGES",
    "Density",
    "Index",
    "Plane",
    "PlaneSpec",
    "code_text",
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
    "nearest_others",
    "neighbour_distance",
    "of_unit_length",
    "off_manifold_share",
    "overlay",
    "parse_code",
    "plane_covariances",
    "principal_directions",
    "principal_plane",
    "prior_quantiles",
    "round_trip",
    "standard_normal",
    "stretch",
    "triangle_plane",
    "unit_plane",
    "whole_plane",
]
