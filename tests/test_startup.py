"""What a server does before its first visitor, and what its event loop is for."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
START = """
import os, sys

def tell(event, given):
    writes = event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR)
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto") or writes:
        sys.__stdout__.write(f"{event} {given[0] if writes else given}\\n")

sys.addaudithook(tell)
import app
from ae_core import runs
from pages.serving import lens_tiles, startup
startup.prepare()
startup.warm_up(runs.shipped())
lens_tiles.prepare(runs.find("variational"))
"""


def test_a_fresh_server_looks_nothing_up_and_writes_nothing_outside_its_data_folder(tmp_path: Path) -> None:
    home, data = tmp_path / "home", tmp_path / "data"
    home.mkdir()
    about = {"HOME": str(home), "LATENT_EXPLORER_DATA": str(data), "PYTHONDONTWRITEBYTECODE": "1"}
    kept = {name: text for name, text in os.environ.items() if name in ("PATH", "SYSTEMROOT")}
    command = [sys.executable, "-c", START]
    done = subprocess.run(command, cwd=ROOT, env=kept | about, capture_output=True, text=True, check=True)
    told = [line for line in done.stdout.splitlines() if f"open {data}" not in line]
    assert told == []
    assert (done.stderr, list(home.iterdir())) == ("", [])
    assert [path.name for path in data.rglob("points")] == ["points"]


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
