"""Who may open the websocket, as an ASGI server would ask."""

import asyncio
from typing import Any

import pytest
import streamlit as st

from pages.serving.origin import SameOrigin


def passes(origin: str | None) -> bool:
    """Whether a websocket of such a page reaches the app; if not, it must be closed."""
    reached: list[Any] = []
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"explorer.example:8501")]
    headers += [] if origin is None else [(b"origin", origin.encode("latin-1"))]
    asyncio.run(SameOrigin(app)({"type": "websocket", "headers": headers}, None, send))  # type: ignore[arg-type]
    assert reached or sent == [{"type": "websocket.close", "code": 1008}]
    return bool(reached)


@pytest.mark.parametrize("origin", ["http://explorer.example:8501", "https://explorer.example:8501", None])
def test_its_own_pages_and_programs_pass(origin: str | None) -> None:
    assert passes(origin)


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://explorer.example", "https://explorer.example.evil.example:8501", "null", "",
     "http://", "http://[", "file://",
     "http://localhost:3000", "http://localhost:8501", "http://127.0.0.1:8501",
     "http://localhost.evil.example", "http://localhost:1.evil.example", "http://\xff"],
)  # fmt: skip
def test_other_sites_do_not(origin: str) -> None:
    assert not passes(origin)


def test_whoever_hosts_may_allow_a_site(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"server.enableCORS": True, "server.corsAllowedOrigins": ["https://portal.example"]}
    monkeypatch.setattr(st, "get_option", lambda name: given.get(name, st.config.get_option(name)))
    assert passes("https://portal.example")
    assert not passes("https://evil.example")


def test_what_is_no_websocket_passes_untouched() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    asyncio.run(SameOrigin(app)({"type": "http", "headers": [(b"origin", b"http://evil.example")]}, None, None))  # type: ignore[arg-type]
    assert len(seen) == 1
