"""Shows a Plotly figure, and redraws it in place when it changes.

`st.plotly_chart` builds a new chart for every change and keeps the old one beside it until the script has
ended: a slider makes the page jump, a live curve flickers. Here Plotly's own `react` does the work, and a
selection returns numbers of points instead of megabytes of points.
"""

import base64
import json
from collections.abc import Callable, Hashable, Sequence
from threading import Condition
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from cachetools import LRUCache, cached

from ae_core import data, thumbnails
from pages.serving import plotly_script, scripts, sprites

Draw = Callable[[], go.Figure]
FIGURES_CACHE = 12 << 20  # bytes; figures take 10 to 200 kB; 200 visitors missed 23 % of theirs with 16 MB, 38 with 8
WRAP = 5  # images beside one another where there is little room
NARROW = "narrow figures"  # of a session: which keys have little room


def show(figure: go.Figure | Draw, key: str, alt: str, narrow: Draw | None = None, of: Hashable = None) -> None:
    """Shows a figure, which can be saved as PNG, SVG or a page of its own.

    Args:
        figure: With a height in its layout; or what draws it.
        key: Of this figure on its page; under the same key the next figure takes its place.
        alt: What it shows, for those who cannot see it.
        narrow: Draws what is shown in its place where there is little room, as on a phone.
        of: All that decides what is drawn, where that is the same for many visitors: it is then drawn once.
    """
    told: dict[str, bool] = st.session_state.setdefault(NARROW, {})

    def tell() -> None:
        told[key] = bool(st.session_state[key].get("narrow"))

    is_narrow = told.get(key, _on_a_phone()) if narrow else None
    draw = narrow if narrow and is_narrow else figure
    drawn = _drawn(draw, key, is_narrow, of) if of is not None else _draw(draw)
    _component()(key=key, data=_packed(drawn, key, alt, narrow=is_narrow), on_narrow_change=tell)


def _component() -> Any:
    return scripts.component("plot.js", isolate_styles=False)


def _draw(figure: go.Figure | Draw) -> bytes:
    text: str = (figure if isinstance(figure, go.Figure) else figure()).to_json()
    return text.encode()


@cached(LRUCache(FIGURES_CACHE, getsizeof=len), key=lambda figure, *of: of, condition=Condition())
def _drawn(figure: go.Figure | Draw, *of: Hashable) -> bytes:
    return _draw(figure)


def _on_a_phone() -> bool:
    """A guess, until the browser has measured."""
    return "Mobi" in st.context.headers.get("User-Agent", "")


def dots(
    figure: Draw,
    key: str,
    alt: str,
    dataset: str,
    selected: np.ndarray,
    on_select: Callable[[list[int]], None],
    of: Hashable,
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
        of: As for `show`.
        marked: Numbers of those with a ring around them.
        view: What the axes are: under the same name, a zoom outlives new data.
    """
    mask = np.zeros(data.load(dataset).sizes["test"], bool)
    mask[selected] = True
    about = {
        "mask": base64.b64encode(np.packbits(mask).tobytes()).decode(),
        "marked": [int(n) for n in marked],
        "sprites": sprites.about(dataset),
        "image": thumbnails.size(data.load(dataset).form),
        "view": view,
    }

    def told() -> None:
        numbers = st.session_state[key].get("selected")
        on_select([n for n in numbers if isinstance(n, int)] if isinstance(numbers, list) else [])

    drawn = _drawn(figure, key, of)
    # A trigger, not a state: the same dots may be selected again after others were elsewhere.
    _component()(key=key, data=_packed(drawn, key, alt, tools=True, dots=about), on_selected_change=told)


def _packed(figure: bytes, key: str, alt: str, **about: Any) -> bytes:
    """A line of what there is to say about a figure, then the figure.

    As bytes: Streamlit would write an object of a text twice, each letter looked at, and its page read it once more.
    """
    about = {"name": key, "alt": alt, "library": plotly_script.link(), "narrow": None, "tools": False} | about
    return json.dumps(about).encode() + b"\n" + figure
