"""Figures of codes: scatter plots, activations, firing rates, errors."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.style import (
    CLASS_COLOURS,
    GRID,
    SERIES_COLOURS,
    Trace,
    class_bars,
    edge,
    figure,
    plain,
    steps,
    trace,
)
from ae_core.metrics import written

MANY = 3000  # points, from which on classes would cover one another
LETTER, COUNTED = 6.2, 11  # pixels of a letter in a legend, and letters of two counts
LAYERS = 2  # each more costs the page ten milliseconds
ENOUGH = 30  # values for a histogram of their own
ERROR_BINS = 50
ACTIVATION_BINS = 80
# Of values beyond the ends of a histogram, at the most: they count in its outermost steps, and flatten none of them.
ERRORS_BEYOND, ACTIVATIONS_BEYOND = 0.005, 0.001
GREY = "rgba(128, 128, 128, 0.45)"
ROOM = 0.03  # of a scatter's larger side, beyond its outermost points: no dot is cut off, nor its ring


def scatter(
    points: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    axes: tuple[str, str] | None,
    noun: str = "image",
    colours: Sequence[str] = CLASS_COLOURS,
) -> go.Figure:
    """Points on a plane, coloured by class; each trace of one class, `customdata` the point's number.

    Many points come in layers, each with some of every class, so that none lies over all others.

    Args:
        points: (n, 2).
        labels: Class numbers, (n,).
        class_names: One for each class number; none if there are no classes.
        axes: Names of the axes; None if lengths along them mean nothing.
        noun: What an example is called.
        colours: "#rrggbb" of the classes, which are repeated if there are more of those.
    """
    many = len(points) > MANY
    layers = LAYERS if many else 1
    traces = []
    for layer, (number, name) in product(range(layers), enumerate(class_names or [noun])):
        rows = np.flatnonzero(labels == number)[layer::layers]
        if not len(rows):  # an interval of values without any, or few of a class in several layers
            continue
        colour = colours[number % len(colours)]
        traces.append(
            trace(
                "scattergl",
                x=points[rows, 0].astype(np.float32),
                y=points[rows, 1].astype(np.float32),
                customdata=rows.astype(np.int32),
                mode="markers",
                name=plain(name),
                legendgroup=name,
                showlegend=layer == 0 and len(class_names) > 0,
                marker={
                    "size": 3 if many else 6,
                    "color": colour,
                    "opacity": 1,  # or the outline would stand out from no ground
                    "line": {"width": 1, "color": edge(colour)},
                },
                # Once some points are selected, of all classes together.
                selected={"marker": {"color": colour, "opacity": 1}},
                unselected={"marker": {"color": colour, "opacity": 0.1}},
                hovertemplate=f"{f'{plain(name)}, ' if class_names else ''}test {noun} %{{customdata}}<extra></extra>",
            )
        )
    shown = axes is not None
    across, up = axes or (None, None)
    low, high = points.min(axis=0), points.max(axis=0)
    room = ROOM * (high - low).max()
    within = np.stack([low - room, high + room], axis=1).tolist()
    return figure(
        traces,
        620,
        dragmode="lasso",
        # Markers in the legend large enough to tell their colours.
        legend={
            "itemsizing": "constant",
            "orientation": "h",
            "yanchor": "bottom",
            "y": 1.02,
            "x": 0,
            # So that nothing moves when the page adds how many of each are selected.
            "entrywidth": LETTER * (max(map(len, class_names or [""])) + COUNTED),
        },
        xaxis={"title": across, "showticklabels": shown, "autorangeoptions": {"include": within[0]}},
        yaxis={
            "title": up,
            "showticklabels": shown,
            "showgrid": shown,
            "scaleanchor": "x",  # distances mean the same in every direction
            "autorangeoptions": {"include": within[1]},
        },
    )


def class_mix(labels: np.ndarray, among: np.ndarray, class_names: Sequence[str], noun: str = "image") -> go.Figure:
    """How many images of each class are selected: bars, the first class at the top.

    Args:
        labels: Class numbers of the selected images.
        among: Class numbers of all images.
        class_names: One for each class number.
        noun: What one of them is called.
    """
    counts = np.bincount(labels, minlength=len(class_names))
    shares = counts / np.maximum(np.bincount(among, minlength=len(class_names)), 1) * 100
    return class_bars(
        counts.astype(np.int32),
        class_names,
        340,
        {"xaxis": {"visible": False, "range": [0, max(float(counts.max()), 1.0) * 1.12]}},  # the bars say their numbers
        customdata=shares.astype(np.float32),
        text=[f"{n:,}" if n else "" for n in counts],
        hovertemplate=f"%{{x:,}} {noun}s, %{{customdata:.1f}} % of their class<extra></extra>",
    )


def error_histogram(errors: np.ndarray, selected: np.ndarray | None = None, noun: str = "image") -> go.Figure:
    """How large reconstruction errors are: the share of all images in each interval, and of the selected ones.

    Args:
        errors: Mean squared error of every image, (n,).
        selected: Numbers of the selected images, if any; each of a few is a mark at its own error.
        noun: What one of them is called.
    """
    high = float(np.quantile(errors, 1 - ERRORS_BEYOND, method="lower")) or float(errors.max()) or 1.0
    edges = np.linspace(0, high, ERROR_BINS + 1)

    def outline(name: str, values: np.ndarray, **style: Any) -> Trace:
        counts, _ = np.histogram(np.minimum(values, edges[-1]), ERROR_BINS, (0, edges[-1]))
        hover = "%{x:.3g}: %{y:.1f} % of " + name + "<extra></extra>"
        return steps(edges, counts, len(values), name=name, hovertemplate=hover, **style)

    traces = [outline(f"all test {noun}s", errors, line={"color": GREY}, fill="tozeroy")]
    mine = errors[selected] if selected is not None else errors[:0]
    if len(mine) >= ENOUGH:
        traces.append(outline("selected", mine, line={"color": SERIES_COLOURS[1]}))
    elif len(mine):
        marks = trace(
            "scatter",
            x=np.minimum(mine, edges[-1]).astype(np.float32),
            y=np.zeros(len(mine), np.float32),
            customdata=np.asarray(selected, np.int32),
            text=[written(error) for error in mine.tolist()],  # also of one that stands at the end for all beyond
            mode="markers",
            name="selected",
            marker={"symbol": "line-ns", "size": 28, "line": {"color": SERIES_COLOURS[1], "width": 2}},
            cliponaxis=False,
            hovertemplate=f"test {noun} %{{customdata}}: %{{text}}<extra></extra>",
        )
        traces.append(marks)
    beyond = f"<br>the last bin holds all errors above {high:.3g}" if errors.max() > high else ""
    return figure(
        traces,
        340,
        xaxis={"title": f"mean squared error{beyond}", "rangemode": "tozero"},
        yaxis={"title": f"share of {noun}s, %", "rangemode": "tozero"},
    )


def code_profile(code: np.ndarray, ranges: np.ndarray) -> go.Figure:
    """The units' values of one code (d,), over the range from 1st to 99th percentile that each has: (d, 2)."""
    low, high = ranges.T
    units = np.arange(1, len(code) + 1, dtype=np.int32)
    usual = trace(
        "bar", x=units, y=high - low, base=low, marker={"color": GRID}, name="1st to 99th percentile", hoverinfo="skip"
    )
    own = trace(
        "scatter", x=units, y=np.asarray(code, np.float32), mode="markers", name="this code",
        marker={"color": SERIES_COLOURS[0], "size": 8 if len(code) <= 64 else 4},
        hovertemplate="unit %{x}: %{y:.3g}",
    )  # fmt: skip
    return figure([usual, own], 260, bargap=0.25, xaxis={"title": "unit"}, yaxis={"title": "activation"})


