"""What the browser tests share: a running server, a visitor's tab that remembers what went wrong, and ways to wait."""

import base64
import mimetypes
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np
import psutil
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    Locator,
    Page,
    Playwright,
    expect,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a script that imports this stands elsewhere
from pages.widgets import menu

ROOT = Path(__file__).resolve().parents[2]
# The headings of the pages, by the path of their link.
PAGES = {page.address: page.title for page in menu.PAGES.values()} | {"": "Point at a place, see what it means"}
# Links that fill those pages which show less at first.
FULL = {
    "your-image": "your-image?image=7",
    "lens": "lens?run=contractive-2d&beside=vanilla-2d&overlay=Stretch",
    "latent-space": "latent-space?run=vanilla&select=1.2.3.5.8.13.21&image=7",
    "units": "units?off=1,2",
    "unit": "unit?unit=11",
    "directions": "directions?from-group=c6&to-group=c3",
    "all-units": "all-units?sort=By class",
    "paths": "paths?images=3",
    "lessons": "lessons?lesson=the-code&step=2",
}
# What the menu calls them, in its groups.
MENU = {group: [page.title for page in pages] for group, pages in menu.groups().items() if group}
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",  # WebGL without a graphics card
    "--enable-unsafe-swiftshader",
]
# The system's Chromium without a window; where there is none, Playwright's own.
CHROMIUM = shutil.which("chromium-headless-shell")
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SECONDS = 1000  # Playwright counts in milliseconds
PATIENCE = 60 * SECONDS
TRAINING = 180 * SECONDS
expect.set_options(timeout=PATIENCE)

# Counts the timers that the page waits for: what is sent a moment after a change, as by a slider, is sent by one. And
# notes whether the server has said anything since it was last asked.
WATCH = """
  const { send } = WebSocket.prototype;
  const heard = new WeakSet();
  WebSocket.prototype.send = function (...given) {
    if (!heard.has(this)) this.addEventListener('message', () => { window.unanswered = false; });
    heard.add(this);
    window.unanswered = true;
    return send.apply(this, given);
  };
  window.timersDue = new Set();
  const { setTimeout: begin, clearTimeout: end } = window;
  window.setTimeout = (run, delay = 0, ...given) => {
    const timer = begin(() => { window.timersDue.delete(timer); run(...given); }, delay);
    if (delay <= 1000) window.timersDue.add(timer);
    return timer;
  };
  window.clearTimeout = (timer) => { window.timersDue.delete(timer); end(timer); };
"""
# Ends once for some frames on end nothing runs on the server, no timer is due, and nothing is a placeholder any more.
# A busy browser may draw several before it gets to what a click asks for: after each it has turns for what is queued.
SETTLE = """async (patience) => {
  const busy = () => {
    const app = document.querySelector('[data-testid="stApp"]');
    return app?.dataset.testScriptState !== 'notRunning'
      || app.dataset.testConnectionState !== 'CONNECTED'
      || window.timersDue.size
      || window.unanswered
      || document.querySelector('[data-testid="stSkeleton"], [data-testid="stSpinner"], .plot[aria-busy="true"]')
      || [...document.querySelectorAll('.plot')].some((plot) => !plot.querySelector('.main-svg'));
  };
  const end = performance.now() + patience;
  for (let frames = 0; frames < 4; frames = busy() ? 0 : frames + 1) {
    if (performance.now() > end) return false;
    await new Promise((drawn) => requestAnimationFrame(drawn));
    for (let turns = 0; turns < 8; turns++) await new Promise((done) => {
      const { port1, port2 } = new MessageChannel(); // as React's own scheduler waits for its turn
      port1.onmessage = done;
      port2.postMessage(null);
    });
  }
  return true;
}"""

# Of figures: where they could be uploaded to, whether that is offered, and what the buttons on them do.
UPLOADS = """figures => figures.map((e) => [
  e._context.plotlyServerURL,
  e._context.showSendToCloud,
  Array.from(e.querySelectorAll('.modebar-btn'), (button) => button.dataset.title).sort(),
])"""
TOOLS = ["Box Select", "Lasso Select", "Pan", "Reset axes", "Zoom", "Zoom in", "Zoom out"]


