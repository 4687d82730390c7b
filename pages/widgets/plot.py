"""Shows a Plotly figure, and redraws it in place when it changes.

`st.plotly_chart` builds a new chart for every change and keeps the old one beside it until the script has
ended: a slider makes the page jump, a live curve flickers. Here Plotly's own `react` does the work, and a
selection returns numbers of points instead of megabytes of points.
"""

import gzip
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import plotly
import plotly.graph_objects as go
import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

HERE = Path(__file__).parent
LIBRARY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
LINK = f"/assets/plotly-{plotly.__version__}.min.js"
YEAR = 365 * 24 * 3600


@cache
def library() -> bytes:
    """Plotly's JavaScript, gzipped: a third of its 4.8 MB."""
    return gzip.compress(LIBRARY.read_bytes(), 6)


def _serve(request: Request) -> Response:
    headers = {"Content-Encoding": "gzip", "Cache-Control": f"public, max-age={YEAR}, immutable"}
    return Response(library(), media_type="text/javascript", headers=headers)


ROUTE = Route(LINK, _serve)


@cache
def _component() -> Any:
    return st.components.v2.component(
        "plot", html='<div class="plot"></div>', js=(HERE / "plot.js").read_text(), isolate_styles=False
    )


def show(figure: go.Figure, key: str, alt: str, tools: bool = False) -> np.ndarray:
    """Shows a figure.

    Args:
        figure: With a height in its layout.
        key: Of this figure on its page; under the same key the next figure takes its place.
        alt: What it shows, for those who cannot see it.
        tools: Whether points can be selected, and the view zoomed and saved.

    Returns:
        The `customdata` of the selected points, whole numbers, rising; none unless `tools`.
    """
    result = _component()(
        key=key,
        data={
            "figure": figure.to_json(),
            "alt": alt,
            "tools": tools,
            "library": st.get_option("server.baseUrlPath").rstrip("/") + LINK,
        },
        default={"selected": []},
        on_selected_change=lambda: None,
    )
    return np.unique(np.array(result.selected or [], dtype=int))
