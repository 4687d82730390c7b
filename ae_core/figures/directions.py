"""A direction on a plane: its groups, itself, and where it could as well have gone."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.style import SERIES_COLOURS, figure, plain, trace

GREY = "rgba(128, 128, 128, 0.35)"
MOST = 2000  # dots of all other examples


def _arrow(start: np.ndarray, end: np.ndarray) -> dict[str, Any]:
    """An annotation, which lies over all dots, from one place to another, (2,) each."""
    at = {"x": float(end[0]), "y": float(end[1]), "ax": float(start[0]), "ay": float(start[1])}
    refs = {"xref": "x", "yref": "y", "axref": "x", "ayref": "y"}
    head = {"arrowhead": 2, "arrowsize": 0.6, "arrowwidth": 4, "arrowcolor": SERIES_COLOURS[1]}
    return {**at, **refs, **head, "text": "", "showarrow": True}


def direction_fan(
    others: np.ndarray,
    groups: tuple[np.ndarray, np.ndarray],
    names: tuple[str, str],
    start: np.ndarray,
    end: np.ndarray,
    ends: np.ndarray,
    axes: tuple[str, str],
) -> go.Figure:
    """Two groups on a plane with the direction between their means, and those of bootstrap samples as a fan.

    Args:
        others: Places of all examples, (n, 2), of which some are shown.
        groups: Places of both groups, (k, 2) and (m, 2).
        names: What those are called.
        start, end: Where the direction begins and ends, (2,).
        ends: Where those of bootstrap samples end, (b, 2); they begin at the same place.
        axes: Names of the axes.
    """

    def dots(name: str, places: np.ndarray, colour: str, size: int) -> dict[str, object]:
        return trace(
            "scattergl",
            x=places[:, 0].astype(np.float32),
            y=places[:, 1].astype(np.float32),
            mode="markers",
            name=plain(name),
            marker={"size": size, "color": colour, "opacity": 0.6},
            hoverinfo="skip",
            showlegend=name != "others",
        )

    step = max(1, len(others) // MOST)
    fan = np.full((3 * len(ends), 2), np.nan)
    fan[0::3], fan[1::3] = start, ends
    lines = [
        trace(
            "scattergl",  # as the dots: they would cover lines of the other sort
            x=fan[:, 0].astype(np.float32),
            y=fan[:, 1].astype(np.float32),
            mode="lines",
            name="bootstrap samples",
            line={"color": SERIES_COLOURS[1], "width": 1},
            opacity=0.4,
            hoverinfo="skip",
        ),
        trace(
            "scattergl",
            x=np.array([start[0], end[0]], np.float32),
            y=np.array([start[1], end[1]], np.float32),
            mode="lines",
            name="direction",
            line={"color": SERIES_COLOURS[1], "width": 4},
            hoverinfo="skip",
        ),
    ]
    traces = [
        dots("others", others[::step], GREY, 3),
        dots(names[0], groups[0], SERIES_COLOURS[0], 5),
        dots(names[1], groups[1], SERIES_COLOURS[2], 5),
        *lines,
    ]
    return figure(
        traces,
        440,
        xaxis={"title": axes[0]},
        yaxis={"title": axes[1], "scaleanchor": "x"},
        legend={"itemsizing": "constant", "orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        annotations=[_arrow(start, end)],
    )
