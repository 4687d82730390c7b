"""Picks test images: by class, by number, or by chance."""

import numpy as np
import streamlit as st

from ae_core import data, images
from pages.serving import link
from pages.widgets import controls

ANY = "All classes"
THUMBNAIL = 112  # pixels


def pick(dataset: str, count: int = 10) -> np.ndarray:
    """Shows the controls and gives the numbers of up to `count` test images."""
    labels = data.load(dataset).split("test").labels
    names = data.load(dataset).class_names
    by_class, by_number, by_chance = st.columns([2, 2, 1], vertical_alignment="bottom")
    chosen = controls.control(by_class.selectbox, "Class", [ANY, *names], key=f"class-{dataset}")
    rows = np.arange(len(labels)) if chosen == ANY else np.flatnonzero(labels == names.index(chosen))
    number_key = f"first-{dataset}" if chosen == ANY else f"first-{dataset}-{chosen}"
    if by_chance.button("Random start", icon=":material/shuffle:", width="stretch"):
        st.session_state[number_key] = int(np.random.default_rng().integers(len(rows)))
        link.settle(number_key)
    first = controls.control(
        by_number.number_input,
        f"First image, 0 to {len(rows) - 1:,}",
        min_value=0,
        max_value=len(rows) - 1,
        value=0,
        step=count,
        key=number_key,
        name="First image",
    )
    return rows[int(first) : int(first) + count]


def one(label: str, dataset: str, key: str, default: int = 0) -> int:
    """Shows one test image with the controls to pick another, and gives its number, which is in the link.

    Args:
        label: What the image is here, in words of this app.
        dataset: Name of its data set.
        key: Of the control; also what the link calls the number.
        default: The image until one is picked; of a smaller data set its last one.
    """
    test = data.load(dataset).split("test")
    last = len(test.labels) - 1

    def draw() -> None:
        link.choose(key, str(np.random.default_rng().integers(last + 1)))

    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        thumbnail = st.container(width=THUMBNAIL)
        with st.container(gap="small", width=200):
            row = controls.number(f"{label}, 0 to {last:,}", 0, last, key, default, of=dataset, name=label)
            st.button("Another", icon=":material/casino:", key=f"{key}-chance", on_click=draw, width="stretch")
    image = test.images[row]
    scale = max(1, THUMBNAIL // len(image))
    name = data.load(dataset).class_names[int(test.labels[row])]
    enlarged = image.repeat(scale, axis=0).repeat(scale, axis=1)
    thumbnail.image(images.data_uri(enlarged), width=THUMBNAIL, alt=f"{label}: {name}, test image {row}")
    return row
