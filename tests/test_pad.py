"""The drawing pad: what Python makes of what a browser sends."""

import base64
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ae_core.errors import ImageError
from pages.widgets import pad

DRAWN = np.random.default_rng(0).integers(0, 256, (pad.SIDE, pad.SIDE)).astype(np.uint8)


def encoded(grey: np.ndarray) -> str:
    return base64.b64encode(grey.tobytes()).decode()


COLOURED = np.random.default_rng(1).integers(0, 256, (pad.SIDE, pad.SIDE, 3)).astype(np.uint8)


def test_a_drawing_is_read_as_it_was_sent() -> None:
    assert pad.read({"version": 0, "drawing": encoded(COLOURED)}) == (0, encoded(COLOURED))
    assert pad.read({"version": 0, "drawing": encoded(DRAWN)}) == (0, encoded(DRAWN))
    assert pad.read({"version": 3, "drawing": ""}) == (3, "")


@pytest.mark.parametrize(
    "sent",
    [
        "nonsense",
        [1, 2],
        {},
        {"drawing": ""},
        {"version": 0, "drawing": None},
        {"version": "0", "drawing": ""},
        {"version": 0, "drawing": "", "more": 1},
        {"version": 0, "drawing": "<b>not base64</b>"},
        {"version": 0, "drawing": "é" * 20},
        {"version": 0, "drawing": encoded(DRAWN)[:-4]},
        {"version": 0, "drawing": encoded(DRAWN) + encoded(DRAWN)},
        {"version": 0, "drawing": "A" * 30_000_000},
        {"version": 0, "drawing": encoded(DRAWN).replace("A", "!", 1)},
    ],
    ids=lambda sent: str(sent)[:40],
)
def test_anything_else_is_refused_in_a_sentence(sent: Any) -> None:
    with pytest.raises(ImageError, match=r"draw it again\.$"):
        pad.read(sent)


def page() -> None:
    """A page with a pad, and a test image to put on it."""
    import numpy as np
    import streamlit as st

    from pages.widgets import pad

    if st.button("Put"):
        pad.put("pad", np.eye(28))
    if st.toggle("Here", value=True):
        drawing = pad.show("pad")
        st.session_state["seen"] = drawing
        st.text("empty" if drawing is None else f"{drawing.sum()}")


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_function(page, default_timeout=60).run()


def send(app: AppTest, sent: Any) -> AppTest:
    """As if the browser had sent it."""
    app.session_state["pad"] = {"sent": sent}
    return app.run()


def seen(app: AppTest) -> np.ndarray:
    assert not app.exception
    return app.session_state["seen"]


def test_a_drawing_arrives_outlives_its_pad_and_can_be_wiped(app: AppTest) -> None:
    assert seen(app) is None
    assert app.text[0].value == "empty"
    send(app, {"version": 0, "drawing": encoded(DRAWN)})
    np.testing.assert_array_equal(seen(app), DRAWN)
    app.toggle[0].set_value(False).run()
    app.toggle[0].set_value(True).run()
    np.testing.assert_array_equal(seen(app), DRAWN)
    send(app, {"version": 0, "drawing": ""})
    assert seen(app) is None


def test_nonsense_is_a_sentence_and_the_drawing_stays(app: AppTest) -> None:
    send(app, {"version": 0, "drawing": encoded(DRAWN)})
    send(app, {"version": 0, "drawing": "nonsense"})
    assert app.error[0].value == f"The pad must send {pad.SIDE} × {pad.SIDE} grey values or colours: draw it again."
    np.testing.assert_array_equal(seen(app), DRAWN)
    send(app, {"version": 0, "drawing": encoded(255 - DRAWN)})
    assert not app.error
    np.testing.assert_array_equal(seen(app), 255 - DRAWN)


def test_an_image_that_is_put_on_it_takes_the_place_of_the_drawing(app: AppTest) -> None:
    send(app, {"version": 0, "drawing": encoded(DRAWN)})
    app.button[0].click().run()
    grey = seen(app)
    factor = pad.SIDE // 28
    np.testing.assert_array_equal(grey[::factor, ::factor], 255 * np.eye(28))
    np.testing.assert_array_equal(grey.reshape(28, factor, 28, factor).mean(axis=(1, 3)), 255 * np.eye(28))
    # What the browser had sent before, and sends late, does not undo it.
    send(app, {"version": 0, "drawing": encoded(DRAWN)})
    np.testing.assert_array_equal(seen(app), grey)
    send(app, {"version": 1, "drawing": encoded(DRAWN)})
    np.testing.assert_array_equal(seen(app), DRAWN)
