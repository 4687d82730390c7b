"""Replaces parts of Streamlit: what it does at every rerun and this app has no use for, and how messages are sent.

All of it is private to Streamlit; tests/test_lighter.py tells when a new version has nothing of that name any more, or
what does something else.
"""

import asyncio
import sys
import warnings
from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from pkgutil import resolve_name
from threading import Lock, get_ident
from types import ModuleType
from typing import Any
from unittest.mock import patch

from ae_core import jobs
from pages.widgets import turns
from pages.widgets.transport import coalesced, counted, counted_anew

TOGETHER = 100  # messages at a time, of the 500 that may wait for a browser
PROTOCOL = "uvicorn.protocols.http.httptools_impl:HttpToolsProtocol"
ORPHANS = ("streamlit.runtime.media_file_manager:MediaFileManager", "remove_orphaned_files")


def prepare() -> Callable[[], object]:
    """Makes reruns lighter; before the first of them.

    Returns:
        What is to be called every second: it removes files that no page shows any longer, and sessions that their
        visitors have left for good, with what they uploaded, and sets the pace.
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
        # Streamlit forgets them when the next visitor leaves, whenever that is.
        left = server._session_mgr._session_storage._cache  # type: ignore[attr-defined]
        server._get_async_objs().eventloop.call_soon_threadsafe(left.expire)
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
        events_told = (event for event in told or () if isinstance(event, dict) and isinstance(event.get("event"), str))
        return {event["event"]: event.get("value") for event in events_told} | state

    return present


class Unfiltered:
    """A session's state, where a widget that asks for one key need not have all others looked up as well."""

    def __init__(self, state: Any) -> None:
        self.filtered_state = state

    def __getattr__(self, name: str) -> Any:
        return getattr(self.filtered_state, name)


def unfiltered(get: Callable[[], Any]) -> Callable[[], Unfiltered]:
    """Gives a widget the session's state so."""
    return lambda: Unfiltered(get())


def hashed(populate: Callable[[Any], None]) -> Callable[[Any], None]:
    """Gives an element's message its hash without moving its metadata aside, which is not part of what is hashed."""
    least = int(resolve_name("streamlit.config").get_option("global.minCachedMessageSize"))

    def hash_it(message: Any) -> None:
        if message.hash or message.WhichOneof("type") != "delta":
            populate(message)
            return
        body = message.delta.SerializeToString(deterministic=True)
        message.hash = blake2b(body, digest_size=16).hexdigest()
        message.metadata.cacheable = len(body) >= least and message.delta.WhichOneof("type") == "new_element"

    return hash_it


def once(fill: Callable[..., None]) -> Callable[..., None]:
    """Fills in options or a section of the theme as they were; each rerun would look all of them up to find them."""
    found: dict[tuple[str, ...], Any] = {}

    def fill_in(message: Any, *section: str) -> None:
        if section not in found:
            found[section] = type(message)()
            fill(found[section], *section)
        if found[section].ByteSize():  # else it would be there, if empty
            message.MergeFrom(found[section])

    return fill_in


def gathering(call_soon: Callable[[Any, Callable[[], object]], None]) -> Callable[..., None]:
    """Has a page's messages wait until all in their order are put into its queue: it sends forty, each woke the loop.

    Whatever else a session has the event loop call does not wait, and lets none before it wait: after the end of a run
    another may take its place, and what one of before still has to say is dropped.

    Args:
        call_soon: What a session calls on its event loop, from any thread.
    """
    its = resolve_name("streamlit.runtime.runtime")
    waiting: list[Callable[[], object]] = []  # of all sessions
    lock = Lock()

    def pass_on() -> None:
        with lock:
            calls = waiting.copy()
            waiting.clear()
        for call in calls:
            try:
                call()
            except Exception as error:  # of one session: none of another's is lost for it
                failed = {"message": "A session's event failed", "exception": error}
                asyncio.get_running_loop().call_exception_handler(failed)

    def pass_on_later() -> None:
        asyncio.get_running_loop().call_later(its.MESSAGE_FLUSH_INTERVAL_SECS, pass_on)

    def gather(session: Any, call: Callable[[], object], soon: bool = True) -> None:
        with lock:
            waiting.append(call)
            first = len(waiting) == 1
        if soon:
            call_soon(session, pass_on)
        elif first:
            call_soon(session, pass_on_later)

    return gather


