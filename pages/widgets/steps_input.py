"""What is done to a picture before a model gets it: each step as a small picture with a switch."""

from dataclasses import fields

import numpy as np
import streamlit as st

from ae_core import images, preparing
from ae_core.errors import ImageError
from ae_core.preparing import Steps
from pages.widgets import alerts, controls
from pages.widgets.image_input import Picture

TILE, LAST = 66, 78  # pixels on the screen: five stand beside one another on a phone; the last has the longest name
FINE = 3  # pixels of the small picture for each of the image: smooth scaling would blur what the models get
INVERT, CHOSEN_FOR = "invert", "invert-chosen-for"


def steps(picture: Picture, image_shape: tuple[int, int]) -> tuple[np.ndarray, Steps] | None:
    """Shows the steps.

    Returns:
        The image that the models get, float32 of shape `image_shape` in [0, 1], and the steps that made it; None if
        nothing can be made of the picture, and the page says so.
    """

    def choose() -> None:
        st.session_state[CHOSEN_FOR] = picture.id

    # Until the visitor knows better, whether to invert is decided anew for each picture.
    if st.session_state.get(CHOSEN_FOR) != picture.id:
        st.session_state[INVERT] = preparing.is_dark(picture.grey, image_shape)
    with st.container(horizontal=True, gap="xxsmall"):
        widths = [*[TILE] * len(fields(Steps)), LAST]
        cells = [st.container(width=width, gap="xsmall") for width in widths]
    places = [cell.empty() for cell in cells]
    cells[0].caption("as it came")
    taken = {INVERT: cells[1].checkbox("invert", key=INVERT, on_change=choose)}
    for cell, name in zip(cells[2:], ("crop", "centre", "contrast"), strict=True):
        taken[name] = controls.control(cell.checkbox, name, value=True, key=name)
    chosen = Steps(**taken)
    try:
        stages = preparing.prepare(picture.grey, image_shape, chosen)
    except ImageError as error:
        st.warning(alerts.escape_markdown(error))
        return None
    for place, stage in zip(places, stages, strict=True):
        fine = np.round(stage.image * 255).astype(np.uint8).repeat(FINE, axis=0).repeat(FINE, axis=1)
        place.image(images.data_uri(fine), width=TILE, alt=f"The picture, {stage.name}")
    return stages[-1].image, chosen
