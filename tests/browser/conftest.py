"""One server for all browser tests; a browser without cookies for each visitor."""

from collections.abc import Callable, Iterator

import pytest
from browsing import Server, Tab, launch, serving
from playwright.sync_api import Browser, BrowserContext, sync_playwright


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("served")) as server:
        yield server


# Not for the session: Playwright's event loop would run on under tests that start one of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def new_visitor(browser: Browser) -> Iterator[Callable[[], BrowserContext]]:
    """Gives a context without any cookie at each call."""
    contexts: list[BrowserContext] = []

    def arrive() -> BrowserContext:
        contexts.append(browser.new_context())
        return contexts[-1]

    yield arrive
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def visited(browser: Browser) -> Iterator[BrowserContext]:
    """Where one visitor follows the other: to load the app's files anew takes as long as many a test."""
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def tab(visited: BrowserContext, server: Server) -> Iterator[Tab]:
    """The only tab of a new visitor."""
    yield Tab(visited, server)
    for page in visited.pages:
        page.close()
    visited.clear_cookies()
