"""The link of a page: what it asks for, what the page puts into it, and one sentence on what it asks for in vain."""

from collections.abc import Callable, Container, Hashable, Sequence
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

REFUSED = "refused-by-link"  # by key: what it is called
HERE = "refused-here"  # keys that the page at hand speaks of
OF = "-of"  # after a key, of a session: what the link's text belongs to, and that text
MAX_TEXT = 2000  # letters of a list that are read

T = TypeVar("T")


def read(key: str, parse: Callable[[str], T], name: str, of: Hashable = None) -> T | None:
    """What the link asks for; None if it asks for nothing, or for nonsense, which leaves the link and is told.

    Args:
        key: What the link calls it.
        parse: Makes it of the text, or raises a ValueError.
        name: What `tell` calls it.
        of: What it belongs to, if to anything: what the link said of another, and still says, is dropped.
    """
    for text in _texts(key, of)[-1:]:
        try:
            return parse(text)
        except ValueError:
            refuse(key, name)
            forget(key)
    return None


def read_each(
    key: str, parse: Callable[[str], T], name: str, of: Hashable = None, between: str | None = None
) -> list[T] | None:
    """As `read`, but several: each once, without those that are nonsense.

    Args:
        key: What the link calls them.
        parse: Makes one of its text, or raises a ValueError.
        name: What `tell` calls them.
        of: What they belong to, if to anything.
        between: What stands between them; without it the link repeats the key.
    """
    texts = _texts(key, of)
    if not texts:
        return None
    if between:
        texts = texts[-1][:MAX_TEXT].split(between)
    found: dict[T, None] = {}
    for text in texts:
        try:
            found[parse(text)] = None
        except ValueError:
            refuse(key, name)
    return list(found)


def whole(low: int, high: int) -> Callable[[str], int]:
    """Reads a whole number from `low` to `high`, of nine digits at most."""

    def parse(text: str) -> int:
        if text.isascii() and text.isdecimal() and len(text) < 10 and low <= int(text) <= high:
            return int(text)
        raise ValueError

    return parse


def one_of(names: Container[str]) -> Callable[[str], str]:
    """Reads one of those names."""

    def parse(text: str) -> str:
        if text in names:
            return text
        raise ValueError

    return parse


def write(key: str, value: str | Sequence[str] | None) -> None:
    """Puts a text, or several, into the link; without any the key leaves it."""
    if not value:
        forget(key)
    elif st.query_params.get_all(key) != ([value] if isinstance(value, str) else value):
        st.query_params[key] = value
    if (known := st.session_state.get(f"{key}{OF}")) is not None:
        st.session_state[f"{key}{OF}"] = (known[0], st.query_params.get_all(key))


def forget(*keys: str) -> None:
    """Takes out of the link what the page does not show."""
    for key in keys:
        st.query_params.pop(key, None)


def choose(key: str, value: str | None) -> None:
    """Puts into the link what the visitor has chosen, and speaks no more of what it asked for."""
    settle(key)
    write(key, value)


def refuse(key: str, name: str) -> None:
    """Has `tell` say that the link asks for this in vain: once, or for as long as the page says `keep` as well."""
    st.session_state.setdefault(REFUSED, {})[key] = name.lower()
    keep(key)


def keep(key: str) -> None:
    """Says that a control is on the page, so that what was refused of it is told again."""
    st.session_state.setdefault(HERE, []).append(key)


def settle(key: str) -> None:
    """Lets go what was refused: the visitor has chosen something else."""
    st.session_state.get(REFUSED, {}).pop(key, None)


def tell(place: DeltaGenerator) -> None:
    """Says, in one sentence, all that the link of this page asks for in vain."""
    refused = st.session_state.get(REFUSED, {})
    names = dict.fromkeys(refused[key] for key in st.session_state.pop(HERE, []) if key in refused)
    if names:
        place.warning(f"The page shows its own choice where the link asks for what there is not: {', '.join(names)}.")


def _texts(key: str, of: Hashable) -> list[str]:
    texts = st.query_params.get_all(key)
    if of is not None:
        belonged, before = st.session_state.get(f"{key}{OF}", (of, texts))
        if belonged != of and texts == before:  # else the link is another one as well, and says it of this
            forget(key)
            texts = []
        st.session_state[f"{key}{OF}"] = (of, texts)
    return texts
