"""The test images that a visitor has selected: one selection for all views and pages, kept in the link."""

import base64
import re
import zlib
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import streamlit as st

from ae_core import data
from ae_core.errors import OptionError
from pages.serving import link

KEY = "select"
STATE = "selections"
PICKED = "image"  # the one of them, or another, to look at closely
PICKED_STATE = "picked-images"
MASK = "z"  # begins a mask; a list of numbers has only digits and dots
NUMBERS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")
LETTERS = re.compile(r"[A-Za-z0-9_-]+")


def current(dataset: str) -> np.ndarray:
    """The numbers of the selected test images of a data set, rising; also puts them into the link.

    A visit's first page reads them from the link; nonsense selects nothing.
    """
    if STATE not in st.session_state:
        asked = link.read(KEY, lambda text: decode(text, _count(dataset)), "selection")
        st.session_state[STATE] = {} if asked is None else {dataset: asked}
    numbers: np.ndarray = st.session_state[STATE].get(dataset, np.empty(0, np.int32))
    link.write(KEY, encode(numbers, _count(dataset)))
    return numbers


def set(dataset: str, numbers: Iterable[int]) -> None:
    """Selects those test images of a data set and no others; what is no number of one is left out."""
    count = _count(dataset)
    known = np.array(sorted({n for n in map(int, numbers) if 0 <= n < count}), np.int32)
    known.flags.writeable = False
    st.session_state[STATE] = {**st.session_state.get(STATE, {}), dataset: known}


def picked(dataset: str) -> int | None:
    """The number of the test image that is looked at closely, if any; it is in the link as well."""
    if PICKED_STATE not in st.session_state:
        asked = link.read(PICKED, link.whole(0, _count(dataset) - 1), "image to look at closely")
        st.session_state[PICKED_STATE] = {dataset: asked}
    number: int | None = st.session_state[PICKED_STATE].get(dataset)
    link.write(PICKED, None if number is None else str(number))
    return number


def pick(dataset: str, number: int | None) -> None:
    """Picks a test image to look at closely, or none."""
    st.session_state[PICKED_STATE] = {**st.session_state.get(PICKED_STATE, {}), dataset: number}


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


def _count(dataset: str) -> int:
    return data.load(dataset).sizes["test"]
