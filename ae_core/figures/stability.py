"""How far codes move when examples are nudged, over the size of the nudge."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.style import SERIES_COLOURS, figure, plain, trace


def nudge_curves(sigmas: Sequence[float], curves: Mapping[str, np.ndarray], mark: float) -> go.Figure:
    """A line for each model on log scales: how far units move as a share of how far they vary.

    Args:
        sigmas: Sizes of the nudge, rising, (k,).
        curves: By the model's title: roots of `stability.nudge_curve`, (k,).
        mark: The size at which figures are given, with a vertical line.
    """
    traces = [
        trace(
            "scatter",
            x=np.asarray(sigmas, np.float32),
            y=np.asarray(values, np.float32),
            mode="lines+markers",
            name=plain(title),
            line={"color": colour, "width": 2},
            hovertemplate="σ = %{x:g}: units move %{y:.3g} of their spread<extra></extra>",
        )
        for (title, values), colour in zip(curves.items(), SERIES_COLOURS, strict=False)
    ]
    line = {"type": "line", "x0": mark, "x1": mark, "y0": 0, "y1": 1, "yref": "paper"}
    return figure(
        traces,
        380,
        shapes=[line | {"line": {"color": "rgba(128, 128, 128, 0.6)", "width": 1, "dash": "dot"}}],
        xaxis={"title": "σ of the noise that is added", "type": "log", "tickvals": list(sigmas)},
        yaxis={"title": "shift, share of the units' spread", "type": "log", "dtick": 1},
    )
