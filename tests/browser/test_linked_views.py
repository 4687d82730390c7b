"""The linked views of the latent space, with a real pointer and a real keyboard."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
from browsing import CHROMIUM, FLAGS, Server, Tab
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from ae_core import data
from pages.widgets import selection

LABELS = data.load("fashion-mnist").split("test").labels
GREY = "rgba(128, 128, 128, 1)"


@pytest.fixture(scope="module")
def tab(shared_tab: Tab) -> Tab:
    shared_tab.page.set_viewport_size({"width": 1280, "height": 1000})
    shared_tab.open("latent-space?run=variational-2d&points-fashion-mnist=1%2C000")
    return shared_tab


@pytest.fixture
def page(tab: Tab) -> Iterator[Page]:
    """The page with nothing selected."""
    yield tab.page
    scatter(tab.page).focus()
    tab.page.keyboard.press("Escape")
    expect(heading(tab.page)).to_have_text("No image is selected")
    tab.settle()


def scatter(page: Page) -> Locator:
    return page.locator(".plot").first


def lasso(tab: Tab, across: float, down: float, radius: float) -> None:
    """Draws a circle around a place of the map, in shares of its size and in pixels, and waits for what it selects."""
    page, before = tab.page, tab.link
    box = scatter(page).bounding_box()
    assert box
    x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
    page.mouse.move(x + radius, y)
    page.mouse.down()
    for k in range(1, 17):
        page.mouse.move(x + radius * math.cos(k * math.tau / 16), y + radius * math.sin(k * math.tau / 16))
    page.mouse.up()
    page.wait_for_function("before => !location.href.endsWith(before)", arg=before)
    tab.settle()


def heading(page: Page) -> Locator:
    return page.get_by_test_id("stMain").locator("h2").first


def drawn(page: Page) -> np.ndarray:
    """The numbers that the map shows as selected, rising."""
    found = scatter(page).evaluate(
        "e => e._fullData.flatMap((t) => Array.from(t.selectedpoints ?? [], (k) => t.customdata[k]))"
    )
    return np.sort(np.array(found, int))


def linked(tab: Tab) -> np.ndarray:
    """The numbers in the link, rising."""
    asked = [part.removeprefix("select=") for part in tab.link.split("?")[-1].split("&") if part.startswith("select=")]
    return selection.decode(asked[0] if asked else "", len(LABELS))


def colours(page: Page) -> dict[str, str]:
    return dict(scatter(page).evaluate("e => e._fullData.map((t) => [t.name, t.marker.color])"))


def picture(page: Page, key: int) -> str:
    """What the figure of that place on the page shows."""
    return page.locator(".plot").nth(key).evaluate("e => JSON.stringify(e.data.map((t) => [t.source, t.x, t.name]))")


def legend(page: Page, name: str) -> Locator:
    return scatter(page).get_by_role("button", name=f"{name}: grey the others out")


def test_a_lasso_fills_gallery_mix_and_histogram(tab: Tab, page: Page) -> None:
    before = [picture(page, key) for key in (1, 2, 3)]
    lasso(tab, 0.45, 0.5, 70)
    numbers = linked(tab)
    assert heading(page).inner_text() == f"{len(numbers):,} images selected"
    np.testing.assert_array_equal(drawn(page), numbers)
    # Inside the lasso, and all that is inside.
    inside = scatter(page).evaluate(
        """(e, [across, down, radius]) => {
          const { xaxis, yaxis } = e._fullLayout;
          const [x, y] = [across * e.clientWidth, down * e.clientHeight];
          return e._fullData.flatMap((t) => Array.from(t.customdata).filter((_, k) => Math.hypot(
            xaxis._offset + xaxis.l2p(t.x[k]) - x, yaxis._offset + yaxis.l2p(t.y[k]) - y) < radius));
        }""",
        [0.45, 0.5, 70],
    )
    assert len(set(inside) ^ set(numbers.tolist())) < 0.1 * len(numbers), "a polygon is not quite its circle"
    assert all(picture(page, key) != was for key, was in zip((1, 2, 3), before, strict=True))
    counts = page.locator(".plot").nth(2).evaluate("e => Array.from(e._fullData[0].x)")
    assert counts == np.bincount(LABELS[numbers], minlength=10).tolist()
    assert page.locator(".plot").nth(3).evaluate("e => e._fullData.map((t) => t.name)")[-1] == "selected"
    assert tab.errors == []


def test_shift_adds_alt_takes_and_a_double_click_lets_go(tab: Tab, page: Page) -> None:
    lasso(tab, 0.4, 0.5, 40)
    first = set(linked(tab).tolist())
    page.keyboard.down("Shift")
    lasso(tab, 0.6, 0.5, 40)
    page.keyboard.up("Shift")
    both = set(linked(tab).tolist())
    assert first < both
    page.keyboard.down("Alt")
    lasso(tab, 0.4, 0.5, 50)
    page.keyboard.up("Alt")
    assert set(linked(tab).tolist()) <= both - first
    box = scatter(page).bounding_box()
    assert box
    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(heading(page)).to_have_text("No image is selected")


def test_a_class_in_the_legend_greys_the_others_out_and_hides_none(tab: Tab, page: Page) -> None:
    before, sent = colours(page), tab.sent
    legend(page, "Sandal").click()
    expect(legend(page, "Sandal")).to_have_attribute("aria-pressed", "true")
    assert {name: colour for name, colour in colours(page).items() if colour != GREY} == {"Sandal": before["Sandal"]}
    assert scatter(page).evaluate("e => e._fullData.every((t) => t.visible === true)")
    legend(page, "Bag").focus()
    page.keyboard.press("Enter")
    expect(legend(page, "Bag")).to_have_attribute("aria-pressed", "true")
    expect(legend(page, "Bag")).to_be_focused()
    page.keyboard.press("Enter")
    expect(legend(page, "Bag")).to_have_attribute("aria-pressed", "false")
    assert colours(page) == before
    assert tab.sent == sent, "a look of the page's own"


def test_near_enough_dots_become_their_images(tab: Tab, page: Page) -> None:
    sent = tab.sent
    assert scatter(page).get_attribute("data-images") == "0"
    scatter(page).focus()
    for _ in range(8):
        page.keyboard.press("+")
    expect(scatter(page)).not_to_have_attribute("data-images", "0")
    shown = int(scatter(page).get_attribute("data-images") or 0)
    assert 0 < shown < 80
    page.wait_for_function(  # images, not squares: many greys
        """e => {
          const rgba = e.getContext('2d').getImageData(0, 0, e.width, e.height).data;
          const greys = new Set();
          for (let i = 0; i < rgba.length; i += 4)
            if (rgba[i + 3] === 255 && rgba[i] === rgba[i + 1] && rgba[i] === rgba[i + 2]) greys.add(rgba[i]);
          return greys.size > 100;
        }""",
        arg=scatter(page).locator(".dots-above").element_handle(),
    )
    loaded = page.evaluate("performance.getEntriesByType('resource').map((r) => r.name)")
    assert any("/assets/sprites/fashion-mnist/" in url for url in loaded)
    page.keyboard.press("0")
    expect(scatter(page)).to_have_attribute("data-images", "0")
    assert tab.sent == sent
    assert tab.errors == []


def test_one_image_is_picked_by_a_click_a_row_or_its_number(tab: Tab, page: Page) -> None:
    place = scatter(page).evaluate(
        """e => {
          const { xaxis, yaxis } = e._fullLayout;
          const t = e._fullData[1];
          return [xaxis._offset + xaxis.l2p(t.x[3]), yaxis._offset + yaxis.l2p(t.y[3])];
        }"""
    )
    box = scatter(page).bounding_box()
    assert box
    page.mouse.move(box["x"] + place[0] + 20, box["y"] + place[1] + 20)
    page.mouse.move(box["x"] + place[0], box["y"] + place[1], steps=5)
    expect(scatter(page).locator(".hovertext")).to_be_visible()
    page.mouse.down()
    page.mouse.up()
    expect(heading(page)).to_have_text("1 image selected")
    expect(page.get_by_text("nearest by code")).to_be_visible()
    assert LABELS[linked(tab)[0]] == 1
    assert f"image={linked(tab)[0]}" in tab.link
    number = page.get_by_role("spinbutton", name="Test image")
    number.fill("41")
    number.press("Enter")
    page.wait_for_url("**image=41*")
    tab.settle()
    assert tab.errors == []


def test_a_link_opens_the_same_in_a_fresh_browser(
    page: Page, tab: Tab, new_visitor: Callable[[], BrowserContext], server: Server
) -> None:
    lasso(tab, 0.5, 0.45, 60)
    other = Tab(new_visitor(), server)
    other.open(tab.link)
    expect(heading(other.page)).to_have_text(heading(page).inner_text())
    np.testing.assert_array_equal(drawn(other.page), linked(tab))
    assert picture(other.page, 1) == picture(page, 1)
    assert other.errors == []


def test_downloads_open_with_pandas(page: Page, tab: Tab) -> None:
    page.get_by_test_id("stMain").get_by_role("button", name="Bag", exact=True).click()
    expect(heading(page)).to_contain_text("images selected")
    tab.settle()
    for name, read, rows in (
        ("Selection, CSV", pd.read_csv, linked(tab)),
        ("Selection, Parquet", pd.read_parquet, linked(tab)),
        ("All images, Parquet", pd.read_parquet, np.arange(10_000)),
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        frame = read(download.value.path())
        assert frame.columns.tolist() == ["image", "class", "error", "z1", "z2"]
        np.testing.assert_array_equal(frame["image"], rows)
    assert set(frame["class"]) == set(data.load("fashion-mnist").class_names)


def test_a_selection_outlives_other_figures_and_is_let_go(tab: Tab, page: Page) -> None:
    lasso(tab, 0.45, 0.5, 70)
    numbers = linked(tab)
    page.get_by_role("radio", name="10,000").click()
    tab.settle()
    np.testing.assert_array_equal(drawn(page), numbers)
    tab.choose("Run", "Vanilla")
    page.get_by_role("radio", name="t-SNE").click()
    expect(page.get_by_text("A projection has no decoder")).to_be_visible()
    tab.settle()
    np.testing.assert_array_equal(drawn(page), numbers)
    page.get_by_test_id("stTopNavLink").filter(has_text="Sampler").click()
    expect(page.locator("h1")).to_have_text("Sampler")
    tab.settle()
    page.get_by_test_id("stTopNavLink").filter(has_text="Latent space").click()
    expect(heading(page)).to_have_text(f"{len(numbers):,} images selected")
    tab.settle()
    np.testing.assert_array_equal(drawn(page), numbers)
    scatter(page).focus()
    page.keyboard.press("Escape")
    expect(heading(page)).to_have_text("No image is selected")
    tab.settle()
    assert len(linked(tab)) == len(drawn(page)) == 0
    assert tab.errors == []


def test_a_browser_without_webgl_shows_the_dots_as_well(server: Server, browser: Browser) -> None:
    plain = browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, "--disable-3d-apis"])
    tab = Tab(plain.new_context(), server)
    tab.open("latent-space?run=variational&points-fashion-mnist=1%2C000")
    expect(scatter(tab.page).locator(".scatterlayer .point").nth(500)).to_be_attached()
    plain.close()
