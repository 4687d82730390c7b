"""Spares the server what Streamlit does at every rerun and this app has no use for.

All of it is private to Streamlit; tests/test_lighter.py tells when a new version has something else in its place.
"""

import asyncio
import sys
import warnings
from collections.abc import Callable
from pkgutil import resolve_name
from threading import Lock, get_ident
from types import ModuleType
from typing import Any
from unittest.mock import patch

from ae_core import jobs
from pages.widgets import turns

ORPHANS = ("streamlit.runtime.media_file_manager:MediaFileManager", "remove_orphaned_files")


def prepare() -> Callable[[], object]:
    """Makes reruns lighter; before the first of them.

    Returns:
        What is to be called every second: it removes files that no page shows any longer, and sets the pace.
    """
    _leave_out_pandas()
    replaced = {}
    for (where, name), instead in REPLACED.items():
        owner = resolve_name(where)
        replaced[where, name] = getattr(owner, name)
        setattr(owner, name, instead(replaced[where, name]))

    def tidy() -> None:
        from streamlit import runtime

        server = runtime.get_instance()
        replaced[ORPHANS](server.media_file_mgr)
        resolve_name("streamlit.runtime.runtime").MESSAGE_FLUSH_INTERVAL_SECS = pace(
            server._session_mgr.num_active_sessions()
        )

    return tidy


def pace(sessions: int) -> float:
    """Seconds in which messages are gathered, and again between two looks into all sessions' queues.

    Each time the event loop interrupts a page that is being computed, and a look takes longer the more sessions
    there are. Streamlit's own 5 ms for one session, 30 for 250 and more.
    """
    return min(0.005 + sessions / 10_000, 0.03)


def _leave_out_pandas() -> None:
    """Lets PyArrow look for Pandas and find one that is too old for it.

    Otherwise its first array imports 45 MB, to ask whether a list is one of theirs. What else asks that, of each
    value that a component is given and of each table, is replaced.
    """
    import pyarrow as pa

    too_old = ModuleType("pandas")
    too_old.__version__ = "0"  # type: ignore[attr-defined]
    with patch.dict(sys.modules, pandas=too_old), warnings.catch_warnings(action="ignore"):
        pa.array([0])


def of_tables(determine: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Knows an Arrow table for what it is, before it asks whether it is one of twenty other things."""
    import pyarrow as pa
    from streamlit.dataframe_util import DataFormat

    return lambda data: DataFormat.PYARROW_TABLE if isinstance(data, pa.Table) else determine(data)


def plain_presenter(events: str, *_: object) -> Callable[[Any, Any], Any]:
    """What session state says of a component: its state, and the events that it tells of in this run.

    Streamlit makes a new class each time, so that a page could assign to it, and for each selectbox and number input
    it asks for all that is in the session: a twentieth of the time, and garbage that only the collector can find.

    Args:
        events: The id of the widget that holds the events.
    """

    def present(state: Any, session: Any) -> Any:
        if not isinstance(state, dict):
            return state
        try:
            told = session._new_widget_state[events]
        except KeyError:
            told = None
        return {event.get("event"): event.get("value") for event in told or () if isinstance(event, dict)} | state

    return present


def once_for_each_section(fill: Callable[[Any, str], None]) -> Callable[..., None]:
    """Fills in the theme as it was; each rerun would go through all options six times to find it."""
    found: dict[str, Any] = {}

    def fill_in(message: Any, section: str = "theme") -> None:
        if section not in found:
            found[section] = type(message)()
            fill(found[section], section)
        if found[section].ByteSize():  # else it would be there, if empty
            message.MergeFrom(found[section])

    return fill_in


def gathering(call_soon: Callable[[Any, Callable[[], object]], None]) -> Callable[[Any, Callable[[], object]], None]:
    """Has the event loop called for many messages at once, in their order: a page sends forty, each of which woke it.

    Args:
        call_soon: What a session calls on its event loop, from any thread.
    """
    its = resolve_name("streamlit.runtime.runtime")
    waiting: list[Callable[[], object]] = []
    lock = Lock()

    def pass_on() -> None:
        with lock:
            calls = waiting.copy()
            waiting.clear()
        loop = asyncio.get_running_loop()
        for call in calls:
            loop.call_soon(call)  # so that none is lost if one before it fails

    def gather(session: Any, call: Callable[[], object]) -> None:
        with lock:
            waiting.append(call)
            first = len(waiting) == 1
        if first:
            call_soon(session, lambda: asyncio.get_running_loop().call_later(its.MESSAGE_FLUSH_INTERVAL_SECS, pass_on))

    return gather


def without_waking(tell: Callable[[Any], None]) -> Callable[[Any], None]:
    """Tells the event loop that there is something to send: most that tells it runs on it, and need not wake it.

    Args:
        tell: What wakes it.
    """
    its = get_ident()

    def told(runtime: Any) -> None:
        if get_ident() == its:
            runtime._get_async_objs().need_send_data.set()
        else:
            tell(runtime)

    return told


def unless_empty(flush: Callable[[Any], list[Any]]) -> Callable[[Any], list[Any]]:
    """Empties a session's queue of messages; many times a second the event loop looks into those of all."""
    return lambda queue: flush(queue) if queue._queue else []


REPLACED: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("streamlit.runtime.app_session", "_populate_theme_msg"): once_for_each_section,
    ("streamlit.components.v2.bidi_component.main", "make_bidi_component_presenter"): lambda _: plain_presenter,
    # A hash of all that a component is given, of which nothing comes if it has a key, as all of ours.
    ("streamlit.components.v2.bidi_component.main:BidiComponentMixin", "_build_bidi_identity_kwargs"): (
        lambda _: lambda *_of, **_given: {}
    ),
    ("streamlit.components.v2.bidi_component.serialization", "is_dataframe_like"): lambda _: lambda _value: False,
    ("streamlit.dataframe_util", "determine_data_format"): of_tables,
    ("streamlit.runtime.app_session:AppSession", "_call_soon_on_event_loop"): gathering,
    ("streamlit.runtime.runtime:Runtime", "_enqueued_some_message"): without_waking,
    ("streamlit.runtime.forward_msg_queue:ForwardMsgQueue", "flush"): unless_empty,
    # The whole of a run, not the page alone: else what Streamlit does before it interrupts the page whose turn it is.
    ("streamlit.runtime.scriptrunner.script_runner:ScriptRunner", "_run_script_thread"): turns.taken(jobs.step_aside),
    # After each rerun it goes through the files of all visitors.
    ORPHANS: lambda _: lambda _manager: None,
}
