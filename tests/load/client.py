"""One visitor who speaks Streamlit's own protocol, as its frontend does, without a browser."""

import asyncio
import gzip
import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

from pages.serving.page_state import LINK
from pages.widgets.source_code import TITLE

PATIENCE = 60.0  # seconds
BALANCER = "latent_explorer_replica"  # the cookie that says which replica answers
AT_ONCE = 6  # connections of a browser to one server
EVENTS = "$$STREAMLIT_INTERNAL_KEY"  # begins the id of what a component tells once
# ForwardMsg.ScriptFinishedStatus: the script is run once more, and only the end of that is the end.
AGAIN = ForwardMsg.FINISHED_EARLY_FOR_RERUN
LINKED = re.compile(r'(?:src|href)="\./(static/[^"]+|favicon\.png)"')


class Wrong(Exception):
    """An answer that is not what was asked for."""


@dataclass(frozen=True)
class Response:
    """What a plain request got.

    Attributes:
        status: 200, if all is well.
        headers: By lower-case name; of several of one name the last.
        body: As it came, compressed or not.
        cookies: That it sets.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: dict[str, str]

    def text(self) -> str:
        packed = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.body) if packed else self.body).decode()


class Connection:
    """One of a browser's connections, which stays open from one request to the next."""

    def __init__(self, base: str) -> None:
        self._where = urlsplit(base)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, cookies: Mapping[str, str], accept: str = "*/*") -> Response:
        """Asks for one thing."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._where.hostname, self._where.port, limit=1 << 20)
        reader, writer = self._streams
        lines = [f"GET {path} HTTP/1.1", f"Host: {self._where.netloc}", f"Accept: {accept}", "Accept-Encoding: gzip"]
        lines += [f"Cookie: {_written(cookies)}"] * bool(cookies)
        writer.write("\r\n".join([*lines, "", ""]).encode())
        answer = await asyncio.wait_for(_read(reader), PATIENCE)
        if answer.headers.get("connection") == "close":
            self.close()
        return answer

    def close(self) -> None:
        """Ends it; the next request opens it anew."""
        if self._streams:
            self._streams[1].close()
            self._streams = None


async def _read(reader: asyncio.StreamReader) -> Response:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").strip().split("\r\n")
    fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in rest)]
    headers = dict(fields)
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while length := int(await reader.readline(), 16):
            body += (await reader.readexactly(length + 2))[:-2]
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Response(
        int(first.split()[1]), headers, body, _read_cookies(v for name, v in fields if name == "set-cookie")
    )


def _read_cookies(set_cookie: Iterable[str]) -> dict[str, str]:
    pairs = (value.partition(";")[0].partition("=") for value in set_cookie)
    return {name: value for name, _, value in pairs}


def _written(cookies: Mapping[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


@dataclass
class Page:
    """What a visitor has before them when a script has ended.

    Attributes:
        elements: In the order of the page.
        link: What the query of the page's link says.
    """

    elements: list[Element]
    link: dict[str, list[str]]

    def of(self, kind: str) -> list[Any]:
        """All elements of a kind, as Streamlit's protocol names it."""
        return [getattr(e, kind) for e in self.elements if e.WhichOneof("type") == kind]

    def widget(self, key: str) -> tuple[str, Any]:
        """The kind and the element of the widget with that key, or with one that begins so before a star."""
        for e in self.elements:
            kind: str = e.WhichOneof("type") or "empty"
            of_id = getattr(getattr(e, kind), "id", "").split("-", 2)  # $$ID, its hash, its key
            if of_id[2:] and (of_id[2] == key or (key.endswith("*") and of_id[2].startswith(key[:-1]))):
                return kind, getattr(e, kind)
        raise Wrong(f"no widget {key!r} on the page")

    def labelled(self, kind: str, label: str) -> Any:
        """The first widget of a kind whose label begins so."""
        for element in self.of(kind):
            if element.label.startswith(label):
                return element
        raise Wrong(f"no {kind} {label!r} on the page")

    def data(self, key: str) -> dict[str, Any]:
        """What the component with that key was given."""
        _, component = self.widget(key)
        if component.bytes:
            about, _, figure = component.bytes.partition(b"\n")
            return {**json.loads(about), "figure": figure.decode()}
        return json.loads(component.json)[0]

    def text(self) -> str:
        """All words on the page."""
        return "\n".join([*(m.body for m in self.of("markdown")), *(t.body for t in self.of("text"))])

    def code(self) -> str:
        """The code that makes what the page shows."""
        return "\n".join(c.code_text for c in self.of("code"))

    def problems(self) -> list[str]:
        """What no visitor should see."""
        told = [f"{e.type}: {e.message}" for e in self.of("exception")]
        return told + [a.body for a in self.of("alert") if a.format == a.ERROR]


