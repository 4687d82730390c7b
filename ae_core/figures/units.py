"""Units moved through their ranges, a row of images each."""

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.pictures import Row, image_rows, signed_error
from ae_core.forms import Form


def traversals(
    units: np.ndarray,
    values: np.ndarray,
    own: np.ndarray,
    changes: np.ndarray,
    images: np.ndarray,
    brief: bool = False,
    form: Form | None = None,
) -> go.Figure:
    """A row for each unit, from the low end of its range to the high one; where the image itself is has a border.

    Args:
        units: Their numbers from 0, (k,); shown from 1.
        values: The unit's value in each image, (k, n), rising or the same.
        own: The unit's value in the image that all others belong to, (k,).
        changes: How much each unit changes the picture, (k,).
        images: (k, n, h, w) or (k, n, h, w, 3) in [0, 1], or of the form.
        brief: Whether labels are one line, without the range.
        form: What they are, if not images.
    """
    rows, values_of = [], f"{form.value if form else 'pixel'}s"
    for unit, places, value, change, pictures in zip(units, values, own, changes, images, strict=True):
        label = f"<b>unit {unit + 1}</b>: {value:.2f}"
        if not brief:
            label += f"<br>{places[0]:.2f} to {places[-1]:.2f}"
        captions = [
            f"unit {unit + 1} at {place:.2f}<br>its range changes {values_of} by {change:.3f}" for place in places
        ]
        rows.append(Row(label, pictures, captions))
    own_places = np.abs(values - own[:, None]).argmin(axis=1).tolist()
    columns = ["1 %", *[""] * (values.shape[1] - 2), "99 %"]
    return image_rows(rows, columns, tile=44, framed=own_places, gap=0, form=form)


def without_units(
    x: np.ndarray, x_hat: np.ndarray, without: np.ndarray, off: str = "", form: Form | None = None
) -> go.Figure:
    """An image, its reconstruction, and what is left of that without some units; below each its signed error.

    Args:
        x: (h, w) or (h, w, 3) in [0, 1], or of the form.
        x_hat: Of all units.
        without: Of all but those that are off.
        off: What those are called together, as "unit 6" or "3 units"; empty if none are: no third picture then.
        form: What it is, if not an image.
    """
    images = np.stack([x, x_hat, without][: 3 if off else 2])
    noun = form.noun if form else "image"
    rows = [Row(noun, images), Row("error", signed_error(x, images, form))]
    return image_rows(rows, ["original", "all units", f"without {off}"][: len(images)], tile=120, form=form)
