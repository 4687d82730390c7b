"""Streamlit's own scripts, sent compressed."""

import asyncio
import gzip
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from pages.widgets import frontend

BEHIND = b"from Streamlit"


def ask(path: str, headers: dict[str, str], method: str = "GET") -> tuple[dict[str, str], bytes]:
    """Headers, by lower-case name, and body of what comes; all that is let through gets the same."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    packed = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": packed}
    asyncio.run(frontend.Frontend(PlainTextResponse(BEHIND))(scope, None, send))  # type: ignore[arg-type]
    start, *parts = sent
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return found, b"".join(part.get("body", b"") for part in parts)


def script() -> str:
    return next(path for path in sorted(frontend._names()) if path.endswith(".js"))


def test_a_script_comes_whole_and_smaller_and_is_kept() -> None:
    expected = (frontend.ROOT / script().removeprefix("/")).read_bytes()
    for _ in range(2):
        headers, body = ask(script(), {"Accept-Encoding": "gzip, br"})
        assert gzip.decompress(body) == expected
        assert int(headers["content-length"]) == len(body) < len(expected)
        assert headers["content-encoding"] == "gzip"
        assert headers["content-type"].startswith("text/javascript")
        assert "immutable" in headers["cache-control"]
        assert headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("path", "headers", "method"),
    [
        (None, {"Accept-Encoding": "identity"}, "GET"),
        (None, {}, "GET"),
        (None, {"Accept-Encoding": "gzip", "Range": "bytes=0-9"}, "GET"),
        (None, {"Accept-Encoding": "gzip"}, "POST"),
        ("/static/js/../../../config.py", {"Accept-Encoding": "gzip"}, "GET"),
        ("/static/js/nothing.js", {"Accept-Encoding": "gzip"}, "GET"),
        ("/index.html", {"Accept-Encoding": "gzip"}, "GET"),
        ("/", {"Accept-Encoding": "gzip"}, "GET"),
    ],
)
def test_all_else_is_left_to_streamlit(path: str | None, headers: dict[str, str], method: str) -> None:
    assert ask(path or script(), headers, method)[1] == BEHIND
