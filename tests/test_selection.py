"""A selection in a link: it comes back as it went, is short, and no nonsense in it does harm."""

import base64
import tracemalloc
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ae_core.errors import OptionError
from pages.serving.page_state import STORE
from pages.widgets import selection

COUNT = 10_000
RNG = np.random.default_rng(0)
SELECTIONS = {
    "empty": np.empty(0, int),
    "one": np.array([7]),
    "the last": np.array([COUNT - 1]),
    "a few": np.array([3, 17, 4_000]),
    "a run of numbers": np.arange(2_000, 3_000),
    "random 2,000": np.sort(RNG.permutation(COUNT)[:2_000]),
    "random 5,000": np.sort(RNG.permutation(COUNT)[:5_000]),
    "all": np.arange(COUNT),
}


def packed(content: bytes) -> str:
    return "z" + base64.urlsafe_b64encode(zlib.compress(content, 9, wbits=-15)).decode().rstrip("=")


@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("count", [COUNT, COUNT + 3])
def test_a_selection_comes_back_as_it_went(name: str, count: int) -> None:
    text = selection.encode(SELECTIONS[name], count)
    np.testing.assert_array_equal(selection.decode(text, count), SELECTIONS[name])
    assert len(text) < 1_750, "a link that every browser and server takes"


def test_few_numbers_stay_legible_and_many_are_packed() -> None:
    assert selection.encode(np.array([3, 17, 4_000]), COUNT) == "3.17.4000"
    assert len(selection.encode(SELECTIONS["all"], COUNT)) < 40
    # The entropy of one in five is 0.72 bits: 903 bytes, and a third more in letters.
    assert len(selection.encode(SELECTIONS["random 2,000"], COUNT)) < 1.2 * 903 * 4 / 3


@pytest.mark.parametrize(
    "text",
    [
        "garbage",
        "10000",
        "-1",
        "3,17",
        "3..17",
        ".",
        "٣",
        "²",
        "99999999999999999999",
        "z",
        "zAAAA",
        "z====",
        "zé",
        "z" + "A" * 100_000,
        "1." * 100_000 + "1",
        packed(bytes(1_249)),
        packed(bytes(1_251)),
        packed(bytes(1_250))[:-2],
        packed(bytes(100_000)),
        "<script>",
    ],
)
def test_nonsense_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(OptionError, match=r"\.$"):
        selection.decode(text, COUNT)


def test_a_zip_bomb_is_refused_without_unpacking_it() -> None:
    bomb = packed(bytes(1_500_000))  # of the longest text that is read at all
    assert len(bomb) < 64 + COUNT // 4
    tracemalloc.start()
    with pytest.raises(OptionError):
        selection.decode(bomb, COUNT)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000
    with pytest.raises(OptionError):
        selection.decode(packed(b"\xff" * 2), 12)  # bits beyond the last image


# As pages use it


def page() -> None:
    import streamlit as st

    from pages.serving import page_state
    from pages.widgets import selection

    dataset = st.session_state.get("asked", "fashion-mnist")
    with page_state.visit("page", st.empty()):
        st.text(",".join(str(n) for n in selection.current(dataset)))


def opened(script: Callable[[], None], **link: str) -> AppTest:
    app = AppTest.from_function(script)
    for name, text in link.items():
        app.query_params[name] = text
    return app.run()


def link(app: AppTest) -> dict[str, str]:
    return {name: texts[-1] for name, texts in app.session_state[STORE].link.items()}


def shown(app: AppTest) -> str:
    assert not app.exception
    return app.text[0].value


def test_a_link_selects_and_the_selection_stays_in_the_link() -> None:
    app = opened(page, select="17.3")
    assert shown(app) == "3,17"
    assert link(app)["select"] == "3.17"
    assert not app.warning
    app = opened(page, select="zzzz")
    assert shown(app) == ""
    assert "select" not in link(app)
    (warning,) = app.warning
    assert "defaults instead: selection." in warning.value


def test_each_data_set_has_a_selection_of_its_own() -> None:
    app = opened(page, select="400.9999")
    app.session_state["asked"] = "digits"  # of which there are 360
    app.run()
    assert shown(app) == ""
    assert "select" not in link(app)
    app.session_state["asked"] = "fashion-mnist"
    app.run()
    assert shown(app) == "400,9999"
    assert link(app)["select"] == "400.9999"


def choosing() -> None:
    import streamlit as st

    from pages.widgets import selection

    selection.set("digits", [5, 2, 5, -1, 360, 359])
    st.text(",".join(str(n) for n in selection.current("digits")))


def test_what_is_set_is_sorted_and_known() -> None:
    assert shown(opened(choosing)) == "2,5,359"


# One image looked at closely


def picking() -> None:
    import streamlit as st

    from pages.serving import page_state
    from pages.widgets import current_image

    with page_state.visit("page", st.empty()):
        st.text(str(current_image.opened("fashion-mnist")["image"]))
    st.button("17", on_click=current_image.take, args=("fashion-mnist", 17))
    st.button("none", on_click=current_image.take, args=("fashion-mnist", None))


def test_a_picked_image_is_in_the_link_and_comes_from_it() -> None:
    app = opened(picking, image="9999")
    assert shown(app) == "9999"
    app.button[0].click().run()
    assert (shown(app), link(app)["image"]) == ("17", "17")
    app.button[1].click().run()
    assert shown(app) == "None"
    assert "image" not in link(app)
    app = opened(picking, image="10000")
    assert shown(app) == "None"
    assert "image" not in link(app)
    (warning,) = app.warning
    assert "defaults instead: image." in warning.value
