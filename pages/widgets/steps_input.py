"""The steps that prepare a picture for the models: switches, and what each step makes of the picture."""

from collections.abc import Sequence

import streamlit as st

from ae_core import data, images, preparing
from ae_core.data import Dataset
from ae_core.errors import ImageError
from ae_core.preparing import Stage, Steps
from pages.serving import fields, page_state
from pages.widgets import alerts
from pages.widgets.image_input import Picture

TILE = 66  # pixels on the screen: five stand beside one another on a phone
FINE = 3  # pixels of a tile for each of the image: smooth scaling would blur what the models get
INVERT = {"Automatic": None, "Yes": True, "No": False}
SWITCHES = ("crop", "centre", "contrast")
FIELDS = (
    fields.choice("invert", "Invert", list(INVERT)),
    *(fields.flag(name, name, default=True) for name in SWITCHES),
)


def chosen() -> Steps:
    """The steps that the switches say, the same ones on every page."""
    state = page_state.open(*FIELDS)
    return Steps(INVERT[state["invert"]], **{name: state[name] for name in SWITCHES})


def choose() -> None:
    """Shows a switch for each step."""
    state = page_state.open(*FIELDS)
    state.segments(
        "invert",
        help="The models have learnt bright objects on a dark background. Automatic inverts a picture of a dark "
        "object.",
    )
    with st.container(horizontal=True):
        for name in SWITCHES:
            state.draw(st.checkbox, name)


def prepare(picture: Picture, dataset: Dataset, steps: Steps) -> list[Stage]:
    """Prepares a picture, once for as long as the steps stay; warns if nothing can be made of it.

    Returns:
        Its stages; the image of the last one, of the data set's form, is for the models: step by step for those of the
        app, for all else as its own images were made. Empty if nothing can be made.
    """
    if dataset.name not in picture.prepared or picture.prepared[dataset.name][0] != steps:
        try:
            if dataset.is_tuned:
                height, width = dataset.form.sides
                stages = preparing.prepare(picture.grey, (height, width), steps)
            else:
                image = preparing.fitted(picture.pixels, dataset.form, preparing.fit_of(dataset.details.get("made")))
                stages = [Stage("fitted", data.as_float(image), True)]
            picture.prepared[dataset.name] = steps, stages
        except ImageError as error:
            st.warning(alerts.escape_markdown(f"{picture.title}: {error}"))
            return []
    return picture.prepared[dataset.name][1]


def show(stages: Sequence[Stage]) -> None:
    """Shows a picture after each step."""
    with st.container(horizontal=True, gap="xxsmall"):
        for stage in stages:
            fine = images.enlarged(images.as_uint8(stage.image), FINE)
            with st.container(width=TILE, gap="xsmall"):
                st.image(images.data_uri(fine), width=TILE, alt=f"The picture, {stage.name}")
                st.caption(stage.name if stage.taken else f"not {stage.name}")
