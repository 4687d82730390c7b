"""What the server is spared, whoever comes."""

import asyncio
import re
import sys
from pathlib import Path

import pytest
from browsing import PAGES, Server

from tests.load.client import Visitor


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux says which libraries a process has open.")
def test_no_page_brings_pandas(server: Server) -> None:
    async def visit() -> None:
        for path in PAGES:
            visitor = Visitor(server.url)
            await visitor.arrive(path, everything=False)
            await visitor.open(path)
            await visitor.leave()

    asyncio.run(visit())
    opened = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert re.search(r"/pyarrow/", opened)
    assert not re.search(r"/pandas/", opened), "its 45 MB"
