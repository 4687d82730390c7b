"""Takes turns: pages of many visitors at once would each take as long as all of them together."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Semaphore

AT_ONCE = 1  # more only pass the interpreter's lock to and fro
PATIENCE = 0.5  # seconds; a page that computes for long holds nobody up for longer

_free = Semaphore(AT_ONCE)


@contextmanager
def taken() -> Iterator[None]:
    """Lasts while it is this page's turn."""
    mine = _free.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if mine:
            _free.release()
