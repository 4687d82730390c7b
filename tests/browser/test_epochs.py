"""The film of a training on the Train page: it follows its slider without the server, and the training until then."""

import re

import numpy as np
import pytest
from browsing import TRAINING, Server, Tab, Visitors, rgba
from playwright.sync_api import Locator, expect

EPOCHS = 3


def drawn(film: Locator) -> np.ndarray:
    """Where the canvas has dots, bool (h, w)."""
    return rgba(film.locator("canvas"))[..., 3] > 0


@pytest.fixture(scope="module")
def job(shared_tab: Tab) -> str:
    """A training that was watched from its first epoch to its end."""
    name = shared_tab.train("Variational", EPOCHS, "Filmed")
    film = shared_tab.page.locator(".epochs")
    film.wait_for(timeout=TRAINING)
    expect(film.locator(".where")).to_have_text(re.compile("after epoch"))  # the newest one
    expect(shared_tab.page.get_by_text("Finished:")).to_be_visible(timeout=TRAINING)
    expect(film.locator(".where")).to_have_text(f"after epoch {EPOCHS}")
    shared_tab.settle()
    return name


def film_in(tab: Tab, job: str) -> Locator:
    film = tab.open(f"train?job={job}").locator(".epochs")
    film.scroll_into_view_if_needed()
    tab.settle()
    return film


def test_keys_move_it_from_epoch_to_epoch_without_a_message(shared_tab: Tab, job: str) -> None:
    film = film_in(shared_tab, job)
    before, slider, page = shared_tab.sent, film.locator(".slider"), shared_tab.page
    slider.focus()
    page.keyboard.press("Home")
    seen = []
    for epoch in range(EPOCHS + 1):
        words = f"after epoch {epoch}" if epoch else "untrained"
        expect(film.locator(".where")).to_have_text(words)
        assert slider.get_attribute("aria-valuetext") == words
        seen.append(drawn(film))
        page.keyboard.press("ArrowRight")
    assert all(frame.any() for frame in seen)
    assert (seen[0] != seen[-1]).any()
    expect(film.locator(".where")).to_have_text(f"after epoch {EPOCHS}")
    assert shared_tab.sent == before
    assert shared_tab.errors == []


def test_it_plays_once_to_the_newest_epoch(shared_tab: Tab, job: str) -> None:
    film = film_in(shared_tab, job)
    before = shared_tab.sent
    film.get_by_role("button", name="Play").click()
    expect(film.locator(".where")).not_to_have_text(f"after epoch {EPOCHS}")
    expect(film.get_by_role("button", name="Pause")).to_be_visible()
    expect(film.locator(".where")).to_have_text(f"after epoch {EPOCHS}")
    expect(film.get_by_role("button", name="Play")).to_be_visible()
    assert shared_tab.sent == before


def test_while_it_trains_it_stays_where_someone_moved_it_and_else_at_the_newest_epoch(tab: Tab) -> None:
    tab.train("Vanilla", 500, "Followed")  # which go on until they are stopped
    film = tab.page.locator(".epochs")
    film.wait_for(timeout=TRAINING)
    slider, where = film.locator(".slider"), film.locator(".where")

    def change() -> None:
        """Waits for the next epochs; from 198 on every second one is left out, so that there are fewer frames."""
        other = "([e, last]) => e.max !== last"
        tab.page.wait_for_function(other, arg=[slider.element_handle(), slider.get_attribute("max")])

    slider.focus()
    tab.page.keyboard.press("Home")
    change()
    expect(where).to_have_text("untrained")
    tab.page.keyboard.press("End")
    change()
    assert slider.evaluate("e => e.value === e.max")
    assert tab.errors == []


def test_where_motion_is_to_be_reduced_it_steps_from_epoch_to_epoch(tab: Tab, job: str) -> None:
    tab.page.emulate_media(reduced_motion="reduce")
    film = film_in(tab, job)
    expect(film.locator(".where")).to_have_text(f"after epoch {EPOCHS}")
    slider = film.locator(".slider")
    frames = []
    for epoch in range(EPOCHS + 1):
        slider.evaluate("(e, at) => { e.value = at; e.dispatchEvent(new Event('input')); }", epoch)
        frames.append(drawn(film))
    film.get_by_role("button", name="Play").click()
    while film.get_by_role("button", name="Pause").count():
        shown = drawn(film)
        assert any((shown == frame).all() for frame in frames), "no dot between two of its places"


def test_on_a_phone_it_is_as_wide_as_the_page(visitors: Visitors, server: Server, job: str) -> None:
    tab = Tab(visitors.phone(), server)
    film = film_in(tab, job)
    box = film.locator("canvas").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
    play = film.get_by_role("button", name="Play").bounding_box()
    assert play
    assert min(play["width"], play["height"]) >= 44
    assert drawn(film).any()
