"""The linked views of the latent space, with a real pointer and a real keyboard."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
from browsing import CHROMIUM, FLAGS, Server, Tab, Visitors
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ElementHandle, Locator, Page, expect

from ae_core import data
from pages.widgets import selection

LABELS = data.load("fashion-mnist").split("test").labels
GREY = "rgba(128, 128, 128, 1)"
# Whether the map is nearer than before for good: while the wheel turns, only what is drawn is.
ZOOMED = "([e, before]) => e.layout.xaxis.range?.[1] < before[1]"
SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"  # how far down the page


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
    tab.settle()  # the link follows at the end of a run
    asked = [part.removeprefix("select=") for part in tab.link.split("?")[-1].split("&") if part.startswith("select=")]
    return selection.decode(asked[0] if asked else "", len(LABELS))


def colours(page: Page) -> dict[str, str]:
    return dict(scatter(page).evaluate("e => e._fullData.map((t) => [t.name, t.marker.color])"))


def picture(page: Page, key: int) -> str:
    """What the figure of that place on the page shows."""
    return page.locator(".plot").nth(key).evaluate("e => JSON.stringify(e.data.map((t) => [t.source, t.x, t.name]))")


def reach(page: Page) -> list[float]:
    """From where to where the map's horizontal axis goes."""
    found: list[float] = scatter(page).evaluate("e => e._fullLayout.xaxis.range")
    return found


def handle(page: Page) -> ElementHandle:
    found = scatter(page).element_handle()
    assert found
    return found


def legend(page: Page, name: str) -> Locator:
    return scatter(page).get_by_role("button", name=f"{name}: grey the others out")


def test_a_lasso_fills_gallery_mix_and_histogram(tab: Tab, page: Page) -> None:
    before = [picture(page, key) for key in (1, 2)]
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
    assert page.locator(".gallery").get_by_role("option").evaluate_all(
        "images => images.map((e) => +e.dataset.number)"
    ) == (numbers[:60].tolist())
    assert all(picture(page, key) != was for key, was in zip((1, 2), before, strict=True))
    counts = page.locator(".plot").nth(1).evaluate("e => Array.from(e._fullData[0].x)")
    assert counts == np.bincount(LABELS[numbers], minlength=10).tolist()
    assert page.locator(".plot").nth(2).evaluate("e => e._fullData.map((t) => t.name)")[-1] == "selected"
    assert tab.errors == []


def test_a_dot_and_an_image_beside_the_map_are_picked_in_view_of_it(tab: Tab, page: Page) -> None:
    option = page.get_by_role("option", name="test image 7", exact=False).first
    option.click()
    tab.settle()
    expect(option).to_have_attribute("aria-selected", "true")
    chip = page.get_by_text("Shirt, test image 7", exact=True)
    expect(chip).to_be_visible()
    assert "image=7" in tab.link
    top, map_box = chip.bounding_box(), scatter(page).bounding_box()
    assert top
    assert map_box
    assert map_box["y"] - 20 < top["y"] < map_box["y"] + 100, "at the height of the map"
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as PNG").click()
    picture = np.asarray(Image.open(saved.value.path()).convert("L"))
    images = data.load("fashion-mnist").split("test").images
    np.testing.assert_array_equal(picture[:112:4, :112:4], images[0])
    np.testing.assert_array_equal(picture[113 : 113 + 112 : 4, :112:4], images[10])
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


def test_of_greyed_dots_nothing_is_coloured_and_none_is_selected(tab: Tab, page: Page) -> None:
    legend(page, "Trouser").click()
    expect(legend(page, "Trouser")).to_have_attribute("aria-pressed", "true")
    styles = scatter(page).evaluate(
        "e => e._fullData.map((t) => [t.name, [t.marker, t.marker.line, t.selected.marker, t.unselected.marker]"
        ".map((m) => m.color)])"
    )
    for name, found in styles:
        assert (set(found) == {GREY}) == (name != "Trouser"), (name, found)
    lasso(tab, 0.5, 0.4, 70)
    numbers = linked(tab)
    assert len(numbers)
    assert set(LABELS[numbers]) == {1}
    # Nor by a click, though the pointer is on one.
    place = scatter(page).evaluate(
        """e => {
          const { xaxis, yaxis } = e._fullLayout;
          const at = (t, k) => [xaxis._offset + xaxis.l2p(t.x[k]), yaxis._offset + yaxis.l2p(t.y[k])];
          const places = (t) => Array.from(t.x, (_, k) => at(t, k));
          const own = e._fullData.filter((t) => t.name.startsWith('Trouser')).flatMap(places);
          const grey = e._fullData.filter((t) => t.name.startsWith('Sandal')).flatMap(places);
          return grey.find(([x, y]) => own.every(([a, b]) => Math.hypot(x - a, y - b) > 60));
        }"""
    )
    box = scatter(page).bounding_box()
    assert box
    page.mouse.click(box["x"] + place[0], box["y"] + place[1])
    tab.settle()
    np.testing.assert_array_equal(linked(tab), numbers)
    legend(page, "Trouser").click()
    expect(legend(page, "Trouser")).to_have_attribute("aria-pressed", "false")


