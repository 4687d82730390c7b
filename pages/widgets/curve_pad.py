"""A pad to draw a signal on, or a row of a table: the browser draws, and Python gets the curve after each stroke."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from ae_core import series
from ae_core.data import Dataset
from ae_core.errors import DatasetError
from ae_core.forms import Form
from pages.serving import caches, scripts

FILE = "drawing.csv"  # what a drawing is saved as
MEANT_BY = 200  # test examples of which a pad's rest is the median


def show(dataset: Dataset) -> np.ndarray | None:
    """Shows the pad of a data set, which outlives reruns and other pages.

    Returns:
        What was drawn, float32 of the data set's form in [0, 1]; None while nothing was.
    """
    form, kept = dataset.form, _kept(dataset)
    named = series.named_values(dataset)
    result = scripts.component("curve_pad.js", "drawing.css")(
        key=f"curve-{dataset.name}",
        data={
            "key": dataset.name,
            "drawing": kept["drawing"],
            "version": kept["version"],
            "rest": _text(_rest(dataset)),
            "form": form.to_json(),
            "names": [name for name, _, _ in named],
            "low": [low for _, low, _ in named],
            "high": [high for _, _, high in named],
            "file": FILE,
        },
        default={"sent": None},
        on_sent_change=lambda: None,
    )
    try:
        # What was put on the pad since then is newer than what the browser sent before.
        if result.sent and (sent := read(result.sent, form))[0] == kept["version"]:
            kept["drawing"] = sent[1]
    except DatasetError as error:
        st.error(str(error))  # no word of it is theirs, and the drawing before is still there
    return _values(kept["drawing"], form) if kept["drawing"] else None


def put(dataset: Dataset, x: np.ndarray) -> None:
    """Puts an example on the pad in place of its drawing, which can be undone; call it before `show`."""
    kept = _kept(dataset)
    kept["drawing"] = _text(np.asarray(x))
    kept["version"] += 1


def read(sent: Any, form: Form) -> tuple[int, str]:
    """Checks what a browser sent: the version of what it drew upon, and the drawing, "" if nothing is left of it.

    Raises:
        DatasetError: if it is anything else than that.
    """
    whole = isinstance(sent, Mapping) and set(sent) == {"version", "drawing"}
    version, drawing = (sent["version"], sent["drawing"]) if whole else (None, None)
    if type(version) is not int or not isinstance(drawing, str):
        raise DatasetError("The pad sent something that is no drawing: draw it again.")
    if drawing:
        _values(drawing, form)
    return version, drawing


def _values(drawing: str, form: Form) -> np.ndarray:
    try:
        content = base64.b64decode(drawing, validate=True) if len(drawing) <= 8 * form.size else b""
    except (binascii.Error, ValueError):
        content = b""
    if len(content) != 4 * form.size:
        raise DatasetError(f"The pad must send {form.size:,} numbers: draw it again.")
    values = np.frombuffer(content, "<f4").reshape(form.shape)
    if not np.isfinite(values).all():
        raise DatasetError("The pad must send finite numbers: draw it again.")
    return np.clip(values, 0, 1).astype(np.float32)


def _text(values: np.ndarray) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


@caches.memoize(32, key=lambda dataset: dataset.name)
def _rest(dataset: Dataset) -> np.ndarray:
    """What the pad shows before anything is drawn: of signals their median, of tables that of each column."""
    some = caches.test_images(dataset.name, slice(MEANT_BY))
    axes = (0, 1) if dataset.form.sides else (0,)
    return np.broadcast_to(np.median(some, axis=axes), dataset.form.shape)


def _kept(dataset: Dataset) -> dict[str, Any]:
    return st.session_state.setdefault(f"curve-{dataset.name}-kept", {"drawing": "", "version": 0})
