"""The lens on the home page: what is under the pointer is decoded, exactly and without the server."""

import re

import numpy as np
import pytest
from browsing import ROOT, Tab
from playwright.sync_api import Locator

import ae_core

MEAN_TOLERANCE = 0.01  # in [0, 1]; the lattice interpolates, and the place is shown to two decimals
P99_TOLERANCE = 0.08


@pytest.fixture
def plane(tab: Tab) -> Locator:
    """The plane of a freshly opened home page, its lens at work."""
    tab.open("")
    plane = tab.page.locator(".lens .cursor")
    tab.page.wait_for_function(
        "e => e.closest('.lens').querySelector('.place').textContent", arg=plane.element_handle()
    )
    plane.scroll_into_view_if_needed()
    tab.quiet()
    return plane


def decoded(plane: Locator) -> tuple[tuple[float, float], np.ndarray]:
    """The place that the lens names and the image (h, w) in [0, 1] that it shows, of one moment."""
    text, width, pixels = plane.evaluate(
        """cursor => {
          const lens = cursor.closest('.lens');
          const canvas = lens.querySelector('.decoded');
          const rgba = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          return [lens.querySelector('.place').textContent, canvas.width, [...rgba].filter((_, i) => i % 4 === 0)];
        }"""
    )
    place = re.fullmatch(r"\((-?[\d.]+), (-?[\d.]+)\)", text)
    assert place, text
    return (float(place[1]), float(place[2])), np.array(pixels, np.float32).reshape(-1, width) / 255


def move(tab: Tab, plane: Locator, across: float, down: float) -> None:
    """Moves the real pointer to a place on the plane, given in shares of its size."""
    box = plane.bounding_box()
    assert box
    tab.page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"], steps=10)


def test_decodes_under_the_pointer_without_a_message(tab: Tab, plane: Locator) -> None:
    before = tab.sent
    shown = []
    for across, down in ((0.3, 0.25), (0.7, 0.55), (0.5, 0.4)):
        move(tab, plane, across, down)
        shown.append(decoded(plane))
    tab.page.wait_for_timeout(300)  # for a message that must not come
    assert tab.sent == before
    (first, image), (second, other), _ = shown
    assert first[0] < second[0]
    assert first[1] > second[1]
    assert np.abs(image - other).mean() > 0.02


def test_decodes_what_the_library_decodes(tab: Tab, plane: Locator) -> None:
    run = ae_core.load(ROOT / "checkpoints" / "variational")
    for across, down in ((0.25, 0.3), (0.5, 0.5), (0.8, 0.45)):
        move(tab, plane, across, down)
        place, image = decoded(plane)
        error = np.abs(image - run.decode(np.array([place]))[0])
        assert error.mean() < MEAN_TOLERANCE, place
        assert np.quantile(error, 0.99) < P99_TOLERANCE, place


def test_arrow_keys_move_it(tab: Tab, plane: Locator) -> None:
    move(tab, plane, 0.5, 0.5)
    (x, y), _ = decoded(plane)
    plane.focus()
    tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("ArrowUp")
    (right, up), image = decoded(plane)
    assert right > x
    assert up > y
    tab.page.keyboard.press("Shift+ArrowLeft")
    (left, same), other = decoded(plane)
    assert left < x
    assert same == up
    assert not np.array_equal(image, other)


def test_a_tour_shows_it_until_someone_takes_over(tab: Tab, plane: Locator) -> None:
    first, _ = decoded(plane)
    tab.page.wait_for_function(
        "([e, before]) => e.closest('.lens').querySelector('.place').textContent !== before",
        arg=[plane.element_handle(), f"({first[0]:.2f}, {first[1]:.2f})"],
    )
    move(tab, plane, 0.4, 0.6)
    taken, _ = decoded(plane)
    tab.page.wait_for_timeout(300)  # for a tour that must not go on
    assert decoded(plane)[0] == taken
