"""Signals, or rows of a table, that visitors bring: files, pasted numbers, drawings. Each data set has its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import streamlit as st
from streamlit.typing import UploadedFile

from ae_core import images, series, thumbnails
from ae_core.data import Dataset
from ae_core.errors import DatasetError
from ae_core.forms import Form
from pages.widgets import alerts, curve_pad, shelf
from pages.widgets.shelf import DRAW, DRAWING, PASTE, TEST, UPLOAD, Shelf

SOURCES = (TEST, DRAW, PASTE, UPLOAD)
PASTED, FILE = "pasted", "pasted.txt"  # the id of what was pasted begins with it; its file
TEXT = "pasted-numbers"  # key
THUMBNAIL = 84  # pixels
LONGEST = 200_000  # letters of what is pasted


@dataclass(frozen=True)
class Series:
    """A signal, or a row of a table, of the form of its data set.

    Attributes:
        title: What it is called on the page.
        x: float32 of the form, in [0, 1].
        form: What it is.
        id: What tells it from others.
        file: The name that its file has or would have.
        row: Its number in that file, from 0.
        notes: What was done to it.
    """

    title: str
    x: np.ndarray
    form: Form
    id: str
    file: str
    row: int = 0
    notes: Sequence[str] = ()

    @cached_property
    def thumbnail(self) -> str:
        """It as a small curve, as a data URI."""
        return images.data_uri(thumbnails.draw(self.form, self.x[None], THUMBNAIL)[0])


def brought(dataset: Dataset) -> Shelf[Series]:
    """What the visitor has brought for a data set."""
    return shelf.opened(f"series-{dataset.name}", Series)


def bring(source: str, dataset: Dataset, on_new: Callable[[], None]) -> None:
    """Shows the way from a source, UPLOAD or PASTE; `dataset` and `on_new` as of `image_input.bring`."""
    st.caption(f"What is read: {series.expected(dataset)}.")
    (_upload if source == UPLOAD else _paste)(dataset, on_new)


def _upload(dataset: Dataset, on_new: Callable[[], None]) -> None:

    def read(file: UploadedFile) -> list[Series]:
        return _all_of(series.read(file.getvalue(), file.name, dataset), file.name, file.file_id, file.name, dataset)

    brought(dataset).upload(f"files, {series.READ}", series.MAX_BYTES // 1_000_000, read, on_new)


def _paste(dataset: Dataset, on_new: Callable[[], None]) -> None:
    """Shows a field for numbers."""
    own = brought(dataset)

    def take() -> None:
        own.uploads += 1
        try:
            found = series.read(st.session_state[TEXT].encode(errors="replace"), FILE, dataset)
        except DatasetError as error:
            own.refuse("These numbers could not be read.", str(error).replace(FILE, "What you pasted"), TEXT)
            return
        own.refused = None
        for each in _all_of(found, "Pasted", f"{PASTED}-{own.uploads}", FILE, dataset):
            own.put(each)
        on_new()

    st.text_area(
        "Numbers, from a spreadsheet, a file or Python",
        key=TEXT,
        height=140,
        max_chars=LONGEST,
        placeholder="0.12, 0.15, 0.31, …",
    )
    st.button("Use these numbers", icon=":material/check:", on_click=take, key="use-pasted")
    own.tell(TEXT)


def draw(dataset: Dataset, is_current: bool, on_new: Callable[[], None], on_gone: Callable[[], None]) -> None:
    """Shows a pad to draw a curve on; `is_current`, `on_new` and `on_gone` as of `Shelf.draw`."""
    own, x = brought(dataset), curve_pad.show(dataset)
    before = own.things.get(DRAWING)
    same = before is not None and x is not None and np.array_equal(before.x, x)
    drawing = None if x is None else Series("Your drawing", x, dataset.form, DRAWING, curve_pad.FILE)
    own.draw(drawing, same, is_current, on_new, on_gone)


def put(dataset: Dataset, x: np.ndarray) -> None:
    """Puts a signal or a row on the pad, in place of the drawing."""
    curve_pad.put(dataset, x)


def tell(current: Series) -> None:
    """Says what was done to it."""
    for note in current.notes:
        st.caption(alerts.escape_markdown(note))


def _all_of(found: series.Found, title: str, id: str, file: str, dataset: Dataset) -> list[Series]:
    """All that was read, the first one last: that one is taken."""
    count = min(len(found.examples), shelf.MOST)
    noun = dataset.form.noun
    titles = [title] if count == 1 else [f"{title}, {noun} {i + 1}" for i in range(count)]
    notes = [*found.notes]
    if found.count > count:
        notes.append(f"The first {count} of {found.count:,} {noun}s are kept.")
    return [
        Series(titles[i], found.examples[i], dataset.form, f"{id}-{i}", file, i, notes) for i in reversed(range(count))
    ]
