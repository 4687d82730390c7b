"""The film on the Paths page: it moves without the server, shows what the library decodes, and can be kept."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import ROOT, Tab, rgba
from PIL import Image
from playwright.sync_api import Locator

import ae_core
from ae_core.data import as_float
from ae_core.latent import paths

FRAMES = 9
LINK = f"paths?runs=vanilla&runs=variational&frames={FRAMES}&image=3&image-2=8"
TOLERANCE = 1.5 / 255  # a grey value, and what two machines' arithmetic may differ by


@pytest.fixture(scope="module")
def film(shared_tab: Tab) -> Locator:
    """The film of a path from one test image to another in two runs."""
    film = shared_tab.open(LINK).locator(".film")
    film.locator(".row").nth(2).wait_for()
    film.scroll_into_view_if_needed()
    shared_tab.settle()
    return film


def big(film: Locator, row: int) -> np.ndarray:
    """The image (h, w) in [0, 1] that a row shows large."""
    return rgba(film.locator(".big").nth(row))[..., 0] / np.float32(255)


def decoded(name: str) -> np.ndarray:
    """The frames as the library decodes them."""
    run = ae_core.load(ROOT / "checkpoints" / name)
    x = as_float(ae_core.data.load("fashion-mnist").split("test").images[[3, 8]])
    return run.decode(paths.straight(*run.encode(x), FRAMES))


def marks(film: Locator) -> list[float]:
    """How far along its strip each row's mark stands, from 0 to 1."""
    return film.evaluate(
        """film => [...film.querySelectorAll('.mark')].map((mark) => {
          const strip = mark.parentElement.getBoundingClientRect();
          const box = mark.getBoundingClientRect();
          return (box.left - strip.left) / (strip.width - box.width);
        })"""
    )


def test_the_slider_moves_all_rows_without_a_message(shared_tab: Tab, film: Locator) -> None:
    before, slider = shared_tab.sent, film.locator(".slider")
    slider.focus()
    shared_tab.page.keyboard.press("Home")
    for frame in range(FRAMES):
        assert marks(film) == pytest.approx([frame / (FRAMES - 1)] * 3, abs=0.01)
        for row, name in enumerate(("vanilla", "variational")):
            assert np.abs(big(film, row) - decoded(name)[frame]).max() < TOLERANCE, (name, frame)
        assert slider.get_attribute("aria-valuetext") == f"frame {frame + 1} of {FRAMES}"
        shared_tab.page.keyboard.press("ArrowRight")
    shared_tab.settle()
    assert shared_tab.sent == before
    assert shared_tab.errors == []


def test_between_two_frames_it_blends(film: Locator) -> None:
    film.locator(".slider").evaluate("e => { e.value = 2.25; e.dispatchEvent(new Event('input')); }")
    frames = decoded("variational")
    assert np.abs(big(film, 1) - (0.75 * frames[2] + 0.25 * frames[3])).max() < 2 * TOLERANCE


def test_the_pointer_scrubs_over_a_strip(shared_tab: Tab, film: Locator) -> None:
    before = shared_tab.sent
    box = film.locator(".strip").nth(1).bounding_box()
    assert box
    seen = []
    for frame in (1, 6, 4):
        shared_tab.page.mouse.move(box["x"] + box["width"] * (frame + 0.5) / FRAMES, box["y"] + 10, steps=5)
        seen.append(big(film, 0))
        assert np.abs(seen[-1] - decoded("vanilla")[frame]).mean() < 0.01
    shared_tab.settle()
    assert shared_tab.sent == before


def test_it_plays_and_pauses(shared_tab: Tab, film: Locator) -> None:
    before = shared_tab.sent
    film.get_by_role("button", name="Play").click()
    first = marks(film)[0]
    shared_tab.page.wait_for_function(
        "([e, x]) => e.querySelector('.mark').style.left !== x", arg=[film.element_handle(), first]
    )
    film.get_by_role("button", name="Pause").click()
    stopped = marks(film)[0]
    assert stopped != first
    shared_tab.frames(20)
    assert marks(film)[0] == stopped
    assert shared_tab.sent == before


def test_it_does_not_move_by_itself_and_steps_where_motion_is_to_be_reduced(tab: Tab) -> None:
    tab.page.emulate_media(reduced_motion="reduce")
    tab.open(LINK)
    film = tab.page.locator(".film")
    film.locator(".row").nth(2).wait_for()
    first = marks(film)[0]
    tab.frames(20)
    assert marks(film)[0] == first
    film.get_by_role("button", name="Play").click()
    seen = [first]
    while len(set(seen)) < 3:
        tab.frames(1)
        seen.append(marks(film)[0])
    assert [at * (FRAMES - 1) for at in seen] == pytest.approx([round(at * (FRAMES - 1)) for at in seen], abs=0.05)


@pytest.mark.parametrize("row", ["All rows, side by side", "Vanilla"])
def test_a_gif_to_keep(shared_tab: Tab, film: Locator, row: str, tmp_path: Path) -> None:
    if row != "All rows, side by side":
        shared_tab.choose("Download as a GIF", row)  # the button is another one after the rerun
    with shared_tab.page.expect_download() as event:
        shared_tab.page.get_by_role("link", name="Download GIF").click()
    event.value.save_as(tmp_path / "path.gif")
    gif: Any = Image.open(io.BytesIO((tmp_path / "path.gif").read_bytes()), formats=["GIF"])
    assert gif.n_frames == 2 * FRAMES - 2
    assert gif.width == ((3 * 28 + 4) * 8 if row.startswith("All") else 28 * 8)
    gif.seek(4)
    pixels = np.asarray(gif.convert("L"))
    assert pixels[: -28 * 8].any(), "its title"
    shown = pixels[-28 * 8 :: 8, ::8][:, :28] / 255
    assert np.abs(shown - decoded("vanilla")[4]).max() < TOLERANCE
    assert shared_tab.errors == []


def test_the_place_outlives_another_setting(shared_tab: Tab, film: Locator) -> None:
    film.locator(".slider").evaluate("e => { e.value = 6; e.dispatchEvent(new Event('input')); }")
    shared_tab.page.get_by_role("button", name="Settings").click()
    shared_tab.page.get_by_text("Spherical", exact=True).click()
    shared_tab.settle()
    assert marks(film) == pytest.approx([0.75] * 3, abs=0.01)
