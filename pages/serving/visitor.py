"""Who is asking: a random cookie that survives a reload and that no script can read.

What is stored and compared is its fingerprint: who reads the data folder or the log cannot ask in a visitor's name.
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
    """Gives whoever opens a page without the cookie a new one."""

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
    """Whether this asks for a page, not a script or an image, and brings no cookie."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    headers: dict[bytes, bytes] = dict(scope["headers"])
    return b"text/html" in headers.get(b"accept", b"") and cookie(scope) is None


def cookie(scope: Scope) -> str | None:
    """The visitor's secret, as a request brings it."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    # Not http.cookies: it stops at the first cookie of another app that it does not like.
    return cookie_parser(headers.get(b"cookie", b"").decode("latin-1")).get(COOKIE)


def current() -> str:
    """The visitor's id, 32 hexadecimal digits; "local" without a browser.

    Where cookies are refused it lasts as long as the tab.
    """
    if not st.context.headers:
        return LOCAL
    secret = st.context.cookies.get(COOKIE) or st.session_state.setdefault("visitor", secrets.token_urlsafe(24))
    return _fingerprint(secret)


def tab() -> str | None:
    """What the log calls the tab whose page asks, 12 hexadecimal digits; None where no page does."""
    current_session = session.current()
    return None if current_session is None else _fingerprint(current_session)[:12]


def arrive() -> None:
    """Logs a tab's first page."""
    if not st.session_state.get("arrived"):
        st.session_state["arrived"] = True
        logs.event("session started")


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:32]
