"""Picks how codes of many units become places on a plane."""

from dataclasses import dataclass

import numpy as np

from ae_core import projecting
from ae_core.inference import LoadedRun
from pages.serving import caches, page_state
from pages.widgets import computation

PRINCIPAL, TSNE = "Principal directions", "t-SNE"
# Needs the run; a plane has no choice.
PROJECTION = page_state.choice(
    "projection", "Projection", [PRINCIPAL, TSNE], when=lambda values: values["run"].latent_dim > 2
)


@dataclass(frozen=True)
class Projected:
    """Places of a run's test codes.

    Attributes:
        name: Of the projection.
        places: (n, 2).
        axes: Names of the axes; None if lengths along them mean nothing.
        caption: What it keeps and what it does not, Markdown.
        source: The code that makes places and axes of `run` and `codes`.
    """

    name: str
    places: np.ndarray
    axes: tuple[str, str] | None
    caption: str
    source: str


def show(run: LoadedRun, name: str) -> Projected:
    """The places that a projection gives; while it is not there yet, its progress and the principal directions."""
    if name == TSNE:
        places = projecting.read(run.run)
        if places is not None:
            return Projected(
                TSNE,
                places,
                None,
                f"t-SNE puts images beside each other whose whole codes of {run.latent_dim} units are near. How far "
                "groups lie apart, how large they are and where the axes point means nothing. **A projection has no "
                "decoder:** between its dots there is no code, and so no image.",
                "places, axes = projecting.read(run.run), None",
            )
        waiting = "There is no t-SNE of this run yet. It takes about a minute; meanwhile its principal directions."
        computation.show("project", run.run, waiting)
    plane = caches.plane(run.run)
    caption = (
        f"The code has {run.latent_dim} units; this is its shadow on the two directions in which the codes vary "
        f"most (principal component analysis). They hold **{plane.share * 100:.0f} %** of the variance: points that "
        "touch here may lie far apart. A place here has many codes, so that what a decoder draws for it is one of many."
    )
    return Projected(
        PRINCIPAL,
        caches.places(run.run),
        plane.labels,
        caption if run.latent_dim > 2 else "",
        "plane = latent.main_plane(codes)\nplaces, axes = plane.points(codes), plane.labels",
    )
