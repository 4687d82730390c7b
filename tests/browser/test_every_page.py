"""Every page, on light and on dark ground, on a desk and a phone: whole, self-contained, accessible."""

from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from browsing import FULL, PAGES, PHONE, TEXT_FAULTS, TOOLS, UPLOADS, Server, Tab, Visitors, serious
from playwright.sync_api import expect

DESK, PHONE_WIDTH = 1280, PHONE["viewport"]["width"]
# Each scheme and each width once: what depends on both at a time was looked at, and takes as long again.
WIDTHS = {"light": DESK, "dark": PHONE_WIDTH}
# Of axe's rules those whose findings depend on colours and widths: the others are asked once, and take half a second.
OF_DARK_PHONES = ["color-contrast", "link-in-text-block", "scrollable-region-focusable"]
VISITS = [(page, scheme) for page in PAGES for scheme in WIDTHS]


@pytest.fixture(scope="module")
def tabs(visitors: Visitors, server: Server) -> dict[str, Tab]:
    """A browser of each scheme and width."""
    desk = visitors.open("desk", viewport={"width": DESK, "height": 844})
    return {"light": Tab(desk, server), "dark": Tab(visitors.phone(color_scheme="dark"), server)}


@pytest.fixture(scope="module", params=VISITS, ids=lambda v: f"{v[0] or 'home'}-{v[1]}-{WIDTHS[v[1]]}")
def visit(request: pytest.FixtureRequest, tabs: dict[str, Tab]) -> tuple[str, str, Tab]:
    """A page drawn to its end, turned to by a visitor who stays: full on a desk, as it begins on a phone."""
    page, scheme = request.param
    tab = tabs[scheme]
    tab.errors.clear()
    tab.turn_to(FULL.get(page, page) if scheme == "light" else page)
    return page, scheme, tab


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


def test_offers_to_upload_no_figure(visit: tuple[str, str, Tab]) -> None:
    for address, offered, buttons in visit[2].page.locator(".plot").evaluate_all(UPLOADS):
        assert (address, offered) == ("", False)
        assert buttons in ([], TOOLS)


def test_follows_the_visitors_theme(visit: tuple[str, str, Tab]) -> None:
    _, scheme, tab = visit
    ground = tab.page.locator("[data-testid=stApp]").evaluate("e => getComputedStyle(e).backgroundColor")
    red, green, blue = (int(value) for value in ground[ground.index("(") + 1 : -1].split(",")[:3])
    assert (red + green + blue < 3 * 128) == (scheme == "dark")


def test_fits_its_window(visit: tuple[str, str, Tab]) -> None:
    wide, room = visit[2].page.evaluate("[document.querySelector('.stMain').scrollWidth, innerWidth]")
    assert wide <= room


def test_no_text_is_cut_off_or_over_another(visit: tuple[str, str, Tab]) -> None:
    assert visit[2].page.evaluate(TEXT_FAULTS) == []


def test_every_figure_is_saved_by_a_finger(visit: tuple[str, str, Tab]) -> None:
    _, scheme, tab = visit
    sides = tab.page.locator(".save > button").evaluate_all(
        "all => all.flatMap((e) => ['width', 'height'].map((side) => parseFloat(getComputedStyle(e, '::after')[side])))"
    )
    assert scheme == "light" or min(sides, default=44) >= 44


def test_headings_go_down_one_step_at_a_time(visit: tuple[str, str, Tab]) -> None:
    levels = visit[2].page.evaluate(
        "[...document.querySelectorAll('.stMain :is(h1, h2, h3, h4, h5, h6)')].map((e) => Number(e.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels


def test_has_no_serious_axe_finding(visit: tuple[str, str, Tab]) -> None:
    _, scheme, tab = visit
    assert serious(tab.page, [] if scheme == "light" else OF_DARK_PHONES) == {}
