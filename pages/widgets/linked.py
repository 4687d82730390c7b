"""Numbers in the link whose limits depend on what is shown; `settings` has those of fixed controls."""

from collections.abc import Sequence

import streamlit as st

MAX_TEXT = 2000  # letters of a link that are read


def number(label: str, low: int, high: int, key: str, default: int, name: str, of: str, step: int = 1) -> int:
    """Shows an input for a whole number from `low` to `high`, and gives it; nonsense in the link is said and replaced.

    Args:
        label: Of the input, in words of this app.
        low: The least.
        high: The greatest.
        key: What the link calls it.
        default: Until a number is chosen; `high` if that is less.
        name: What is numbered, in a sentence.
        of: What the limits belong to: each has a number of its own, which it keeps.
        step: How far the buttons go.
    """
    widget = f"{key}-{of}"

    def choose() -> None:
        st.query_params[key] = str(st.session_state[widget])

    asked = st.query_params.get(key)
    if asked is not None:
        if asked.isdecimal() and len(asked) < 10 and low <= int(asked) <= high:
            st.session_state[widget] = int(asked)
        else:
            st.warning(f"The link asks for a {name} that is not there: another one is shown.")
            st.session_state.pop(widget, None)
    if not low <= st.session_state.get(widget, low - 1) <= high:
        st.session_state[widget] = min(default, high)
    chosen = st.number_input(label, low, high, step=step, key=widget, on_change=choose, persist_state="session")
    st.query_params[key] = str(chosen)
    return int(chosen)


def numbers(label: str, options: Sequence[int], high: int, key: str, name: str, of: str) -> list[int]:
    """Shows numbers to pick any of, and gives those picked; nonsense in the link is said and left out.

    Args:
        label: Of them all, in words of this app.
        options: Numbers from 1 to offer; those that are already picked are offered as well.
        high: The greatest number that there is.
        key: What the link calls them.
        name: What is numbered, in a sentence.
        of: What they belong to: of anything else none of them is picked.
    """
    widget, picked = f"{key}-{of}", f"{key}-picked-{of}"

    def choose() -> None:
        st.session_state[picked] = list(st.session_state[widget])
        _write(key, st.session_state[picked])

    asked = st.query_params.get(key)
    if asked is not None and st.session_state.setdefault(f"{key}-of", of) == of:
        parts = asked[:MAX_TEXT].split(",")
        good = [int(p) for p in parts if p.isdecimal() and len(p) < 10 and 1 <= int(p) <= high]
        if len(good) < len(parts):
            st.warning(f"The link asks for {name} that are not there: they are left out.")
        st.session_state[picked] = list(dict.fromkeys(good))
    st.session_state[f"{key}-of"] = of
    chosen = st.session_state.setdefault(picked, [])
    st.session_state[widget] = chosen
    offered = [*options, *(n for n in chosen if n not in options)]
    st.pills(label, offered, selection_mode="multi", key=widget, on_change=choose, wrap=True)
    _write(key, chosen)
    return list(chosen)


def forget(*keys: str) -> None:
    """Takes settings out of the link that belong to controls which are not shown."""
    for key in keys:
        st.query_params.pop(key, None)


def _write(key: str, chosen: Sequence[int]) -> None:
    if chosen:
        st.query_params[key] = ",".join(map(str, chosen))
    else:
        forget(key)
