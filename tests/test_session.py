"""What is taken from `streamlit.runtime`: a new version that moves it is told here, in a server that really runs."""

from types import SimpleNamespace

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import ScriptRunContext
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import AppTest

from pages.serving import session


def page() -> None:
    import streamlit as st

    from pages.serving import session

    st.text(session.current())


def test_a_page_knows_its_session_and_without_a_server_there_is_nothing() -> None:
    app = AppTest.from_function(page).run()
    assert app.text[0].value not in ("", "None")
    assert session.current() is None
    assert not session.is_active("any")
    assert session.upload_bytes() == session.upload_bytes("any") == 0
    session.remove_upload("any")


def test_uploads_are_counted_by_session_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Streamlit's own store of files."""
    store = MemoryUploadedFileManager("/upload")
    for tab, file, size in (("a", "1", 10), ("a", "2", 20), ("b", "3" * 5000, 40)):
        store.add_file(tab, UploadedFileRec(file, "name", "image/png", bytes(size)))
    runtime = SimpleNamespace(uploaded_file_mgr=store, is_active_session=lambda tab: tab == "a")
    monkeypatch.setattr(session, "exists", lambda: True)
    monkeypatch.setattr(session, "get_instance", lambda: runtime)
    about = session.ABOUT_A_FILE + 4 * len("1" + "name" + "image/png")
    a, b = 30 + 2 * about, 40 + about + 4 * 4999  # many files without content, or with long names, are not free
    assert [session.upload_bytes(tab) for tab in ("a", "b", "c", None)] == [a, b, 0, a + b]
    monkeypatch.setattr(session, "current", lambda: "a")
    session.remove_upload("1")
    assert [session.upload_bytes(tab) for tab in ("a", "b")] == [20 + about, b]


def test_streamlit_still_has_what_is_asked_of_it() -> None:
    from streamlit.runtime import Runtime

    assert callable(Runtime.is_active_session)
    assert isinstance(Runtime.uploaded_file_mgr, property)
    assert {"session_id", "is_history_navigation"} <= set(ScriptRunContext.__dataclass_fields__)
