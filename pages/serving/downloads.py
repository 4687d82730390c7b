"""Files that are made when somebody asks for them, one at a time for each session."""

from collections.abc import Callable
from functools import partial
from threading import Lock

from ae_core.errors import ExplorerError
from pages.serving import visitor

_lock = Lock()
_busy: set[str] = set()  # sessions


def alone(make: Callable[[], bytes]) -> Callable[[], bytes]:
    """What makes a file for this session, unless another one is being made: a hundred at once would take gigabytes."""
    return partial(_make, visitor.tab() or "", make)


def _make(tab: str, make: Callable[[], bytes]) -> bytes:
    """Makes a file for a session.

    Raises:
        ExplorerError: if another one is being made for it.
    """
    with _lock:
        if tab in _busy:
            raise ExplorerError("Another file is being made for you: try again when it is ready.")
        _busy.add(tab)
    try:
        return make()
    finally:
        _busy.discard(tab)
