"""What visitors upload, counted where the bytes arrive: each, and all, may have so many megabytes here at a time.

Streamlit keeps every file until its visitor removes it or the session ends, however many there are.
"""

import re
from collections import Counter
from collections.abc import Iterable

import streamlit as st
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime import exists, get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ae_core import logs, settings
from pages.widgets import visitor

PATH = re.compile(r"/_stcore/upload_file/([^/]+)/([^/]+)/?$")
MAX_READ = 64 << 20  # bytes of what is refused
SEEN, USED = "uploads-seen", "uploads-used"  # in the session


class UploadQuota:
    """Refuses, before it is kept, what goes beyond a visitor's megabytes, or those of all."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._sessions: dict[str, set[str]] = {}  # of each visitor who uploaded
        self._coming: Counter[str] = Counter()  # bytes by session that are promised or on their way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = PATH.search(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        if asked is None:
            await self.app(scope, receive, send)
            return
        session = asked[1]
        sessions = self._of_visitor(scope, session)
        length = dict(scope["headers"]).get(b"content-length", b"")
        promised = int(length) if length.isdigit() and len(length) < 16 else 0
        came = counted = 0

        def count(more: int) -> None:
            nonlocal counted
            most = settings.current()
            if sum(kept(s) + self._coming[s] for s in sessions) + more > most.upload_mb * 1_000_000:
                refusal = HTTPException(413, "Too much at a time: remove some of what you have uploaded.")
            elif kept() + self._coming.total() + more > most.all_uploads_mb * 1_000_000:
                refusal = HTTPException(503, "The pictures of all visitors leave no room: try again in some minutes.")
            else:
                self._coming[session] += more
                counted += more
                return
            logs.event("upload refused", bytes=promised or came, status=refusal.status_code)
            raise refusal

        async def receive_counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            count(max(0, came - counted))  # more than was promised, or nothing was
            return message

        try:
            count(promised)
        except HTTPException as error:
            await _refuse(receive, send, error)
            return
        try:
            await self.app(scope, receive_counted, send)
        finally:
            self._coming[session] -= counted
            self._coming += Counter()  # forgets those at nothing

    def _of_visitor(self, scope: Scope, session: str) -> set[str]:
        """The sessions of whoever uploads, with this one; those that have ended are forgotten."""
        secret = visitor.cookie(scope)
        if secret is None or not _is_active(session):
            return {session}
        for who, theirs in list(self._sessions.items()):
            theirs &= {s for s in theirs if _is_active(s)}
            if not theirs:
                del self._sessions[who]
        self._sessions.setdefault(secret, set()).add(session)
        return self._sessions[secret]


async def _refuse(receive: Receive, send: Send, error: HTTPException) -> None:
    # Browsers that are cut off while they send take it for a fault of the network: it is read, and let go at once.
    read, more = 0, True
    while more and read < MAX_READ:
        message = await receive()
        read += len(message.get("body", b""))
        more = message.get("more_body", False)
    await PlainTextResponse(error.detail, error.status_code, {"Connection": "close"})({"type": "http"}, receive, send)


def kept(session: str | None = None) -> int:
    """Bytes of a session's files, or of all, in the server's memory."""
    files = _files()
    if files is None:
        return 0
    # Streamlit adds to it in other threads; a copy is made in one step.
    of = list(files.file_storage.values()) if session is None else [files.file_storage.get(session, {})]
    return sum(len(file.data) for theirs in of for file in list(theirs.values()))


def _files() -> MemoryUploadedFileManager | None:
    manager = get_instance().uploaded_file_mgr if exists() else None
    return manager if isinstance(manager, MemoryUploadedFileManager) else None


def _is_active(session: str) -> bool:
    return exists() and get_instance().is_active_session(session)


def told() -> str:
    """One sentence on how much a visitor may upload."""
    return (
        f"All that you have uploaded may take {settings.current().upload_mb} MB at a time; what you remove makes room, "
        "and what goes beyond is refused."
    )


def use(file_ids: Iterable[str]) -> None:
    """Says that an uploader on the page still has these files."""
    st.session_state.setdefault(USED, set()).update(file_ids)


def free_others() -> None:
    """Frees the files that an uploader once had and none on this page has any more: nobody could remove them."""
    used: set[str] = st.session_state.pop(USED, set())
    context, files = get_script_run_ctx(suppress_warning=True), _files()
    if context is not None and files is not None:
        for gone in st.session_state.get(SEEN, set()) - used:
            files.remove_file(context.session_id, gone)
    if used or SEEN in st.session_state:
        st.session_state[SEEN] = used
