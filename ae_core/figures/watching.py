"""What units do while they are trained."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ae_core import unit_history
from ae_core.figures.style import SERIES_COLOURS, edge, figure, trace, whole

REST = "rgba(128, 128, 128, 0.55)"
FEWEST = 16  # units that are drawn, if there are so many
BEYOND = 1.25  # times the active units that are drawn, so that one sees where they end
NAMED = 32  # bars that have room for the number of their unit
LIMIT = {
    "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": unit_history.ACTIVE_NATS, "y1": unit_history.ACTIVE_NATS,
    "line": {"color": REST, "width": 1, "dash": "dot"},
}  # fmt: skip
LOW = 0.5  # nats
MOST_DOTS = 60  # epochs that have room for dots


def kl_by_unit(kl: np.ndarray) -> go.Figure:
    """How much each unit of a variational code carries: a bar for each, the largest first.

    Of a large code only the units that carry something are drawn and some that do not; the axis says what is left out.

    Args:
        kl: KL divergence of each unit in nats, (d,).
    """
    order = np.argsort(-kl, kind="stable")
    falling, active = kl[order].astype(np.float32), unit_history.carrying(kl)[order]
    shown = min(len(kl), max(FEWEST, int(np.ceil(BEYOND * active.sum()))))
    ranks = np.arange(1, shown + 1, dtype=np.int32)
    traces = []
    for name, rows, colour in (
        (f"active, above {unit_history.ACTIVE_NATS} nats", np.flatnonzero(active[:shown]), edge(SERIES_COLOURS[0])),
        ("not active", np.flatnonzero(~active[:shown]), REST),
    ):
        if len(rows):
            bars = trace(
                "bar", x=ranks[rows], y=falling[rows], customdata=(order[rows] + 1).astype(np.int32), name=name,
                marker={"color": colour}, hovertemplate="unit %{customdata}: %{y:.3g} nats<extra></extra>",
            )  # fmt: skip
            traces.append(bars)
    across = "unit, the largest first"
    if left := len(kl) - shown:
        across += f"; {left:,} more have at most {falling[shown]:.2g} nats each"
    high = max(1.05 * float(falling[0]), 2 * unit_history.ACTIVE_NATS)
    named = {"tickvals": ranks, "ticktext": [str(unit + 1) for unit in order[:shown].tolist()]}
    return figure(
        traces,
        260,
        bargap=0.2 if shown <= 2 * NAMED else 0,
        barmode="overlay",
        showlegend=True,
        xaxis={"title": across, "range": [0.4, shown + 0.6], **(named if shown <= NAMED else {})},
        # Never so short that units which carry nothing look large.
        yaxis={"title": "KL, nats", "range": [0, high]},
        **({"shapes": [LIMIT]} if high < LOW else {}),  # else it lies on the axis
    )


def units_by_epoch(numbers: Sequence[int], counts: Sequence[int], total: int, what: str, epochs: int = 0) -> go.Figure:
    """How many units were active, or dead, after each epoch.

    Args:
        numbers: Of the epochs, rising; 0 is the untrained network, (k,).
        counts: Of units, (k,).
        total: Units of the code.
        what: They are, such as "active units".
        epochs: How many there will be; the axis is that long from the start. 0 once there come no more.
    """
    x, y = np.array(numbers, np.int32), np.array(counts, np.int32)
    high = max(int(y.max()), min(total, 4))
    line = trace(
        "scatter", x=x, y=y, mode="lines+markers" if len(x) <= MOST_DOTS else "lines",
        line={"color": edge(SERIES_COLOURS[0]), "width": 2}, marker={"size": 6},
        hovertemplate=f"epoch %{{x}}: %{{y}} of {total:,} units<extra></extra>", showlegend=False,
    )  # fmt: skip
    longest = max(epochs, int(x[-1]), 1)
    return figure(
        [line],
        200,
        xaxis={"title": "epoch", "range": [-0.02 * longest, 1.02 * longest], **whole(longest)},
        yaxis={"title": f"{what}, of {total:,}", "range": [-0.06 * high, 1.08 * high], **whole(high)},
    )
