"""How well scores tell odd examples from others."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.style import CLASS_COLOURS, SERIES_COLOURS, edge, figure, plain, trace
from ae_core.uses import Measured, listed
from ae_core.uses.anomalies import SCORES, Curve

GREY = "rgba(128, 128, 128, 0.9)"
COIN = {"color": "rgba(128, 128, 128, 0.6)", "width": 1, "dash": "dot"}
ROW = 27  # pixels
MOST = 300  # places along a curve
AUROC = "auroc_"
DASHES = ("dot", "dash", "dashdot", "longdash", "longdashdot", "solid")


def anomaly_scores(measured: Measured) -> go.Figure:
    """A dot for the AUROC of each score of each model, below them those of the floors; bars of a standard deviation.

    Args:
        measured: As of a use, of models with one protocol.
    """
    models, rows, dots = list(measured), list[str](), list[tuple[str, int | None, float, float]]()
    for _, model, row in listed(measured):
        for name, (called, _) in SCORES.items():
            if (figure_name := AUROC + name) in row.figures:
                of_pca = row.kind == "pca"
                label = f"{row.title}: {called}" if of_pca else called
                dots.append(
                    (label, None if row.kind != "run" else model, row.mean(figure_name), row.spread(figure_name))
                )
                if label not in rows:
                    rows.append(label)
    traces = []
    for number in (*range(len(models)), None):
        of = [dot for dot in dots if dot[1] == number]
        colour = GREY if number is None else edge(SERIES_COLOURS[number % len(SERIES_COLOURS)])
        name = "used instead" if number is None else plain(models[number])
        traces.append(
            trace(
                "scatter",
                x=np.array([dot[2] for dot in of], np.float32),
                y=np.array([rows.index(dot[0]) for dot in of], np.int32),
                error_x={
                    "type": "data",
                    "array": np.array([dot[3] for dot in of], np.float32),
                    "thickness": 1,
                    "width": 3,
                },
                mode="markers",
                name=name,
                marker={"size": 10, "color": colour, "symbol": "diamond" if number is None else "circle"},
                text=[plain(dot[0]) for dot in of],
                hovertemplate=f"{name}, %{{text}}: %{{x:.3f}}<extra></extra>",
            )
        )
    coin = {"type": "line", "x0": 0.5, "x1": 0.5, "y0": 0, "y1": 1, "yref": "paper", "line": COIN}
    return figure(
        traces,
        100 + ROW * len(rows),
        shapes=[coin],
        xaxis={"title": "AUROC; 0.5 is a coin", "range": [0, 1.02], "dtick": 0.25},
        yaxis={
            "tickvals": np.arange(len(rows), dtype=np.int32),
            "ticktext": [plain(row) for row in rows],
            "range": [len(rows) - 0.4, -0.6],
        },
    )


def anomaly_curves(
    curves: Mapping[str, Curve], chosen: str, alarms: float, share: float, stacked: bool = False
) -> go.Figure:
    """Receiver operating characteristic and precision over recall; one score stands out.

    Args:
        curves: By what scores are called; "mean value" is drawn dashed.
        chosen: The score that stands out.
        alarms: Share of the others that its threshold calls odd, marked on its lines.
        share: That of odd examples, which is the precision of a coin.
        stacked: Whether they stand below each other, not side by side.
    """
    traces = []
    for i, (name, curve) in enumerate(sorted(curves.items(), key=lambda each: each[0] == chosen)):
        rows = _spread(curve)
        stands_out = name == chosen
        colour = edge(SERIES_COLOURS[0]) if stands_out else GREY
        dash = "solid" if stands_out else DASHES[i % len(DASHES)]
        line = {"color": colour, "width": 3 if stands_out else 1, "dash": dash}
        for axis, x, y, says in (
            ("", curve.alarms, curve.found, "%{y:.1%} of the odd, %{x:.1%} of the others"),
            ("2", curve.found, curve.precision, "%{x:.1%} of the odd, %{y:.1%} of those called odd"),
        ):
            traces.append(
                trace(
                    "scatter", x=x[rows].astype(np.float32), y=y[rows].astype(np.float32), mode="lines",
                    name=plain(name), legendgroup=name, showlegend=not axis, line=line, xaxis=f"x{axis}",
                    yaxis=f"y{axis}", hovertemplate=f"{plain(name)}: {says}<extra></extra>",
                )
            )  # fmt: skip
    own = curves[chosen]
    at = max(0, int(np.searchsorted(own.alarms, alarms, "right")) - 1)
    for axis, x, y in (("", own.alarms[at], own.found[at]), ("2", own.found[at], own.precision[at])):
        traces.append(
            trace(
                "scatter", x=[float(x)], y=[float(y)], mode="markers", xaxis=f"x{axis}", yaxis=f"y{axis}",
                marker={"size": 12, "color": edge(CLASS_COLOURS[2]), "line": {"width": 1, "color": "white"}},
                showlegend=False, hoverinfo="skip",
            )
        )  # fmt: skip
    unit = {"range": [0, 1.02], "dtick": 0.25}
    coins = [
        {"type": "line", "x0": 0, "x1": 1, "y0": 0, "y1": 1, "line": COIN},
        {"type": "line", "x0": 0, "x1": 1, "y0": share, "y1": share, "xref": "x2", "yref": "y2", "line": COIN},
    ]
    one, other = ([0.0, 0.45], [0.57, 1.0])
    place = ({"yaxis": other, "yaxis2": one} if stacked else {"xaxis": one, "xaxis2": other}).items()
    domains = {axis: {"domain": domain} for axis, domain in place}
    axes = {
        "xaxis": {"title": "others called odd", **unit},
        "yaxis": {"title": "odd ones found", **unit},
        "xaxis2": {"title": "odd ones found", "anchor": "y2", **unit},
        "yaxis2": {"title": "precision", "anchor": "x2", **unit},
    }
    changes = {axis: change | domains.get(axis, {}) for axis, change in axes.items()}
    return figure(traces, 640 if stacked else 380, shapes=coins, **changes)


def _spread(curve: Curve) -> np.ndarray:
    """Some places of a curve: all may be ten thousand. Half of them are even in the share found, half in alarms."""
    count = len(curve.found)
    if count <= MOST:
        return np.arange(count)
    even = np.linspace(0, 1, MOST // 2)
    both = [np.searchsorted(values, even).clip(0, count - 1) for values in (curve.found, curve.alarms)]
    return np.unique(np.concatenate([*both, [count - 1]]))


def score_by_mean(means: np.ndarray, values: np.ndarray, odd: np.ndarray, called: str, mean_called: str) -> go.Figure:
    """A dot for each example: a score over its mean value.

    Args:
        means: Mean values, (n,).
        values: The score, (n,).
        odd: Which examples are odd, bool (n,).
        called: What the score is called.
        mean_called: What the mean value is called.
    """
    traces = [
        trace(
            "scatter",
            x=means[rows].astype(np.float32),
            y=values[rows].astype(np.float32),
            mode="markers",
            name=name,
            marker={"size": 5, "color": colour, "opacity": 0.5},
            hovertemplate=f"{mean_called} %{{x:.2f}}, {plain(called)} %{{y:.3g}}<extra></extra>",
        )
        for name, rows, colour in (("others", ~odd, edge(SERIES_COLOURS[0])), ("odd", odd, edge(SERIES_COLOURS[1])))
    ]
    return figure(traces, 360, xaxis={"title": mean_called}, yaxis={"title": plain(called)})
