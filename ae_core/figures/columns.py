"""Models as dots, two of their figures as axes."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.sizes import SYMBOLS
from ae_core.figures.style import SERIES_COLOURS, edge, figure, ones_and_threes, plain, trace

WIDE = 20  # times the smallest value, from which on an axis is logarithmic


def two_columns(
    titles: Sequence[str], groups: Sequence[str], x: Sequence[float], y: Sequence[float], across: str, up: str
) -> go.Figure:
    """A dot for each model that has both figures.

    Args:
        titles: What the models are called, (n,).
        groups: What is in one colour, as their kinds, (n,).
        x, y: Two figures of each, (n,); NaN where one was not computed.
        across, up: What these are.
    """
    xs, ys = np.array(x, np.float32), np.array(y, np.float32)
    there = np.isfinite(xs) & np.isfinite(ys)
    said = f"%{{text}}<br>{plain(across)}: %{{x:.4~g}}<br>{plain(up)}: %{{y:.4~g}}<extra></extra>"
    traces = []
    for i, group in enumerate(dict.fromkeys(groups)):
        rows = np.flatnonzero(there & (np.array(groups) == group))
        if len(rows):
            colour = edge(SERIES_COLOURS[i % len(SERIES_COLOURS)])
            traces.append(
                trace(
                    "scatter",
                    x=xs[rows],
                    y=ys[rows],
                    mode="markers",
                    name=plain(group),
                    marker={"size": 10, "color": colour, "symbol": SYMBOLS[i % len(SYMBOLS)], "line": {"width": 2}},
                    text=[plain(titles[row]) for row in rows.tolist()],
                    hovertemplate=said,
                )
            )
    return figure(traces, 400, xaxis={"title": across} | _scale(xs[there]), yaxis={"title": up} | _scale(ys[there]))


def _scale(values: np.ndarray) -> dict[str, object]:
    """A logarithmic axis where values differ many times."""
    if not len(values) or values.min() <= 0 or values.max() < WIDE * values.min():
        return {}
    return {"type": "log"} | ones_and_threes([values], (1, 2, 5))