def activation_histogram(codes: Mapping[str, np.ndarray]) -> go.Figure:
    """How strong activations are: the share of all (image, unit) pairs in each interval, log scale.

    A run's exact zeros stand in an interval of their own at 0, and whatever lies beyond the ends in the outermost
    intervals; codes are (n, d) for each run's title.
    """
    traces = []
    low = min(float(np.quantile(z, ACTIVATIONS_BEYOND, method="higher")) for z in codes.values())
    high = max(float(np.quantile(z, 1 - ACTIVATIONS_BEYOND, method="lower")) for z in codes.values())
    span = (low, max(high, low + 1e-3))
    beyond = any(z.min() < low or z.max() > span[1] for z in codes.values())
    edges = np.linspace(*span, ACTIVATION_BINS + 1)
    for (title, z), colour in zip(codes.items(), SERIES_COLOURS, strict=False):
        zeros = z == 0
        counts, _ = np.histogram(np.clip(z[~zeros], *span), ACTIVATION_BINS, span)  # even intervals need no sorting
        seen = np.where(counts > 0, counts, np.nan)  # on a log scale
        hover = "%{x:.2f}: %{y:.2g} %"
        traces.append(steps(edges, seen, z.size, name=plain(title), line={"color": colour}, hovertemplate=hover))
        if zeros.any():
            mark = trace(
                "scatter", x=np.zeros(1, np.float32), y=np.array([zeros.mean() * 100], np.float32), mode="markers",
                marker={"color": colour, "size": 12, "symbol": "diamond"}, name=f"{plain(title)}: exactly 0",
                showlegend=False, hovertemplate="exactly 0: %{y:.1f} %",
            )  # fmt: skip
            traces.append(mark)
    across = "value of a unit<br>the outermost bins hold all values beyond" if beyond else "value of a unit"
    up = {"title": "share of all activations, %", "type": "log", "dtick": 1, "exponentformat": "none"}
    return figure(traces, 340, xaxis={"title": across}, yaxis=up)


