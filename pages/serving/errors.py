"""What a page shows, and the log says, of an error of ours that nothing caught."""

import traceback
from pathlib import Path

import streamlit as st
from streamlit.errors import FragmentHandledException

from ae_core import logs
from pages.serving import visitor

ROOT = Path(__file__).resolve().parents[2]


def on_script_error(error: Exception) -> bool:
    """Logs where it happened, and says on the page, in one sentence, how to find it there."""
    if isinstance(error, FragmentHandledException):
        return True  # of a fragment within the page, which has told of it already
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(ROOT)]
    where = " ".join(f"{Path(frame.filename).relative_to(ROOT)}:{frame.lineno}" for frame in ours[-3:])
    logs.event("page failed", "error", error=type(error).__name__, where=where)
    st.error(
        "This page stopped on a mistake of ours; nothing of yours is lost. Reload it; if it stays, tell whoever "
        f"runs this server: session {visitor.tab()}."
    )
    return True