# Of a page: text that has less room than it needs, a word that is broken in two, and texts that lie over each other.
TEXT_FAULTS = """() => {
  const found = [];
  const texts = [];
  const brief = (text) => JSON.stringify(text.trim().slice(0, 60));
  const look = (element, own, box) => {
    for (let around = element; around; around = around.parentElement) {
      const style = getComputedStyle(around);
      if (style.position === 'fixed' || style.clipPath !== 'none' || style.opacity === '0') return;
      const edge = around.getBoundingClientRect();
      const hides = (way) => ['hidden', 'clip'].includes(way);
      const wider = around === element && element.scrollWidth > element.clientWidth + 2;
      if (hides(style.overflowX) && (box.right > edge.right + 2 || wider) && edge.width > 4) {
        found.push('cut off: ' + brief(element.textContent));
        return;
      }
    }
    if (element.closest('svg, canvas, [data-testid=stIconMaterial], .MathJax')) return;
    const range = document.createRange();
    for (const node of own) {
      const breaks = node.data.includes('\\u00ad'); // where a word may be divided
      for (const word of breaks ? [] : node.data.matchAll(/[\\p{L}\\p{N}]+/gu)) {
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        const tops = new Set([...range.getClientRects()].map((rect) => Math.round(rect.top)));
        if (tops.size > 1) found.push('a word is broken: ' + brief(word[0]));
      }
      range.selectNodeContents(node);
      for (const rect of range.getClientRects()) if (rect.width > 1) texts.push([element, rect]);
    }
  };
  const visit = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.shadowRoot) visit(element.shadowRoot);
      const own = [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim());
      const box = element.getBoundingClientRect();
      if (!own.length || !box.width || box.right < 0 || box.bottom < 0) continue;
      if (element.checkVisibility({ visibilityProperty: true })) look(element, own, box);
    }
  };
  visit(document.querySelector('[data-testid=stMain]'));
  visit(document.querySelector('[data-testid=stHeader]'));
  texts.forEach(([element, rect], i) => {
    for (const [other, at] of texts.slice(i + 1)) {
      const across = Math.min(rect.right, at.right) - Math.max(rect.left, at.left);
      const down = Math.min(rect.bottom, at.bottom) - Math.max(rect.top, at.top);
      if (other !== element && across > 2 && down > 6)
        found.push(`over each other: ${brief(element.textContent)}, ${brief(other.textContent)}`);
    }
  });
  return [...new Set(found)];
}"""


@dataclass(frozen=True)
class Server:
    """A server of its own process group.

    Attributes:
        url: Where it answers, without a slash at the end.
        data: Its data folder.
        process: The server itself, or what runs its replicas and the balancer before them.
    """

    url: str
    data: Path
    process: psutil.Popen

    def replicas(self) -> list[psutil.Process]:
        """The processes that run scripts: the server itself, or one for each replica."""
        return [process for process in self.processes() if "streamlit" in command_of(process)]

    def processes(self) -> list[psutil.Process]:
        """All that serve: replicas, balancer, and what runs both."""
        trainers = self.trainers()
        return [self.process, *(child for child in self.process.children() if child not in trainers)]

    def trainers(self) -> list[psutil.Process]:
        """The processes of trainings."""
        found = psutil.process_iter()
        return [p for p in found if any(part.startswith(str(self.data)) for part in command_of(p))]


def command_of(process: psutil.Process) -> list[str]:
    """The command line of a process; nothing of one that has ended."""
    with suppress(psutil.Error):
        return process.cmdline()
    return []


def free_port(replicas: int = 0) -> int:
    """A free port, before as many others that are free as well."""
    while True:
        # Below those that Linux gives to outgoing connections: a replica's port is free while it is started again.
        port = random.randrange(20_000, 32_000)
        with suppress(OSError), ExitStack() as held:
            for other in range(port, port + replicas + 1):
                held.enter_context(socket.socket()).bind(("127.0.0.1", other))
            return port


