"""Picks how codes of many units become places on a plane."""

from dataclasses import dataclass

import numpy as np

from ae_core import projecting
from ae_core.inference import LoadedRun
from pages.serving import caches, fields
from pages.widgets import computation
from pages.widgets.words import Words

PRINCIPAL, TSNE = "Principal directions", "t-SNE"
# Needs the run; a plane has no choice.
PROJECTION = fields.choice(
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
    say = Words(run.form)
    if name == TSNE:
        places = projecting.read(run.run)
        if places is not None:
            return Projected(
                TSNE,
                places,
                None,
                say(
                    f"t-SNE puts images with near codes (of {run.latent_dim} units) beside each other. Distances "
                    "between groups, their sizes and the axes mean nothing. **A projection has no decoder:** between "
                    "its dots there are no codes, so no images."
                ),
                "places, axes = projecting.read(run.run), None",
            )
        waiting = "This model has no t-SNE yet; it takes about a minute. Until then you see its principal directions."
        computation.show("project", run.run, waiting)
    plane = caches.plane(run.run)
    caption = say(
        f"The code has {run.latent_dim} units. The map shows the two directions in which codes vary most (principal "
        f"component analysis), which hold **{plane.share * 100:.0f} %** of the variance: dots that touch here may have "
        "codes far apart. Many codes lie at each place, so a decoder could draw many images for it."
    )
    return Projected(
        PRINCIPAL,
        caches.places(run.run),
        plane.labels,
        caption if run.latent_dim > 2 else "",
        "plane = latent.main_plane(codes)\nplaces, axes = plane.points(codes), plane.labels",
    )
