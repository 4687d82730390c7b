"""The data sets that a visitor can choose from, and what each is called."""

import html
import itertools
from typing import Any

import numpy as np
import streamlit as st

from ae_core import data, images, series, thumbnails
from ae_core.data import Dataset, own
from ae_core.errors import DatasetError
from ae_core.forms import Form
from pages.serving import caches, visitor
from pages.serving.fields import Field, Values
from pages.widgets import alerts

SHOWN = 12  # examples of a contact sheet
NAMED = 16  # channels or columns


def available(*names: str | None) -> dict[str, Dataset]:
    """By name: the data sets that ship, then the visitor's own and everyone's, the latest first.

    Args:
        names: Of data sets that a link asks for: they are added where they are someone else's. The link is the
            permission.
    """
    found = {name: data.load(name) for name in data.names()}
    for dataset in own.listed(visitor.current()):
        found.setdefault(dataset.name, dataset)
    for name in names:
        if name is not None and name not in found and own.NAME.fullmatch(name):
            for linked in own.named(name, visitor.current())[-1:]:
                found[name] = linked
    return found


def titled(name: str) -> str:
    """What a data set is called."""
    try:
        return data.load(name, visitor.current()).title
    except DatasetError:
        return "deleted"


def _listed(text: str, values: Values) -> str:
    found = available(text)
    if text in found:
        return text
    for name, dataset in found.items():
        if text == dataset.title:
            return name
    raise ValueError(f"Expected the name of a data set, got {text!r}.")


def _written(name: str) -> str:
    """What links call a data set: one that ships by its title, one's own by its name, which is the permission."""
    return titled(name) if name in data.names() else name


def field(name: str = "dataset", label: str = "Data set", **about: Any) -> Field:
    """One data set; at first the one that ships first."""
    beginning: dict[str, Any] = {"default": lambda values: data.names()[0], "told": "data set (deleted or mistyped)"}
    about = beginning | about
    return Field(name, label, _listed, _written, **about)


def labels(found: dict[str, Dataset]) -> dict[str, str]:
    """What each is called in a list, by name; no two are called the same."""
    titles = [dataset.title for dataset in found.values()]
    return {
        name: dataset.title if titles.count(dataset.title) == 1 else f"{dataset.title} ({name[:6]})"
        for name, dataset in found.items()
    }


@caches.memoize(32, key=lambda name: name)
def contact_sheet(name: str) -> str:
    """Some test examples of a data set side by side, as a data URI."""
    dataset = data.load(name)
    return sheet(dataset.form, dataset.split("test").images[:SHOWN])


def sheet(form: Form, x: np.ndarray, columns: int = SHOWN) -> str:
    """Examples side by side, as a data URI."""
    pictures = thumbnails.draw(form, x)
    scale = max(1, round(56 / pictures.shape[1]))
    return images.data_uri(images.enlarged(images.mosaic(pictures, columns, gap=1 if form.is_image else 8), scale))


def tell_scale(dataset: Dataset) -> None:
    """Says what curves stand for: their range, and what each colour or bar is; nothing of images."""
    if dataset.form.is_image:
        return
    spans = [
        (name, f"{low:.3g} to {high:.3g}".replace("-", "−")) for name, low, high in series.named_values(dataset)[:NAMED]
    ]
    more = " …" if len(series.named_values(dataset)) > NAMED else ""
    if len(spans) > 1 and dataset.form.sides:
        colours = itertools.cycle(thumbnails.COLOURS)
        said = ", ".join(
            f'<span style="color: {colour}">■</span> {html.escape(name)} ({span})'
            for (name, span), colour in zip(spans, colours, strict=False)
        )
        st.html(f'<p class="said small">Curves: {said}{more}</p>')
    elif dataset.form.sides:
        ((name, span),) = spans
        st.caption(alerts.escape_markdown(f"Vertical scale of the curves: {span} {name}".rstrip() + "."))
    else:
        said = "  \n".join(alerts.escape_markdown(f"{name}: {span}") for name, span in spans)
        st.caption("Bars are columns of the table, each over its own range.", help=said + more)


def tell_if_gone(dataset: Dataset) -> None:
    """Says that only what a model carries of its data set is left, if that is so."""
    if not dataset.whole:
        st.info(
            f"The data set {alerts.escape_markdown(dataset.title)} is not here any more: you see the "
            f"{dataset.sizes['test']} test {dataset.form.noun}s that the model carries, and all that is computed here "
            "is computed from them. Add the same data set again to see all of it.",
            icon=":material/inventory_2:",
        )