@contextmanager
def serving(
    data: Path,
    script: Path = ROOT / "app.py",
    base: str = "",
    replicas: int = 0,
    program: Sequence[str] = ("streamlit",),
    derived: Path | None = None,
) -> Iterator[Server]:
    """`streamlit run` of a script on a free port, until the block ends; trainings it started end with it.

    Args:
        data: Its data folder.
        script: What to run.
        base: The path below which it answers.
        replicas: How many of them to run behind a balancer; 0 for one server without one.
        program: The module that runs one server, with what it is given first.
        derived: Where it finds and keeps what is computed from shipped runs; in its data folder unless it is given.
    """
    port = free_port(replicas)
    data.mkdir(parents=True, exist_ok=True)
    if derived:
        derived.mkdir(parents=True, exist_ok=True)
        (data / "derived").symlink_to(derived, target_is_directory=True)
    # Only what a user would have: no watching of files that someone may be editing.
    command = [sys.executable, "-m", *program, "run", str(script), "--server.fileWatcherType", "none"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    if replicas:
        command = [sys.executable, "deploy/serve.py", "--replicas", str(replicas), "--port", str(port)]
    log = data / "server.log"
    with log.open("wb") as output:
        process = psutil.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "LATENT_EXPLORER_DATA": str(data), "STREAMLIT_SERVER_BASE_URL_PATH": base},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = Server(f"http://127.0.0.1:{port}{base and '/' + base}", data, process)
    try:
        await_health(server.url, process, log)
        while replicas and "replicas answer" not in log.read_text() and process.poll() is None:
            time.sleep(0.05)
        yield server
    finally:
        # A training has a session of its own, so that it outlives the server: here it must not.
        family = [*process.children(recursive=True), *server.trainers()] if process.is_running() else []
        for member in [process, *family]:
            try:
                member.kill()
            except psutil.NoSuchProcess:
                continue
        process.wait()


def await_health(url: str, process: psutil.Popen, log: Path) -> None:
    """Waits until a server answers.

    Raises:
        RuntimeError: if it ends or does not within a minute; holds its log.
    """
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"The server did not start: {log.read_text()}")


