"""Losses as they fall."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ae_core.figures.style import SERIES_COLOURS, layout


def learning_curves(
    history: Sequence[Mapping[str, Any]], progress: Sequence[Mapping[str, Any]] = (), unit: str = "", epochs: int = 0
) -> go.Figure:
    """One curve for each loss term, beside one another: a line for training, dots for the held-out images.

    Args:
        history: Records of epochs, as in a run's history.
        progress: Records between epochs, as in a job's progress; the line follows them where there are any.
        unit: Of the loss.
        epochs: How many there will be; the axis is that long from the start.
    """
    names = list(history[0]["terms"] if history else progress[0]["terms"] if progress else [])
    figure = make_subplots(1, max(len(names), 1), subplot_titles=[f"{n} ({unit})" if unit else n for n in names])
    for column, name in enumerate(names, 1):
        colour = SERIES_COLOURS[(column - 1) % len(SERIES_COLOURS)]
        line = [(p["epochs"], p["terms"][name]) for p in progress] or [(h["epoch"], h["terms"][name]) for h in history]
        x, y = np.array(line, np.float32).T
        # The first steps are so high that they would flatten everything after them.
        settled = y[x > 0.1 * x[-1]] if x[-1] > 0.2 else y
        figure.add_scatter(
            x=x, y=y, mode="lines", name="training", line={"color": colour, "width": 2}, row=1, col=column,
            showlegend=False, hovertemplate="epoch %{x:.2f}: %{y:.4g}<extra>training</extra>",
        )  # fmt: skip
        figure.add_scatter(
            x=np.array([h["epoch"] for h in history], np.float32),
            y=np.array([h["validation"][name] for h in history], np.float32),
            mode="markers", name="held-out images", marker={"color": colour, "size": 7, "symbol": "circle-open"},
            row=1, col=column, showlegend=False, hovertemplate="epoch %{x}: %{y:.4g}<extra>held-out</extra>",
        )  # fmt: skip
        low = min([float(y.min()), *[float(h["validation"][name]) for h in history]])
        high = max([float(settled.max()), *[float(h["validation"][name]) for h in history]])
        pad = (high - low) * 0.08 or 1e-3
        figure.update_yaxes(range=[low - pad, high + pad], row=1, col=column)
    longest = max([epochs, *[h["epoch"] for h in history]], default=1)
    figure.update_xaxes(title="epoch", range=[0, longest * 1.02], rangemode="tozero")
    layout(figure, height=300)
    return figure.update_annotations(font={"size": 14})
