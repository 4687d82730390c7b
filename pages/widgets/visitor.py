"""Who is asking: a random cookie that survives a reload and that no script can read."""

import secrets

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "latent_explorer_visitor"
LOCAL = "local"
YEAR = 365 * 24 * 3600


class VisitorCookie:
    """Gives whoever opens a page without the cookie a new one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    @classmethod
    def middleware(cls) -> Middleware:
        return Middleware(cls)

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
    # Not http.cookies: it stops at the first cookie of another app that it does not like.
    cookies = cookie_parser(headers.get(b"cookie", b"").decode("latin-1"))
    return b"text/html" in headers.get(b"accept", b"") and COOKIE not in cookies


def current() -> str:
    """The visitor's id; where cookies are refused one that lasts as long as the tab, "local" without a browser."""
    if not st.context.headers:
        return LOCAL
    return st.context.cookies.get(COOKIE) or st.session_state.setdefault("visitor", secrets.token_urlsafe(24))
