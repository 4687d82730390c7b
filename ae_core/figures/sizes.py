"""Errors by the size of the code."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ae_core import kinds
from ae_core.figures.style import SERIES_COLOURS, Trace, edge, figure, plain, trace

# Outlines, of models that are equally good as well.
SYMBOLS = [f"{shape}-open" for shape in ("circle", "square", "diamond", "cross", "triangle-up", "x", "triangle-down")]
BESIDE = 1.2  # times the largest size the axis goes on
TICKS = 12  # that an axis has room for
PCA = "rgba(128, 128, 128, 0.9)"


def error_by_code_size(
    titles: Sequence[str],
    of_kind: Sequence[str],
    alike: Sequence[str],
    sizes: Sequence[int],
    errors: Sequence[float],
    pca: np.ndarray,
    untrained: Sequence[float] = (),
) -> go.Figure:
    """A point for each model; a line through the means of those that differ in size alone; a dashed line for PCA.

    A dotted line joins the errors of the same networks untrained.

    Args:
        titles: What the models are called, (n,).
        of_kind: Names of their kinds, (n,).
        alike: What is the same of models that differ in size and seed alone, as `comparison.alike`, (n,).
        sizes: Units of their codes, (n,).
        errors: Their mean squared errors, (n,).
        pca: The error of PCA with codes of 0, 1, 2, … components, as `pca.errors`.
        untrained: The error of each model's untrained encoder with its best linear decoder, (n,), as
            `comparison.untrained_errors`; NaN or none where that is not known.
    """
    code, error = np.array(sizes, np.float32), np.array(errors, np.float32)
    low, high = float(code.min()) / BESIDE, float(code.max()) * BESIDE
    components = np.arange(max(1, int(low)), min(int(high) + 1, len(pca) - 1) + 1)
    traces = [
        trace(
            "scatter",
            x=components.astype(np.float32),
            y=pca[components].astype(np.float32),
            mode="lines",
            name="PCA",
            line={"color": PCA, "width": 2, "dash": "dash"},
            hovertemplate="PCA, code of %{x}: %{y:.3g}<extra></extra>",
        )
    ]
    for i, name in enumerate(kinds.names()):
        rows = np.flatnonzero((np.array(of_kind) == name) & ~np.isnan(error))
        if not len(rows):
            continue
        title, colour = plain(kinds.get(name).title), edge(SERIES_COLOURS[i % len(SERIES_COLOURS)])
        for same in dict.fromkeys(alike[row] for row in rows.tolist()):
            these = np.array([row for row in rows.tolist() if alike[row] == same])
            each = np.unique(code[these])
            if len(each) < 2:
                continue
            means = [error[these][code[these] == size].mean() for size in each]
            traces.append(
                trace(
                    "scatter", x=each, y=np.array(means, np.float32), mode="lines", line={"color": colour, "width": 2},
                    legendgroup=name, showlegend=False, hoverinfo="skip",
                )
            )  # fmt: skip
        traces.append(
            trace(
                "scatter", x=code[rows], y=error[rows], mode="markers", name=title, legendgroup=name,
                marker={"color": colour, "size": 12, "symbol": SYMBOLS[i % len(SYMBOLS)], "line": {"width": 2}},
                text=[plain(titles[row]) for row in rows.tolist()],
                hovertemplate="%{text}<br>code of %{x}: %{y:.3g}<extra></extra>",
            )
        )  # fmt: skip
    traces[1:1] = _untrained(alike, sizes, untrained)
    ticks = _apart(np.unique(code), high / low)
    return figure(
        traces,
        400,
        xaxis={
            "title": "code size, units",
            "type": "log",
            "range": np.log10([low, high]),
            "tickvals": ticks,
            "ticktext": [f"{size:.0f}" for size in ticks],
        },
        yaxis={"title": "test MSE", "rangemode": "tozero"},
    )


def _untrained(alike: Sequence[str], sizes: Sequence[int], errors: Sequence[float]) -> list[Trace]:
    """A line for the untrained networks of models that differ in size alone; one for those that are the same."""
    curves: dict[tuple[tuple[int, float], ...], None] = {}
    for same in dict.fromkeys(alike):
        found = {size: e for size, e, a in zip(sizes, errors, alike, strict=False) if a == same and not np.isnan(e)}
        if len(found) > 1:
            curves[tuple(sorted(found.items()))] = None
    return [
        trace(
            "scatter", x=np.array(curve, np.float32)[:, 0], y=np.array(curve, np.float32)[:, 1], mode="lines+markers",
            name="untrained", line={"color": PCA, "width": 2, "dash": "dot"}, marker={"size": 5},
            legendgroup="untrained", showlegend=i == 0,
            hovertemplate="untrained, code of %{x}: %{y:.3g}<extra></extra>",
        )
        for i, curve in enumerate(curves)
    ]  # fmt: skip


def _apart(sizes: np.ndarray, span: float) -> np.ndarray:
    """Those of rising sizes whose names do not overlap on a logarithmic axis that spans so many times."""
    found: list[float] = []
    for size in sizes:
        if not found or size / found[-1] > span ** (1 / TICKS):
            found.append(float(size))
    return np.array(found, np.float32)
