"""Controls whose values are in the link, so that the page opens elsewhere as it is here, and kept from page to page."""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import streamlit as st

from pages.serving import link

SEEDS = 10**9


def control(widget: Callable[..., Any], label: str, *arguments: Any, key: str, name: str = "", **options: Any) -> Any:
    """A Streamlit control of fixed limits.

    Args:
        widget: As `st.slider`, or that of a column.
        label: Of the control.
        arguments: Further ones for the widget.
        key: Of the control, and its name in the link.
        name: What `link.tell` calls it; its label if not given.
        options: Further ones for the widget.
    """
    first = key not in st.session_state
    asked = st.query_params.get(key)
    refused = asked is not None and _indigestible(asked, first)
    if refused:
        link.refuse(key, name or label)
        # Streamlit would fail on it: without it, once more.
        if first:
            link.forget(key)
            st.rerun()
        st.session_state[key] = st.session_state[key]  # what was chosen goes before the link
    options |= {"bind": "query-params", "persist_state": "session", "on_change": link.settle, "args": (key,)}
    try:
        value = widget(label, *arguments, key=key, **options)
    except (OverflowError, ValueError):
        if not refused:
            raise
        st.rerun()  # the visitor went back to such a link: then it goes first, but only once
    if value is None and options.get("required"):  # the visitor went back to a link that empties it
        link.refuse(key, name or label)
        value = options["default"]
    elif first and asked is not None and not _means(asked, value, options.get("format_func", str)):
        link.refuse(key, name or label)
    link.keep(key)
    return value


def titled(get: Callable[[str], Any]) -> Callable[[str], str]:
    """Gives the title of what `get` gives for a name.

    Streamlit keeps such a function for as long as a visit lasts. One that a page defines itself would keep all of that
    page as well: the images of Denoise are a megabyte for each visitor.
    """
    return lambda name: str(get(name).title)


def choice(widget: Callable[..., Any], label: str, choices: Sequence[Any], *, key: str, **options: Any) -> Any:
    """As `control`: one of a few, side by side, at first the first; `widget` is a segmented control."""
    return control(widget, label, choices, default=choices[0], required=True, key=key, **options)


def seed(key: str, again: bool, name: str) -> int:
    """A seed, whole and not negative.

    Args:
        key: In the session, and in the link.
        again: Whether the visitor asks for the next one.
        name: What `link.tell` calls it.
    """
    if key not in st.session_state:
        st.session_state[key] = link.read(key, link.whole(0, SEEDS - 1), name) or 0
    if again:
        st.session_state[key] = (st.session_state[key] + 1) % SEEDS
        link.settle(key)
    now: int = st.session_state[key]
    link.write(key, str(now) if now else None)
    link.keep(key)
    return now


def number(label: str, low: int, high: int, key: str, default: int, of: str, name: str = "", step: int = 1) -> int:
    """An input for a whole number whose limits depend on what is shown.

    Args:
        label: Of the input, in words of this app.
        low: The least.
        high: The greatest.
        key: What the link calls it.
        default: Until a number is chosen; `high` if that is less.
        of: What the limits belong to: each has a number of its own, which it keeps.
        name: What `link.tell` calls it; its label if not given.
        step: How far the buttons go.
    """
    widget = f"{key}-{of}"

    def choose() -> None:
        link.choose(key, str(st.session_state[widget]))

    asked = link.read(key, link.whole(low, high), name or label, of)
    st.session_state[widget] = min(st.session_state.get(widget, default), high) if asked is None else asked
    chosen = st.number_input(label, low, high, step=step, key=widget, on_change=choose, persist_state="session")
    link.write(key, str(chosen))
    link.keep(key)
    return int(chosen)


def numbers(label: str, options: Sequence[int], high: int, key: str, of: str, name: str) -> list[int]:
    """Numbers to pick any of; those picked.

    Args:
        label: Of them all, in words of this app.
        options: Numbers from 1 to offer; those that are already picked are offered as well.
        high: The greatest number that there is.
        key: What the link calls them.
        of: What they belong to: each has numbers of its own, which it keeps.
        name: What `link.tell` calls them.
    """
    widget = f"{key}-{of}"

    def choose() -> None:
        link.choose(key, ",".join(map(str, st.session_state[widget])))

    asked = link.read_each(key, link.whole(1, high), name, of, between=",")
    chosen: list[int] = st.session_state.get(widget, []) if asked is None else asked
    st.session_state[widget] = chosen
    offered = [*options, *(n for n in chosen if n not in options)]
    st.pills(label, offered, selection_mode="multi", key=widget, on_change=choose, persist_state="session", wrap=True)
    link.write(key, ",".join(map(str, chosen)))
    link.keep(key)
    return list(chosen)


def _indigestible(asked: str, first: bool) -> bool:
    """Whether a text of the link is a number beyond all numbers, or empty where no control wrote it."""
    with suppress(ValueError):
        return not math.isfinite(float(asked))
    return first and not asked


def _means(asked: str, value: Any, format_func: Callable[[Any], str]) -> bool:
    """Whether the link's text is that value."""
    if isinstance(value, bool):
        return asked.lower() == str(value).lower()
    if asked == format_func(value):
        return True
    try:
        return float(asked) == float(value)
    except (TypeError, ValueError):
        return False
