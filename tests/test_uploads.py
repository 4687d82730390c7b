"""A visitor's megabytes, counted over ASGI as a server would hand them on."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from pages.serving import session
from pages.serving.uploads import UploadQuota
from pages.serving.visitor import COOKIE

MB = 1_000_000


class Streamlit:
    """Keeps what is uploaded, as Streamlit does."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, int]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        _, _, _, session, file = scope["path"].split("/")
        size, more = 0, True
        status = 204
        try:
            while more:
                message = await receive()
                size += len(message["body"])
                more = message["more_body"]
            self.files.setdefault(session, {})[file] = size
        except HTTPException as error:
            status = error.status_code
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def streamlit(monkeypatch: pytest.MonkeyPatch) -> Streamlit:
    app = Streamlit()
    monkeypatch.setenv("LATENT_EXPLORER_UPLOAD_MB", "10")

    def kept(session: str | None = None) -> int:
        return sum(sum(files.values()) for name, files in app.files.items() if session in (None, name))

    monkeypatch.setattr(session, "upload_bytes", kept)
    monkeypatch.setattr(session, "is_active", lambda tab: True)
    return app


class Client:
    def __init__(self, app: Any) -> None:
        self.quota = UploadQuota(app)
        self.read = 0

    async def put(self, session: str, file: str, parts: Iterable[int], cookie: str = "", promise: bool = True) -> int:
        parts = list(parts)
        headers = [(b"content-length", str(sum(parts)).encode())] * promise
        headers += [(b"cookie", f"{COOKIE}={cookie}".encode())] * bool(cookie)
        scope = {"type": "http", "method": "PUT", "path": f"/_stcore/upload_file/{session}/{file}", "headers": headers}
        answers: list[Any] = []
        coming = iter([*({"body": bytes(n), "more_body": True} for n in parts), {"body": b"", "more_body": False}])

        async def receive() -> Any:
            await asyncio.sleep(0)  # others come in between
            message = next(coming)
            self.read += len(message["body"])
            return {"type": "http.request", **message}

        async def send(message: Any) -> None:
            answers.append(message)

        await self.quota(scope, receive, send)
        return int(answers[0]["status"])


@pytest.mark.parametrize(
    ("addresses", "free"),
    [
        ([("s", f"{i}", "") for i in range(4)], ("other", "0", "")),
        ([(f"tab-{i}", "0", "mine") for i in range(4)], ("tab-9", "0", "another")),
        ([("s", f"{i}", f"cookie-{i}") for i in range(4)], ("other", "0", "")),
    ],
    ids=["a session", "a visitor's tabs", "a session with other cookies"],
)
def test_so_many_megabytes_and_no_more(
    addresses: list[tuple[str, str, str]], free: tuple[str, str, str], streamlit: Streamlit
) -> None:
    client = Client(streamlit)

    async def visit() -> list[int]:
        return [await client.put(tab, file, [2 * MB, 2 * MB], cookie) for tab, file, cookie in addresses]

    assert asyncio.run(visit()) == [204, 204, 413, 413]
    tab, file, cookie = addresses[0]
    streamlit.files[tab].pop(file)
    assert asyncio.run(client.put(tab, "again", [4 * MB], cookie)) == 204, "what is removed makes room"
    assert asyncio.run(client.put(free[0], free[1], [9 * MB], free[2])) == 204


def test_what_promises_nothing_or_too_little_is_counted_as_it_comes(streamlit: Streamlit) -> None:
    client = Client(streamlit)
    assert asyncio.run(client.put("s", "0", [MB] * 50, promise=False)) == 413
    assert client.read <= 11 * MB, "no more of it is read"
    assert not streamlit.files
    assert asyncio.run(client.put("s", "0", [9 * MB], promise=False)) == 204, "what was refused takes no room"


def test_many_at_once_are_counted_together(streamlit: Streamlit) -> None:
    client = Client(streamlit)

    async def visit() -> list[int]:
        return list(await asyncio.gather(*(client.put("s", f"{i}", [MB] * 4) for i in range(20))))

    assert sorted(asyncio.run(visit())) == [204] * 2 + [413] * 18
    assert session.upload_bytes("s") == 8 * MB


def test_all_visitors_together_may_upload_so_much(streamlit: Streamlit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_ALL_UPLOADS_MB", "25")
    client = Client(streamlit)

    async def visit() -> list[int]:
        one_after_another = [await client.put(f"{i}", "0", [6 * MB]) for i in range(3)]
        at_once = await asyncio.gather(*(client.put(f"{i}", "0", [MB] * 4, promise=i % 2 > 0) for i in range(3, 7)))
        return one_after_another + sorted(at_once)

    assert asyncio.run(visit()) == [204, 204, 204, 204, 503, 503, 503]
    streamlit.files.pop("0")
    assert asyncio.run(client.put("9", "0", [6 * MB])) == 204, "what one removes makes room for others"


def test_nothing_else_is_counted(streamlit: Streamlit) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(receive)

    for scope in ({"type": "websocket"}, {"type": "http", "method": "GET", "path": "/lens", "headers": []}):
        asyncio.run(UploadQuota(app)(scope, "receive", "send"))  # type: ignore[arg-type]
    assert seen == ["receive", "receive"], "passed on untouched"
