"""What is replaced of Streamlit: it is there to be replaced, and does what Streamlit's own does."""

import asyncio
import threading
import time
from pkgutil import resolve_name
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from streamlit import runtime
from streamlit.components.v2 import presentation
from streamlit.dataframe_util import DataFormat, determine_data_format
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import Config, CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.forward_msg_cache import populate_hash_if_needed
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.scriptrunner import ScriptRunnerEvent
from streamlit.runtime.state import SafeSessionState, SessionState
from streamlit.web.server.starlette.starlette_server_config import WEBSOCKET_MAX_SEND_QUEUE_SIZE

from pages.widgets import lighter


@pytest.mark.parametrize(("where", "name"), lighter.REPLACED)
def test_what_is_replaced_is_there(where: str, name: str) -> None:
    assert callable(getattr(resolve_name(where), name))


def test_files_that_no_page_shows_are_removed_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    for where, name in lighter.REPLACED:
        owner = resolve_name(where)
        monkeypatch.setattr(owner, name, getattr(owner, name))  # so that it is put back
    monkeypatch.setattr("streamlit.runtime.runtime.MESSAGE_FLUSH_INTERVAL_SECS", 0.005)
    expired: list[bool] = []
    cache = SimpleNamespace(expire=lambda: expired.append(True))
    visits = SimpleNamespace(num_active_sessions=lambda: 200, _session_storage=SimpleNamespace(_cache=cache))
    loop = SimpleNamespace(eventloop=SimpleNamespace(call_soon_threadsafe=lambda call: call()))
    files = MediaFileManager(MemoryMediaFileStorage("/media"))
    server = SimpleNamespace(media_file_mgr=files, _session_mgr=visits, _get_async_objs=lambda: loop)
    monkeypatch.setattr(runtime, "get_instance", lambda: server)
    tidy = lighter.prepare()
    files.add(b"shown", "text/plain", "1")
    removed = files.add(b"no longer", "text/plain", "2")
    files.add(b"in its place", "text/plain", "2")
    files.remove_orphaned_files()  # after each rerun
    assert len(files._file_metadata) == 3
    tidy()
    assert len(files._file_metadata) == 2
    assert expired
    assert callable(MemorySessionStorage()._cache.expire)  # type: ignore[attr-defined]
    assert runtime.runtime.MESSAGE_FLUSH_INTERVAL_SECS == lighter.pace(200) > lighter.pace(1)
    assert removed.rpartition("/")[2].partition(".")[0] not in files._file_metadata


@pytest.mark.parametrize("state", [{}, {"sent": {"version": 1}}, {"selected": [1]}, None, "text", [1]])
@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        [{"event": "selected", "value": [3, 4]}],
        [{"event": "opened", "value": "a"}, {"event": "opened", "value": None}],
        [{"event": "opened"}, {"event": []}, {"event": 3, "value": 4}, {}, "nonsense", 7],
    ],
)
def test_session_state_says_of_a_component_what_streamlit_would_say(state: Any, told: Any) -> None:
    class States(dict):  # type: ignore[type-arg]
        widget_metadata = {"events": SimpleNamespace(value_type="json_trigger_value")}  # noqa: RUF012

    session = SimpleNamespace(_new_widget_state=States({} if told is None else {"events": told}))
    expected = presentation.make_bidi_component_presenter("events")(state, session)  # type: ignore[arg-type]
    assert lighter.plain_presenter("events")(state, session) == expected


MESSAGE, STARTED, STOPPED = (
    ScriptRunnerEvent.ENQUEUE_FORWARD_MSG,
    ScriptRunnerEvent.SCRIPT_STARTED,
    ScriptRunnerEvent.SCRIPT_STOPPED_WITH_SUCCESS,
)


