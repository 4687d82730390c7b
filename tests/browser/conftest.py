"""One server for all browser tests, and visitors: each new to the server, in a browser that has seen the app before."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from browsing import Server, Tab, Visitors, launch, serving
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright


@pytest.fixture(scope="session")
def derived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all servers of these tests keep of what they compute: one does it for the others."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "derived"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, derived: Path) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("served"), derived=derived) as server:
        yield server


class _Shared:
    """Playwright, and the browsers of visitors: for all files of browser tests, since both are slow to start.

    Not for the session: Playwright's event loop would run on under tests that start one of their own.
    """

    def __init__(self) -> None:
        self._open = ExitStack()
        self._playwright: Playwright | None = None
        self._visitors: Visitors | None = None

    @property
    def playwright(self) -> Playwright:
        if self._playwright is None:
            self._playwright = self._open.enter_context(sync_playwright())
        return self._playwright

    def visitors(self, profiles: Path, server: Server) -> Visitors:
        if self._visitors is None:
            self._visitors = Visitors(self.playwright, profiles, server)
            self._open.callback(self._visitors.close)
        return self._visitors

    def close(self) -> None:
        self._playwright = self._visitors = None
        self._open.close()


SHARED = _Shared()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Generator[None]:
    """Closes what the files share after the last of them."""
    yield
    if nextitem is None or "browser" not in nextitem.path.parts:
        SHARED.close()


@pytest.fixture(scope="module")
def playwright() -> Playwright:
    return SHARED.playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser that has never been used."""
    browser = launch(playwright)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What browsers keep."""
    return tmp_path_factory.mktemp("profiles")


@pytest.fixture(scope="module")
def visitors(profiles: Path, server: Server) -> Iterator[Visitors]:
    visitors = SHARED.visitors(profiles, server)
    yield visitors
    visitors.close_special()


@pytest.fixture
def new_visitor(visitors: Visitors) -> Iterator[Callable[[], BrowserContext]]:
    """Gives a context without any cookie at each call."""
    contexts: list[BrowserContext] = []

    def arrive() -> BrowserContext:
        contexts.append(visitors.arrive())
        return contexts[-1]

    yield arrive
    for context in contexts:
        visitors.leave(context)


@pytest.fixture(scope="module")
def shared_tab(visitors: Visitors, server: Server) -> Iterator[Tab]:
    """One tab for several tests of a file, which leave it as they found it: opening a page takes as long as a look."""
    context = visitors.arrive()
    yield Tab(context, server)
    visitors.leave(context)


@pytest.fixture
def tab(new_visitor: Callable[[], BrowserContext], server: Server) -> Tab:
    """The only tab of a new visitor."""
    return Tab(new_visitor(), server)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to the report of a test that failed what its tabs show."""
    report = yield
    if report.failed:
        for tab in {t for t in getattr(item, "funcargs", {}).values() if isinstance(t, Tab) and not t.page.is_closed()}:
            report.sections.append(("Tab", tab.account()))
    return report