def test_all_of_every_dot_is_in_the_full_view(page: Page) -> None:
    room = scatter(page).evaluate(
        """e => {
          const { xaxis, yaxis } = e._fullLayout;
          const nearest = (axis, values) =>
            Math.min(...Array.from(values, (v) => Math.min(axis.l2p(v), axis._length - axis.l2p(v))));
          return Math.min(...e._fullData.map((t) => Math.min(nearest(xaxis, t.x), nearest(yaxis, t.y))));
        }"""
    )
    assert room > 9, "pixels from the frame to the nearest dot's centre: as many as the ring around it needs"


def test_the_wheel_scrolls_the_page_until_the_map_has_the_focus(tab: Tab, page: Page) -> None:
    page.evaluate("document.activeElement.blur()")
    box = scatter(page).bounding_box()
    assert box
    before = reach(page)
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.wheel(0, 100)
    page.wait_for_function(f"{SCROLLED} > 0")
    assert reach(page) == before
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    page.wait_for_function(ZOOMED, arg=[handle(page), before])
    scatter(page).focus()
    page.keyboard.press("0")
    page.wait_for_function("([e, before]) => e._fullLayout.xaxis.range[1] === before[1]", arg=[handle(page), before])
    scrolled = page.evaluate(SCROLLED)
    page.mouse.wheel(0, -100)
    page.wait_for_function(ZOOMED, arg=[handle(page), before])
    assert page.evaluate(SCROLLED) == scrolled > 0
    page.keyboard.press("0")
    page.evaluate(f"{SCROLLED} = 0")
    tab.settle()


def test_a_finger_scrolls_the_page_until_it_taps_the_map(visitors: Visitors, server: Server) -> None:
    context = visitors.phone()
    tab = Tab(context, server)
    page = tab.open("latent-space?run=variational-2d&points-fashion-mnist=1%2C000")
    expect(page.locator(".how .finger").first).to_be_visible()
    touch = context.new_cdp_session(page)

    def draw(*places: tuple[float, float]) -> None:
        """Moves a finger through places of the map, in pixels from its middle."""
        box = scatter(page).bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for i, (across, down) in enumerate(places):
            at = {"x": x + across, "y": y + down}
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove" if i else "touchStart", "touchPoints": [at]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    scatter(page).scroll_into_view_if_needed()
    before, scrolled = reach(page), page.evaluate(SCROLLED)
    draw(*[(0, -10 * k) for k in range(12)])
    page.wait_for_function(f"{SCROLLED} > {scrolled} + 50")
    expect(heading(page)).to_have_text("No image is selected")
    scatter(page).tap(position={"x": 60, "y": 150})
    expect(scatter(page)).to_be_focused()
    tab.settle()
    draw(*[(60 * math.cos(k * math.tau / 16), 60 * math.sin(k * math.tau / 16)) for k in range(17)])
    expect(heading(page)).to_contain_text("images selected")
    tab.settle()
    page.locator(".how .finger").first.tap()
    expect(scatter(page)).not_to_be_focused()
    assert reach(page) == before
    # No other figure of the page holds a finger either.
    figure = page.locator(".plot").nth(2)
    figure.scroll_into_view_if_needed()
    shown, scrolled = figure.evaluate("e => e._fullLayout.xaxis.range"), page.evaluate(SCROLLED)
    box = figure.bounding_box()
    assert box
    for kind, up in (("touchStart", 0), *[("touchMove", 10 * k) for k in range(1, 12)]):
        at = {"x": box["x"] + 100 + up, "y": box["y"] + 150 - up}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [at]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_function(f"{SCROLLED} !== {scrolled}")
    assert figure.evaluate("e => e._fullLayout.xaxis.range") == shown
    assert tab.errors == []


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
    tab.settle()  # a figure that is drawn again under the pointer takes no click
    x, y, number = scatter(page).evaluate(
        """e => {
          const { xaxis, yaxis } = e._fullLayout;
          const dots = e._fullData.flatMap((t, trace) => Array.from(t.customdata, (number, k) => (
            { trace, number, x: xaxis._offset + xaxis.l2p(t.x[k]), y: yaxis._offset + yaxis.l2p(t.y[k]) })));
          const near = (dot, other) => other !== dot && Math.hypot(dot.x - other.x, dot.y - other.y) < 6;
          const { x, y, number } = dots.find((dot) => dot.trace === 1 && !dots.some((other) => near(dot, other)));
          return [x, y, number];
        }"""
    )
    box = scatter(page).bounding_box()
    assert box
    page.mouse.move(box["x"] + x + 20, box["y"] + y + 20)
    page.mouse.move(box["x"] + x, box["y"] + y, steps=5)
    # Plotly looks a moment later what is under a pointer that rests; what is pressed before that is no click to it.
    expect(scatter(page).locator(".hovertext").filter(has_text=f"test image {number}")).to_be_visible()
    page.mouse.down()
    page.mouse.up()
    expect(heading(page)).to_have_text("1 image selected")
    expect(page.get_by_text("nearest images by code")).to_be_visible()
    assert linked(tab).tolist() == [number]
    assert LABELS[number] == 1
    assert f"image={number}" in tab.link
    field = page.get_by_role("spinbutton", name="Test image")
    field.fill("41")
    field.press("Enter")
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
            page.get_by_role("link", name=name).click()
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
    tab.choose("Model", "Vanilla")
    page.get_by_role("radio", name="t-SNE").click()
    expect(page.get_by_text("A projection has no decoder")).to_be_visible()
    tab.settle()
    np.testing.assert_array_equal(drawn(page), numbers)
    tab.pick("Sampler")
    tab.pick("Map")
    expect(heading(page)).to_have_text(f"{len(numbers):,} images selected")
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
