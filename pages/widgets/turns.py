"""Takes turns: pages of many visitors at once would each take as long as all of them together."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock

LONG = 0.5  # seconds, after which a page that still computes no longer holds up the others
LATE = 0.1  # seconds that a page waited for its turn, from which on this process is behind

_lock = Lock()
_waiting: deque[Event] = deque()  # who came first is first; each is woken once it is
_holder: Event | None = None  # whose turn it is
_began = 0.0  # when that began


@contextmanager
def taken(late: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Lasts while it is this page's turn.

    Args:
        late: Called where the page had to wait for so long that this process is behind.
    """
    mine, came = Event(), time.monotonic()
    _begin(mine)
    try:
        if time.monotonic() - came > LATE:
            late()
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
            mine.clear()  # under the lock: who ends from now on wakes it
        mine.wait(left)


def _end(mine: Event) -> None:
    global _holder
    with _lock:
        if _holder is mine:  # or it has lost its turn
            _holder = None
            if _waiting:
                _waiting[0].set()
