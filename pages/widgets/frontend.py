"""Serves Streamlit's own scripts and styles compressed, each compressed once.

Streamlit sends them as they lie on its disk: four times the bytes, and through all that looks at a request.
"""

import asyncio
import gzip
from functools import cache
from pathlib import Path

import streamlit as st
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.widgets import served

ROOT = Path(st.__file__).parent / "static"
TYPES = {".js": "text/javascript", ".css": "text/css"}
HEADERS = served.PACKED | {"Vary": "Accept-Encoding"}

_answers: dict[str, Response] = {}


class Frontend:
    """Answers for Streamlit's scripts and styles, and lets all else through."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = _asked(scope)
        if name is None:
            await self.app(scope, receive, send)
            return
        if name not in _answers:
            _answers[name] = await asyncio.to_thread(_answer, name)
        await _answers[name](scope, receive, send)


def _asked(scope: Scope) -> str | None:
    """The name of the file that this asks for, if it is one of those and may be sent compressed."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] not in _names():
        return None
    headers: dict[bytes, bytes] = dict(scope["headers"])
    packed = b"gzip" in headers.get(b"accept-encoding", b"") and b"range" not in headers
    return _names()[scope["path"]] if packed else None


@cache
def _names() -> dict[str, str]:
    """By the path of their link, the names of the files."""
    names = (p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*") if p.suffix in TYPES)
    return {served.link(f"/{name}"): name for name in names}


def _answer(name: str) -> Response:
    content = gzip.compress((ROOT / name).read_bytes(), 6)
    return Response(content, media_type=TYPES[Path(name).suffix], headers=HEADERS)