def launch(playwright: Playwright) -> Browser:
    """A browser that has never been used."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


# What a canvas shows, in base64: a list of so many numbers would take Playwright seconds.
PIXELS = """(canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const parts = [];
  for (let i = 0; i < data.length; i += 32768) parts.push(String.fromCharCode(...data.subarray(i, i + 32768)));
  return [canvas.width, btoa(parts.join(''))];
}"""


def pixels(width: int, shown: str) -> np.ndarray:
    """What PIXELS read, uint8 (height, width, 4)."""
    return np.frombuffer(base64.b64decode(shown), np.uint8).reshape(-1, width, 4)


def rgba(canvas: Locator) -> np.ndarray:
    """What a canvas shows, uint8 (height, width, 4)."""
    return pixels(*canvas.evaluate(PIXELS))


# It need not load styles again to look for some rule on turning a phone.
AXE = {"resultTypes": ["violations"], "preload": False}


def serious(page: Page, rules: Sequence[str] = ()) -> dict[str, list[str]]:
    """Serious findings of axe on a page, of some rules or of all: by rule, the elements.

    Without one that is Streamlit's: in a narrow window the list of its menu holds groups where it may hold items only.
    """
    found: dict[str, list[str]] = {}
    only = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    for finding in Axe().run(page, options=AXE | only).response["violations"]:
        nodes = [node["target"][-1] for node in finding["nodes"]]
        if finding["id"] in ("list", "listitem"):
            in_menu = "target => document.querySelector(target)?.closest('[data-testid=\"stSidebarNav\"]') !== null"
            nodes = [target for target in nodes if not page.evaluate(in_menu, target)]
        if nodes and finding["impact"] in ("serious", "critical"):
            found[finding["id"]] = nodes
    return found


class Visitors:
    """Browsers that keep the app's files, and what was compiled of them, from one test to the next; and nothing else.

    Half of a visit would be the compiling: it is kept with a profile, and by a process that has a page of the server.
    """

    def __init__(self, playwright: Playwright, profiles: Path, server: Server) -> None:
        self._chromium = playwright.chromium
        self._profiles = profiles
        self._health = f"{server.url}/_stcore/health"
        self._arrived: list[BrowserContext] = []
        self._idle: list[BrowserContext] = []
        self._special: list[BrowserContext] = []

    def arrive(self) -> BrowserContext:
        """A visitor whom no server knows."""
        if not self._idle:
            self._arrived.append(self._launch(str(len(self._arrived))))
            return self._arrived[-1]
        return self._idle.pop()

    def leave(self, context: BrowserContext) -> None:
        """Makes room for another; nothing in the browser tells of the one before."""
        first, *visited = context.pages
        origins = {urlsplit(page.url)._replace(path="", query="", fragment="").geturl() for page in visited}
        for page in visited:
            page.close()
        session = context.new_cdp_session(first)
        for origin in origins:
            kept = "cookies,local_storage,indexeddb,cache_storage,service_workers"
            session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": kept})
        session.detach()
        context.clear_cookies()
        self._idle.append(context)

    def open(self, profile: str, **options: Any) -> BrowserContext:
        """A browser with Playwright's options of a context, until `close_special`."""
        self._special.append(self._launch(profile, **options))
        return self._special[-1]

    def _launch(self, profile: str, **options: Any) -> BrowserContext:
        context = self._chromium.launch_persistent_context(
            self._profiles / profile,
            executable_path=CHROMIUM,
            args=[*FLAGS, "--process-per-site"],
            **options,
        )
        context.pages[0].goto(self._health)
        return context

    def phone(self, **options: Any) -> BrowserContext:
        """A browser of a phone's size, worked with a finger."""
        return self.open("phone", **PHONE, **options)

    def close_special(self) -> None:
        """Closes those that `open` made: their profiles can be opened with other options."""
        while self._special:
            self._special.pop().close()

    def close(self) -> None:
        self.close_special()
        while self._arrived:
            self._arrived.pop().close()
        self._idle.clear()


