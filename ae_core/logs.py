"""What a server's log says: a line for each event, to be read by people or, as JSON, by programs.

A line names sessions, jobs and runs by their ids, and says how many, how long, how large. Names that people gave,
their cookies, addresses, files and pictures never get here: a test holds all calls to the fields that it lists.
"""

import json
import logging
import math
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

from ae_core import settings
from ae_core.errors import SettingsError

MAX_TEXT = 500  # letters of a value


def _nobody() -> str | None:
    return None


_session: Callable[[], str | None] = _nobody
_faults: dict[tuple[str | int | float | bool | None, ...], str] = {}  # that last, and what was said of them


def event(
    name: str, level: Literal["info", "warning", "error"] = "info", **fields: str | int | float | bool | None
) -> None:
    """Writes one line to stderr; never fails.

    Args:
        name: What happened, in two or three words: "job started".
        level: How much it matters.
        fields: What it is about: ids (`job`, `run`) and numbers with their unit (`seconds`, `bytes`). What is None is
            left out. The session is that of the visitor whose page says so, if one does.
    """
    known = {"session": _session(), **fields}
    line = _line(time.time(), level, name, {key: _plain(value) for key, value in known.items() if value is not None})
    with suppress(OSError, ValueError, AttributeError):  # a full disk, a closed pipe, none at all
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def lasting(name: str, error: str, **fields: str | int | float | bool | None) -> None:
    """Writes a line for a fault that may last: when it comes, when it changes and when it is over, and none between.

    Args:
        name: What is wrong, as of `event`.
        error: How; empty if all is well.
        fields: What it is about, as of `event`; faults of different things are different faults.
    """
    fault = (name, *fields.values())
    if error == _faults.get(fault, ""):
        return
    if error:
        _faults[fault] = error
        event(name, "error", **{"error": error} | fields)
    else:
        del _faults[fault]
        event(f"no longer: {name}", "info", **fields)


def identify(session: Callable[[], str | None]) -> None:
    """Has `event` ask here for the session at hand: the library knows no visitors."""
    global _session
    _session = session


def adopt(*packages: str) -> None:
    """Gives the lines that these packages log to the console the form of ours, so that a program can read all.

    What is logged without a handler, as errors of Uvicorn are, is adopted too, whoever logs it.
    """
    if logging.lastResort:
        logging.lastResort.setFormatter(_Others())
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] in packages:
            for handler in logging.getLogger(name).handlers:
                handler.setFormatter(_Others())


class _Others(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {"logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return _line(record.created, record.levelname.lower(), "logged", fields)


def _line(when: float, level: str, name: str, fields: dict[str, Any]) -> str:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when)) + f".{int(when % 1 * 1000):03d}Z"
    if _as_json():
        return json.dumps({"time": stamp, "level": level, "event": name} | fields)
    return " ".join([stamp, f"{level:<7}", name, *(f"{key}={_word(value)}" for key, value in fields.items())])


def _as_json() -> bool:
    try:
        return settings.current().log == "json"
    except SettingsError:
        return False


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3) if math.isfinite(value) else str(value)  # JSON has neither infinity nor NaN
    return value if isinstance(value, int) else str(value)[:MAX_TEXT]


def _word(value: Any) -> str:
    """A value in a line of text: in quotes, with its control characters spelt out, unless it is one plain word."""
    text = str(value)
    plain = text.isascii() and text.isprintable() and text and not set(' "=\\') & set(text)
    return text if plain else json.dumps(text)