@dataclass
class Visitor:
    """A tab of a visitor's own.

    Attributes:
        base: Where the server answers, without a slash at the end.
        took: Notes each rerun: what it was, and its seconds.
        cookies: Who asks, and which replica answers.
        asked: The query that the page was opened with, which a browser goes on to ask for.
        link: The query that the browser shows.
    """

    base: str
    took: Callable[[str, float], None] = lambda what, seconds: None
    cookies: dict[str, str] = field(default_factory=dict)
    socket: ClientConnection | None = None
    path: str = ""
    asked: str = ""
    link: str = ""
    repeats: dict[str, float] = field(default_factory=dict)
    received: int = 0
    _hash: str = ""
    _pages: dict[str, str] = field(default_factory=dict)
    _run: str = ""
    _again: set[str] = field(default_factory=set)  # the fragments that it runs again; empty if it runs all
    _shown: dict[tuple[int, ...], tuple[str, str, Element]] = field(default_factory=dict)  # run and fragment of each
    _states: dict[str, WidgetState] = field(default_factory=dict)
    _cache: dict[str, tuple[int, str, Element]] = field(default_factory=dict)  # run, fragment
    _runs: int = 0
    _most_age: int = 2
    _fetched: set[str] = field(default_factory=set)
    _fold: str = ""  # the id of what holds the page's code
    _fragments: dict[str, str] = field(default_factory=dict)  # by the id of a widget within one

    async def arrive(self, path: str = "", everything: bool = True) -> float:
        """Asks for the page itself and, with an empty cache, for all that it links; gives the seconds."""
        began = time.perf_counter()
        page = Connection(self.base)
        answer = await page.get(f"/{path}", self.cookies, accept="text/html")
        page.close()
        if answer.status != 200:
            raise Wrong(f"/{path}: {answer.status}")
        self.cookies |= answer.cookies
        if everything:
            await self.fetch([f"/{found}" for found in LINKED.findall(answer.text())])
        return time.perf_counter() - began

    async def fetch(self, links: Sequence[str], at_once: int = AT_ONCE) -> dict[str, Response]:
        """Gets what a browser would, which is what it has not got yet; raises for anything but a success."""
        wanted = [link for link in dict.fromkeys(links) if link not in self._fetched]
        left, answers = deque(wanted), {}

        async def ask() -> None:
            connection = Connection(self.base)
            try:
                while left:
                    link = left.popleft()
                    began = time.perf_counter()
                    answer = await connection.get(link, self.cookies)
                    what = link.split("/")[2] if link.count("/") > 1 else link
                    self.took(f"fetch {what}", time.perf_counter() - began)
                    if answer.status != 200:
                        raise Wrong(f"{link}: {answer.status} {answer.body[:200]!r}")
                    self.cookies |= answer.cookies
                    answers[link] = answer
            finally:
                connection.close()

        await asyncio.gather(*(ask() for _ in range(min(at_once, len(wanted)))))
        self._fetched.update(wanted)
        return answers

    async def open(self, path: str = "", **query: Any) -> Page:
        """Opens a page by its link, in a session of its own."""
        self.path, self.asked = path, urlencode(query, doseq=True, quote_via=quote)
        self.link = self.asked
        return await self._open(f"open {path or 'home'}")

    async def reload(self) -> Page:
        """Opens the page again by its link; of all else only cookies are left, and files that browsers keep."""
        await self.leave()
        kept = {link for link in self._fetched if not link.startswith("/media/")}
        fresh = Visitor(self.base, self.took, self.cookies, path=self.path, asked=self.link, _fetched=kept)
        vars(self).update(vars(fresh))
        await self.arrive(f"{self.path}?{self.asked}", everything=False)
        return await self._open(f"reload {self.path or 'home'}")

    async def cut_off(self) -> None:
        """Waits until the connection is gone, for whatever reason."""
        if self.socket:
            await self.socket.wait_closed()

    async def _open(self, what: str) -> Page:
        netloc = urlsplit(self.base).netloc
        self.socket = await connect(
            f"ws://{netloc}/_stcore/stream",
            origin=self.base,  # type: ignore[arg-type]
            subprotocols=["streamlit", "PLACEHOLDER_AUTH_TOKEN"],  # type: ignore[list-item]
            additional_headers={"Cookie": _written(self.cookies)},
            max_size=None,
            open_timeout=PATIENCE,
            ping_timeout=None,
        )
        assert self.socket.response
        self.cookies |= _read_cookies(self.socket.response.headers.get_all("Set-Cookie"))
        return await self._rerun(what, page_name=self.path)

    async def turn_to(self, path: str, **query: Any) -> Page:
        """Opens another page as its link in the navigation does."""
        self.path, self.asked = path, urlencode(query, doseq=True, quote_via=quote)
        self.link = self.asked
        self._states.clear()
        return await self._rerun(f"open {path or 'home'}", page_script_hash=self._pages[path])

    async def change(self, page: Page, key: str, value: Any) -> Page:
        """Sets a widget, found by its key, to a value as a person reads it."""
        kind, widget = page.widget(key)
        self._set(kind, widget, value)
        return await self._rerun(f"change {self.path}", page_script_hash=self._hash, fragment_id=self._of(widget.id))

    async def unfold(self, page: Page) -> Page:
        """Opens what holds the page's code, if it has any and it is closed."""
        if not self._fold or self._fold in self._states:
            return page
        self._states[self._fold] = WidgetState(id=self._fold, bool_value=True)
        return await self._rerun(f"unfold {self.path}", page_script_hash=self._hash)

    async def press(self, button: Any) -> Page:
        """Presses a button once."""
        pressed = WidgetState(id=button.id, trigger_value=True)
        fragment = self._of(button.id)
        return await self._rerun(f"press {self.path}", pressed, page_script_hash=self._hash, fragment_id=fragment)

    async def tell(self, page: Page, key: str, **state: Any) -> Page:
        """Says what the browser's part of a component says: its state."""
        _, component = page.widget(key)
        self._states[component.id] = WidgetState(id=component.id, json_value=json.dumps(state))
        fragment = self._of(component.id)
        return await self._rerun(f"tell {self.path}", page_script_hash=self._hash, fragment_id=fragment)

    async def trigger(self, page: Page, key: str, event: str, value: Any) -> Page:
        """Says once what the browser's part of a component says: an event."""
        _, component = page.widget(key)
        told = json.dumps([{"event": event, "value": value}])
        once = WidgetState(id=f"{EVENTS}_{component.id}__events", json_trigger_value=told)
        fragment = self._of(component.id)
        return await self._rerun(f"tell {self.path}", once, page_script_hash=self._hash, fragment_id=fragment)

    async def watch(self, seconds: float, until: Callable[[Page], bool] = lambda page: False) -> Page:
        """Runs what repeats itself on the page as often as it wants, for so long."""
        deadline = time.monotonic() + seconds
        page = self._page()
        while time.monotonic() < deadline and not until(page):
            await asyncio.sleep(min(self.repeats.values(), default=0.5))
            for fragment in list(self.repeats):
                page = await self._rerun(
                    f"watch {self.path}", page_script_hash=self._hash, fragment_id=fragment, is_auto_rerun=True
                )
        return page

    def _of(self, widget: str) -> str:
        """The fragment that a widget stands in, if in any: a change of it runs only that again."""
        return self._fragments.get(widget, "")

    async def leave(self) -> None:
        """Closes the tab."""
        if self.socket:
            await self.socket.close()
            self.socket = None

    def _set(self, kind: str, widget: Any, value: Any) -> None:
        state = WidgetState(id=widget.id)
        many = value if isinstance(value, list) else [value]
        if kind == "slider" and not widget.options:
            state.double_array_value.data.extend(map(float, many))
        elif kind in ("slider", "button_group"):
            state.string_array_value.data.extend(map(str, many))
        elif kind == "number_input":
            state.double_value = value
        elif kind in ("selectbox", "text_input"):
            state.string_value = value
        elif kind == "checkbox":
            state.bool_value = value
        else:
            raise Wrong(f"{kind} cannot be set")
        self._states[widget.id] = state

    async def _rerun(self, what: str, *once: WidgetState, **where: Any) -> Page:
        assert self.socket
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string = self.asked or self.link
        for name, value in where.items():
            setattr(asked, name, value)
        asked.widget_states.widgets.extend([*self._states.values(), *once])
        asked.cached_message_hashes.extend(self._cache)
        asked.context_info.timezone = "Europe/London"
        asked.context_info.locale = "en"
        asked.context_info.url = f"{self.base}/{self.path}"
        began = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        while not self._take(await asyncio.wait_for(self.socket.recv(), PATIENCE)):
            pass
        self.took(what, time.perf_counter() - began)
        page = self._page()
        if problems := page.problems():
            raise Wrong(f"{what}: {problems[0]}")
        return page

    def _take(self, content: Any) -> bool:
        """Takes in a message; whether the script has ended."""
        self.received += len(content)
        message = ForwardMsg()
        message.ParseFromString(content)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._run = message.metadata.run.script_run_id
            self._again = set(message.metadata.run.fragment_ids)
            self._hash = message.new_session.page_script_hash or self._hash
            self._most_age = message.new_session.config.max_cached_message_age
            if not message.metadata.run.fragment_ids:
                self.repeats.clear()
                self._fold = ""
        elif kind == "navigation":
            self._hash = message.navigation.page_script_hash or self._hash
            pages = message.navigation.app_pages
            self._pages = {"" if p.is_default else p.url_pathname: p.page_script_hash for p in pages}
        elif kind == "auto_rerun":
            self.repeats[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self.repeats.pop(fragment, None)
        elif kind == "page_not_found":
            raise Wrong(f"/{self.path} is no page")
        elif kind == "ref_hash":
            if message.ref_hash not in self._cache:
                raise Wrong("a message was sent by its hash that this visitor never had")
            _, fragment, element = self._cache[message.ref_hash]
            self._cache[message.ref_hash] = (self._runs, fragment, element)
            self._put(message, fragment, element)
        elif kind == "delta":
            if message.delta.add_block.expandable.label == TITLE:
                self._fold = message.delta.add_block.expandable.id
            elif message.delta.WhichOneof("type") == "new_element":
                found = (message.delta.fragment_id, message.delta.new_element)
                self._put(message, *found)
                if message.metadata.cacheable:
                    self._cache[message.hash] = (self._runs, *found)
        elif kind == "script_finished":
            return self._end(message)
        return False

    def _put(self, message: ForwardMsg, fragment: str, element: Element) -> None:
        self._shown[tuple(message.metadata.delta_path)] = (self._run, fragment, element)
        if widget := getattr(getattr(element, element.WhichOneof("type") or "empty"), "id", ""):
            self._fragments[widget] = fragment

    def _end(self, message: ForwardMsg) -> bool:
        if message.script_finished == AGAIN:
            return False
        if message.script_finished in (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY):
            # What this run, of all or of some fragments, did not send again is no longer on the page.
            self._shown = {
                path: shown
                for path, shown in self._shown.items()
                if shown[0] == self._run or (self._again and shown[1] not in self._again)
            }
            self._runs += 1
            self._cache = {h: kept for h, kept in self._cache.items() if self._runs - kept[0] <= self._most_age}
        return True

    def _page(self) -> Page:
        page = Page([self._shown[path][-1] for path in sorted(self._shown)], {})
        self.link = page.data(LINK)["link"]
        return replace(page, link=parse_qs(self.link, keep_blank_values=True))
