"""What codes are good for."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.style import SERIES_COLOURS, edge, figure, ones_and_threes, plain, trace
from ae_core.uses import Line

GREY = "rgba(128, 128, 128, 0.9)"
DASHES = {
    "run": "solid",
    "pca": "dash",
    "untrained": "dot",
    "pixels": "dashdot",
    "random": "longdashdot",
    "zlib": "dashdot",
    "seen": "longdash",
}
DASHES |= {"jpeg-mosaic": "dot", "webp-mosaic": "dot", "noisy": "dot"}
SYMBOLS = {"gaussian": "square", "median": "diamond", "nl-means": "cross", "average": "square"}
SYMBOLS |= {
    "savitzky-golay": "diamond",
    "jpeg": "square",
    "jpeg-mosaic": "square-open",
    "webp": "diamond",
    "webp-mosaic": "diamond-open",
}
MOST_MARKS = 9  # that an axis writes out


def over(
    lines: Sequence[Line], across: str, up: str, logarithmic: bool = True, logarithmic_up: bool = False
) -> go.Figure:
    """A line for each code over what varies, bars of a standard deviation; a model's floors are dashed in its colour.

    Args:
        lines: What to draw.
        across: What varies, for the axis.
        up: What was measured.
        logarithmic: Whether equal ratios of what varies are equally far apart.
        logarithmic_up: The same of what was measured.
    """
    traces = []
    for line in lines:
        colour = GREY if line.model is None else edge(SERIES_COLOURS[line.model % len(SERIES_COLOURS)])
        spread = np.nan_to_num(np.array(line.spreads, np.float32))
        traces.append(
            trace(
                "scatter",
                x=np.array(line.x, np.float32),
                y=np.array(line.means, np.float32),
                error_y={"type": "data", "array": spread, "visible": bool(spread.any()), "thickness": 1, "width": 3},
                mode="lines+markers",
                name=plain(line.title),
                line={"color": colour, "width": 2, "dash": DASHES.get(line.kind, "solid")},
                marker={
                    "size": 7 if line.kind == "run" or line.kind in SYMBOLS else 5,
                    "color": colour,
                    "symbol": SYMBOLS.get(line.kind, "circle"),
                },
                hovertemplate=f"{plain(line.title)}, %{{x:,.4~g}}: %{{y:.4~g}}<extra></extra>",
            )
        )
    ticks = np.unique(np.concatenate([np.array(line.x, float) for line in lines]))
    marks: dict[str, object] = {}
    if len(ticks) <= MOST_MARKS:
        marks = {"tickvals": ticks, "ticktext": [f"{tick:,g}" for tick in ticks]}
    elif logarithmic:
        marks = ones_and_threes([ticks])
    up_marks = {"type": "log"} | ones_and_threes([one["y"] for one in traces]) if logarithmic_up else {}
    axis = {"title": across, **({"type": "log"} if logarithmic else {}), **marks}
    return figure(traces, 400, xaxis=axis, yaxis={"title": up} | up_marks)
