"""Limits the megabytes of uploads that one visitor, and all visitors together, have on the server at a time.

Streamlit keeps every file in memory until its visitor removes it or the session ends.
"""

import re
from collections import Counter
from collections.abc import Iterable

import streamlit as st
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ae_core import logs, settings
from pages.serving import session, visitor

PATH = re.compile(r"/_stcore/upload_file/([^/]+)/([^/]+)/?$")
MAX_READ = 64 << 20  # bytes of a refused upload that are read and dropped
SEEN, USED, UNUSED = "uploads-seen", "uploads-used", "uploads-unused"  # in the session


class UploadQuota:
    """Refuses uploads beyond either limit before Streamlit keeps them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._tabs: dict[str, set[str]] = {}  # sessions by visitor
        # Bytes of unfinished uploads, by session. What is announced may never come: it counts for its visitor alone.
        self._announced: Counter[str] = Counter()
        self._came: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = PATH.search(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        if asked is None:
            await self.app(scope, receive, send)
            return
        tab = asked[1]
        tabs = self._tabs_of_visitor(scope, tab)
        length = dict(scope["headers"]).get(b"content-length", b"")
        promised = int(length) if length.isdigit() and len(length) < 16 else 0
        announced = came = 0

        def check(announced: int, came: int) -> None:
            most = settings.current()
            if sum(session.upload_bytes(t) + self._announced[t] for t in tabs) + announced > most.upload_mb * 1_000_000:
                sentence = f"Your uploads may take {most.upload_mb} MB together: remove some of them, or upload less."
                refusal = HTTPException(413, sentence)
            elif session.upload_bytes() + self._came.total() + came > most.all_uploads_mb * 1_000_000:
                refusal = HTTPException(503, "The server has no room for more uploads now: try again in a few minutes.")
            else:
                return
            logs.event("upload refused", bytes=max(announced, came), status=refusal.status_code)
            raise refusal

        async def receive_counted() -> Message:
            nonlocal announced, came
            message = await receive()
            size = len(message.get("body", b""))
            more = max(0, came + size - announced)
            check(more, size)
            announced, came = announced + more, came + size
            self._announced[tab] += more
            self._came[tab] += size
            return message

        try:
            check(promised, promised)
        except HTTPException as error:
            await _refuse(receive, send, error)
            return
        announced = promised
        self._announced[tab] += promised
        try:
            await self.app(scope, receive_counted, send)
        finally:
            self._announced[tab] -= announced
            self._came[tab] -= came
            for counts in (self._announced, self._came):
                counts += Counter()  # drops zero counts

    def _tabs_of_visitor(self, scope: Scope, tab: str) -> set[str]:
        """The active sessions of the visitor who uploads, `tab` among them."""
        secret = visitor.cookie(scope)
        if secret is None or not session.is_active(tab):
            return {tab}
        for who, theirs in list(self._tabs.items()):
            theirs &= {t for t in theirs if session.is_active(t)}
            if not theirs:
                del self._tabs[who]
        self._tabs.setdefault(secret, set()).add(tab)
        return self._tabs[secret]


async def _refuse(receive: Receive, send: Send, error: HTTPException) -> None:
    # A browser that is cut off while it sends reports a network error: read the body to its end.
    read, more = 0, True
    while more and read < MAX_READ:
        message = await receive()
        read += len(message.get("body", b""))
        more = message.get("more_body", False)
    await PlainTextResponse(error.detail, error.status_code, {"Connection": "close"})({"type": "http"}, receive, send)


def told() -> str:
    """A sentence on the limit of uploads."""
    return (
        f"Your uploads may take {settings.current().upload_mb} MB together. A file that is too large is refused; "
        "remove others to make room for it."
    )


def use(file_ids: Iterable[str]) -> None:
    """Marks files as shown by an uploader in this script run."""
    st.session_state.setdefault(USED, set()).update(file_ids)


def free_unused() -> None:
    """Frees files that no uploader has shown in this script run and the one before: nobody can remove them any more.

    Two runs, because one that is interrupted by the next may end before its uploader.
    """
    used: set[str] = st.session_state.pop(USED, set())
    unused: set[str] = st.session_state.get(UNUSED, set()) - used
    for file_id in unused:
        session.remove_upload(file_id)
    seen: set[str] = st.session_state.get(SEEN, set())
    st.session_state[UNUSED] = seen - used - unused
    st.session_state[SEEN] = (seen | used) - unused
