"""Picks test images: one by sight, or several by class and number."""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ae_core import data, images, thumbnails
from pages.serving import fields, page_state
from pages.serving.fields import Field, Values
from pages.serving.page_state import State
from pages.widgets import gallery
from pages.widgets.words import Words

ANY = "All classes"
COUNT = 10  # images beside one another
THUMBNAIL = 56  # pixels: two for each of a 28 × 28 image
WIDTH = 480  # of a chooser, in pixels


def _of_class(values: Values) -> np.ndarray:
    """The numbers of the test images of the class that is chosen."""
    dataset = data.load(values["dataset"])
    labels = dataset.split("test").labels
    if values["class"] == ANY:
        return np.arange(len(labels))
    return np.flatnonzero(labels == dataset.class_names.index(values["class"]))


def _classes(values: Values) -> list[str]:
    """The classes that have test examples, after all of them together."""
    dataset = data.load(values["dataset"])
    return [ANY, *(dataset.class_names[c] for c in np.unique(dataset.split("test").labels) if dataset.class_names)]


def _last(values: Values) -> int:
    return data.load(values["dataset"]).sizes["test"] - 1


def _first(values: Values) -> str:
    return f"first-{values['dataset']}" + ("" if values["class"] == ANY else f"-{values['class']}")


# Some images one after another; they need the name of their data set as `dataset`.
SEVERAL = (
    fields.choice(
        "class",
        "Class",
        _classes,
        param=lambda values: f"class-{values['dataset']}",
    ),
    fields.number("first", "First image", 0, lambda values: len(_of_class(values)) - 1, 0, param=_first),
)


def field(name: str, label: str, default: int | Callable[[Values], int] = 0, **about: Any) -> Field:
    """One image, of the data set whose name is given as `dataset`.

    Args:
        name: Of the field.
        label: What the image is here, in words of this app.
        default: The image until one is picked, or what makes it of the values of the fields before; of a smaller data
            set its last one.
        **about: Further attributes of the field.
    """
    return fields.number(name, label, 0, _last, default, of=lambda values: values["dataset"], **about)


def several(state: State, besides: int | None = None, alone: bool = False) -> np.ndarray:
    """Shows the controls of `SEVERAL` and gives the numbers of up to `COUNT` test images.

    Args:
        state: The page's.
        besides: The number of the image that they stand beside, if it is a test image: it is not shown twice.
        alone: Whether they stand beside none; beside one there is room for one less.
    """
    noun = data.load(state["dataset"]).form.noun
    count, others = (COUNT, noun) if alone else (COUNT - 1, f"of the other {noun}s")
    by_class, by_number, by_chance = st.columns([2, 2, 1], vertical_alignment="bottom")
    if data.load(state["dataset"]).class_names:
        state.draw(by_class.selectbox, "class", "Class" if alone else f"Class of the other {noun}s")
    rows = _of_class(state.values)
    if by_chance.button("Random start", icon=":material/shuffle:", width="stretch"):
        state.choose("first", int(np.random.default_rng().integers(len(rows))))
    first = state.draw(by_number.number_input, "first", f"First {others}, 0 to {len(rows) - 1:,}", step=count)
    found = rows[first : first + COUNT]
    return found[found != besides][:count]


def one(state: State, name: str) -> int:
    """Shows one test image with the way to choose another, and gives its number.

    Args:
        state: The page's, with the `field` of the image.
        name: Of the field.
    """
    dataset, key, row = data.load(state["dataset"]), state.key(name), int(state[name])
    chip = Chip(key, Words(dataset.form)(state.fields[name].label))
    if chip.is_open:
        with chip.inside():
            gallery.test_images(dataset.name, f"gallery-{key}", row, chip.choose(key))
    chip.show(thumbnails.draw(dataset.form, dataset.split("test").images[row : row + 1])[0], dataset.called(row))
    return row


class Chip:
    """An image, small, with its name, and a button that opens a chooser of another."""

    def __init__(self, key: str, label: str = "Change") -> None:
        """Makes room for them.

        Args:
            key: Of the image on its page.
            label: Of the button.
        """
        self._opened = f"choose-{key}"
        with st.container(horizontal=True, gap="small"):
            self._thumbnail = st.container(width=THUMBNAIL)
            with st.container(gap=None, width="stretch"):
                self._name = st.container()
                self._chooser = st.popover(label, key=self._opened, type="tertiary", on_change="rerun")

    @property
    def is_open(self) -> bool:
        """Whether the chooser is: only then is it worth filling."""
        return bool(self._chooser.open)

    def inside(self) -> DeltaGenerator:
        """Makes room in the chooser."""
        return self._chooser.container(width=WIDTH)

    def choose(self, field: str) -> Callable[[int], None]:
        """Makes what a gallery calls: it gives the field with that key a number, and closes the chooser."""
        opened = self._opened

        def choose(number: int) -> None:
            page_state.put(field, number)
            st.session_state[opened] = False

        return choose

    def show(self, image: np.ndarray, name: str) -> None:
        """Fills it with a picture, uint8 (h, w) or (h, w, 3), and its name."""
        _fill(self._thumbnail, self._name, image, name)


def show(image: np.ndarray, name: str) -> None:
    """Shows a picture, uint8 (h, w) or (h, w, 3), and its name as a chip without a chooser."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _fill(st.container(width=THUMBNAIL), st.container(width="stretch"), image, name)


def _fill(thumbnail: DeltaGenerator, words: DeltaGenerator, image: np.ndarray, name: str) -> None:
    scale = max(1, THUMBNAIL // len(image))
    thumbnail.image(images.data_uri(images.enlarged(image, scale)), width=THUMBNAIL, alt=name)
    words.text(name)
