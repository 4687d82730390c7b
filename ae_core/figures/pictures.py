"""Images in rows and grids, each as one picture, pixel for pixel."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.style import layout
from ae_core.images import data_uri

GAP = 2
ADDED = np.array([231, 99, 0], np.uint8)
LOST = np.array([63, 144, 218], np.uint8)
ERROR_SCALE = 0.5  # an error of half the grey range is drawn at full strength


@dataclass(frozen=True)
class Row:
    """A labelled row of images.

    Attributes:
        label: Its name.
        images: (n, h, w) in [0, 1] as grey, or (n, h, w, 4) uint8 as RGBA.
        captions: A text for each image, shown when pointed at.
    """

    label: str
    images: np.ndarray
    captions: Sequence[str] = ()


def signed_error(x: np.ndarray, x_hat: np.ndarray) -> np.ndarray:
    """What reconstruction added (orange) and lost (blue): (n, h, w) twice → (n, h, w, 4) uint8 RGBA.

    Opacity grows with the error and is full at half the grey range, so that no error shows the page's ground.
    """
    error = x_hat - x
    rgba = np.empty((*error.shape, 4), np.uint8)
    rgba[..., :3] = np.where(error[..., None] > 0, ADDED, LOST)
    rgba[..., 3] = np.round(np.clip(np.abs(error) / ERROR_SCALE, 0, 1) * 255)
    return rgba


def _rgba(images: np.ndarray) -> np.ndarray:
    if images.ndim == 4:
        return images
    grey = np.round(np.clip(images, 0, 1) * 255).astype(np.uint8)[..., None]
    return np.concatenate([grey, grey, grey, np.full_like(grey, 255)], axis=-1)


def _mosaic(rows: Sequence[np.ndarray], gap: int) -> np.ndarray:
    """Rows of RGBA images as one picture with transparent gaps."""
    h, w = rows[0].shape[1:3]
    columns = max(len(r) for r in rows)
    canvas = np.zeros((len(rows) * (h + gap) - gap, columns * (w + gap) - gap, 4), np.uint8)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            canvas[i * (h + gap) : i * (h + gap) + h, j * (w + gap) : j * (w + gap) + w] = image
    return canvas


def _without_lines(figure: go.Figure) -> go.Figure:
    plain = {"showgrid": False, "zeroline": False, "ticks": ""}
    return figure.update_xaxes(plain).update_yaxes(plain)


def image_rows(rows: Sequence[Row], columns: Sequence[str] = (), tile: int = 72) -> go.Figure:
    """Rows of images under one another, so that a column is one image's fate.

    Args:
        rows: At least one, all of the same number and size of images.
        columns: A heading for each column.
        tile: Height of an image in pixels where there is room.
    """
    picture = _mosaic([_rgba(r.images) for r in rows], GAP)
    h, w = rows[0].images.shape[1:3]
    x = np.arange(max(len(r.images) for r in rows), dtype=np.float32) * (w + GAP) + (w - 1) / 2
    y = np.arange(len(rows), dtype=np.float32) * (h + GAP) + (h - 1) / 2
    figure = go.Figure(go.Image(source=data_uri(picture), hoverinfo="skip"))
    texts = [
        f"{row.label}<br>{c}" if c else row.label for row in rows for c in (row.captions or [""] * len(row.images))
    ]
    centres = np.array([(x[j], y[i]) for i, row in enumerate(rows) for j in range(len(row.images))], np.float32)
    figure.add_scatter(
        x=centres[:, 0],
        y=centres[:, 1],
        mode="markers",
        marker={"size": tile, "symbol": "square", "opacity": 0},
        text=texts,
        hoverinfo="text",
        showlegend=False,
    )
    figure.update_xaxes(
        tickvals=x,
        ticktext=list(columns) or [""] * len(x),
        side="top",
        range=[-0.5, picture.shape[1] - 0.5],
        tickangle=0,
    )
    figure.update_yaxes(
        tickvals=y,
        ticktext=[r.label for r in rows],
        range=[picture.shape[0] - 0.5, -0.5],
        scaleanchor="x",
        constrain="domain",
        constraintoward="top",
        automargin=True,
        ticklabelstandoff=6,
    )
    figure.update_xaxes(constrain="domain")
    layout(figure, height=len(rows) * (tile + GAP) + 48, dragmode=False)
    return _without_lines(figure)


def image_grid(
    images: np.ndarray,
    columns: int,
    places: tuple[np.ndarray, np.ndarray] | None = None,
    labels: tuple[str, str] = ("", ""),
    height: int = 640,
) -> go.Figure:
    """Images (n, h, w) in reading order as one picture, pixels square.

    Args:
        images: In [0, 1].
        columns: Images in a row.
        places: Where the columns (from the left) and the rows (from the bottom) are, to name some of them on axes.
        labels: Of the axes.
        height: In pixels.
    """
    h, w = images.shape[1:3]
    gap = GAP if places is None else 0
    picture = _mosaic([_rgba(images[i : i + columns]) for i in range(0, len(images), columns)], gap)
    figure = go.Figure(go.Image(source=data_uri(picture), hoverinfo="skip"))
    figure.update_xaxes(visible=places is not None, title=labels[0], constrain="domain")
    figure.update_yaxes(
        visible=places is not None, title=labels[1], constrain="domain", constraintoward="top", scaleanchor="x"
    )
    if places is not None:
        across, up = places
        figure.update_xaxes(_named(across, w))
        figure.update_yaxes(_named(up[::-1], h))  # pixels count from the top
    return _without_lines(layout(figure, height=height, dragmode=False))


def _named(values: np.ndarray, side: int) -> dict[str, object]:
    """Names for up to seven of the tiles along an axis, at their centres."""
    named = np.unique(np.linspace(0, len(values) - 1, min(len(values), 7)).round().astype(int))
    centres = named * side + (side - 1) / 2
    return {"tickvals": centres.astype(np.float32), "ticktext": [f"{values[i]:.2g}" for i in named]}
