"""What this server serves beside Streamlit's own: below its base path, where there is one."""

from collections.abc import Awaitable, Callable
from typing import Any

import streamlit as st
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import Response
from starlette.routing import Route

KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}  # by browsers: another content has another link
PACKED = KEPT | {"Content-Encoding": "gzip"}
PRIVATE = PACKED | {"Cache-Control": "private, max-age=31536000, immutable"}  # by the visitor's browser alone


class _Number(Convertor[int]):
    """A whole number of a link; Starlette's own takes so many digits that Python refuses to read them."""

    regex = "[0-9]{1,9}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("number", _Number())


def link(path: str = "") -> str:
    """Where a browser finds what is served at a path, "/…"."""
    base = st.get_option("server.baseUrlPath").strip("/")
    return f"/{base}{path}" if base else path


def route(path: str, answer: Callable[[Any], Response | Awaitable[Response]]) -> Route:
    """Serves a path, "/…", with {names} and {numbers:number} for the answer to read."""
    return Route(link(path), answer)
