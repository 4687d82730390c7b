"""Codes in rows beside one another, and which classes their clusters hold."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.style import GRID, LINE, SERIES_COLOURS, edge, figure, ones_and_threes, plain, trace, wrapped

SHADES = [[0, "rgba(91, 111, 224, 0.04)"], [1, "rgba(91, 111, 224, 1)"]]  # from the ground to the app's blue
SYMBOLS = ("circle", "diamond", "square", "triangle-up")
GREY = "rgba(128, 128, 128, 0.9)"
ROW = 40  # pixels of a code
LINE_HEIGHT = 17  # of its label


def beside(
    titles: Sequence[str],
    series: Mapping[str, tuple[np.ndarray, np.ndarray]],
    across: str,
    mark: float | None = None,
    logarithmic: bool = False,
    letters: int = LINE,
) -> go.Figure:
    """A row for each code, a mark for each way in which it was measured, bars of a standard deviation.

    Args:
        titles: Of the codes, (r,), the first at the top.
        series: By the name of the way: means (r,), NaN of what was not measured, and standard deviations (r,).
        across: What was measured.
        mark: A value with a vertical line.
        logarithmic: Whether equal ratios of what was measured are equally far apart.
        letters: Of a line of a code's label, at most.
    """
    places, labels = np.arange(len(titles), dtype=np.float32), [wrapped(title, letters) for title in titles]
    row = max([ROW, *(LINE_HEIGHT * (label.count("<br>") + 1) for label in labels)])
    traces = []
    for number, (name, (means, spreads)) in enumerate(series.items()):
        colour = edge(SERIES_COLOURS[number % len(SERIES_COLOURS)])
        there = np.isfinite(means)
        if not there.any():
            continue
        apart = 0.36 * (number / max(1, len(series) - 1) - 0.5) if len(series) > 1 else 0.0
        bars = np.nan_to_num(np.asarray(spreads, np.float32)[there])
        traces.append(
            trace(
                "scatter",
                x=np.asarray(means, np.float32)[there],
                y=places[there] + np.float32(apart),
                error_x={"type": "data", "array": bars, "visible": bool(bars.any()), "thickness": 1, "width": 3},
                mode="markers",
                name=plain(name),
                marker={"size": 9, "color": colour, "symbol": SYMBOLS[number % len(SYMBOLS)]},
                hovertext=[f"{plain(titles[i])}, {plain(name)}" for i in np.flatnonzero(there).tolist()],
                hovertemplate="%{hovertext}: %{x:.3g}<extra></extra>",
            )
        )
    marks = {"type": "log"} | ones_and_threes([one["x"] for one in traces], (1, 2, 5)) if logarithmic else {}
    line = {"type": "line", "x0": mark, "x1": mark, "y0": 0, "y1": 1, "yref": "paper"}
    return figure(
        traces,
        80 + row * len(titles),
        **({} if mark is None else {"shapes": [line | {"line": {"color": GREY, "width": 1, "dash": "dot"}}]}),
        xaxis={"title": across, "showgrid": True, "gridcolor": GRID} | marks,
        yaxis={"autorange": "reversed", "tickvals": places, "ticktext": labels},
    )


def confusion(
    counts: np.ndarray, clusters: Sequence[str], class_names: Sequence[str], noun: str = "image"
) -> go.Figure:
    """Which classes every cluster holds: a row for each cluster, its shares of the classes as shades.

    Args:
        counts: Examples of each class in each cluster, (k, c).
        clusters: Names of the clusters, the first at the top.
        class_names: Of the classes.
        noun: What an example is called.
    """
    totals = counts.sum(axis=1, keepdims=True)
    shares = (100 * counts / np.maximum(totals, 1)).astype(np.float32)
    told = [
        [f"{plain(k)}: {n:,} {noun}{'s' * (n != 1)} of class {plain(c)}" for c, n in zip(class_names, row, strict=True)]
        for k, row in zip(clusters, counts.tolist(), strict=True)
    ]
    columns, rows = (np.arange(size, dtype=np.int32) for size in counts.shape[::-1])
    shades = trace(
        "heatmap",
        z=shares,
        x=columns,
        y=rows,
        coloraxis="coloraxis",
        xgap=1,
        ygap=1,
        hovertext=np.array(told),
        hovertemplate="%{hovertext}, %{z:.0f} %<extra></extra>",
    )
    bar = {"title": {"text": "% of the cluster", "side": "right"}, "thickness": 10}
    across = {"tickvals": columns, "ticktext": [wrapped(name) for name in class_names]}
    up = {"tickvals": rows, "ticktext": [plain(name) for name in clusters]}
    return figure(
        [shades],
        110 + 26 * len(clusters),
        coloraxis={"cmin": 0, "cmax": 100, "colorscale": SHADES, "colorbar": bar},
        xaxis={"title": "class", "tickangle": -40, **across},
        yaxis={"autorange": "reversed", "showgrid": False, **up},
    )
