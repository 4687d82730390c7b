"""Picks test images: by class, by number, or by chance."""

import numpy as np
import streamlit as st

from ae_core import data
from pages.widgets import settings

ANY = "All classes"


def pick(dataset: str, count: int = 10) -> np.ndarray:
    """Shows the controls and gives the numbers of up to `count` test images."""
    labels = data.load(dataset).split("test").labels
    names = data.load(dataset).class_names
    by_class, by_number, by_chance = st.columns([2, 2, 1], vertical_alignment="bottom")
    chosen = settings.control(by_class.selectbox, "Class", [ANY, *names], key=f"class-{dataset}")
    rows = np.arange(len(labels)) if chosen == ANY else np.flatnonzero(labels == names.index(chosen))
    number_key = f"first-{dataset}" if chosen == ANY else f"first-{dataset}-{chosen}"
    if by_chance.button("Random start", icon=":material/shuffle:", width="stretch"):
        st.session_state[number_key] = int(np.random.default_rng().integers(len(rows)))
    first = settings.control(
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
