"""Learning curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.style import SERIES_COLOURS, Trace, figure, trace

BETWEEN = 0.2  # of a curve's share of the width lies between it and the next
# Of terms whose names in a history say little.
TITLES = {
    "kl": "KL divergence",
    "sparsity": "sparsity penalty",
    "contraction": "contraction penalty",
    "revival": "revival of dead units",
}
FEW = 3  # epochs whose first steps are in view


def learning_curves(
    history: Sequence[Mapping[str, Any]], progress: Sequence[Mapping[str, Any]] = (), unit: str = "", epochs: int = 0
) -> go.Figure:
    """One curve for each loss term, beside one another: a line for training, dots for the held-out images.

    Args:
        history: Records of epochs, as in a run's history.
        progress: Records between epochs, as in a job's progress; the line follows them where there are any.
        unit: Of the loss.
        epochs: How many there will be; the axis is that long from the start. 0 once there come no more.
    """
    names = list(history[0]["terms"] if history else progress[0]["terms"] if progress else [])
    longest = max([epochs, *[h["epoch"] for h in history], *[p["epochs"] for p in progress]])
    count = max(len(names), 1)
    gap = BETWEEN / count
    width = (1 - gap * (count - 1)) / count
    traces: list[Trace] = []
    axes: dict[str, Any] = {}
    headings = []
    for i, name in enumerate(names):
        number = str(i + 1) if i else ""
        on = {"xaxis": f"x{number}", "yaxis": f"y{number}", "showlegend": False}
        colour = SERIES_COLOURS[i % len(SERIES_COLOURS)]
        line = [(p["epochs"], p["terms"][name]) for p in progress] or [(h["epoch"], h["terms"][name]) for h in history]
        x, y = np.array(line, np.float32).T
        held_out = np.array([h["validation"][name] for h in history], np.float32)
        training = trace(
            "scatter", x=x, y=y, mode="lines", name="training", line={"color": colour, "width": 2}, **on,
            hovertemplate="epoch %{x:.2f}: %{y:.4g}<extra>training</extra>",
        )  # fmt: skip
        dots = trace(
            "scatter", x=np.array([h["epoch"] for h in history], np.float32), y=held_out, mode="markers",
            name="held-out examples", marker={"color": colour, "size": 7, "symbol": "circle-open"}, **on,
            hovertemplate="epoch %{x}: %{y:.4g}<extra>held-out</extra>",
        )  # fmt: skip
        traces += [training, dots]
        # The first epoch's steps are so high that they would flatten many that follow.
        settled = y[x >= 1] if x[-1] > FEW else y
        low, high = min([float(y.min()), *held_out.tolist()]), max([float(settled.max()), *held_out.tolist()])
        pad = (high - low) * 0.08 or 1e-3
        left, right = i * (width + gap), i * (width + gap) + width
        axes[f"xaxis{number}"] = {
            "title": "epoch", "range": [0, longest * 1.02], "rangemode": "tozero",
            "domain": [left, right], "anchor": f"y{number}",
        }  # fmt: skip
        axes[f"yaxis{number}"] = {"range": [low - pad, high + pad], "anchor": f"x{number}"}
        headings.append({
            "text": TITLES.get(name, name) + (f" ({unit})" if unit else ""), "font": {"size": 14}, "showarrow": False,
            "x": (left + right) / 2, "xref": "paper", "xanchor": "center", "y": 1, "yref": "paper", "yanchor": "bottom",
        })  # fmt: skip
    return figure(traces, 300, annotations=headings, **axes)
