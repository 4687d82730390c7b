"""What the browser tests share: a running server, a visitor's tab that remembers what went wrong, and ways to wait."""

import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Playwright, expect

ROOT = Path(__file__).resolve().parents[2]
# By the path of their link.
PAGES = {
    "": "Point at a place, see what it means",
    "lens": "Lens",
    "train": "Train",
    "reconstruct": "Reconstruct",
    "your-image": "Your image",
    "denoise": "Denoise",
    "sparsity": "Sparsity",
    "latent-space": "Latent space",
    "paths": "Paths",
    "units": "Units",
    "sampler": "Sampler",
    "runs": "Your runs",
    "about": "About this server",
}
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
SECONDS = 1000  # Playwright counts in milliseconds
PATIENCE = 60 * SECONDS
TRAINING = 180 * SECONDS
expect.set_options(timeout=PATIENCE)


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
        return [p for p in self.processes() if "streamlit" in (p.as_dict(["cmdline"])["cmdline"] or [])]

    def processes(self) -> list[psutil.Process]:
        """All that serve: replicas, balancer, and what runs both."""
        trainers = self.trainers()
        return [self.process, *(child for child in self.process.children() if child not in trainers)]

    def trainers(self) -> list[psutil.Process]:
        """The processes of trainings."""
        found = [(p, p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
        return [p for p, command in found if any(part.startswith(str(self.data)) for part in command)]


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
def serving(data: Path, script: Path = ROOT / "app.py", base: str = "", replicas: int = 0) -> Iterator[Server]:
    """`streamlit run` of a script on a free port, until the block ends; trainings it started end with it.

    Args:
        data: Its data folder.
        script: What to run.
        base: The path below which it answers.
        replicas: How many of them to run behind a balancer; 0 for one server without one.
    """
    port = free_port(replicas)
    data.mkdir(parents=True, exist_ok=True)
    # Only what a user would have: no watching of files that someone may be editing.
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.fileWatcherType", "none"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    command += ["--server.baseUrlPath", base] if base else []
    if replicas:
        command = [sys.executable, "deploy/serve.py", "--replicas", str(replicas), "--port", str(port)]
    log = data / "server.log"
    with log.open("wb") as output:
        process = psutil.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "LATENT_EXPLORER_DATA": str(data)},
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
    """The system's Chromium, or Playwright's own where there is none."""
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)


class Visitors:
    """Browsers that keep the app's files, and what was compiled of them, from one test to the next; and nothing else.

    Half of a visit would be the compiling: it is kept with a profile, and by a process that has a page of the server.
    """

    def __init__(self, playwright: Playwright, profiles: Path, server: Server) -> None:
        self._chromium = playwright.chromium
        self._profiles = profiles
        self._health = f"{server.url}/_stcore/health"
        self._opened: list[BrowserContext] = []
        self._idle: list[BrowserContext] = []

    def arrive(self) -> BrowserContext:
        """A visitor whom no server knows."""
        return self._idle.pop() if self._idle else self.open(str(len(self._opened)))

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
        """The browser of one profile, with Playwright's options of a context."""
        context = self._chromium.launch_persistent_context(
            self._profiles / profile,
            executable_path=shutil.which("chromium"),
            args=[*FLAGS, "--process-per-site"],
            **options,
        )
        context.pages[0].goto(self._health)
        self._opened.append(context)
        return context

    def close(self) -> None:
        for context in self._opened:
            context.close()


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

    def settle(self) -> None:
        """Waits until the script has run and nothing on the page is a placeholder any more."""
        page = self.page
        expect(page.locator("h1").first).to_be_visible(timeout=PATIENCE)
        page.wait_for_function(
            """() => {
              const app = document.querySelector('[data-testid="stApp"]');
              const charts = [...document.querySelectorAll('.plot')];
              const waiting = document.querySelector('[data-testid="stSkeleton"], [data-testid="stSpinner"]');
              return app?.dataset.testScriptState === 'notRunning'
                && app.dataset.testConnectionState === 'CONNECTED'
                && !waiting
                && charts.every((chart) => chart.querySelector('.main-svg'));
            }""",
            timeout=PATIENCE,
        )

    def quiet(self) -> None:
        """Waits until no message has gone to the server for half a second, and all have been answered."""
        before = -1
        while before != self.sent:
            before = self.sent
            self.page.wait_for_timeout(500)
            self.page.wait_for_function(
                "() => document.querySelector('[data-testid=\"stApp\"]')?.dataset.testScriptState === 'notRunning'",
                timeout=PATIENCE,
            )

    def choose(self, label: str, option: str) -> None:
        """Picks an option of a selectbox by the beginning of its name."""
        box = self.page.get_by_role("combobox", name=label)
        box.click()
        box.fill(option)
        self.page.get_by_role("option", name=option).first.click()
        self.settle()

    def options(self, label: str, typed: str) -> list[str]:
        """The options of a selectbox that are left when that was typed."""
        box = self.page.get_by_role("combobox", name=label)
        box.click()
        box.fill(typed)
        self.page.get_by_role("listbox").wait_for()
        found = self.page.get_by_role("option").all_inner_texts()
        self.page.keyboard.press("Escape")
        return found

    def picture(self) -> Locator:
        """The first chart of the page."""
        return self.page.locator(".plot .main-svg").first

    @property
    def failures(self) -> Locator:
        """What Streamlit shows for an uncaught exception."""
        return self.page.locator("[data-testid=stException]")
