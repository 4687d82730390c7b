"""Figures of units: moved through their ranges, switched off, their values, their classes, their weights."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.pictures import Row, image_rows, signed_error
from ae_core.figures.style import SERIES_COLOURS, class_bars, figure, steps, trace
from ae_core.forms import Form

BINS = 50


def traversals(
    units: np.ndarray,
    values: np.ndarray,
    own: np.ndarray,
    changes: np.ndarray,
    images: np.ndarray,
    brief: bool = False,
    form: Form | None = None,
    ends: tuple[str, str] = ("1 %", "99 %"),
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
        ends: What the first and the last column are called.
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
    columns = [ends[0], *[""] * (values.shape[1] - 2), ends[1]]
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


def unit_histogram(values: np.ndarray, own: float | None = None, noun: str = "image") -> go.Figure:
    """How large a unit is: the share of all examples in each interval, those that are exactly 0 apart.

    Args:
        values: Of the unit, for each test example, (n,).
        own: Its value for the current example, which gets a mark.
        noun: What an example is called.
    """
    zeros = values == 0
    low, high = float(values.min()), float(values.max())
    edges = np.linspace(low, max(high, low + 1e-3), BINS + 1)
    counts, _ = np.histogram(values[~zeros], edges)
    outline = steps(
        edges,
        counts,
        len(values),
        fill="tozeroy",
        line={"color": SERIES_COLOURS[0]},
        hovertemplate=f"%{{x:.3g}}: %{{y:.2g}} % of {noun}s<extra></extra>",
        showlegend=False,
    )
    traces = [outline]
    for name, at, colour, symbol, text in (
        ("exactly 0", 0.0 if zeros.any() else None, SERIES_COLOURS[0], "diamond", f"{zeros.mean() * 100:.1f} %"),
        (f"this {noun}", own, SERIES_COLOURS[1], "line-ns", ""),
    ):
        if at is None:
            continue
        mark = trace(
            "scatter",
            x=np.array([at], np.float32),
            y=np.zeros(1, np.float32),
            mode="markers+text",
            text=[text],
            textposition="top right",
            name=name,
            marker={"symbol": symbol, "size": 28 if symbol == "line-ns" else 12, "color": colour}
            | ({"line": {"color": colour, "width": 3}} if symbol == "line-ns" else {}),
            cliponaxis=False,
            hovertemplate=f"{name}: {text or f'{at:.3g}'}<extra></extra>",
        )
        traces.append(mark)
    up = {"title": f"share of {noun}s, %", "rangemode": "tozero"}
    return figure(traces, 300, xaxis={"title": "value of the unit"}, yaxis=up)


def _roomy(values: np.ndarray) -> list[float]:
    """A range with 0 and all values (n,), and room for a number beyond each."""
    low, high = min(0.0, float(np.nanmin(values))), max(0.0, float(np.nanmax(values)))
    room = 0.12 * (high - low) or 1.0
    return [low - room * (low < 0), high + room]


def unit_by_class(means: np.ndarray, aurocs: np.ndarray, class_names: Sequence[str]) -> go.Figure:
    """A unit's mean value for each class, with how well it tells that class apart; the first class at the top.

    Args:
        means: (c,); NaN of a class without examples.
        aurocs: (c,), in [0, 1]; NaN where there is none.
        class_names: One for each class.
    """
    return class_bars(
        means.astype(np.float32),
        class_names,
        300,
        {
            "margin": {"l": 8, "r": 40, "t": 28, "b": 12},
            # Numbers stand beyond the bars, to the left of those below 0.
            "xaxis": {"title": "mean value; beside each bar the AUROC", "range": _roomy(means)},
        },
        customdata=aurocs.astype(np.float32),
        text=["" if np.isnan(value) else f"{value:.2f}" for value in aurocs],
        hovertemplate="mean %{x:.3g}, AUROC %{customdata:.3f}<extra></extra>",
    )


def weights(looks_for: np.ndarray, draws: np.ndarray, form: Form | None = None) -> go.Figure:
    """The weights of a unit as two pictures, each at the strength of its largest one: orange above 0, blue below.

    Args:
        looks_for: Of the encoder, of the form.
        draws: Of the decoder.
        form: What an example is, if not an image.
    """
    both = np.stack([looks_for, draws])
    largest = np.abs(both).reshape(2, -1).max(axis=1).reshape(2, *[1] * (both.ndim - 1))
    shown = both / np.maximum(largest, 1e-12) / 2
    row = Row("", signed_error(np.zeros_like(shown), shown, form))
    return image_rows([row], ["looks for", "draws"], tile=150, form=form)
