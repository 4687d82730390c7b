"""Test images with their codes and errors as rows, to look at and to take along."""

import hashlib
import io
from functools import partial

import numpy as np
import pyarrow as pa
import streamlit as st
from pyarrow import csv, parquet

from ae_core import images, metrics, thumbnails
from ae_core.data import Dataset
from ae_core.inference import LoadedRun
from pages.serving import caches, downloads
from pages.widgets import current_image, tables
from pages.widgets.words import Words

ROW, HEADER = 44, 38  # pixels
FEW = 100  # numbers that a person would still read
FORMATS = {"CSV": ("csv", "text/csv"), "Parquet": ("parquet", "application/vnd.apache.parquet")}


def table(run: LoadedRun, numbers: np.ndarray) -> pa.Table:
    """A row for each image: its number, class, mean squared error, and the value of each unit of its code."""
    dataset = run.dataset
    codes = caches.codes(run.run)[numbers]
    about = {
        "image": numbers.astype(np.int32),
        "class": [dataset.class_of(c) for c in caches.test_labels(dataset.name)[numbers]],
        "error": caches.errors(run.run)[numbers],
    }
    return tables.table(about | {f"z{i}": unit for i, unit in enumerate(codes.T, start=1)})


def as_file(run: LoadedRun, numbers: np.ndarray, suffix: str) -> bytes:
    """Those rows as a file of that kind, "csv" or "parquet"."""
    file = io.BytesIO()
    write = csv.write_csv if suffix == "csv" else parquet.write_table
    write(table(run, numbers), file)
    return file.getvalue()


def show(run: LoadedRun, numbers: np.ndarray) -> None:
    """Shows a row for each image; the one that is marked is picked to be looked at closely."""
    # A key of what it shows, so that a row that was marked is never another image.
    say = Words(run.form)
    key = f"rows-{hashlib.sha256(numbers.tobytes() + repr(caches.content(run.run)).encode()).hexdigest()[:12]}"

    def pick() -> None:
        marked = [row for row in st.session_state[key].selection.rows if 0 <= row < len(numbers)]
        current_image.take(run.dataset.name, int(numbers[marked[0]]) if marked else None)

    st.dataframe(
        _rows(run, numbers),
        key=key,
        on_select=pick,
        selection_mode="single-row",
        hide_index=True,
        lazy=False,
        height=min(HEADER + ROW * len(numbers), 430),
        row_height=ROW,
        column_config={
            "example": st.column_config.ImageColumn(width="small"),
            "number": st.column_config.NumberColumn(help=say("Number of the test image, from 0.")),
            "error": st.column_config.NumberColumn(format="%.4f", help="Mean squared error of the reconstruction."),
            "percentile": st.column_config.NumberColumn(
                format="%.1f %%", help=say("The share of test images with a smaller error.")
            ),
        },
    )


def source(numbers: np.ndarray) -> str:
    """The expression that makes these numbers anew: themselves if they are few, else what is packed in a text."""
    if len(numbers) <= FEW:
        return f"np.array({numbers.tolist()}, int)"
    mask = np.zeros(int(numbers[-1]) + 1, bool)
    mask[numbers] = True
    packed = np.packbits(mask).tobytes().hex()
    return f"np.flatnonzero(np.unpackbits(np.frombuffer(bytes.fromhex({packed!r}), np.uint8)))"


def offer(run: LoadedRun, selected: np.ndarray) -> None:
    """Shows what takes the codes along: of the selection if there is one, and of all test images."""
    say = Words(run.form)
    everything = np.arange(run.dataset.sizes["test"])
    rows = {"selection": selected, "all": everything} if len(selected) else {"all": everything}
    with st.container(horizontal=True):
        for what, numbers in rows.items():
            for name, (suffix, mime) in FORMATS.items():
                label = f"{'Selection' if what == 'selection' else say('All images')}, {name}"
                file, made = f"{run.run.name}-{what}.{suffix}", partial(as_file, run, numbers, suffix)
                downloads.button(label, made, file, mime, key=f"codes-{what}-{suffix}")


def _rows(run: LoadedRun, numbers: np.ndarray) -> pa.Table:
    """The images to look at: picture, number, class, error and its percentile."""
    dataset: Dataset = run.dataset
    pictures = thumbnails.draw(dataset.form, dataset.split("test").images[numbers])
    errors = caches.errors(run.run)
    return tables.table(
        {
            "example": [images.data_uri(picture) for picture in pictures],
            "number": numbers,
            "class": [dataset.class_of(c) for c in caches.test_labels(dataset.name)[numbers]],
            "error": errors[numbers],
            "percentile": metrics.percentile_rank(errors[numbers], errors),
        }
    )
