"""Figures that are saved: by keyboard and pointer, each file opened by its own kind of program."""

import io
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from browsing import TOOLS, UPLOADS, Tab
from PIL import Image
from playwright.sync_api import Browser, Download, expect


def save(tab: Tab, format: str, figure: int = 0) -> Download:
    """Saves a figure of the page by clicks."""
    button = tab.page.locator(".save > button").nth(figure)
    button.click()
    with tab.page.expect_download() as download:
        tab.page.get_by_role("menuitem", name=format).click()
    return download.value


def content(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


@pytest.fixture
def page(shared_tab: Tab) -> Tab:
    shared_tab.turn_to("reconstruct")
    return shared_tab


def test_a_png_is_twice_as_large_and_its_pixels_stay_square(page: Tab) -> None:
    download = save(page, "PNG picture")
    assert download.suggested_filename == "reconstruct-reconstructions.png"
    size = page.page.locator(".plot").evaluate("e => [e.clientWidth, e.clientHeight]")
    with Image.open(io.BytesIO(content(download))) as image:
        image.load()
        assert image.size == (2 * size[0], 2 * size[1])
        pixels = np.asarray(image.convert("RGB"))
    ground = np.array([0xFD, 0xFC, 0xFA])
    assert (pixels[0, 0] == ground).all(), "the page's own ground, so that its ink can be read"
    # Within the first image neighbours mostly belong to the same pixel, and are equal.
    height, width = pixels.shape[:2]
    grey = pixels[height // 6 : height // 4, width // 8 : width // 6].astype(int)
    assert (np.diff(grey, axis=1) == 0).all(axis=2).mean() > 0.7


def test_an_svg_is_a_drawing(page: Tab) -> None:
    download = save(page, "SVG drawing")
    root = ElementTree.fromstring(content(download))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "original" in "".join(root.itertext())


@pytest.mark.parametrize(("path", "traces"), [("reconstruct", 2), ("latent-space", 10)])
def test_a_saved_page_opens_without_a_network(
    path: str, traces: int, shared_tab: Tab, browser: Browser, tmp_path: Path
) -> None:
    shared_tab.turn_to(path)
    download = save(shared_tab, "Web page (HTML)")
    file = tmp_path / download.suggested_filename
    download.save_as(file)
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked: list[str] = []
    errors: list[str] = []
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"file://{file}")
    page.wait_for_selector("#figure .main-svg")
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [f"file://{file}"]
    assert errors == []
    assert page.locator("#figure").evaluate_all(UPLOADS) == [["", False, TOOLS if path == "latent-space" else []]]
    data = "e => e._fullData.map(t => [t.type, t.name, t.source, t.x && Array.from(t.x)])"
    there = page.locator("#figure").evaluate(data)
    here = shared_tab.page.locator(".plot").first.evaluate(data)
    assert len(here) >= traces
    assert there == here
    context.close()


PAPER = 700  # pixels: A4 between its margins


def test_on_paper_each_figure_has_its_room(shared_tab: Tab) -> None:
    page = shared_tab.turn_to("latent-space?image=7")
    drawn = page.locator(".plot").evaluate_all("figures => figures.map((e) => e.clientWidth)")
    # The window keeps its width, as when a page is printed: nothing is drawn anew.
    page.emulate_media(media="print")
    narrow = page.add_style_tag(content=f"[data-testid=stMainBlockContainer] {{ width: {PAPER}px }}")
    main = page.get_by_test_id("stMainBlockContainer").bounding_box()
    assert main
    boxes = page.locator(".figure").evaluate_all(
        """figures => figures.map((figure) => {
          const parts = [...figure.querySelectorAll('.plot, .main-svg, canvas')].map((e) => e.getBoundingClientRect());
          const { left, top, right, bottom, width } = figure.getBoundingClientRect();
          const [wide, high] = [Math.max(...parts.map((p) => p.right)), Math.max(...parts.map((p) => p.bottom))];
          return [left, top, Math.max(right, wide), Math.max(bottom, high), width, parts[0].width, parts[1].width];
        })"""
    )
    assert len(boxes) == len(drawn) >= 4
    for before, (left, _, right, _, room, width, picture) in zip(drawn, boxes, strict=True):
        assert main["x"] <= left < right <= main["x"] + PAPER + 0.5
        assert width == pytest.approx(min(before, room), abs=1)
        assert picture == pytest.approx(width, abs=1)
    for (_, _, _, end, *_), (_, start, *_) in pairwise(sorted(boxes, key=lambda box: box[1])):
        assert end <= start + 0.5
    expect(page.locator(".save").first).to_be_hidden()
    expect(page.get_by_test_id("stTopNavLink").first).to_be_hidden()
    narrow.evaluate("e => e.remove()")
    page.emulate_media(media="screen")


def test_the_menu_is_worked_by_keyboard(page: Tab) -> None:
    button = page.page.locator(".save > button").first
    expect(button).to_have_attribute("aria-haspopup", "menu")
    button.focus()
    page.page.keyboard.press("Enter")
    items = page.page.get_by_role("menuitem")
    expect(items.nth(0)).to_be_focused()
    page.page.keyboard.press("ArrowUp")
    expect(items.nth(2)).to_be_focused()
    page.page.keyboard.press("Home")
    expect(items.nth(0)).to_be_focused()
    page.page.keyboard.press("Escape")
    expect(items).to_have_count(0)
    expect(button).to_be_focused()
    page.page.keyboard.press("ArrowDown")
    with page.page.expect_download() as download:
        page.page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".png")
    expect(button).to_have_attribute("aria-expanded", "false")


def test_a_figure_whose_library_did_not_come_says_so_and_is_drawn_by_the_next_change(tab: Tab) -> None:
    tab.page.route("**/assets/plotly-*", lambda route: route.abort())
    tab.page.goto(f"{tab.server.url}/sparsity")
    refused = tab.page.get_by_text("This figure could not be drawn")
    expect(refused.first).to_be_visible()
    tab.page.unroute("**/assets/plotly-*")
    tab.page.get_by_test_id("stButtonGroup").get_by_role("button", name="Undercomplete").first.click()
    expect(tab.picture()).to_be_visible()
    expect(refused).to_have_count(0)
    tab.errors.clear()  # the browser itself notes that a file did not come