def test_calls_of_many_threads_come_in_the_order_of_each_and_one_that_fails_harms_no_other() -> None:
    came: list[tuple[int, int]] = []
    woken = 0

    async def main() -> None:
        nonlocal woken
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)

        def call_soon(_: object, call: Any) -> None:
            nonlocal woken
            woken += 1
            loop.call_soon_threadsafe(call)

        gather = lighter.gathering(call_soon)

        def script(number: int) -> None:
            for k in range(400):
                gather(None, lambda k=k: came.append((number, k)), soon=k % 40 == 0)
                gather(None, lambda: 1 / 0, soon=False)

        threads = [threading.Thread(target=script, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads) or len(came) < 1600:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(main(), 30))
    for number in range(4):
        assert [k for n, k in came if n == number] == list(range(400))
    assert woken < 1600


class Conversation:
    """A session of Streamlit's own, and what two runs one right after another, each of its own runner, say in it."""

    def __init__(self) -> None:
        self.session = app_session.AppSession(
            MagicMock(main_script_path=__file__), MagicMock(), MagicMock(), lambda: None, {}, "an id"
        )
        self.sent: list[str] = []

    def flush(self) -> None:
        for message in self.session.flush_browser_queue():
            kind = str(message.WhichOneof("type"))
            self.sent.append(message.delta.new_element.markdown.body if kind == "delta" else kind)

    async def run(self, name: str) -> None:
        self.session._scriptrunner = runner = MagicMock()
        descriptor = MagicMock(script_run_id=name, fragment_ids=[])

        def script() -> None:
            self.session._on_scriptrunner_event(runner, event=STARTED, page_script_hash="", run_descriptor=descriptor)
            for n in range(3):
                self.session._on_scriptrunner_event(runner, event=MESSAGE, forward_msg=delta(f"{name} {n}", n))
            self.session._on_scriptrunner_event(runner, event=STOPPED, run_descriptor=descriptor)

        thread = threading.Thread(target=script)
        thread.start()
        thread.join()  # before the event loop goes on, and hears of its beginning
        await asyncio.sleep(0)
        self.flush()


def test_each_answer_arrives_whole_though_another_run_begins_right_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit.runtime.runtime.MESSAGE_FLUSH_INTERVAL_SECS", lighter.pace(200))
    monkeypatch.setattr(runtime, "get_instance", MagicMock())
    monkeypatch.setattr(app_session.AppSession, "_create_new_session_message", lambda *_: ForwardMsg(new_session={}))
    monkeypatch.setattr(
        app_session.AppSession,
        "_create_script_finished_message",
        lambda *_: ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY),
    )

    async def two() -> list[str]:
        conversation = Conversation()
        conversation.flush()
        conversation.sent.clear()
        await conversation.run("one")
        await conversation.run("two")
        await asyncio.sleep(2 * lighter.pace(200))
        conversation.flush()
        return conversation.sent

    own = asyncio.run(two())
    for where, name in lighter.REPLACED:
        if where.endswith(":AppSession") and name in ("_call_soon_on_event_loop", "_on_scriptrunner_event"):
            replaced = getattr(app_session.AppSession, name)
            monkeypatch.setattr(app_session.AppSession, name, lighter.REPLACED[where, name](replaced))
    assert asyncio.run(two()) == own
    answers = [text for text in own if text[:3] in ("one", "two") or text == "script_finished"]
    assert answers == ["one 0", "one 1", "one 2", "script_finished", "two 0", "two 1", "two 2", "script_finished"]


