"""Settings in the link, so that the page opens elsewhere as it is here."""

import math
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

REFUSED = "refused-by-link"  # by key: what the control is called, what it showed instead, whether it is on the page
UNKNOWN = object()  # what a control that is still to come will show


def control(widget: Callable[..., Any], label: str, *arguments: Any, key: str, name: str = "", **options: Any) -> Any:
    """A Streamlit control whose value is in the link, and kept from page to page.

    Where the link asks for a value that the control does not have, it shows another, and `tell` says so.

    Args:
        widget: As `st.slider`, or that of a column.
        label: Of the control.
        arguments: Further ones for the widget.
        key: Of the control, and its name in the link.
        name: What that sentence calls it; its label if not given.
        options: Further ones for the widget.
    """
    asked = None if key in st.session_state else st.query_params.get(key)
    if asked is not None and _indigestible(asked):
        # Streamlit would fail on it: without it, once more.
        st.session_state.setdefault(REFUSED, {})[key] = [name or label, UNKNOWN, False]
        del st.query_params[key]
        st.rerun()
    value = widget(label, *arguments, key=key, bind="query-params", persist_state="session", **options)
    sound = asked is None or _means(asked, value, options.get("format_func", str))
    _note(key, name or label, value, sound)
    return value


def seed(key: str, again: bool, name: str) -> int:
    """A seed, whole and not negative, that is kept in the link.

    Args:
        key: In the session, and in the link.
        again: Whether the visitor asks for the next one.
        name: What `tell` calls it.
    """
    asked = st.query_params.get(key)
    sound = True
    if key not in st.session_state:
        sound = asked is None or re.fullmatch("[0-9]{1,9}", asked) is not None
        st.session_state[key] = int(asked) if asked and sound else 0
    if again:
        st.session_state[key] += 1
    now: int = st.session_state[key]
    if now and asked != str(now):
        st.query_params[key] = str(now)
    elif not now and asked is not None:
        del st.query_params[key]
    _note(key, name, now, sound)
    return now


def tell(place: DeltaGenerator) -> None:
    """Says, in one sentence, what the link asked for in vain; each until the visitor chooses something else."""
    refused = st.session_state.get(REFUSED, {})
    names = [name.lower() for name, _, here in refused.values() if here]
    if names:
        place.warning(f"The link asks for what there is not ({', '.join(names)}): the page shows its own choice.")
    for entry in refused.values():
        entry[2] = False


def _note(key: str, name: str, value: Any, sound: bool) -> None:
    refused = st.session_state.setdefault(REFUSED, {})
    if not sound:
        refused[key] = [name, value, True]
    elif key in refused:
        if refused[key][1] in (UNKNOWN, value):
            refused[key][1:] = value, True
        else:
            del refused[key]


def _indigestible(asked: str) -> bool:
    """Whether a text of the link is empty, or a number beyond all numbers."""
    with suppress(ValueError):
        return not math.isfinite(float(asked))
    return not asked


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
