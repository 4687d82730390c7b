"""How near draws come to what a model learnt from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.style import GRID, SERIES_COLOURS, Trace, edge, figure, ones_and_threes, trace, wrapped
from ae_core.figures.uses import GREY
from ae_core.uses import Measured, listed

SYMBOLS = ("circle", "diamond", "x-thin", "square")
ROW, HEIGHT = 34, 320  # pixels of a row, and of a figure at least
TRUE = {"color": "rgba(128, 128, 128, 0.7)", "width": 1, "dash": "dot"}


def draws_judged(measured: Measured, ways: Mapping[str, str], best: str = "test images") -> go.Figure:
    """Fréchet distances of draws: a row for each model and floor, a mark for each way of drawing.

    Args:
        measured: Of the models, for the use "generation".
        ways: What each way of drawing is called, by its name.
        best: What the test examples themselves are called, whose distance is a dotted line.
    """
    rows = [(title, model, row) for title, model, row in listed(measured)]
    names = [wrapped(title) for title, *_ in rows]
    traces: list[Trace] = []
    for (way, called), symbol in zip(ways.items(), SYMBOLS, strict=False):
        figure_name = f"frechet_{way}"
        shown = [i for i, (_, _, row) in enumerate(rows) if figure_name in row.figures]
        if not shown:
            continue
        colours = [_colour(rows[i][1], rows[i][2].kind) for i in shown]
        means = np.array([rows[i][2].mean(figure_name) for i in shown], np.float32)
        spreads = np.nan_to_num(np.array([rows[i][2].spread(figure_name) for i in shown], np.float32))
        marker: dict[str, Any] = {"size": 11, "symbol": symbol, "color": colours}
        if symbol.endswith("thin"):
            marker["line"] = {"width": 2.5, "color": colours}
        traces.append(
            trace(
                "scatter",
                x=means,
                y=np.array(shown, np.int32),
                error_x={
                    "type": "data",
                    "array": spreads,
                    "visible": bool(spreads.any()),
                    "color": GREY,
                    "thickness": 1,
                    "width": 3,
                },
                mode="markers",
                name=called,
                marker=marker,
                text=[names[i] for i in shown],
                hovertemplate=f"%{{text}}, {called}: %{{x:.3g}}<extra></extra>",
            )
        )
    floor = next((row.mean("frechet_again") for *_, row in rows if row.kind == "pixels"), float("nan"))
    more: dict[str, Any] = {}
    if np.isfinite(floor) and floor > 0:
        more["shapes"] = [
            {"type": "line", "x0": floor, "x1": floor, "y0": 0, "y1": 1, "yref": "paper", "layer": "below"}
            | {"line": TRUE}
        ]
        more["annotations"] = [
            {"x": np.log10(floor), "y": 0, "yref": "paper", "yanchor": "bottom", "xanchor": "left", "xshift": 4}
            | {"text": best, "showarrow": False, "font": {"size": 11, "color": GREY}}
        ]
    ticks = ones_and_threes([one["x"] for one in traces])
    return figure(
        traces,
        max(HEIGHT, 90 + ROW * len(rows)),
        xaxis={"title": "squared Fréchet distance", "type": "log", "showgrid": True, "gridcolor": GRID, **ticks},
        yaxis={"tickvals": np.arange(len(rows), dtype=np.int32), "ticktext": names, "range": [len(rows) - 0.4, -0.6]},
        **more,
    )  # fmt: skip


def precision_and_coverage(measured: Measured, ways: Mapping[str, str]) -> go.Figure:
    """Precision over coverage of draws, a mark for each model or floor and way of drawing; the best is top right.

    Args:
        measured, ways: As of `draws_judged`.
    """
    traces: list[Trace] = []
    rows = listed(measured)
    for (way, called), symbol in zip(ways.items(), SYMBOLS, strict=False):
        shown = [(title, model, row) for title, model, row in rows if f"coverage_{way}" in row.figures]
        if not shown:
            continue
        colours = [_colour(model, row.kind) for _, model, row in shown]
        marker: dict[str, Any] = {"size": 11, "symbol": symbol, "color": colours}
        if symbol.endswith("thin"):
            marker["line"] = {"width": 2.5, "color": colours}
        traces.append(
            trace(
                "scatter",
                x=np.array([row.mean(f"coverage_{way}") for *_, row in shown], np.float32),
                y=np.array([row.mean(f"precision_{way}") for *_, row in shown], np.float32),
                mode="markers",
                name=called,
                showlegend=False,  # as in the figure of the distances
                marker=marker,
                cliponaxis=False,
                text=[wrapped(title) for title, *_ in shown],
                hovertemplate=f"%{{text}}, {called}: precision %{{y:.3f}}, coverage %{{x:.3f}}<extra></extra>",
            )
        )
    whole = {"range": [-0.02, 1.02], "tickvals": [0, 0.25, 0.5, 0.75, 1]}
    return figure(traces, HEIGHT, xaxis={"title": "coverage", **whole}, yaxis={"title": "precision", **whole})


def _colour(model: int | None, kind: str) -> str:
    """A model's colour; that of PCA, which many models share, and of raw values is grey."""
    return GREY if model is None or kind != "run" else edge(SERIES_COLOURS[model % len(SERIES_COLOURS)])
