"""The visitor's cookie, given to a page over ASGI as a server would ask for it."""

import asyncio
import re
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from pages.serving import visitor
from pages.serving.visitor import COOKIE, LOCAL, VisitorCookie, current

PAGE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def _echo(request: Request) -> PlainTextResponse:
    response = PlainTextResponse(request.cookies.get(COOKIE, ""))
    response.set_cookie("another", "1")
    return response


APP = Starlette(routes=[Route("/{path:path}", _echo, methods=["GET", "POST"])], middleware=[Middleware(VisitorCookie)])


def ask(method: str = "GET", path: str = "/", scheme: str = "http", **headers: str) -> list[dict[str, Any]]:
    """The messages that answer a request, as an ASGI server gets them."""
    where, _, query = path.partition("?")
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "scheme": scheme, "path": where, "headers": fields}
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    asyncio.run(APP(scope | {"query_string": query.encode()}, receive, send))
    return messages


def cookies(messages: list[dict[str, Any]]) -> dict[str, str]:
    """The Set-Cookie headers of an answer by the cookie's name."""
    headers = [value.decode() for name, value in messages[0]["headers"] if name == b"set-cookie"]
    assert messages[0]["status"] == 200
    return {h.split("=")[0]: h for h in headers}


def given(messages: list[dict[str, Any]]) -> str | None:
    """The Set-Cookie header of the visitor's cookie."""
    return cookies(messages).get(COOKIE)


@pytest.mark.parametrize("path", ["/", "/latent-space", "/latent-space?run=variational"])
@pytest.mark.parametrize("sent", [{}, {"cookie": "=;;\x7f{]"}], ids=["nothing", "nonsense"])
def test_a_first_page_gets_a_cookie_of_its_own(path: str, sent: dict[str, str]) -> None:
    answer = ask(path=path, **PAGE, **sent)
    header = given(answer)
    assert header is not None
    value, *attributes = header.split("; ")
    assert len(value.removeprefix(f"{COOKIE}=")) >= 32
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    assert any(a.startswith("Max-Age=") and int(a[8:]) >= 180 * 24 * 3600 for a in attributes)
    assert "another" in cookies(answer), "other cookies are kept"
    assert "Secure" not in attributes
    other = given(ask(path=path, scheme="https", **PAGE))
    assert other is not None
    assert "Secure" in other, "over HTTPS alone"
    assert value not in other


def test_a_visitor_who_has_the_cookie_keeps_it() -> None:
    answer = ask(**PAGE, cookie=f"theme=dark; {COOKIE}=abc")
    assert given(answer) is None
    assert answer[1]["body"] == b"abc"


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"accept": "*/*"}),  # a script
        ("GET", {"accept": "image/avif,image/webp,*/*;q=0.8"}),
        ("POST", PAGE),
        ("GET", {"accept": ""}),
    ],
    ids=["script", "image", "post", "nothing"],
)
def test_what_is_no_page_gets_none(method: str, headers: dict[str, str]) -> None:
    assert given(ask(method, "/static/app.js", **headers)) is None


def test_a_websocket_passes_untouched() -> None:
    seen: list[dict[str, Any]] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        seen.append(scope)

    asyncio.run(VisitorCookie(app)({"type": "websocket", "headers": []}, None, None))
    assert seen == [{"type": "websocket", "headers": []}]


def test_without_a_browser_the_visitor_is_local_and_has_no_session() -> None:
    assert current() == LOCAL
    assert visitor.tab() is None


@pytest.mark.parametrize("cookie", ["the-secret", "local", "", "☃" * 10_000])
def test_who_asks_is_a_fingerprint_of_the_cookie(cookie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask_with(cookie: str) -> str:
        page = SimpleNamespace(headers={"Host": "here"}, cookies={COOKIE: cookie})
        monkeypatch.setattr(visitor.st, "context", page)
        return current()

    assert re.fullmatch("[0-9a-f]{32}", ask_with(cookie))
    assert ask_with(cookie) == ask_with(cookie)
    assert ask_with(cookie) != ask_with("another")
    assert ask_with("abc") == "ba7816bf8f01cfea414140de5dae2223", (
        "SHA-256, so that every version finds a visitor's runs"
    )
