"""Colours and layout that all figures share."""

import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from ae_core.figures.lazy import Figure
from ae_core.thumbnails import COLOURS

Trace = dict[str, Any]
FEW = 6  # that an axis numbers one by one

# Ten colours that people with a colour-vision deficiency can tell apart.
# Reference: Petroff 2021, Accessible color sequences for data visualization, table 1; its red and its purple are
# lighter here, for dark ground. Those that are too light for light ground have an outline, see `edge`.
CLASS_COLOURS = (
    "#3f90da",
    "#ffa90e",
    "#c93115",
    "#94a4a2",
    "#8a48d2",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
# Of intervals of a value, the smallest first: viridis (van der Walt & Smith 2015), whose lightness rises evenly.
RISING_COLOURS = (
    "#440154",
    "#472d7b",
    "#3b528b",
    "#2c728e",
    "#21918c",
    "#28ae80",
    "#5ec962",
    "#addc30",
    "#fde725",
)
# Runs beside each other: of the same sequence, first those whose lines stand out from light and from dark ground.
SERIES_COLOURS = COLOURS
NO_TEMPLATE = {"data": {"scatter": [{"type": "scatter"}]}}  # what Plotly makes of "none"
# On axes: written out or as powers of ten, never as "100µ" or "20k".
NUMBERS = {"exponentformat": "power", "minexponent": 5}
LINE, LINES = 18, 3  # letters of a label's line, and lines
GRID = "rgba(128, 128, 128, 0.25)"
# Relative luminances that have a contrast of at least 3 both to the app's light grounds and to its dark ones.
SEEN_ON_BOTH = (0.15, 0.25)
LUMINANCE = (0.2126, 0.7152, 0.0722)


def edge(colour: str) -> str:
    """The nearest shade of a colour, "#rrggbb", that stands out from light and dark ground, for outlines.

    Some class colours are too light for light ground.
    Reference: WCAG 2.2, relative luminance and success criterion 1.4.11.
    """
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    luminance = sum(share * v for share, v in zip(LUMINANCE, linear, strict=True))
    low, high = SEEN_ON_BOTH
    if luminance > high:
        linear = [v * high / luminance for v in linear]
    elif luminance < low:
        white = (low - luminance) / (1 - luminance)
        linear = [v + (1 - v) * white for v in linear]
    values = [12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in linear]
    return "#" + "".join(f"{round(255 * v):02x}" for v in values)


def plain(text: str) -> str:
    """A person's words as Plotly shows them letter by letter: it reads some tags, and does not know ``&quot;``."""
    return escape(text, quote=False)


def wrapped(text: str, letters: int = LINE) -> str:
    """A person's words as a label of a few short lines of so many letters at most, for the side of a figure."""
    return "<br>".join(map(plain, textwrap.wrap(text, letters, max_lines=LINES, placeholder=" …")))


def trace(kind: str, **properties: Any) -> Trace:
    """A trace of Plotly's, such as "scatter", with its properties."""
    return {"type": kind, **properties}


def figure(traces: Sequence[Trace], height: int, **changes: Any) -> Figure:
    """Traces on transparent ground with a quiet grid.

    Plotly validates it when it is first looked into, which pages do not; tests/test_figures.py validates each.

    Args:
        traces: Any, as `trace` gives them.
        height: In pixels.
        **changes: Of the layout. `xaxis`, `yaxis`, `xaxis2` and so on add to what all axes are; their title is a text.
    """
    axes = {"xaxis": {}, "yaxis": {}} | {
        name: change for name, change in changes.items() if name[1:].startswith("axis")
    }
    layout = {
        "template": NO_TEMPLATE,
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 28, "b": 12},  # as low as an index below an axis reaches
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        "hoverlabel": {"align": "left"},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "orientation": "v"},
    }
    layout |= changes | {name: _axis(name, change) for name, change in axes.items()}
    return Figure(traces, layout)


def steps(edges: np.ndarray, counts: np.ndarray, out_of: int, **style: Any) -> Trace:
    """The outline of a histogram: edges of k intervals (k + 1,), what they hold (k,), as per cent of a number."""
    shares = (np.append(counts, counts[-1]) / out_of * 100).astype(np.float32)
    style["line"] = {"shape": "hv", "width": 2, **style["line"]}
    return trace("scatter", x=edges.astype(np.float32), y=shares, mode="lines", **style)


def class_bars(
    values: np.ndarray, class_names: Sequence[str], height: int, changes: Mapping[str, Any], **style: Any
) -> Figure:
    """A bar for each class (c,) in its colour, the first at the top; `changes` as of `figure`."""
    numbers = np.arange(len(class_names), dtype=np.int32)
    colours = [CLASS_COLOURS[i % len(CLASS_COLOURS)] for i in range(len(class_names))]
    marker = {"color": colours, "line": {"width": 1, "color": [edge(colour) for colour in colours]}}
    bars = trace(
        "bar", x=values, y=numbers, orientation="h", textposition="outside", cliponaxis=False, marker=marker, **style
    )
    names = {"tickvals": numbers, "ticktext": [plain(name) for name in class_names]}
    return figure([bars], height, bargap=0.25, yaxis={"autorange": "reversed", "showgrid": False, **names}, **changes)


def whole(longest: int) -> dict[str, Any]:
    """For an axis of counts up to that: Plotly would divide a short one by halves, and round what it writes."""
    return {"dtick": 1} if longest <= FEW else {"tickformat": "d"}


def ones_and_threes(values: Sequence[np.ndarray], of: Sequence[float] = (1, 3)) -> dict[str, Any]:
    """For a logarithmic axis of values: marks at 1 and 3, or at others, of each power of ten."""
    every = np.concatenate(values)
    every = every[np.isfinite(every) & (every > 0)]
    if not len(every):
        return {}
    ticks = np.outer(10.0 ** np.arange(np.floor(np.log10(every.min())), np.ceil(np.log10(every.max())) + 1), of)
    return {"tickvals": ticks.ravel().astype(np.float32), "ticktext": [f"{tick:,g}" for tick in ticks.ravel()]}


def _axis(name: str, change: dict[str, Any]) -> dict[str, Any]:
    grid = {"showgrid": False} if name.startswith("x") else {"gridcolor": GRID}
    title, others = change.get("title"), {key: value for key, value in change.items() if key != "title"}
    named = {"title": {"text": title, "standoff": 8}} if title else {}
    return {"automargin": True, "zeroline": False, **NUMBERS, **grid, **others, **named}
