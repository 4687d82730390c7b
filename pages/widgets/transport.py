"""What is sent to a browser in one round of the event loop, sent at once.

A page is forty messages, and each of them would take a call of the system and wake whoever reads it.
"""

import asyncio
from typing import Any


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

    def _pass_on(self) -> None:
        data = b"".join(self._waiting)
        self._waiting.clear()
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
