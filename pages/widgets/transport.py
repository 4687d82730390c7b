"""What a connection may send and be sent: little at a time, in one piece, and no more than somebody reads.

A page is forty messages, and each of them would take a call of the system and wake whoever reads it. And uvicorn keeps,
however much it is, what somebody begins and never ends, and what it has for somebody who never reads.
"""

import asyncio
from collections.abc import Callable
from typing import Any

MOST_UNREAD = 16 << 20  # bytes that wait for somebody who still makes us answer
MOST_HEADERS = 64 << 10  # bytes of what begins a request
LINGER_SECONDS = 30.0  # in which somebody to whom a connection is closed must have read more of the rest


class Coalesced:
    """A transport, as asyncio has them, that gathers what is written until the event loop comes round.

    Args:
        transport: What is written to.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._pass_on)
        self._waiting.append(data)

    def close(self) -> None:
        self._pass_on()
        self._transport.close()
        self._linger(self._transport.get_write_buffer_size())

    def _pass_on(self) -> None:
        data = b"".join(self._waiting)
        self._waiting.clear()
        if not data or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > MOST_UNREAD:
            self._transport.abort()
        else:
            self._transport.write(data)

    def _linger(self, left: int) -> None:
        """Ends it for good, unless some of what is left is read again and again."""

        def look() -> None:
            now = self._transport.get_write_buffer_size()
            if now < left:
                self._linger(now)
            else:
                self._transport.abort()

        if left:
            asyncio.get_running_loop().call_later(LINGER_SECONDS, look)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def coalesced(begin: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Lets a connection send in one piece what is written in one round of the event loop."""
    return lambda protocol, connection: begin(protocol, Coalesced(connection))


def counted(receive: Callable[[Any, bytes], None]) -> Callable[[Any, bytes], None]:
    """Ends a connection whose request's headers do not end."""

    def received(protocol: Any, data: bytes) -> None:
        protocol.of_headers = getattr(protocol, "of_headers", 0) + len(data)
        receive(protocol, data)
        if protocol.of_headers > MOST_HEADERS:
            protocol.transport.abort()

    return received


def counted_anew(tell: Callable[..., None]) -> Callable[..., None]:
    """Says so where they have ended, or what comes is a request's body."""

    def told(protocol: Any, *what: Any) -> None:
        protocol.of_headers = 0
        tell(protocol, *what)

    return told
