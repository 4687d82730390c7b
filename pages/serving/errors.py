"""Handles exceptions that a page did not catch."""

import traceback
from pathlib import Path

import streamlit as st
from streamlit.errors import FragmentHandledException

from ae_core import locations, logs
from pages.serving import visitor

OURS = (locations.PACKAGE, locations.ROOT / "pages")


def on_script_error(error: Exception) -> bool:
    """Logs the error's type and place, and shows a sentence without details. Streamlit calls this."""
    if isinstance(error, FragmentHandledException):
        return True  # raised again by the page around a fragment, which has reported it
    logs.event("page failed", "error", error=type(error).__name__, where=places(error))
    st.error(
        "An error in the app stopped this page. Choose the page again in the menu: a reload would keep your models but "
        "lose your drawing and your pictures. If the error comes back, report it to the people who run this server: "
        f"session {visitor.tab()}."
    )
    return True


def places(error: Exception) -> str:
    """The last places in our own code that an exception came through."""
    ours = [
        f"{Path(frame.filename).relative_to(locations.PACKAGE.parent)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if any(Path(frame.filename).is_relative_to(folder) for folder in OURS)
    ]
    return " ".join(ours[-3:])