def straight_on(handle: Callable[..., None]) -> Callable[..., None]:
    """Has a page's message put into its session's queue, without asking first which of seven events it is.

    Args:
        handle: What is called for each event of a run.
    """
    message = resolve_name("streamlit.runtime.scriptrunner:ScriptRunnerEvent").ENQUEUE_FORWARD_MSG

    def pass_on(session: Any, sender: Any, forward_msg: Any) -> None:
        if sender is session._scriptrunner:  # or it is one that another has taken the place of
            session._enqueue_forward_msg(forward_msg)

    def handled(session: Any, sender: Any, event: Any, forward_msg: Any = None, **rest: Any) -> None:
        if event is message:
            session._call_soon_on_event_loop(partial(pass_on, session, sender, forward_msg), soon=False)
        else:
            handle(session, sender, event, forward_msg, **rest)

    return handled


def together(flush: Callable[[Any], list[Any]]) -> Callable[[Any], list[list[Any]]]:
    """Gives what a session has to send in parts of many messages; after each part, not each, the event loop goes on.

    Many times a second it looks into the queues of all sessions; most are empty.
    """

    def parts(session: Any) -> list[list[Any]]:
        if session._browser_queue.is_empty():
            return []
        messages = flush(session)
        return [messages[first : first + TOGETHER] for first in range(0, len(messages), TOGETHER)]

    return parts


def each_of(send: Callable[[Any, Any, Any], None]) -> Callable[[Any, Any, list[Any]], None]:
    """Sends the messages of such a part."""

    def send_each(runtime: Any, session: Any, messages: list[Any]) -> None:
        for message in messages:
            send(runtime, session, message)

    return send_each


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


REPLACED: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("streamlit.runtime.app_session", "_populate_config_msg"): once,
    ("streamlit.runtime.app_session", "_populate_theme_msg"): once,
    # Whether to recommend the installation of what helps those who write apps.
    ("streamlit.runtime.app_session:AppSession", "_compute_skills_nudge_state"): lambda _: lambda _session: (False, ""),
    ("streamlit.components.v2.bidi_component.main", "make_bidi_component_presenter"): lambda _: plain_presenter,
    # A hash of all that a component is given, of which nothing comes if it has a key, as all of ours.
    ("streamlit.components.v2.bidi_component.main:BidiComponentMixin", "_build_bidi_identity_kwargs"): (
        lambda _: lambda *_of, **_given: {}
    ),
    ("streamlit.components.v2.bidi_component.serialization", "is_dataframe_like"): lambda _: lambda _value: False,
    ("streamlit.dataframe_util", "determine_data_format"): of_tables,
    ("streamlit.elements.widgets.selectbox", "get_session_state"): unfiltered,
    ("streamlit.elements.widgets.number_input", "get_session_state"): unfiltered,
    ("streamlit.runtime.scriptrunner_utils.script_run_context", "populate_hash_if_needed"): hashed,
    ("streamlit.runtime.app_session:AppSession", "_call_soon_on_event_loop"): gathering,
    ("streamlit.runtime.app_session:AppSession", "_on_scriptrunner_event"): straight_on,
    ("streamlit.runtime.app_session:AppSession", "flush_browser_queue"): together,
    ("streamlit.runtime.runtime:Runtime", "_send_message"): each_of,
    ("streamlit.runtime.runtime:Runtime", "_enqueued_some_message"): without_waking,
    (PROTOCOL, "connection_made"): coalesced,
    (PROTOCOL, "data_received"): counted,
    (PROTOCOL, "on_headers_complete"): counted_anew,
    (PROTOCOL, "on_body"): counted_anew,
    # The whole of a run, not the page alone: else what Streamlit does before it interrupts the page whose turn it is.
    ("streamlit.runtime.scriptrunner.script_runner:ScriptRunner", "_run_script_thread"): turns.taken(jobs.step_aside),
    # After each rerun it goes through the files of all visitors.
    ORPHANS: lambda _: lambda _manager: None,
}
