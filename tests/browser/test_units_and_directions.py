"""From two lassos to a direction that is walked, kept and found by its link; from a drawing to a unit and back."""

import math
from collections.abc import Callable

from browsing import Server, Tab
from playwright.sync_api import BrowserContext, Locator, expect
from test_drawing import draw_shirt
from test_lens import open_lens


def lasso(plane: Locator, x: float, y: float, radius: float) -> None:
    """Draws around a place of the plane, in shares of its side, with the real pointer."""
    box = plane.bounding_box()
    assert box
    mouse = plane.page.mouse
    ways = [2 * math.pi * step / 16 for step in range(17)]
    ring = [(x + radius * math.cos(way), y + radius * math.sin(way)) for way in ways]
    for step, (across, up) in enumerate(ring):
        mouse.move(box["x"] + across * box["width"], box["y"] + up * box["height"])
        if step == 0:
            mouse.down()
    mouse.up()


def test_two_lassos_make_a_direction_that_is_walked_kept_and_found_by_its_link(
    tab: Tab, new_visitor: Callable[[], BrowserContext], server: Server
) -> None:
    tab.page.set_viewport_size({"width": 1280, "height": 1000})
    plane = open_lens(tab, "lens?run=variational")
    page = tab.page
    page.get_by_role("button", name="Draw around dots").click()
    for place, label in (((0.62, 0.2), "Direction from these"), ((0.42, 0.75), "Direction to these")):
        lasso(plane, *place, 0.08)
        tab.settle()
        expect(page.get_by_role("button", name="selected, all others grey")).to_be_visible()
        page.get_by_role("button", name=label).click()
        tab.settle()
    page.get_by_role("button", name="Undo").click()
    tab.settle()
    page.get_by_role("button", name="Redo").click()
    tab.settle()

    page.get_by_role("link", name="Walk along the direction").click()
    expect(page.get_by_role("heading", level=1, name="Directions")).to_be_visible()
    tab.settle()
    expect(page.get_by_text("Bootstrap cosine")).to_be_visible()
    big = page.locator(".film canvas").first
    before = big.evaluate("e => e.toDataURL()")
    page.get_by_role("slider", name="Place on the path").fill("16")
    tab.frames()
    assert big.evaluate("e => e.toDataURL()") != before, "the end of the walk is another image"

    page.get_by_role("textbox", name="Name").fill("from right to left")
    page.get_by_role("button", name="Keep", exact=True).click()
    tab.settle()
    link = tab.link
    tab.open("directions?run=variational")
    page.get_by_role("button", name="from right to left").click()
    tab.settle()
    expect(page.get_by_text("Bootstrap cosine")).to_be_visible()

    other = Tab(new_visitor(), server)
    other.open(link)
    expect(other.page.get_by_text("Bootstrap cosine")).to_be_visible()
    expect(other.page.get_by_role("button", name="from right to left")).to_have_count(0)
    figures = [t.page.locator('[data-testid="stMetricValue"]').all_inner_texts() for t in (tab, other)]
    assert figures[0] == figures[1]


def test_images_that_are_picked_make_a_direction(tab: Tab) -> None:
    page = tab.page
    page.set_viewport_size({"width": 1280, "height": 1000})
    tab.open("directions?run=variational&to-group=c3")
    page.get_by_role("button", name="Pick images").first.click()
    tab.settle()
    # The first is picked twice, which leaves it out; then two stay.
    for number, group in ((0, "0"), (4, "0.4"), (0, "4"), (6, "4.6")):
        page.get_by_test_id("stPopoverBody").locator(f'button[data-number="{number}"]').first.click()
        tab.settle()
        assert f"from-group={group}&" in tab.link + "&"
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox", name="From")).to_have_value("2 selected images")
    expect(page.get_by_text("Bootstrap cosine")).to_be_visible()
    assert tab.errors == []


def test_from_a_drawing_to_its_units_to_the_page_of_one_and_back(tab: Tab) -> None:
    page = tab.page
    page.set_viewport_size({"width": 1280, "height": 1000})
    tab.open("your-image")
    draw_shirt(tab)
    expect(page.locator(".answers .row").first).to_be_visible()
    tab.settle()
    assert "image=own" in tab.link
    page.get_by_role("link", name="See which units hold your image").click()
    expect(page.get_by_role("heading", level=1, name="Units at work")).to_be_visible()
    tab.settle()
    expect(page.get_by_text("Your drawing").first).to_be_visible()
    tile = page.locator(".units button").first
    name = tile.locator(".name").inner_text()
    tile.click()
    expect(page.get_by_role("heading", level=1, name="One unit")).to_be_visible()
    tab.settle()
    expect(page.get_by_role("spinbutton", name="Unit, 1 to")).to_have_value(name.removeprefix("Unit "))
    expect(page.get_by_text("Your drawing").first).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Units at work")).to_be_visible()
    tab.settle()
    expect(page.get_by_text("Your drawing").first).to_be_visible()
    expect(page.locator(".units button .name").first).to_have_text(name)


def test_units_are_reached_by_keys(tab: Tab) -> None:
    page = tab.turn_to("all-units")
    tiles = page.locator(".units button")
    tiles.first.focus()
    page.keyboard.press("ArrowRight")
    expect(tiles.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="One unit")).to_be_visible()