def firing_rates(rates: Mapping[str, np.ndarray], noun: str = "image") -> go.Figure:
    """On which share of the images each unit fires, the busiest units first; (d,) in [0, 1] for each run's title."""
    traces = []
    for (title, rate), colour in zip(rates.items(), SERIES_COLOURS, strict=False):
        order = np.argsort(-rate)
        line = trace(
            "scatter", x=np.linspace(0, 100, len(rate), endpoint=False, dtype=np.float32),
            y=(rate[order] * 100).astype(np.float32), customdata=(order + 1).astype(np.int32), mode="lines+markers",
            name=plain(title), line={"color": colour, "width": 2}, marker={"size": 4},
            hovertemplate=f"unit %{{customdata}}: active for %{{y:.1f}} % of {noun}s",
        )  # fmt: skip
        traces.append(line)
    across = {"title": "units, most active first, % of all units"}
    return figure(traces, 340, xaxis=across, yaxis={"title": f"active for, % of {noun}s", "range": [-3, 103]})


def units_per_image(counts: Mapping[str, np.ndarray], noun: str = "image") -> go.Figure:
    """How many units an image uses: distribution over images; whole numbers (n,) for each run's title."""
    traces = []
    for (title, count), colour in zip(counts.items(), SERIES_COLOURS, strict=False):
        values, frequency = np.unique(count, return_counts=True)
        bars = trace(
            "bar", x=values.astype(np.int32), y=(frequency / len(count) * 100).astype(np.float32), name=plain(title),
            marker={"color": colour, "opacity": 0.7}, hovertemplate=f"%{{x}} units: %{{y:.1f}} % of {noun}s",
        )  # fmt: skip
        traces.append(bars)
    across = {"title": "active units", "rangemode": "tozero"}
    return figure(traces, 340, barmode="overlay", bargap=0, xaxis=across, yaxis={"title": f"share of {noun}s, %"})
