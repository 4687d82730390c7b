"""The lens as one file: it decodes nearly exactly with the network cut, and asks for nothing."""

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from browsing import PIXELS, ROOT, Tab, pixels, serious
from playwright.sync_api import Browser, BrowserContext, Download, Page, expect

import ae_core
from ae_core.lens import OwnScene

PLACES = 50
TOLERANCE = 0.02  # at the 99th percentile of the values that are not background in either
# After the frame that a move asks for: the place, and the picture that is shown.
READ = f"""() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {{
  const place = document.querySelector('.lens').dataset.place.split(',').map(Number);
  done([place, ...({PIXELS})(document.querySelector('.decoded'))]);
}})))"""


@pytest.fixture
def offline(browser: Browser) -> Iterator[Page]:
    """A page of a browser that has no network."""
    context = browser.new_context()
    context.set_offline(True)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def emoji(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a small run."""
    run = ae_core.load(ROOT / "checkpoints" / "emoji-variational")
    return run.lens(overlay="Density").save(tmp_path_factory.mktemp("emoji") / "lens.html")


def opened(page: Page, path: Path) -> tuple[list[str], list[str]]:
    """What a page asks for and complains of from when it opens a file, once the lens has all its tiles."""
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.extend([message.text] * (message.type == "error")))
    page.goto(path.as_uri())
    expect(page.locator(".lens")).to_have_attribute("data-sharp", "true")
    return asked, wrong


@pytest.mark.parametrize("name", ["vanilla-2d", "emoji-variational"])
def test_it_shows_what_the_decoder_gives_without_a_request(
    offline: Page, emoji: Path, tmp_path: Path, name: str
) -> None:
    run = ae_core.load(ROOT / "checkpoints" / name)
    path = emoji if name == "emoji-variational" else run.lens().save(tmp_path / "lens.html")
    assert path.stat().st_size <= 8_000_000
    asked, wrong = opened(offline, path)
    scene = OwnScene(run)
    home, rng = scene.home, np.random.default_rng(0)
    box = offline.locator(".cursor").bounding_box()
    assert box
    at, shown = [], []
    for x, y in scene.plane.points(scene.codes[rng.integers(len(scene.codes), size=PLACES)]).tolist():
        across, up = ((x - home.x) / home.reach + 1) / 2, ((y - home.y) / home.reach + 1) / 2
        offline.mouse.move(box["x"] + across * box["width"], box["y"] + (1 - up) * box["height"])
        place, *picture = offline.evaluate(READ)
        at.append(place)
        shown.append(pixels(*picture)[..., :3] / 255)
    assert len({tuple(place) for place in at}) > 0.8 * PLACES
    exact = run.decode(scene.plane.codes(np.array(at, np.float32)))
    images = np.array(shown) if run.form.is_colour else np.array(shown)[..., 0]
    seen = (images > 1 / 255) | (exact > 1 / 255)
    assert np.quantile(np.abs(images - exact)[seen], 0.99) <= TOLERANCE
    assert asked == [path.as_uri()]
    assert not wrong


def test_keys_move_and_zoom_it_and_nothing_lies_beyond(offline: Page, emoji: Path) -> None:
    opened(offline, emoji)
    lens, cursor = offline.locator(".lens"), offline.locator(".cursor")
    cursor.focus()
    before = lens.get_attribute("data-place")
    offline.keyboard.press("ArrowRight")
    expect(lens).not_to_have_attribute("data-place", before or "")
    reset = offline.locator(".reset")
    offline.keyboard.press("+")
    expect(reset).to_be_enabled()
    for _ in range(6):
        offline.keyboard.press("-")
    expect(reset).to_be_disabled()  # no farther than all codes: the file has nothing else
    expect(lens).to_have_attribute("data-sharp", "true")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_is_readable(browser: Browser, emoji: Path, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    try:
        page = context.new_page()
        opened(page, emoji)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert not serious(page)
        expect(page.locator("footer")).to_contain_text("Noto Emoji, Google, Apache License 2.0")
    finally:
        context.close()


def test_a_notebook_shows_it_in_a_frame(offline: Page, emoji: Path, tmp_path: Path) -> None:
    run = ae_core.load(ROOT / "checkpoints" / "ecg-variational")
    page = tmp_path / "notebook.html"
    page.write_text(f"<!doctype html><meta charset='utf-8'>{run.lens()._repr_html_()}", encoding="utf-8")
    offline.goto(page.as_uri())
    frame = offline.frame_locator("iframe")
    expect(frame.locator(".lens")).to_have_attribute("data-sharp", "true")
    expect(frame.locator("h1")).to_contain_text(run.run.title)


def test_the_page_gives_a_file_and_a_frame_for_other_pages(tab: Tab, new_visitor: Callable[[], BrowserContext]) -> None:
    page = tab.open("lens?run=ecg-variational&overlay=Density")
    page.get_by_role("button", name="Share").click()
    with page.expect_download() as found:
        page.get_by_role("link", name="Save as one HTML file").click()
    content = Path(found.value.path()).read_text("utf-8")
    assert found.value.suggested_filename == "lens-ecg-variational.html"
    assert '"overlay": "Density"' in content

    other = new_visitor().new_page()
    other.set_content(page.get_by_test_id("stCode").first.inner_text())  # a page of another origin
    frame = other.frame_locator("iframe")
    expect(frame.locator(".lens")).to_have_attribute("data-sharp", "true")
    expect(frame.get_by_text("Home", exact=True)).to_have_count(0)
    frame.locator(".cursor").click(position={"x": 100, "y": 120})
    expect(frame.get_by_role("heading", name="Pinned at")).to_be_visible()
    (inside,) = other.frames[1:]
    inside.wait_for_url(re.compile(r"overlay=Density&pin=.*&embed=true$"))


def test_the_page_writes_the_model_in_another_format(tab: Tab) -> None:
    page = tab.open("lens?run=ecg-variational")
    page.get_by_role("button", name="Share").click()
    tab.settle()
    page.get_by_role("button", name="Compute the Keras file").click()
    with page.expect_download() as found:
        page.get_by_role("link", name="Save the Keras file").click()
    assert names_in(found.value) == ["ecg-variational.keras"]
    tab.choose("Format", "Hugging Face folder")
    with page.expect_download() as found:
        page.get_by_role("link", name="Save the Hugging Face folder").click()
    assert found.value.suggested_filename == "ecg-variational-card.zip"
    assert "ecg-variational/README.md" in names_in(found.value)
    assert tab.errors == []


def names_in(found: Download) -> list[str]:
    with zipfile.ZipFile(Path(found.path())) as file:
        return file.namelist()
