"""What this server's event loop is for."""

import asyncio
import socket
from typing import Any

import pytest


def test_connections_send_at_once_though_their_socket_was_opened_elsewhere() -> None:
    """As Streamlit opens it; asyncio's own loop would have each large figure wait 40 ms for the browser's "received".

    Reference: RFC 896; https://github.com/Kludex/uvicorn/issues/3149
    """
    uvloop: Any = pytest.importorskip("uvloop")

    async def nodelay() -> int:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

            async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                found.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
                writer.close()

            async with await asyncio.start_server(accept, sock=listening):
                _, writer = await asyncio.open_connection(*listening.getsockname())
                writer.close()
                return await asyncio.wait_for(found, 10)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(nodelay()) == 1
