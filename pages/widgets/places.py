"""The pinned place and the view of a lens, in the link."""

import hashlib
import math

import numpy as np
import streamlit as st

from ae_core.latent import Plane
from pages.widgets.lens import Look

SEEN = "plane-seen"


def from_link(plane: Plane, start: np.ndarray, prefix: str = "") -> Look:
    """Where a lens begins: at what the link says, else at a code (d,) with all of the plane in view.

    A pin and a view belong to their plane: with another plane they are dropped.
    """
    plane_now = hashlib.sha256(plane.origin.tobytes() + plane.axes.tobytes()).hexdigest()
    plane_before = st.session_state.get(prefix + SEEN, plane_now)
    st.session_state[prefix + SEEN] = plane_now
    if plane_before != plane_now:
        _write("pin", None, prefix)
        _write("view", None, prefix)
    x, y = plane.points(start[None])[0].tolist()
    pin, view = _read("pin", 2, prefix), _read("view", 3, prefix)
    return Look((pin[0], pin[1]) if pin else (x, y), (view[0], view[1], view[2]) if view else None)


def to_link(look: Look, prefix: str = "") -> None:
    """Puts a place and a view into the link."""
    _write("pin", look.pin, prefix)
    _write("view", look.view, prefix)


def _read(name: str, count: int, prefix: str) -> list[float] | None:
    text = st.query_params.get(prefix + name)
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == count and all(map(math.isfinite, numbers)) and (count < 3 or numbers[2] > 0):
        return numbers
    st.warning(f"The {name} in this link cannot be read and was left out.")
    st.query_params.pop(prefix + name, None)
    return None


def _write(name: str, numbers: tuple[float, ...] | None, prefix: str) -> None:
    if numbers is None:
        st.query_params.pop(prefix + name, None)
    else:
        st.query_params[prefix + name] = ",".join(f"{n:.7g}" for n in numbers)
