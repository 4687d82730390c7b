"""Images side by side, one of which is chosen by a click or by keyboard: test images, or pictures of one's own."""

import base64
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from ae_core import data, thumbnails
from pages.serving import caches, scripts, sprites


def test_images(dataset: str, key: str, chosen: int | None, on_choose: Callable[[int], None]) -> None:
    """Shows the test images of a data set, by class and page by page.

    Args:
        dataset: Its name.
        key: Of the gallery on its page.
        chosen: The number of the image that is chosen.
        on_choose: Is given the number of another one, before the page runs again.
    """
    _show(_about(dataset) | {"chosen": chosen}, key, data.load(dataset).sizes["test"], on_choose)


def some(
    dataset: str,
    numbers: Sequence[int],
    key: str,
    chosen: int | None,
    on_choose: Callable[[int], None],
    savable: bool = True,
) -> None:
    """Shows the test images with these numbers, in this order; `savable` as one picture; otherwise as `test_images`."""
    about = _about(dataset, numbers) | {"among": list(numbers), "chosen": chosen, "savable": savable}
    _show(about, key, data.load(dataset).sizes["test"], on_choose)


def pictures(given: Sequence[tuple[str, str]], key: str, chosen: int | None, on_choose: Callable[[int], None]) -> None:
    """Shows pictures, each given by its name and its link; otherwise as `test_images`."""
    shown = {"pictures": [{"name": name, "link": link} for name, link in given]}
    _show({**shown, "chosen": chosen}, key, len(given), on_choose)


def _about(dataset: str, numbers: Sequence[int] | None = None) -> dict[str, Any]:
    of, labels = data.load(dataset), caches.test_labels(dataset)
    if numbers is not None:
        labels = labels[list(numbers)]
    return {
        "sprites": sprites.about(dataset),
        "image": thumbnails.size(of.form),
        "noun": of.form.noun,
        "labels": base64.b64encode(labels.astype("uint8").tobytes()).decode(),
        "classes": list(of.class_names),
    }


def _show(shown: dict[str, Any], key: str, count: int, on_choose: Callable[[int], None]) -> None:
    def choose() -> None:
        number = st.session_state[key].get("chosen")
        if isinstance(number, int) and 0 <= number < count:
            on_choose(number)

    scripts.component("gallery.js")(key=key, data=shown, on_chosen_change=choose)
