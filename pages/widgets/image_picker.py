"""Picks test images: by class, by number, or by chance."""

from typing import Any

import numpy as np
import streamlit as st

from ae_core import data, images
from pages.serving import page_state
from pages.serving.page_state import Field, State, Values

ANY = "All classes"
THUMBNAIL = 112  # pixels


def _of_class(values: Values) -> np.ndarray:
    """The numbers of the test images of the class that is chosen."""
    dataset = data.load(values["dataset"])
    labels = dataset.split("test").labels
    if values["class"] == ANY:
        return np.arange(len(labels))
    return np.flatnonzero(labels == dataset.class_names.index(values["class"]))


def _last(values: Values) -> int:
    return data.load(values["dataset"]).sizes["test"] - 1


def _first(values: Values) -> str:
    return f"first-{values['dataset']}" + ("" if values["class"] == ANY else f"-{values['class']}")


# Some images one after another; they need the name of their data set as `dataset`.
SEVERAL = (
    page_state.choice(
        "class",
        "Class",
        lambda values: [ANY, *data.load(values["dataset"]).class_names],
        param=lambda values: f"class-{values['dataset']}",
    ),
    page_state.number("first", "First image", 0, lambda values: len(_of_class(values)) - 1, 0, param=_first),
)


def field(name: str, label: str, default: int = 0, **about: Any) -> Field:
    """One image, of the data set whose name is given as `dataset`.

    Args:
        name: Of the field.
        label: What the image is here, in words of this app.
        default: The image until one is picked; of a smaller data set its last one.
        **about: Further attributes of the field.
    """
    return page_state.number(name, label, 0, _last, default, of=lambda values: values["dataset"], **about)


def pick(state: State, count: int = 10) -> np.ndarray:
    """Shows the controls of `SEVERAL` and gives the numbers of up to `count` test images."""
    by_class, by_number, by_chance = st.columns([2, 2, 1], vertical_alignment="bottom")
    state.draw(by_class.selectbox, "class")
    rows = _of_class(state.values)
    if by_chance.button("Random start", icon=":material/shuffle:", width="stretch"):
        state.choose("first", int(np.random.default_rng().integers(len(rows))))
    label = f"First image, 0 to {len(rows) - 1:,}"
    first = state.draw(by_number.number_input, "first", label, step=count)
    return rows[first : first + count]


def one(state: State, name: str) -> int:
    """Shows one test image with the controls to pick another, and gives its number.

    Args:
        state: The page's, with the `field` of the image.
        name: Of the field.
    """
    dataset, label, key, row = data.load(state["dataset"]), state.fields[name].label, state.key(name), int(state[name])
    test = dataset.split("test")
    last = len(test.labels) - 1

    def draw() -> None:
        page_state.put(key, int(np.random.default_rng().integers(last + 1)))

    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        thumbnail = st.container(width=THUMBNAIL)
        with st.container(gap="small", width=200):
            state.draw(st.number_input, name, f"{label}, 0 to {last:,}")
            st.button(
                "Another", icon=":material/casino:", key=f"{state.prefix}{name}-chance", on_click=draw, width="stretch"
            )
    image = test.images[row]
    scale = max(1, THUMBNAIL // len(image))
    shown = dataset.class_names[int(test.labels[row])]
    enlarged = image.repeat(scale, axis=0).repeat(scale, axis=1)
    thumbnail.image(images.data_uri(enlarged), width=THUMBNAIL, alt=f"{label}: {shown}, test image {row}")
    return row
