"""Tables: small ones to read, and those of Arrow.

The latter are made without `pa.array`: that imports Pandas, if it is there, for 45 MB of every replica's memory.
`st.table` imports it as well.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import streamlit as st


def show(columns: Mapping[str, Sequence[str]], words: bool = False) -> None:
    """Shows a few rows; each column is as wide as its cells are now.

    Args:
        columns: Their cells by their titles, both Markdown.
        words: Whether cells hold words; else all but the first column stand at the right, as numbers do.
    """
    rows = [columns, [":--", *[":--" if words else "--:"] * (len(columns) - 1)], *zip(*columns.values(), strict=True)]
    st.markdown("\n".join(f"| {' | '.join(row)} |" for row in rows))


def table(columns: Mapping[str, Sequence[str] | Sequence[float] | np.ndarray]) -> pa.Table:
    """Returns a table of columns of one length: texts, whole numbers or floats."""
    return pa.table({name: _array(np.asarray(values)) for name, values in columns.items()})


def _array(values: np.ndarray) -> pa.Array:
    if values.dtype.kind != "U":
        column = np.ascontiguousarray(values)
        # A cell that holds no number is empty.
        there = None
        if column.dtype.kind == "f" and np.isnan(column).any():
            there = pa.py_buffer(np.packbits(~np.isnan(column), bitorder="little"))
        return pa.Array.from_buffers(pa.from_numpy_dtype(column.dtype), len(column), [there, pa.py_buffer(column)])
    texts = [text.encode() for text in values.tolist()]
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), len(texts), [None, *map(pa.py_buffer, (ends, b"".join(texts)))])
