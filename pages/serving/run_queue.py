"""Runs the pages of many visitors one after another: at once, each would take as long as all of them together."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock

LONG = 0.5  # seconds, after which a page that still computes no longer holds up the others

_lock = Lock()
_waiting: deque[Event] = deque()  # first in, first out; each is set once it is the first
_holder: Event | None = None
_began = 0.0


@contextmanager
def turn() -> Iterator[None]:
    """Waits until it is this page's turn, and passes it on in the end."""
    mine = Event()
    _begin(mine)
    try:
        yield
    finally:
        _end(mine)


def _begin(mine: Event) -> None:
    global _holder, _began
    with _lock:
        _waiting.append(mine)
        first = _waiting[0] is mine
    if not first:
        mine.wait()
    while True:
        with _lock:
            left = _began + LONG - time.monotonic() if _holder else 0.0
            if left <= 0:
                _waiting.popleft()
                _holder, _began = mine, time.monotonic()
                if _waiting:
                    _waiting[0].set()
                return
            mine.clear()  # under the lock, so that no later `set` is missed
        mine.wait(left)


def _end(mine: Event) -> None:
    global _holder
    with _lock:
        if _holder is mine:  # a page that took long has lost its turn
            _holder = None
            if _waiting:
                _waiting[0].set()
