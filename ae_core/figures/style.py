"""Colours and layout that all figures share."""

from html import escape
from typing import Any

import plotly.graph_objects as go

# Ten colours that people with a colour-vision deficiency can tell apart.
# Reference: Petroff 2021, Accessible color sequences for data visualization, table 1.
CLASS_COLOURS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
# Runs beside each other: the same sequence, its strongest contrasts first.
SERIES_COLOURS = ("#3f90da", "#e76300", "#832db6", "#b9ac70", "#bd1f01", "#717581", "#ffa90e", "#92dadd")
GRID = "rgba(128, 128, 128, 0.25)"


def plain(text: str) -> str:
    """A person's words as Plotly shows them letter by letter: it reads some tags, and does not know ``&quot;``."""
    return escape(text, quote=False)


def layout(figure: go.Figure, height: int, **changes: Any) -> go.Figure:
    """The figure with transparent ground, quiet grid, and that height in pixels."""
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        hoverlabel={"align": "left"},
        modebar={"bgcolor": "rgba(0,0,0,0)", "orientation": "v"},
    )
    axis = {"automargin": True, "zeroline": False, "title": {"standoff": 8}}
    figure.update_xaxes(axis, showgrid=False)
    figure.update_yaxes(axis, gridcolor=GRID)
    return figure.update_layout(**changes)
