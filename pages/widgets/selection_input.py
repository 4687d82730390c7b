"""Selects test images: on their map, and class by class."""

from collections.abc import Iterable

import numpy as np
import streamlit as st

from ae_core import data, figures
from ae_core.inference import LoadedRun
from pages.serving import caches, fields
from pages.serving.fields import Values
from pages.widgets import alerts, counts, current_image, plot, selection
from pages.widgets.colour_input import Colours
from pages.widgets.projection import Projected
from pages.widgets.words import Words

COUNTS = (1000, 3000, 10_000)  # of dots on a map
CLASSES = "classes"


def select(dataset: str, numbers: Iterable[int]) -> None:
    """What was drawn around or clicked; one dot is also the current image, and leaves a selection that it is in."""
    wanted = list(numbers)
    if len(wanted) == 1:
        current_image.take(dataset, wanted[0])
    if len(wanted) != 1 or wanted[0] not in selection.current(dataset):
        selection.set(dataset, wanted)


def _everything(values: Values) -> int:
    return data.load(values["dataset"]).sizes["test"]


# How many test images are on the map, at first all; needs the name of their data set as `dataset`.
POINTS = fields.choice(
    "points",
    "Test images",
    lambda values: [n for n in COUNTS if n < _everything(values)] + [_everything(values)],
    "{:,}".format,
    default=_everything,
    param=lambda values: f"points-{values['dataset']}",
)


def on_map(run: LoadedRun, projected: Projected, count: int, colours: Colours) -> None:
    """Shows the first `count` test images as dots, to draw around and to click."""
    dataset = run.dataset
    picked = current_image.test_number(dataset.name)
    labels, noun = colours.labels, dataset.form.noun
    by = f", coloured by {colours.by.lower()}" if colours.names else ""
    plot.dots(
        lambda: figures.scatter(
            projected.places[:count], labels[:count], colours.names, projected.axes, noun, colours.colours
        ),
        key="scatter",
        alt=f"Codes of {count:,} test {noun}s{by}: {projected.name.lower()}",
        dataset=dataset.name,
        selected=selection.current(dataset.name),
        on_select=lambda numbers: select(dataset.name, numbers),
        of=(caches.content(run.run), projected.name, count, colours.by),
        marked=[] if picked is None else [picked],
        view=f"{run.run.name}, {projected.name}",
    )
    if projected.caption:
        st.caption(projected.caption)


def heading(dataset: str, shown: int) -> None:
    """Says how many are selected, and how many of them are among the first `shown` on the map; lets them go."""
    selected = selection.current(dataset)
    count, drawn = len(selected), int((selected < shown).sum())
    if not count:
        st.header(Words(data.load(dataset).form)("No image is selected"))
        return
    there = "" if drawn == count else f", {drawn:,} of them on the map" if drawn else ", not on the map"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header(Words(data.load(dataset).form)(f"{counts.images(count)} selected{there}"), width="content")
        st.button("Clear", icon=":material/deselect:", on_click=select, args=(dataset, []))


def undoing(dataset: str) -> None:
    """Shows what undoes a change of the selection, and what does it again."""
    back, on = selection.steps(dataset)
    undo, redo = selection.undo, selection.redo
    for label, symbol, left, act in (("Undo", "undo", back, undo), ("Redo", "redo", on, redo)):
        st.button(
            label,
            key=f"selection-{symbol}",
            icon=f":material/{symbol}:",
            disabled=not left,
            on_click=act,
            args=(dataset,),
        )


def chip(dataset: str) -> None:
    """Says how many are selected, where that greys all others, and lets them go; nothing if none is."""
    count = len(selection.current(dataset))
    if count:
        st.button(
            f"{count:,} selected, all others grey",
            key="selected-chip",
            icon=":material/close:",
            icon_position="right",
            help="Click to clear the selection.",
            on_click=select,
            args=(dataset, []),
        )


def by_class(dataset: str, count: int) -> None:
    """Shows the classes, to select all of the first `count` test images that are of them; by keyboard as well.

    They are pressed whenever just they are selected.
    """
    labels, names = caches.test_labels(dataset)[:count], data.load(dataset).class_names
    selected = selection.current(dataset)

    def choose() -> None:
        chosen = [names.index(name) for name in st.session_state[CLASSES]]
        selection.set(dataset, np.flatnonzero(np.isin(labels, chosen)))

    own = np.unique(labels[selected[selected < count]])
    whole = np.array_equal(selected, np.flatnonzero(np.isin(labels, own)))
    st.session_state[CLASSES] = [names[c] for c in own] if whole else []
    st.pills(
        "Select whole classes",
        names,
        format_func=alerts.escape_markdown,
        selection_mode="multi",
        wrap=True,
        key=CLASSES,
        on_change=choose,
    )
