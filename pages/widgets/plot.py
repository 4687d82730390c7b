"""Shows a Plotly figure, and redraws it in place when it changes.

`st.plotly_chart` builds a new chart for every change and keeps the old one beside it until the script has
ended: a slider makes the page jump, a live curve flickers. Here Plotly's own `react` does the work, and a
selection returns numbers of points instead of megabytes of points.
"""

import base64
import gzip
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import plotly
import plotly.graph_objects as go
import streamlit as st
from starlette.requests import Request
from starlette.responses import Response

from ae_core import data
from pages.widgets import served, sprites

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


ROUTE = served.route(LINK, _serve)


@cache
def _component() -> Any:
    return st.components.v2.component(
        "plot",
        html='<div class="figure"><div class="plot"></div><div class="save"></div></div>',
        css=(HERE / "plot.css").read_text(),
        js="\n".join((HERE / name).read_text() for name in ("plot.js", "save.js", "dots.js", "sprites.js")),
        isolate_styles=False,
    )


def show(figure: go.Figure, key: str, alt: str, narrow: go.Figure | None = None) -> None:
    """Shows a figure, which can be saved as PNG, SVG or a page of its own.

    Args:
        figure: With a height in its layout.
        key: Of this figure on its page; under the same key the next figure takes its place.
        alt: What it shows, for those who cannot see it.
        narrow: Shown in its place where there is little room, as on a phone.
    """
    _component()(key=key, data=_data(figure, key, alt, narrow))


def dots(
    figure: go.Figure,
    key: str,
    alt: str,
    dataset: str,
    selected: np.ndarray,
    on_select: Callable[[list[int]], None],
    marked: Sequence[int] = (),
    view: str = "",
) -> None:
    """Shows a scatter of test images to zoom into and to select from: near enough, its dots become their images.

    Args:
        figure: Each trace of one class, with the numbers of its test images as `customdata`.
        key: As for `show`.
        alt: As for `show`.
        dataset: Whose test images they are.
        selected: Numbers of the selected ones, wherever they were selected.
        on_select: Called before the next run with the numbers that were selected here, or none to let go.
        marked: Numbers of those with a ring around them.
        view: What the axes are: under the same name, a zoom outlives new data.
    """
    mask = np.zeros(data.load(dataset).sizes["test"], bool)
    mask[selected] = True
    about = {
        "mask": base64.b64encode(np.packbits(mask).tobytes()).decode(),
        "marked": [int(n) for n in marked],
        "sprites": {"links": sprites.links(dataset), "size": sprites.SHEET, "columns": sprites.COLUMNS},
        "image": data.load(dataset).image_shape,
        "view": view,
    }

    def told() -> None:
        numbers = st.session_state[key]["selected"]
        on_select([n for n in numbers if isinstance(n, int)] if isinstance(numbers, list) else [])

    # A trigger, not a state: the same dots may be selected again after others were elsewhere.
    _component()(key=key, data={**_data(figure, key, alt), "tools": True, "dots": about}, on_selected_change=told)


def _data(figure: go.Figure, key: str, alt: str, narrow: go.Figure | None = None) -> dict[str, Any]:
    return {
        "figure": figure.to_json(),
        "narrow": narrow.to_json() if narrow else "",
        "name": key,
        "alt": alt,
        "tools": False,
        "library": served.link(LINK),
    }
