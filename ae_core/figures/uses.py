"""What codes are good for."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.style import SERIES_COLOURS, edge, figure, plain, trace

FLOOR = "rgba(128, 128, 128, 0.9)"
DASHES = ("dash", "dot", "dashdot", "longdash", "longdashdot")


def over(
    xs: Mapping[str, Sequence[float]],
    means: Mapping[str, Sequence[float]],
    spreads: Mapping[str, Sequence[float]],
    floors: Sequence[str],
    across: str,
    up: str,
    logarithmic: bool = True,
) -> go.Figure:
    """A line for each code over what varies, with bars of a standard deviation; those of floors are grey and dashed.

    Args:
        xs: Where each was measured, by what it is called, (k,).
        means: What was measured there, (k,).
        spreads: Its standard deviation, (k,); NaN where it was measured once.
        floors: Which of them are floors.
        across: What varies, for the axis.
        up: What was measured.
        logarithmic: Whether equal ratios of what varies are equally far apart.
    """
    traces = []
    models = [title for title in xs if title not in floors]
    for title, x in xs.items():
        is_floor = title in floors
        of = list(floors).index(title) if is_floor else models.index(title)
        colour = FLOOR if is_floor else edge(SERIES_COLOURS[of % len(SERIES_COLOURS)])
        spread = np.nan_to_num(np.array(spreads[title], np.float32))
        traces.append(
            trace(
                "scatter",
                x=np.array(x, np.float32),
                y=np.array(means[title], np.float32),
                error_y={"type": "data", "array": spread, "visible": bool(spread.any()), "thickness": 1, "width": 3},
                mode="lines+markers",
                name=plain(title),
                line={"color": colour, "width": 2, **({"dash": DASHES[of % len(DASHES)]} if is_floor else {})},
                marker={"size": 7, "color": colour},
                hovertemplate=f"{plain(title)}, %{{x:,}}: %{{y:.3g}}<extra></extra>",
            )
        )
    ticks = np.unique(np.concatenate([np.array(x, float) for x in xs.values()]))
    marks = {"tickvals": ticks, "ticktext": [f"{tick:,g}" for tick in ticks]} if len(ticks) <= 9 else {}
    return figure(
        traces,
        380,
        xaxis={"title": across, **({"type": "log"} if logarithmic else {}), **marks},
        yaxis={"title": up},
    )
