"""What a page shows, and the log says, of an error of ours that nothing caught."""

import traceback
from pathlib import Path

import streamlit as st
from streamlit.errors import FragmentHandledException

from ae_core import locations, logs
from pages.serving import visitor

OURS = (locations.PACKAGE, locations.ROOT / "pages")


def on_script_error(error: Exception) -> bool:
    """Logs where it happened, and says on the page, in one sentence, how to find it there."""
    if isinstance(error, FragmentHandledException):
        return True  # of a fragment within the page, which has told of it already
    ours = [
        f"{Path(frame.filename).relative_to(locations.PACKAGE.parent)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if any(Path(frame.filename).is_relative_to(folder) for folder in OURS)
    ]
    logs.event("page failed", "error", error=type(error).__name__, where=" ".join(ours[-3:]))
    st.error(
        "This page stopped on a mistake of ours; nothing of yours is lost. Reload it; if it stays, tell whoever "
        f"runs this server: session {visitor.tab()}."
    )
    return True
