"""Refuses the websocket to pages of other sites, before Streamlit looks at it.

Streamlit refuses them as well, but first asks a service on the internet which address this server has, and meanwhile
answers nobody: seconds for each knock, where that service cannot be reached.
"""

from urllib.parse import urlsplit

import streamlit as st
from starlette.types import ASGIApp, Receive, Scope, Send

UNSAID = "localhost"  # in .streamlit/config.toml for another reason; whoever hosts may name another address
POLICY_VIOLATION = 1008


class SameOrigin:
    """Lets websockets through from this server's own pages, and from those that its options allow."""

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
        return False  # a program and no page, or whoever hosts has said that all may
    try:
        origin = urlsplit(headers[b"origin"].decode("latin-1"))
        allowed = {urlsplit(address.strip()).hostname for address in st.get_option("server.corsAllowedOrigins")}
        name, _ = origin.hostname, origin.port  # a port that is no number raises as well
    except ValueError:
        return True
    if origin.netloc and origin.netloc == headers.get(b"host", b"").decode("latin-1"):
        return False
    # Not all that runs on a visitor's machine: cookies do not tell ports apart.
    return name is None or name not in allowed | ({st.get_option("browser.serverAddress")} - {UNSAID})
