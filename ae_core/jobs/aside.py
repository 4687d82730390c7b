"""Trainings step aside while a server on the same machine is behind with its answers.

Lower priority alone does not do: two processors are often one core's, and what runs on one slows the other.
"""

import contextlib
import os
import platform
import time
from collections import deque
from collections.abc import Callable
from functools import cache
from pathlib import Path

from ae_core.jobs import folder

ASKED_SECONDS = 1.0  # for which one is asked each time
ASIDE_SECONDS = 2.0  # and at most aside at a time: a training goes on, if slowly, however many come
LOOK_SECONDS = 0.1

_latest = 0.0  # when this process asked, in seconds since 1970


def step_aside() -> None:
    """Asks the trainings of this machine to step aside for a second; never fails."""
    global _latest
    now = time.time()
    if 0 <= now - _latest < ASKED_SECONDS / 4:
        return
    _latest = now
    with contextlib.suppress(OSError):
        file = _asked()
        file.touch()
        os.utime(file, (now, now))  # by this machine's clock, wherever the folder is


class Aside:
    """One training's manners: between two calls of many steps each it waits while it is asked to.

    Args:
        give_up: Asked again and again; once it is true, no wait goes on.
    """

    def __init__(self, give_up: Callable[[], bool]) -> None:
        self._give_up = give_up
        self._latest: deque[tuple[float, float]] = deque(maxlen=8)  # seconds passed, and waited of these
        self._since: float | None = None  # the first wait was: what came before is loading and building

    def wait(self) -> None:
        """Waits while this machine's trainings are asked to, at most `ASIDE_SECONDS`."""
        began = time.monotonic()
        while _is_asked() and not self._give_up() and time.monotonic() - began < ASIDE_SECONDS:
            time.sleep(LOOK_SECONDS)
        now = time.monotonic()
        if self._since is not None:
            self._latest.append((now - self._since, now - began))
        self._since = now

    @property
    def slowdown(self) -> float:
        """How many times as long all takes, by the latest waits; about 1 without any."""
        passed = sum(seconds for seconds, _ in self._latest)
        worked = passed - sum(seconds for _, seconds in self._latest)
        return passed / worked if worked > 0 else 1.0


def _is_asked() -> bool:
    try:
        return abs(time.time() - _asked().stat().st_mtime) < ASKED_SECONDS
    except OSError:
        return False


def _asked() -> Path:
    """The file whose time says when they were asked last; others may share the folder from other machines."""
    return folder.jobs_folder() / f".aside-{_machine()}"


@cache
def _machine() -> str:
    """What the containers of one machine have in common, other than their names."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return platform.node()
