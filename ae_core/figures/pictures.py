"""Examples in rows and grids: images as one picture, pixel for pixel; signals and rows of tables as curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import numpy as np
import plotly.graph_objects as go

from ae_core import thumbnails
from ae_core.figures import signals
from ae_core.figures.signals import Curves
from ae_core.figures.style import Trace, figure, plain, trace
from ae_core.forms import Form
from ae_core.images import as_uint8, data_uri
from ae_core.metrics import squared_error, written

GAP = 2
NO_LINES = {"showgrid": False, "zeroline": False, "ticks": ""}
ADDED, LOST = np.array(thumbnails.ADDED, np.uint8), np.array(thumbnails.LOST, np.uint8)
TINT = np.array([31, 105, 190], np.float32)
TICKS = 7
APART = 12  # names that an axis has room for
EDGE = 1e-4  # of a step, by which an end may miss a round number
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
PAGE = 1000  # pixels of a figure, without its labels, on a wide page
ERROR_SCALE = 0.5  # an error of half the grey range is drawn at full strength


@dataclass(frozen=True)
class Row:
    """A labelled row of examples.

    Attributes:
        label: Its name.
        images: Examples, of images (n, h, w) in [0, 1] as grey, (n, h, w, 3) in colour, or (n, h, w, 4) uint8 as RGBA.
        captions: A text for each one, shown when pointed at.
    """

    label: str
    images: np.ndarray | Curves
    captions: Sequence[str] = ()


def signed_error(x: np.ndarray, x_hat: np.ndarray, form: Form | None = None) -> Any:
    """What reconstruction added (orange) and lost (blue).

    Opacity grows with the error and is full at half the range of grey, so that no error shows the page's ground. Of
    images in colour it is the root mean square over the channels, and added is what is lighter. Of signals it is
    the difference, around the middle.

    Args:
        x: Examples, (n, h, w), (n, h, w, 3), or of the form.
        x_hat: Their reconstructions.
        form: What they are, if not images.

    Returns:
        uint8 (n, h, w, 4), RGBA; or curves.
    """
    if _is_drawn(form):
        return signals.errors(form, np.broadcast_to(x, np.shape(x_hat)), x_hat)
    error = x_hat - x
    lighter = error > 0
    if error.ndim == 4:
        lighter, error = (error @ LUMA) > 0, np.sqrt(np.mean(error**2, axis=-1))
    rgba = np.empty((*error.shape, 4), np.uint8)
    rgba[..., :3] = np.where(lighter[..., None], ADDED, LOST)
    rgba[..., 3] = np.round(np.clip(np.abs(error) / ERROR_SCALE, 0, 1) * 255)
    return rgba


def tinted(images: np.ndarray, values: np.ndarray, form: Form | None = None) -> Any:
    """Examples with a tint that says how large a value each has: images as (n, h, w, 4) uint8 RGBA, others as curves.

    None for the least value, full for the 99th percentile and above.

    Args:
        images: (n, h, w) or (n, h, w, 3) in [0, 1], or of the form.
        values: (n,).
        form: What they are, if not images.
    """
    low, high = values.min(), np.quantile(values, 0.99)
    share = np.clip((values - low) / (high - low), 0, 1) if high > low else np.zeros(len(values))
    if _is_drawn(form):
        return replace(signals.curves(form, images), tints=share)
    strength = 0.7 * share[:, None, None, None]
    rgba = as_rgba(images).astype(np.float32)
    rgba[..., :3] = (1 - strength) * rgba[..., :3] + strength * TINT
    return np.round(rgba).astype(np.uint8)


def as_rgba(images: np.ndarray) -> np.ndarray:
    """Images (n, h, w) or (n, h, w, 3) in [0, 1], or RGBA already, as opaque RGBA: (n, h, w, 4) uint8."""
    if images.shape[3:] == (4,):
        return images
    shown = as_uint8(images)
    if shown.ndim == 3:
        shown = np.repeat(shown[..., None], 3, axis=-1)
    return np.concatenate([shown, np.full_like(shown[..., :1], 255)], axis=-1)


def _is_drawn(form: Form | None) -> TypeGuard[Form]:
    """Whether examples are drawn as curves."""
    return form is not None and not form.is_image


def _shown(examples: np.ndarray | Curves, form: Form | None) -> np.ndarray | Curves:
    """Examples as they are drawn."""
    return signals.curves(form, examples) if _is_drawn(form) and isinstance(examples, np.ndarray) else examples


def _mosaic(rows: Sequence[np.ndarray], gap: int) -> np.ndarray:
    """Rows of images, (n, h, w) or (n, h, w, 3) in [0, 1] or (n, h, w, 4) uint8 RGBA, with transparent gaps.

    Returns:
        uint8 of shape (h, w, 2), grey and alpha, if all are grey; else (h, w, 4), RGBA.
    """
    h, w = rows[0].shape[1:3]
    columns = max(len(r) for r in rows)
    colour = any(r.ndim == 4 for r in rows)
    cells = np.zeros((len(rows), h + gap, columns, w + gap, 4 if colour else 2), np.uint8)
    for row, images in zip(cells, rows, strict=True):
        place = row[:h, : len(images), :w]
        if colour:
            place[:] = as_rgba(images).swapaxes(0, 1)
        else:
            place[..., :-1] = as_uint8(images).swapaxes(0, 1)[..., None]
            place[..., -1] = 255
    picture = cells.reshape(len(rows) * (h + gap), columns * (w + gap), -1)
    return picture[: len(picture) - gap, : picture.shape[1] - gap]


def _source(picture: np.ndarray) -> str:
    """A picture as `_mosaic` gives it, for a page; opaque greys need but one channel."""
    opaque = picture.shape[2] == 2 and bool((picture[..., 1] == 255).all())
    return data_uri(picture[..., 0] if opaque else picture)


def image_rows(
    rows: Sequence[Row],
    columns: Sequence[str] = (),
    tile: int = 72,
    wrap: int = 0,
    framed: Sequence[int] = (),
    gap: int = GAP,
    form: Form | None = None,
) -> go.Figure:
    """Rows of examples under one another, so that a column is one example's fate.

    Args:
        rows: At least one, all of the same size of images.
        columns: A heading for each column.
        tile: Height of an image in pixels where there is room.
        wrap: The most images beside one another: what is left begins anew below; 0 for no limit.
        framed: For each row the image that gets an orange border; not together with `wrap`.
        gap: Pixels between two images.
        form: What the examples are, if not images.
    """
    rows = [replace(row, images=_shown(row.images, form)) for row in rows]
    h, w = rows[0].images.shape[1:3]
    count = max(len(r.images) for r in rows)
    across = min(wrap or count, count)
    starts = range(0, count, across)
    between = h // 2 if columns else h // 4  # pixels between two blocks, where the headings stand
    block = len(rows) * (h + gap) - gap + between
    tops = np.array([[k * block + i * (h + gap) for i in range(len(rows))] for k in range(len(starts))])
    height, width = len(starts) * block - between, across * (w + gap) - gap
    x = np.arange(across, dtype=np.float32) * (w + gap) + (w - 1) / 2
    y = (tops + (h - 1) / 2).astype(np.float32)
    texts = [
        f"{row.label}<br>{c}" if c else row.label for row in rows for c in (row.captions or [""] * len(row.images))
    ]
    centres = [(x[j % across], y[j // across, i]) for i, row in enumerate(rows) for j in range(len(row.images))]
    parts = [[row.images[start : start + across] for row in rows] for start in starts]
    traces = [
        *_drawn(parts, tops, (height, width), gap),
        trace(
            "scatter",
            x=np.array([c[0] for c in centres], np.float32),
            y=np.array([c[1] for c in centres], np.float32),
            mode="markers",
            marker={"size": tile, "symbol": "square", "opacity": 0},
            text=texts,
            hoverinfo="text",
            showlegend=False,
        ),
    ]
    if framed:
        traces.append(_frames(x[np.array(framed)], y[0], w, h))
    if columns and len(starts) > 1:
        # The first block's headings are the axis'.
        below = range(across, len(columns))
        headings = trace(
            "scatter",
            x=np.array([x[j % across] for j in below], np.float32),
            y=np.array([tops[j // across, 0] - between / 2 for j in below], np.float32),
            mode="text",
            text=list(columns[across:]),
            hoverinfo="skip",
            showlegend=False,
        )
        traces.append(headings)
    return figure(
        traces,
        height=round(height / (h + gap) * (_room(tile, across, w / h) + gap)) + 48,
        dragmode=False,
        xaxis={
            **NO_LINES,
            "tickvals": x,
            "ticktext": list(columns[:across]) or [""] * len(x),
            "side": "top",
            "range": [-0.5, width - 0.5],
            "tickangle": 0,
            "constrain": "domain",
        },
        yaxis={
            **NO_LINES,
            "tickvals": y.ravel(),
            "ticktext": [r.label for r in rows] * len(starts),
            "range": [height - 0.5, -0.5],
            "scaleanchor": "x",
            "constrain": "domain",
            "constraintoward": "top",
            "ticklabelstandoff": 6,
        },
    )


def _drawn(
    parts: Sequence[Sequence[np.ndarray | Curves]], tops: np.ndarray, size: tuple[int, int], gap: int
) -> list[Trace]:
    """Blocks of rows of examples as traces.

    Args:
        parts: Blocks, each of some rows.
        tops: Where each row of each block begins, from the top.
        size: Height and width of all.
        gap: Between two examples of a row.
    """
    flat = [
        (row, top)
        for block, of_block in zip(parts, tops, strict=True)
        for row, top in zip(block, of_block, strict=True)
    ]
    if isinstance(parts[0][0], Curves):
        return signals.traces([
            (row, np.arange(len(row)) * (row.shape[2] + gap) - 0.5, np.full(len(row), top - 0.5))
            for row, top in flat
            if isinstance(row, Curves) and len(row)
        ])  # fmt: skip
    mosaics = [_mosaic([row for row in block if isinstance(row, np.ndarray)], gap) for block in parts]
    picture = np.zeros((*size, mosaics[0].shape[2]), np.uint8)
    for top, mosaic in zip(tops[:, 0], mosaics, strict=True):
        picture[top : top + len(mosaic), : mosaic.shape[1]] = mosaic
    return [trace("image", source=_source(picture), hoverinfo="skip")]


def _room(tile: int, across: int, proportions: float) -> float:
    """The height of an image in pixels: not more than so many beside one another have where a page is widest."""
    return min(tile, PAGE / (across * proportions)) if proportions > 1 else tile


def _frames(x: np.ndarray, y: np.ndarray, w: int, h: int) -> Trace:
    """Orange borders of images with centres x and y, (n,) each."""
    across, down = np.array([-1, 1, 1, -1, -1, np.nan]) * w / 2, np.array([-1, -1, 1, 1, -1, np.nan]) * h / 2
    return trace(
        "scatter",
        x=(x[:, None] + across).ravel().astype(np.float32),
        y=(y[:, None] + down).ravel().astype(np.float32),
        mode="lines",
        line={"color": "rgb({}, {}, {})".format(*ADDED), "width": 2},
        hoverinfo="skip",
        showlegend=False,
    )


def reconstructions(
    x: np.ndarray,
    x_hat: np.ndarray,
    names: Sequence[str],
    ranks: Sequence[float] | np.ndarray,
    wrap: int = 0,
    form: Form | None = None,
) -> go.Figure:
    """Examples, what came back, and what that added (orange) and lost (blue).

    Args:
        x: Images (n, h, w) or (n, h, w, 3) in [0, 1], or of the form.
        x_hat: Their reconstructions.
        names: One for each image, shown when pointed at.
        ranks: The share of other images with a smaller error, in per cent, which stands above each.
        wrap, form: As in `image_rows`.
    """
    noun = form.noun if form else "image"
    captions = [
        f"{plain(name)}<br>MSE {written(error)}, more than {rank:.1f} % of test {noun}s"
        for name, error, rank in zip(names, squared_error(x, x_hat), ranks, strict=True)
    ]
    rows = [
        Row("original", x, captions),
        Row("reconstruction", x_hat, captions),
        Row("error", signed_error(x, x_hat, form), captions),
    ]
    return image_rows(rows, [f"{rank:.0f} %" for rank in ranks], tile=92, wrap=wrap, form=form)


def neighbours(
    number: int,
    near: Mapping[str, tuple[np.ndarray, np.ndarray]],
    x: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    form: Form | None = None,
) -> go.Figure:
    """An image and those that are nearest to it, a row for each sense of near.

    Args:
        number: Of the image among all.
        near: By the name of the sense: the numbers (k,) of the nearest and their distances, as `latent.nearest` gives.
        x: All examples, (n, *shape) in [0, 1], or uint8.
        labels: Their classes, (n,).
        class_names: By label; none if there are no classes.
        form: What they are, if not images.
    """
    noun = form.noun if form else "image"

    def called(n: int) -> str:
        return f"{plain(class_names[labels[n]])}, test {noun} {n}" if class_names else f"Test {noun} {n}"

    rows = [
        Row(
            sense,
            x[np.append(number, found)],
            [called(number), *(f"{called(n)}<br>distance {d:.3g}" for n, d in zip(found, far, strict=True))],
        )
        for sense, (found, far) in near.items()
    ]
    most = max(len(found) for found, _ in near.values())
    return image_rows(rows, columns=["it", *(f"{i + 1}." for i in range(most))], tile=64, form=form)


def image_grid(
    images: np.ndarray | Curves,
    columns: int,
    places: tuple[np.ndarray, np.ndarray] | None = None,
    labels: tuple[str, str] = ("", ""),
    height: int = 640,
    form: Form | None = None,
) -> go.Figure:
    """Examples in reading order; of images all in one picture, pixels square.

    Args:
        images: (n, h, w) or (n, h, w, 3) in [0, 1], or of the form; or as `tinted` gives them.
        columns: Images in a row.
        places: Where the columns (from the left) and the rows (from the bottom) are, to name some of them on axes.
        labels: Of the axes.
        height: In pixels.
        form: What the examples are, if not images.
    """
    shown = _shown(images, form)
    h, w = shown.shape[1:3]
    gap = GAP if places is None else 0
    rows = [shown[i : i + columns] for i in range(0, len(shown), columns)]
    size = len(rows) * (h + gap) - gap, len(rows[0]) * (w + gap) - gap
    tops = np.arange(len(rows))[None] * (h + gap)
    across, up = places or (np.empty(0), np.empty(0))
    axis = {**NO_LINES, "visible": places is not None, "constrain": "domain"}
    ranges = ({"range": [-0.5, size[1] - 0.5]}, {"range": [size[0] - 0.5, -0.5]}) if _is_drawn(form) else ({}, {})
    return figure(
        _drawn([rows], tops, size, gap),
        height,
        dragmode=False,
        xaxis={**axis, "title": labels[0], **_named(across, w), **ranges[0]},
        # Pixels count from the top.
        yaxis={
            **axis, "title": labels[1], "constraintoward": "top", "scaleanchor": "x", **_named(up[::-1], h), **ranges[1]
        },
    )  # fmt: skip


def _named(values: np.ndarray, side: int) -> dict[str, object]:
    """Up to seven round numbers along an axis of tiles, where they lie between the tiles' centres."""
    if not len(values):
        return {}
    centres, rising = np.arange(len(values)) * side + (side - 1) / 2, np.argsort(values)
    low, high = float(values.min()), float(values.max())
    if low == high:
        return {"tickvals": centres[:1].astype(np.float32), "ticktext": [f"{low:.2g}"]}
    least = (high - low) / (TICKS - 1)
    power = 10.0 ** np.floor(np.log10(least))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - EDGE))
    whole = np.arange(np.ceil(low / step - EDGE), np.floor(high / step + EDGE) + 1)
    places = np.interp(whole * step, values[rising], centres[rising])
    # Places may be uneven: from the middle outwards, none so near to another that their names would touch.
    kept: list[int] = []
    for i in np.argsort(np.abs(places - centres.mean()), kind="stable"):
        if all(abs(places[i] - places[k]) >= len(values) * side / APART for k in kept):
            kept.append(int(i))
    kept.sort()
    return {"tickvals": places[kept].astype(np.float32), "ticktext": [f"{whole[k] * step + 0.0:.6g}" for k in kept]}
