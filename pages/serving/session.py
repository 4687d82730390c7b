"""The current session: its id, how it came to its page, and its uploaded files.

The only module that imports from `streamlit.runtime`. Streamlit has no public API for the id of a session, which the
log needs; for navigation by the browser's history and for a rerun that ends a script early, which decide what a link
says; nor for the size of its uploads, which a public server has to limit. tests/test_session.py fails when a new
version moves any of them.
"""

from typing import Any

from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import RerunException, get_script_run_ctx

ABOUT_A_FILE = 1000  # bytes


def current() -> str | None:
    """The id of the session whose script runs in this thread; None outside of a script run."""
    context = get_script_run_ctx(suppress_warning=True)
    return None if context is None else context.session_id


def went_back() -> bool:
    """Whether this run follows a step back or forward in the browser's history."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and context.is_history_navigation


def is_active(session: str) -> bool:
    """Whether a session has a connected browser tab."""
    return exists() and get_instance().is_active_session(session)


def _files() -> Any:
    """Streamlit's in-memory storage of uploads."""
    return get_instance().uploaded_file_mgr


def upload_bytes(session: str | None = None) -> int:
    """Bytes of a session's uploads, or of all sessions', in the server's memory, with what is kept about each."""
    if not exists():
        return 0
    # Copied, since Streamlit changes it in other threads.
    storage = _files().file_storage
    of = list(storage.values()) if session is None else [storage.get(session, {})]
    return sum(
        len(file.data) + 4 * (len(name) + len(file.name) + len(file.type)) + ABOUT_A_FILE
        for theirs in of
        for name, file in list(theirs.items())
    )


def remove_upload(file_id: str) -> None:
    """Frees an uploaded file of the current session."""
    session = current()
    if session is not None and exists():
        _files().remove_file(session, file_id)


__all__ = ["RerunException", "current", "is_active", "remove_upload", "upload_bytes", "went_back"]
