"""Every page by its link, on light and on dark ground, on a desk and a phone: whole, self-contained, accessible."""

from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import PAGES, Server, Tab, Visitors
from playwright.sync_api import BrowserContext, expect

DESK, PHONE = 1280, 390
# Each scheme and each width once: what depends on both at a time was looked at, and takes as long again.
WIDTHS = {"light": DESK, "dark": PHONE}
VISITS = [(page, scheme) for page in PAGES for scheme in WIDTHS]


@pytest.fixture(scope="module")
def contexts(visitors: Visitors) -> dict[str, BrowserContext]:
    """A browser of each scheme and width."""
    return {
        scheme: visitors.open(
            scheme,
            color_scheme=scheme,
            viewport={"width": width, "height": 844},
            has_touch=width == PHONE,
            is_mobile=width == PHONE,
        )
        for scheme, width in WIDTHS.items()
    }


@pytest.fixture(scope="module", params=VISITS, ids=lambda v: f"{v[0] or 'home'}-{v[1]}-{WIDTHS[v[1]]}")
def visit(
    request: pytest.FixtureRequest, contexts: dict[str, BrowserContext], server: Server
) -> Iterator[tuple[str, str, Tab]]:
    """A page opened by its link by a new visitor, drawn to its end."""
    page, scheme = request.param
    tab = Tab(contexts[scheme], server)
    tab.open(page)
    yield page, scheme, tab
    tab.page.close()
    contexts[scheme].clear_cookies()


def test_is_whole(visit: tuple[str, str, Tab]) -> None:
    name, _, tab = visit
    expect(tab.page.locator("h1")).to_have_text([PAGES[name]])
    expect(tab.failures).to_have_count(0)
    assert "Traceback" not in tab.page.locator("body").inner_text()


def test_has_a_clean_console(visit: tuple[str, str, Tab]) -> None:
    assert visit[2].errors == []


def test_asks_nobody_but_the_server(visit: tuple[str, str, Tab]) -> None:
    tab = visit[2]
    assert tab.hosts == {urlsplit(tab.server.url).netloc}


def test_follows_the_visitors_theme(visit: tuple[str, str, Tab]) -> None:
    _, scheme, tab = visit
    ground = tab.page.locator("[data-testid=stApp]").evaluate("e => getComputedStyle(e).backgroundColor")
    red, green, blue = (int(value) for value in ground[ground.index("(") + 1 : -1].split(",")[:3])
    assert (red + green + blue < 3 * 128) == (scheme == "dark")


def test_fits_its_window(visit: tuple[str, str, Tab]) -> None:
    wide, room = visit[2].page.evaluate("[document.querySelector('.stMain').scrollWidth, innerWidth]")
    assert wide <= room


def test_headings_go_down_one_step_at_a_time(visit: tuple[str, str, Tab]) -> None:
    levels = visit[2].page.evaluate(
        "[...document.querySelectorAll('.stMain :is(h1, h2, h3, h4, h5, h6)')].map((e) => Number(e.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels


def test_has_no_serious_axe_finding(visit: tuple[str, str, Tab]) -> None:
    found = Axe().run(visit[2].page).response["violations"]
    serious = {
        finding["id"]: [(node["target"], node["html"]) for node in finding["nodes"]]
        for finding in found
        if finding["impact"] in ("serious", "critical")
    }
    assert serious == {}
