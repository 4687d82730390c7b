"""Serialises script runs: run at the same time, each would take as long as all of them together."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock

LONG = 0.5  # seconds after which a run no longer holds up the others

_lock = Lock()
_waiting: deque[Event] = deque()  # first in, first out; each is set when it becomes the first
_holder: Event | None = None
_began = 0.0


@contextmanager
def turn() -> Iterator[None]:
    """Waits for this run's turn, and ends the turn with the block."""
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
            mine.clear()  # while holding the lock, so that no later `set` is missed
        mine.wait(left)


def _end(mine: Event) -> None:
    global _holder
    with _lock:
        if _holder is mine:  # else it took longer than LONG
            _holder = None
            if _waiting:
                _waiting[0].set()
