"""Refuses websockets from pages of other sites before Streamlit sees them.

Streamlit refuses them too, but first asks a service on the internet for this server's address, and blocks its event
loop while that service does not answer.
"""

from urllib.parse import urlsplit

import streamlit as st
from starlette.types import ASGIApp, Receive, Scope, Send

UNSET = "localhost"  # browser.serverAddress in .streamlit/config.toml, which is there for another reason
POLICY_VIOLATION = 1008


class SameOrigin:
    """Accepts websockets from this server's own pages and from the origins that its options allow."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and _is_foreign(scope):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            await self.app(scope, receive, send)


def _is_foreign(scope: Scope) -> bool:
    headers: dict[bytes, bytes] = dict(scope["headers"])
    if b"origin" not in headers or not st.get_option("server.enableCORS"):
        return False  # not a browser, or the host allows every origin
    try:
        origin = urlsplit(headers[b"origin"].decode("latin-1"))
        allowed = {urlsplit(address.strip()).hostname for address in st.get_option("server.corsAllowedOrigins")}
        name, _ = origin.hostname, origin.port  # an invalid port raises ValueError
    except ValueError:
        return True
    if origin.netloc and origin.netloc == headers.get(b"host", b"").decode("latin-1"):
        return False
    # Without UNSET: cookies do not distinguish ports, so other local servers would pass as this one.
    return name is None or name not in allowed | ({st.get_option("browser.serverAddress")} - {UNSET})
