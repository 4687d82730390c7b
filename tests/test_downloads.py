"""Files that are made when somebody asks for them."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from ae_core.errors import ExplorerError
from pages.serving import downloads


def test_a_session_has_one_made_at_a_time() -> None:
    begun, go_on = Event(), Event()

    def slowly() -> bytes:
        begun.set()
        assert go_on.wait(60)
        return b"first"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(downloads.alone(slowly))
        assert begun.wait(60)
        with pytest.raises(ExplorerError, match="Another file is being made"):
            downloads.alone(lambda: b"second")()
        go_on.set()
        assert first.result() == b"first"
    assert downloads.alone(lambda: b"third")() == b"third"