def test_runs_of_many_visitors_take_turns() -> None:
    events: list[tuple[str, object]] = []

    def run(runner: object) -> None:
        events.append(("begin", runner))
        time.sleep(0.01)
        events.append(("end", runner))

    replaced = "streamlit.runtime.scriptrunner.script_runner:ScriptRunner", "_run_script_thread"
    in_turn = lighter.REPLACED[replaced](run)
    threads = [threading.Thread(target=in_turn, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(events) == 10
    assert [runner for _, runner in events[::2]] == [runner for _, runner in events[1::2]], "one within another"


def test_an_event_loop_is_woken_from_other_threads_only() -> None:
    woken: list[object] = []
    set_here: list[bool] = []
    server = SimpleNamespace(
        _get_async_objs=lambda: SimpleNamespace(need_send_data=SimpleNamespace(set=lambda: set_here.append(True)))
    )
    tell = lighter.without_waking(woken.append)
    tell(server)
    assert (len(set_here), len(woken)) == (1, 0)
    other = threading.Thread(target=tell, args=(server,))
    other.start()
    other.join()
    assert (len(set_here), len(woken)) == (1, 1)


def test_an_arrow_table_is_known_and_all_else_is_what_it_was() -> None:
    import pyarrow as pa

    determine = lighter.of_tables(determine_data_format)
    assert determine(pa.table({"a": [1]})) == DataFormat.PYARROW_TABLE
    for other in ([1, 2], {"a": [1]}, None, "text"):
        assert determine(other) == determine_data_format(other)


def delta(text: str, path: int = 0) -> ForwardMsg:
    message = ForwardMsg()
    message.delta.new_element.markdown.body = text
    message.metadata.delta_path.append(path)
    return message


def test_all_messages_are_sent_in_their_order_and_many_at_a_time() -> None:
    messages = [delta(str(n), n) for n in range(250)]
    session = SimpleNamespace(_browser_queue=ForwardMsgQueue())
    parts = lighter.together(lambda session: session._browser_queue.flush())
    assert parts(session) == []
    for message in messages:
        session._browser_queue.enqueue(message)
    found = parts(session)
    assert parts(session) == []
    assert max(map(len, found)) <= lighter.TOGETHER < WEBSOCKET_MAX_SEND_QUEUE_SIZE
    sent: list[tuple[str, ForwardMsg]] = []
    send = lighter.each_of(lambda _runtime, to, message: sent.append((to, message)))
    for part in found:
        send(None, "visitor", part)
    assert sent == [("visitor", message) for message in messages]


def test_messages_have_the_same_hash_if_they_say_the_same_and_are_kept_if_streamlit_would() -> None:
    hashed = lighter.hashed(populate_hash_if_needed)

    def of(message: ForwardMsg) -> tuple[str, bool]:
        hashed(message)
        return message.hash, message.metadata.cacheable

    assert of(delta("a", 1)) == of(delta("a", 2))
    assert of(delta("a")) != of(delta("b"))
    block, started = ForwardMsg(), ForwardMsg()
    block.delta.add_block.allow_empty = True
    started.session_status_changed.script_is_running = True
    for message in (delta("a"), delta("a" * 20_000), block, started):
        expected = ForwardMsg()
        expected.CopyFrom(message)
        populate_hash_if_needed(expected)
        kept = of(message)
        assert kept[0]
        assert (kept[1], message.metadata) == (expected.metadata.cacheable, expected.metadata)
    known = delta("a")
    known.hash = "known"
    assert of(known)[0] == "known"


@pytest.mark.parametrize("known", [{}, {"number": None}, {"number": 3}])
def test_a_widget_finds_its_key_as_in_streamlits_own_and_may_change_the_session(known: dict[str, Any]) -> None:
    state = SafeSessionState(SessionState(), lambda: None)
    for key, value in known.items():
        state[key] = value
    expected, found = state.filtered_state, lighter.unfiltered(lambda: state)().filtered_state
    assert ("number" in found) == ("number" in expected)
    if known:
        assert found["number"] == expected["number"]
    lighter.unfiltered(lambda: state)().reset_state_value("number", 4)
    assert state["number"] == 4


def test_options_are_what_streamlit_would_say() -> None:
    fill = lighter.once(app_session._populate_config_msg)
    expected = Config()
    app_session._populate_config_msg(expected)
    for _ in range(2):
        found = Config()
        fill(found)
        assert found == expected


def test_the_theme_is_what_streamlit_would_say() -> None:
    sections = ("theme", "theme.light", "theme.dark", "theme.sidebar", "theme.light.sidebar", "theme.dark.sidebar")
    fill = lighter.once(app_session._populate_theme_msg)
    for section in sections * 2:
        expected, found = CustomThemeConfig(), CustomThemeConfig()
        app_session._populate_theme_msg(expected, section)
        fill(found, section)
        assert found == expected
    whole = CustomThemeConfig()
    fill(whole.light.sidebar, "theme.light.sidebar")
    assert not whole.HasField("light"), "a section without options stays out"
