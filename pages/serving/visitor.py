"""Identifies visitors by a random HttpOnly cookie.

Only its hash is stored and logged, so that whoever reads the data folder or the log cannot act as a visitor.
"""

import hashlib
import secrets

import streamlit as st
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ae_core import logs
from pages.serving import session

COOKIE = "latent_explorer_visitor"
LOCAL = "local"
YEAR = 365 * 24 * 3600


class VisitorCookie:
    """Sets the cookie when a page is opened without one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_first_visit(scope):
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = f"{COOKIE}={secrets.token_urlsafe(24)}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax"
                if scope.get("scheme") == "https":
                    cookie += "; Secure"
                message["headers"] = [*message["headers"], (b"set-cookie", cookie.encode())]
            await send(message)

        await self.app(scope, receive, send_with_cookie)


def _is_first_visit(scope: Scope) -> bool:
    """Whether this is a request for an HTML page without the cookie."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    headers: dict[bytes, bytes] = dict(scope["headers"])
    return b"text/html" in headers.get(b"accept", b"") and cookie(scope) is None


def cookie(scope: Scope) -> str | None:
    """The visitor's secret in a request's cookies; None if there is none."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    # Not http.cookies, which stops at the first malformed cookie, perhaps of another app.
    return cookie_parser(headers.get(b"cookie", b"").decode("latin-1")).get(COOKIE)


def current() -> str:
    """The visitor's id: 32 hexadecimal digits, or "local" without a browser.

    In a browser without cookies it lasts as long as the tab.
    """
    if not st.context.headers:
        return LOCAL
    secret = st.context.cookies.get(COOKIE) or st.session_state.setdefault("visitor", secrets.token_urlsafe(24))
    return _fingerprint(secret)


def tab() -> str | None:
    """The current session's id in the log, 12 hexadecimal digits; None outside of a script run."""
    current_session = session.current()
    return None if current_session is None else _fingerprint(current_session)[:12]


def arrive() -> None:
    """Logs the start of a session, once."""
    if not st.session_state.get("arrived"):
        st.session_state["arrived"] = True
        logs.event("session started")


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:32]
