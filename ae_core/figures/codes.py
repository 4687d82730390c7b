"""Codes: where they lie, how strong they are, how often each unit fires."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.style import CLASS_COLOURS, SERIES_COLOURS, layout, plain


def scatter(
    points: np.ndarray, labels: np.ndarray, class_names: Sequence[str], axes: tuple[str, str], height: int = 620
) -> go.Figure:
    """Points on a plane, coloured by class; one trace a class, `customdata` the point's number.

    Args:
        points: (n, 2).
        labels: Class numbers, (n,).
        class_names: One for each class number.
        axes: Names of the axes.
        height: In pixels.
    """
    figure = go.Figure()
    size = 4 if len(points) > 3000 else 6
    for number, name in enumerate(class_names):
        rows = np.flatnonzero(labels == number)
        figure.add_scattergl(
            x=points[rows, 0].astype(np.float32),
            y=points[rows, 1].astype(np.float32),
            customdata=rows.astype(np.int32),
            mode="markers",
            name=name,
            marker={"size": size, "color": CLASS_COLOURS[number % len(CLASS_COLOURS)], "opacity": 0.75},
            hovertemplate=f"{name}, test image %{{customdata}}<extra></extra>",
        )
    figure.update_xaxes(title=axes[0])
    figure.update_yaxes(title=axes[1], scaleanchor="x")  # distances mean the same in every direction
    # Markers in the legend large enough to tell their colours.
    return layout(figure, height, dragmode="lasso", legend={"itemsizing": "constant", "orientation": "h", "y": 1.02})


def activation_histogram(codes: Mapping[str, np.ndarray], bins: int = 80) -> go.Figure:
    """How strong activations are: the share of all (image, unit) pairs in each interval, log scale.

    Args:
        codes: (n, d) for each run's title.
        bins: Number of intervals; a run's exact zeros stand in one of their own at 0.
    """
    figure = go.Figure()
    low = min(float(z.min()) for z in codes.values())
    high = max(float(np.quantile(z, 0.999)) for z in codes.values())
    edges = np.linspace(low, max(high, low + 1e-3), bins + 1)
    for (title, z), colour in zip(codes.items(), SERIES_COLOURS, strict=False):
        zeros = z == 0
        counts, _ = np.histogram(z[~zeros], edges)
        share = (counts / z.size * 100).astype(np.float32)
        figure.add_scatter(
            x=edges[:-1].astype(np.float32), y=np.where(share > 0, share, np.nan), mode="lines", name=plain(title),
            line={"shape": "hv", "color": colour, "width": 2}, hovertemplate="%{x:.2f}: %{y:.2g} %",
        )  # fmt: skip
        if zeros.any():
            figure.add_scatter(
                x=np.zeros(1, np.float32), y=np.array([zeros.mean() * 100], np.float32), mode="markers",
                marker={"color": colour, "size": 12, "symbol": "diamond"}, name=f"{plain(title)}: exactly 0",
                showlegend=False, hovertemplate="exactly 0: %{y:.1f} %",
            )  # fmt: skip
    figure.update_xaxes(title="activation")
    figure.update_yaxes(title="share of all activations, %", type="log", dtick=1)
    return layout(figure, 340)


def firing_rates(rates: Mapping[str, np.ndarray]) -> go.Figure:
    """On which share of the images each unit fires, the busiest units first; (d,) in [0, 1] for each run's title."""
    figure = go.Figure()
    for (title, rate), colour in zip(rates.items(), SERIES_COLOURS, strict=False):
        order = np.argsort(-rate)
        figure.add_scatter(
            x=np.linspace(0, 100, len(rate), endpoint=False, dtype=np.float32),
            y=(rate[order] * 100).astype(np.float32), customdata=order.astype(np.int32), mode="lines+markers",
            name=plain(title), line={"color": colour, "width": 2}, marker={"size": 4},
            hovertemplate="unit %{customdata}: fires on %{y:.1f} % of images",
        )  # fmt: skip
    figure.update_xaxes(title="units, busiest first, % of all units")
    figure.update_yaxes(title="fires on, % of images", range=[-3, 103])
    return layout(figure, 340)


def units_per_image(counts: Mapping[str, np.ndarray]) -> go.Figure:
    """How many units an image uses: distribution over images; whole numbers (n,) for each run's title."""
    figure = go.Figure()
    for (title, count), colour in zip(counts.items(), SERIES_COLOURS, strict=False):
        values, frequency = np.unique(count, return_counts=True)
        figure.add_bar(
            x=values.astype(np.int32), y=(frequency / len(count) * 100).astype(np.float32), name=plain(title),
            marker={"color": colour, "opacity": 0.7}, hovertemplate="%{x} units: %{y:.1f} % of images",
        )  # fmt: skip
    figure.update_xaxes(title="active units", rangemode="tozero")
    figure.update_yaxes(title="share of images, %")
    return layout(figure, 340, barmode="overlay", bargap=0)
