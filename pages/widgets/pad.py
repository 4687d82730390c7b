"""A drawing pad: strokes are drawn in the browser, and the drawing comes to Python when a stroke has ended."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from ae_core.errors import ImageError
from pages.serving import scripts

SIDE = 112  # of the drawing, in pixels: four for each pixel of the models' images


def show(key: str, in_colour: bool = False) -> np.ndarray | None:
    """Shows the pad.

    The drawing outlives reruns, other pages, and the browser's copy of the pad.

    Args:
        key: Of this pad in the app.
        in_colour: Whether colours can be chosen.

    Returns:
        The drawing on black, uint8 of shape (SIDE, SIDE), or (SIDE, SIDE, 3) if some of it has a colour; None while it
        is empty.
    """
    kept = _kept(key)
    result = scripts.component("pad.js", "drawing.css")(
        key=key,
        data={"key": key, "drawing": kept["drawing"], "version": kept["version"], "side": SIDE, "colour": in_colour},
        default={"sent": None},
        on_sent_change=lambda: None,
    )
    try:
        # What was put on the pad since then is newer than what the browser sent before.
        if result.sent and (sent := read(result.sent))[0] == kept["version"]:
            kept["drawing"] = sent[1]
    except ImageError as error:
        st.error(str(error))  # no word of it is theirs, and the drawing before is still there
    return _pixels(kept["drawing"]) if kept["drawing"] else None


def put(key: str, image: np.ndarray) -> None:
    """Puts an image on the pad with that key in place of its drawing, which can be undone; call it before `show`.

    Args:
        key: As of `show`.
        image: (h, w) or (h, w, 3) in [0, 1].
    """
    whole = Image.fromarray(np.round(np.clip(image, 0, 1) * 255).astype(np.uint8))
    larger = whole.resize((SIDE, SIDE), Image.Resampling.NEAREST)  # pixel for pixel, so that it can come back exactly
    kept = _kept(key)
    kept["drawing"] = base64.b64encode(larger.tobytes()).decode()
    kept["version"] += 1


def read(sent: Any) -> tuple[int, str]:
    """Checks what a browser sent: the version of what it drew upon, and the drawing, "" if nothing is left of it.

    Raises:
        ImageError: if it is anything else than that.
    """
    if not isinstance(sent, Mapping) or set(sent) != {"version", "drawing"}:
        raise ImageError("The pad sent something that is no drawing: draw it again.")
    version, drawing = sent["version"], sent["drawing"]
    if not isinstance(version, int) or not isinstance(drawing, str):
        raise ImageError("The pad sent something that is no drawing: draw it again.")
    if drawing:
        _pixels(drawing)
    return version, drawing


def _pixels(drawing: str) -> np.ndarray:
    grey = SIDE * SIDE
    try:
        content = base64.b64decode(drawing, validate=True) if len(drawing) <= 6 * grey else b""
    except (binascii.Error, ValueError):
        content = b""
    if len(content) not in (grey, 3 * grey):
        raise ImageError(f"The pad must send {SIDE} × {SIDE} grey values or colours: draw it again.")
    pixels = np.frombuffer(content, np.uint8)
    return pixels.reshape(SIDE, SIDE) if len(content) == grey else pixels.reshape(SIDE, SIDE, 3)


def _kept(key: str) -> dict[str, Any]:
    return st.session_state.setdefault(f"{key}-kept", {"drawing": "", "version": 0})
