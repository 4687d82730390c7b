"""Images in rows and grids, each as one picture, pixel for pixel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.style import Trace, figure, plain, trace
from ae_core.images import as_uint8, data_uri
from ae_core.metrics import squared_error

GAP = 2
NO_LINES = {"showgrid": False, "zeroline": False, "ticks": ""}
ADDED = np.array([231, 99, 0], np.uint8)
LOST = np.array([63, 144, 218], np.uint8)
TINT = np.array([31, 105, 190], np.float32)
TICKS = 7
APART = 12  # names that an axis has room for
EDGE = 1e-4  # of a step, by which an end may miss a round number
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


def tinted(images: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Images with a tint that says how large a value each has: (n, h, w) in [0, 1] and (n,) → (n, h, w, 4) uint8 RGBA.

    None for the least value, full for the 99th percentile and above.
    """
    low, high = values.min(), np.quantile(values, 0.99)
    share = np.clip((values - low) / (high - low), 0, 1) if high > low else np.zeros(len(values))
    strength = 0.7 * share[:, None, None, None]
    rgba = as_rgba(images).astype(np.float32)
    rgba[..., :3] = (1 - strength) * rgba[..., :3] + strength * TINT
    return np.round(rgba).astype(np.uint8)


def as_rgba(images: np.ndarray) -> np.ndarray:
    """Grey images (n, h, w) in [0, 1], or RGBA already, as opaque RGBA: (n, h, w, 4) uint8."""
    if images.ndim == 4:
        return images
    grey = as_uint8(images)[..., None]
    return np.concatenate([grey, grey, grey, np.full_like(grey, 255)], axis=-1)


def _mosaic(rows: Sequence[np.ndarray], gap: int) -> np.ndarray:
    """Rows of images, (n, h, w) in [0, 1] or (n, h, w, 4) uint8 RGBA, as one picture with transparent gaps.

    Returns:
        uint8 of shape (h, w, 2), grey and alpha, if all are grey; else (h, w, 4), RGBA.
    """
    h, w = rows[0].shape[1:3]
    columns = max(len(r) for r in rows)
    colour = any(r.ndim == 4 for r in rows)
    cells = np.zeros((len(rows), h + gap, columns, w + gap, 4 if colour else 2), np.uint8)
    for row, images in zip(cells, rows, strict=True):
        place = row[:h, : len(images), :w]
        if images.ndim == 4:
            place[:] = images.swapaxes(0, 1)
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
) -> go.Figure:
    """Rows of images under one another, so that a column is one image's fate.

    Args:
        rows: At least one, all of the same size of images.
        columns: A heading for each column.
        tile: Height of an image in pixels where there is room.
        wrap: The most images beside one another: what is left begins anew below; 0 for no limit.
        framed: For each row the image that gets an orange border; not together with `wrap`.
        gap: Pixels between two images.
    """
    h, w = rows[0].images.shape[1:3]
    count = max(len(r.images) for r in rows)
    across = min(wrap or count, count)
    starts = range(0, count, across)
    between = h // 2 if columns else h // 4  # pixels between two blocks, where the headings stand
    block = len(rows) * (h + gap) - gap + between
    tops = np.array([[k * block + i * (h + gap) for i in range(len(rows))] for k in range(len(starts))])
    parts = [_mosaic([r.images[start : start + across] for r in rows], gap) for start in starts]
    picture = np.zeros((len(starts) * block - between, across * (w + gap) - gap, parts[0].shape[2]), np.uint8)
    for top, part in zip(tops[:, 0], parts, strict=True):
        picture[top : top + len(part), : part.shape[1]] = part
    x = np.arange(across, dtype=np.float32) * (w + gap) + (w - 1) / 2
    y = (tops + (h - 1) / 2).astype(np.float32)
    texts = [
        f"{row.label}<br>{c}" if c else row.label for row in rows for c in (row.captions or [""] * len(row.images))
    ]
    centres = [(x[j % across], y[j // across, i]) for i, row in enumerate(rows) for j in range(len(row.images))]
    traces = [
        trace("image", source=_source(picture), hoverinfo="skip"),
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
        height=round(len(picture) / (h + gap) * (tile + gap)) + 48,
        dragmode=False,
        xaxis={
            **NO_LINES,
            "tickvals": x,
            "ticktext": list(columns[:across]) or [""] * len(x),
            "side": "top",
            "range": [-0.5, picture.shape[1] - 0.5],
            "tickangle": 0,
            "constrain": "domain",
        },
        yaxis={
            **NO_LINES,
            "tickvals": y.ravel(),
            "ticktext": [r.label for r in rows] * len(starts),
            "range": [picture.shape[0] - 0.5, -0.5],
            "scaleanchor": "x",
            "constrain": "domain",
            "constraintoward": "top",
            "ticklabelstandoff": 6,
        },
    )


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
    x: np.ndarray, x_hat: np.ndarray, names: Sequence[str], ranks: Sequence[float] | np.ndarray, wrap: int = 0
) -> go.Figure:
    """Images, what came back, and what that added (orange) and lost (blue).

    Args:
        x: (n, h, w) in [0, 1].
        x_hat: Their reconstructions.
        names: One for each image, shown when pointed at.
        ranks: The share of other images with a smaller error, in per cent, which stands above each.
        wrap: As in `image_rows`.
    """
    captions = [
        f"{plain(name)}<br>MSE {error:.4f}, more than {rank:.1f} % of test images"
        for name, error, rank in zip(names, squared_error(x, x_hat), ranks, strict=True)
    ]
    rows = [
        Row("original", x, captions),
        Row("reconstruction", x_hat, captions),
        Row("error", signed_error(x, x_hat), captions),
    ]
    return image_rows(rows, [f"{rank:.0f} %" for rank in ranks], tile=92, wrap=wrap)


def neighbours(
    number: int,
    near: Mapping[str, tuple[np.ndarray, np.ndarray]],
    x: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
) -> go.Figure:
    """An image and those that are nearest to it, a row for each sense of near.

    Args:
        number: Of the image among all.
        near: By the name of the sense: the numbers (k,) of the nearest and their distances, as `latent.nearest` gives.
        x: All images, (n, h, w) in [0, 1], or uint8.
        labels: Their classes, (n,).
        class_names: By label.
    """

    def called(n: int) -> str:
        return f"{plain(class_names[labels[n]])}, test image {n}"

    rows = [
        Row(
            sense,
            x[np.append(number, found)],
            [called(number), *(f"{called(n)}<br>distance {d:.3g}" for n, d in zip(found, far, strict=True))],
        )
        for sense, (found, far) in near.items()
    ]
    most = max(len(found) for found, _ in near.values())
    return image_rows(rows, columns=["it", *(f"{i + 1}." for i in range(most))], tile=64)


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
    picture = _mosaic([images[i : i + columns] for i in range(0, len(images), columns)], gap)
    across, up = places or (np.empty(0), np.empty(0))
    shown = {**NO_LINES, "visible": places is not None, "constrain": "domain"}
    return figure(
        [trace("image", source=_source(picture), hoverinfo="skip")],
        height,
        dragmode=False,
        xaxis={**shown, "title": labels[0], **_named(across, w)},
        # Pixels count from the top.
        yaxis={**shown, "title": labels[1], "constraintoward": "top", "scaleanchor": "x", **_named(up[::-1], h)},
    )


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
