"""Points in time as a visitor reads them: in the zone of their browser, which is named."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st


def say(moment: float | str, seconds: bool = False) -> str:
    """A date and a time with its zone, as "2026-11-29 05:06 CET".

    Args:
        moment: Seconds since 1970, or a text of ISO 8601 in UTC.
        seconds: Whether to give seconds as well.
    """
    at = datetime.fromtimestamp(moment, UTC) if isinstance(moment, int | float) else _read(moment)
    local = at.astimezone(_zone())
    return local.strftime("%Y-%m-%d %H:%M:%S %Z" if seconds else "%Y-%m-%d %H:%M %Z")


def _read(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _zone() -> ZoneInfo:
    """The browser's zone; UTC where it names none that is known."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):  # of zones, Europe is a folder
        return ZoneInfo("UTC")
