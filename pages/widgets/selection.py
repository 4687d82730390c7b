"""The test images that a visitor has selected: one selection for all views and pages, kept in the link."""

import base64
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import streamlit as st

from ae_core import data
from ae_core.errors import OptionError
from pages.serving import page_state
from pages.serving.fields import Field

MASK = "z"  # begins a mask; a list of numbers has only digits and dots
NUMBERS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")
LETTERS = re.compile(r"[A-Za-z0-9_-]+")
HISTORY, MOST_STEPS = "selections", 30  # in the session


def _field(dataset: str) -> Field:
    count = data.load(dataset).sizes["test"]
    return Field(
        "select",
        "Selection",
        lambda text, values: decode(text, count),
        lambda numbers: encode(numbers, count),
        np.empty(0, np.int32),
        of=lambda values: dataset,
    )


def current(dataset: str) -> np.ndarray:
    """The numbers of the selected test images of a data set, rising."""
    numbers: np.ndarray = page_state.open(_field(dataset))["select"]
    return numbers


def set(dataset: str, numbers: Iterable[int]) -> None:
    """Selects those test images of a data set and no others; what is no number of one is left out."""
    count, before = data.load(dataset).sizes["test"], current(dataset)
    known = np.array(sorted({n for n in map(int, numbers) if 0 <= n < count}), np.int32)
    if np.array_equal(known, before):
        return
    history = _history(dataset)
    history.past = [*history.past, before][-MOST_STEPS:]
    history.future = []
    _put(dataset, known)


def undo(dataset: str) -> None:
    """Selects what was selected before the last change."""
    history, now = _history(dataset), current(dataset)
    if history.past:
        history.future.append(now)
        _put(dataset, history.past.pop())


def redo(dataset: str) -> None:
    """Takes back the last `undo`."""
    history, now = _history(dataset), current(dataset)
    if history.future:
        history.past.append(now)
        _put(dataset, history.future.pop())


def steps(dataset: str) -> tuple[int, int]:
    """How many changes can be undone, and how many done again."""
    history = _history(dataset)
    return len(history.past), len(history.future)


@dataclass
class _History:
    """What was selected before, the latest last, and what was undone."""

    past: list[np.ndarray] = field(default_factory=list)
    future: list[np.ndarray] = field(default_factory=list)


def _history(dataset: str) -> _History:
    if HISTORY not in st.session_state:
        st.session_state[HISTORY] = {}
    kept: dict[str, _History] = st.session_state[HISTORY]
    return kept.setdefault(dataset, _History())


def _put(dataset: str, numbers: np.ndarray) -> None:
    page_state.put(page_state.open(_field(dataset)).key("select"), numbers)


def encode(numbers: np.ndarray, count: int) -> str:
    """Numbers below `count` as a short text for a link: themselves if they are few, else a packed mask."""
    return _encoded(np.asarray(numbers, np.int32).tobytes(), count) if len(numbers) else ""


@lru_cache(16)  # a page asks several times
def _encoded(numbers: bytes, count: int) -> str:
    mask = np.zeros(count, bool)
    mask[np.frombuffer(numbers, np.int32)] = True
    packed = zlib.compress(np.packbits(mask).tobytes(), 9, wbits=-zlib.MAX_WBITS)
    as_mask = MASK + base64.urlsafe_b64encode(packed).decode().rstrip("=")
    listed = ".".join(str(n) for n in np.flatnonzero(mask))
    return min(listed, as_mask, key=len)


def decode(text: str, count: int) -> np.ndarray:
    """The numbers that `encode` made a text of, int32, rising.

    Raises:
        OptionError: if it made none such for so many test images.
    """
    if not text:
        return np.empty(0, np.int32)
    refusal = OptionError(f"It names no test images of {count:,}.")
    if len(text) > 64 + count // 4:  # more than any that `encode` makes
        raise refusal
    if NUMBERS.fullmatch(text):
        numbers = np.unique(np.array(text.split("."), dtype=np.int64))
        if numbers[-1] >= count:
            raise refusal
        return numbers.astype(np.int32)
    if not text.startswith(MASK) or not LETTERS.fullmatch(text):
        raise refusal
    size = -(-count // 8)
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        packed = base64.urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4))
        content = unpacker.decompress(packed, size + 1)  # a bomb gets no further
    except (ValueError, zlib.error):
        raise refusal from None
    mask = np.unpackbits(np.frombuffer(content, np.uint8))
    if len(content) != size or not unpacker.eof or mask[count:].any():
        raise refusal
    return np.flatnonzero(mask).astype(np.int32)