class Tab:
    """One tab of a visitor, with what went wrong in it.

    Attributes:
        page: Playwright's page.
        errors: Console errors and uncaught exceptions.
        hosts: Every host that was asked for anything, by http or websocket.
        sent: How many websocket messages went to the server.
    """

    def __init__(self, context: BrowserContext, server: Server) -> None:
        self.server = server
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.add_init_script(WATCH)
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.sent = 0
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        self.page.on("request", lambda request: self._ask(request.url))
        self.page.on("websocket", lambda socket: self._ask(socket.url))
        self.page.on("websocket", lambda socket: socket.on("framesent", self._count))

    def _note(self, message: ConsoleMessage) -> None:
        # Below a page's path, Streamlit first looks for its server there, and finds it at the root.
        probing = re.search(r"/[\w-]+/_stcore/", message.location.get("url", "")) and "404" in message.text
        if message.type == "error" and not probing:
            self.errors.append(f"{message.text} ({message.location.get('url')})")

    def _ask(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob"):
            self.hosts.add(parts.netloc)

    def _count(self, _: object) -> None:
        self.sent += 1

    def open(self, path: str) -> Page:
        """Opens a page by its link and waits until everything on it is drawn."""
        self.page.goto(f"{self.server.url}/{path}")
        self.settle()
        return self.page

    def turn_to(self, path: str) -> Page:
        """Shows a link in the session that is open, as going back and forth does: a third of the work of opening it."""
        if self.page.url == "about:blank":
            return self.open(path)
        go = "(url) => { history.pushState({}, '', url); dispatchEvent(new PopStateEvent('popstate')); }"
        url, before = f"{self.server.url}/{path}", self.sent
        if url == self.page.url:  # the browser would ask for nothing
            return self.open(path)
        self.page.evaluate(go, url)
        end = time.monotonic() + PATIENCE / 1000
        while self.sent == before:  # until then the page before is still there, and settled
            assert time.monotonic() < end, f"The browser asked for nothing at {url}."
            self.frames(1)
        expect(self.page.locator("h1")).to_have_text(PAGES[path.partition("?")[0]])
        self.settle()
        return self.page

    def pick(self, title: str) -> Page:
        """Opens a page by the menu, in the session that is open."""
        menu = self.page.get_by_role("navigation", name="App pages")
        for group, titles in MENU.items():
            if title in titles:
                menu.get_by_role("button", name=group).click()
                self.page.get_by_role("menuitem", name=title).click()
                break
        else:
            menu.get_by_role("link", name=title).click()
        heading = PAGES[""] if title == "Home" else title
        expect(self.page.get_by_role("heading", level=1, name=heading, exact=True)).to_be_visible()
        self.settle()
        return self.page

    def settle(self) -> None:
        """Waits until all is drawn, every change has been sent, and the server has answered it."""
        expect(self.page.locator("h1").first).to_be_visible()
        assert self.page.evaluate(SETTLE, PATIENCE), "The page is still at work after a minute."

    def frames(self, count: int = 2) -> None:
        """Waits until so many frames were drawn: what follows the pointer follows it in the next one."""
        self.page.evaluate(
            "async (n) => { while (n--) await new Promise((drawn) => requestAnimationFrame(drawn)); }", count
        )

    def _select(self, label: str) -> Locator:
        """The selectbox whose label begins so."""
        return self.page.get_by_role("combobox", name=re.compile(f"^{re.escape(label)}"))

    def list_options(self, label: str, typed: str) -> Locator:
        """The options of a selectbox that are left when that was typed.

        A list closes where the page scrolls beneath it, as by what a rerun draws above: then it is opened again.
        """
        box, options = self._select(label), self.page.get_by_role("listbox")
        for _ in range(5):
            self.settle()
            box.click()
            box.fill(typed)
            self.settle()
            if options.is_visible():
                return options.get_by_role("option")
        raise AssertionError(f"The list of {label} closes each time it is opened.")

    def choose(self, label: str, option: str) -> None:
        """Picks the first option of a selectbox whose name begins so, and waits for the page."""
        chosen = re.compile(f"^{re.escape(option)}")
        self.list_options(label, option).filter(has_text=chosen).first.click()
        expect(self._select(label)).to_have_value(chosen)
        self.settle()

    def train(self, kind: str, epochs: int, name: str) -> str:
        """Starts a training on digits; its name, as the link has it."""
        self.open("train?" + urlencode({"kind": kind, "dataset": "Digits (8 × 8)"}))
        for role, label, text in (("spinbutton", "Epochs, 1 to", str(epochs)), ("textbox", "Name", name)):
            field = self.page.get_by_role(role, name=label)  # type: ignore[arg-type]
            field.fill(text)
            field.press("Enter")
            self.settle()
        self.page.get_by_role("button", name="Start training").click()
        self.page.wait_for_url("**job=*")
        return self.link.partition("job=")[2].partition("&")[0]

    def upload(self, files: dict[str, bytes]) -> None:
        """Chooses files, by their names, in the page's file chooser."""
        chosen: list[FilePayload] = []
        for name, content in files.items():
            chosen.append({"name": name, "mimeType": mimetypes.guess_type(name)[0] or "", "buffer": content})
        self.page.locator("input[type=file]").set_input_files(chosen)

    @property
    def link(self) -> str:
        """The page's path and query as they are now; Playwright's `page.url` hears of a change a moment later."""
        href: str = self.page.evaluate("location.href")
        return href.removeprefix(f"{self.server.url}/")

    def picture(self) -> Locator:
        """The first chart of the page."""
        return self.page.locator(".plot .main-svg").first

    def account(self) -> str:
        """What is on the page and went wrong in it, for the report of a test that failed."""
        text = self.page.locator("body").inner_text()
        return f"{self.page.url}: {self.sent} messages sent, errors {self.errors}\n{text}"

    @property
    def failures(self) -> Locator:
        """What Streamlit shows for an uncaught exception."""
        return self.page.locator("[data-testid=stException]")
