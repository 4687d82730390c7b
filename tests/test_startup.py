"""What a server does before its first visitor, and what its event loop is for."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.load.client import Visitor

ROOT = Path(__file__).resolve().parent.parent
# Of sockets, files and folders, whichever library calls them; Python's own hooks would not see ONNX Runtime's.
CALLS = "connect,sendto,sendmsg,sendmmsg,open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2"
# A name server of this machine asks others.
OUTWARDS = re.compile(r"htons\(53\)|sa_family=AF_INET6?, (?!.*(\"127\.|\"::1\"|\"::ffff:127\.))")
WRITES = re.compile(r"(creat|mkdir|mkdirat|rename\w*|open\w*(?=.*O_(WRONLY|RDWR|CREAT)))\(")
SYSTEM = ("/dev/", "/proc/")


class Recorded:
    """A process that finds an empty home, with what it and its children look up, send and write.

    Attributes:
        data: Its data folder.
        command: What runs Python: strace, where there is one.
        environment: Names the home, the data folder and the one for temporary files.
    """

    def __init__(self, place: Path) -> None:
        self.data, self._home, self._temporary = place / "data", place / "home", place / "tmp"
        self._trace = place / "trace"
        for folder in (self._home, self._temporary):
            folder.mkdir()
        strace = ["strace", "-f", "--seccomp-bpf", "-e", f"trace={CALLS}", "-o"]
        self._traced = bool(shutil.which("strace")) and subprocess.call([*strace, os.devnull, "true"]) == 0
        self.command = [*strace, str(self._trace), sys.executable] if self._traced else [sys.executable]
        kept = {name: text for name, text in os.environ.items() if name in ("PATH", "SYSTEMROOT")}
        places = {"HOME": self._home, "TMPDIR": self._temporary, "LATENT_EXPLORER_DATA": self.data}
        self.environment = kept | {name: str(path) for name, path in places.items()} | {"PYTHONDONTWRITEBYTECODE": "1"}

    def strays(self) -> list[str]:
        """What left this machine, what was written elsewhere than in the data folder, and temporary files that stayed.

        Where strace is missing, only what stayed.
        """
        found = [str(path) for folder in (self._home, self._temporary) for path in folder.rglob("*")]
        for line in self._trace.read_text(errors="replace").splitlines() if self._traced else ():
            paths = re.findall(r'"([^"]*)"', line)
            own = (str(self.data), str(self._temporary), *SYSTEM)
            if OUTWARDS.search(line) or (WRITES.search(line) and not all(path.startswith(own) for path in paths)):
                found.append(line)
        return found


def test_a_fresh_server_looks_nothing_up_and_writes_nothing_outside_its_data_folder(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [*recorded.command, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
        cwd=ROOT, env=recorded.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip

    async def visit() -> None:
        visitor = Visitor(f"http://127.0.0.1:{port}")
        await visitor.arrive()
        page = await visitor.open("lens")
        assert "Traceback" not in page.text()
        await visitor.turn_to("latent-space")
        await visitor.leave()

    try:
        assert server.stdout is not None
        started = next((line for line in server.stdout if "server started" in line), None)
        assert started, "it ended before it had started"
        asyncio.run(visit())
    finally:
        for process in [*psutil.Process(server.pid).children(recursive=True), psutil.Process(server.pid)]:
            process.terminate()  # strace would leave the server behind
        server.communicate(timeout=60)
    assert recorded.strays() == []


def test_a_training_looks_nothing_up_and_writes_nothing_outside_the_data_folder(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    train = [*recorded.command, "-m", "ae_core", "train", "vanilla", "--dataset", "digits", "--epochs", "1"]
    done = subprocess.run(train, cwd=ROOT, env=recorded.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).parent == recorded.data / "runs"
    assert recorded.strays() == []


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
