"""What this server serves beside Streamlit's own: its paths, and how long browsers keep the answers."""

from collections.abc import Awaitable, Callable
from typing import Any

import streamlit as st
from starlette.responses import Response
from starlette.routing import Route

FOR_GOOD = "max-age=31536000, immutable"  # the content of a path never changes
CACHED = {"Cache-Control": f"public, {FOR_GOOD}"}
PACKED = CACHED | {"Content-Encoding": "gzip"}
PRIVATE = PACKED | {"Cache-Control": f"private, {FOR_GOOD}"}  # cached by the visitor's browser, and by no proxy


def link(path: str = "") -> str:
    """The path, "/…", below the server's base path."""
    base = st.get_option("server.baseUrlPath").strip("/")
    return f"/{base}{path}" if base else path


def put(path: str, endpoint: Callable[[Any], Response | Awaitable[Response]]) -> Route:
    """A route that takes what is put there."""
    return Route(link(path), endpoint, methods=["PUT"])


def route(path: str, endpoint: Callable[[Any], Response | Awaitable[Response]]) -> Route:
    """A Starlette route of that path, "/…", below the server's base path."""
    return Route(link(path), endpoint)
