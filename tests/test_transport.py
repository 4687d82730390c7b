"""What a connection may send and be sent, and on a real server: none makes it keep what nobody reads or ends."""

import asyncio
import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pages.widgets import lighter, transport


def test_what_is_written_in_one_round_of_the_event_loop_is_sent_at_once() -> None:
    class Inner:
        def __init__(self) -> None:
            self.calls: list[bytes | str] = []

        def write(self, data: bytes) -> None:
            self.calls.append(data)

        def close(self) -> None:
            self.calls.append("closed")

        def get_write_buffer_size(self) -> int:
            return 0

        def is_closing(self) -> bool:
            return "closed" in self.calls

    async def main() -> list[bytes | str]:
        inner = Inner()
        connections: list[Any] = []
        transport.coalesced(lambda _protocol, connection: connections.append(connection))(None, inner)
        (connection,) = connections
        connection.write(b"one ")
        connection.write(b"two")
        assert inner.calls == []
        await asyncio.sleep(0)
        connection.write(b"three")
        await asyncio.sleep(0)
        connection.write(b"last")
        connection.close()
        assert connection.is_closing()
        connection.write(b"too late")
        await asyncio.sleep(0)
        return inner.calls

    assert asyncio.run(main()) == [b"one two", b"three", b"last", "closed"]


class Unread:
    """Somebody reads so many bytes at a time, and no more."""

    def __init__(self, left: int, each: int = 0) -> None:
        self.left, self.each, self.written, self.ended = left, each, 0, ""

    def get_write_buffer_size(self) -> int:
        self.left = max(0, self.left - self.each)
        return self.left

    def is_closing(self) -> bool:
        return bool(self.ended)

    def write(self, data: bytes) -> None:
        self.written += len(data)

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"


def test_whoever_does_not_read_is_given_up() -> None:
    async def send(inner: Any) -> None:
        transport.Coalesced(inner).write(b"pong")
        await asyncio.sleep(0.01)

    reads, never_reads = Unread(left=transport.MOST_UNREAD), Unread(left=transport.MOST_UNREAD + 1)
    for inner in (reads, never_reads):
        asyncio.run(send(inner))
    assert (reads.written, reads.ended) == (4, "")
    assert (never_reads.written, never_reads.ended) == (0, "aborted")


@pytest.mark.parametrize(("each", "ended"), [(0, "aborted"), (30, "closed")])
def test_what_is_left_of_a_closed_one_is_sent_while_it_is_read(
    each: int, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LINGER_SECONDS", 0.01)
    inner = Unread(left=100, each=each)

    async def close() -> None:
        transport.Coalesced(inner).close()  # type: ignore[arg-type]
        await asyncio.sleep(0.2)

    asyncio.run(close())
    assert inner.ended == ended


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Of a server that answers with the length of what it was sent."""
    for (where, name), instead in lighter.REPLACED.items():
        if where == lighter.PROTOCOL:
            monkeypatch.setattr(HttpToolsProtocol, name, instead(getattr(HttpToolsProtocol, name)))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        length, more = 0, True
        while more:
            message = await receive()
            length, more = length + len(message["body"]), message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"8")]})
        await send({"type": "http.response.body", "body": f"{length:8}".encode()})

    server = uvicorn.Server(uvicorn.Config(app, port=0, http="httptools", lifespan="off", log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(20)


def ask(port: int, *parts: bytes) -> bytes:
    """What is answered until the connection ends."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.settimeout(5)
        with contextlib.suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
            while more := connection.recv(1 << 16):
                answer += more
    return answer


def test_headers_that_do_not_end_end_the_connection(port: int) -> None:
    began = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    many = b"".join(b"x-%d: %s\r\n" % (n, b"a" * 1000) for n in range(40))
    assert ask(port, began, many, b"\r\n").endswith(b"       0"), "40 KB of them"
    assert ask(port, began, many, many, many) == b"", "120 KB of them"
    assert ask(port, began, b"x: ", b"a" * 120_000) == b"", "one of 120 KB"


def test_bodies_may_be_as_long_as_they_are_and_requests_as_many(port: int) -> None:
    put = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n"
    body = [os.urandom(100_000)] * 30
    answer = ask(port, *[put + b"\r\n", *body] * 2, put + b"Connection: close\r\n\r\n", *body)
    assert answer.count(b" 3000000") == 3
