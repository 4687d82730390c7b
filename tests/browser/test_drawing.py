"""An image of one's own: the real pad, a photograph, and what the seven kinds make of them."""

import io
import re

import numpy as np
import pytest
from browsing import ROOT, Tab, greys
from PIL import Image, ImageDraw
from playwright.sync_api import ViewportSize, expect

import ae_core
from ae_core import kinds, preparing

TITLES = [kinds.get(name).title for name in kinds.names()]
TALL: ViewportSize = {"width": 1280, "height": 1100}  # holds the pad and its tools: nothing scrolls under the mouse
CAMERA_ASKED = """() => {
  window.cameraAsked = 0;
  navigator.mediaDevices.getUserMedia = async () => { window.cameraAsked += 1; throw new Error('no camera'); };
}"""


def stroke(tab: Tab, *places: tuple[float, float]) -> None:
    """Draws with the mouse through places given in shares of the paper."""
    box = tab.page.locator(".pad .paper").bounding_box()
    assert box
    mouse = tab.page.mouse
    (x, y), *others = [(box["x"] + a * box["width"], box["y"] + b * box["height"]) for a, b in places]
    mouse.move(x, y)
    mouse.down()
    for x, y in others:
        mouse.move(x, y, steps=8)
    mouse.up()


def draw_shirt(tab: Tab) -> None:
    tab.page.locator(".pad .size").fill("64")
    for height in (0.35, 0.45, 0.55, 0.65):
        stroke(tab, (0.38, height), (0.62, height))
    stroke(tab, (0.38, 0.32), (0.25, 0.5))
    stroke(tab, (0.62, 0.32), (0.75, 0.5))


def paper(tab: Tab) -> np.ndarray:
    return greys(tab.page.locator(".pad .paper"))


def reconstructions(tab: Tab) -> np.ndarray:
    """All seven, uint8 (7, 28, 28), once they are drawn."""
    backs = tab.page.locator(".comparison canvas.back")
    expect(backs).to_have_count(len(TITLES))
    tab.settle()
    return np.stack([greys(backs.nth(i)) for i in range(len(TITLES))])


@pytest.fixture(scope="module")
def drawn(shared_tab: Tab) -> Tab:
    """The page with a shirt that was drawn on its pad."""
    shared_tab.page.set_viewport_size(TALL)
    shared_tab.open("your-image")
    draw_shirt(shared_tab)
    expect(shared_tab.page.locator(".comparison .row")).to_have_count(len(TITLES))
    shared_tab.settle()
    return shared_tab


@pytest.fixture
def blank(drawn: Tab) -> Tab:
    """The page with an empty pad."""
    drawn.turn_to("your-image?from=Draw")
    if paper(drawn).any():
        drawn.page.get_by_role("button", name="Clear").click()
        drawn.settle()
    return drawn


def photograph() -> bytes:
    """A dark shirt on a light ground, noisy, compressed, and held sideways by the camera."""
    image = Image.new("L", (480, 640), 222)
    shirt = [(110, 170), (210, 130), (280, 130), (380, 170), (360, 270), (320, 250), (320, 470), (170, 470),
             (170, 250), (130, 270)]  # fmt: skip
    ImageDraw.Draw(image).polygon(shirt, fill=70)
    noisy = np.clip(np.asarray(image) + np.random.default_rng(0).normal(0, 5, (640, 480)), 0, 255).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(np.rot90(noisy))).convert("RGB").save(file, "JPEG", quality=70, exif=exif)
    return file.getvalue()


def test_a_drawing_is_reconstructed_by_all_seven(drawn: Tab) -> None:
    shown = reconstructions(drawn)
    drawing = paper(drawn).reshape(112, 4, 112, 4).mean(axis=(1, 3)).round().astype(np.uint8)
    x = preparing.prepare(drawing, (28, 28))[-1].image
    for name, image in zip(kinds.names(), shown, strict=True):
        run = ae_core.load(ROOT / "checkpoints" / name)
        np.testing.assert_allclose(image / 255, run.reconstruct(x[None])[0], atol=0.02, err_msg=name)
    text = drawn.page.locator(".comparison").inner_text()
    for title in TITLES:
        assert re.search(rf"{title}\s*MSE 0\.\d{{4}}\s*(stranger|more ordinary) than [\d.]+ % of the test images", text)
    assert drawn.errors == []


def test_nothing_is_sent_before_the_pen_is_lifted(drawn: Tab) -> None:
    before, shown = drawn.sent, reconstructions(drawn)
    box = drawn.page.locator(".pad .paper").bounding_box()
    assert box
    drawn.page.mouse.move(box["x"] + 20, box["y"] + 20)
    drawn.page.mouse.down()
    drawn.page.mouse.move(box["x"] + 300, box["y"] + 40, steps=20)
    drawn.settle()
    assert drawn.sent == before
    drawn.page.mouse.up()
    drawn.settle()
    assert drawn.sent > before
    assert (reconstructions(drawn) != shown).any(axis=(1, 2)).all()


def test_undo_takes_a_stroke_back_and_clear_empties_the_pad(drawn: Tab) -> None:
    page, before = drawn.page, paper(drawn)
    stroke(drawn, (0.1, 0.1), (0.9, 0.1))
    assert (paper(drawn) != before).any()
    page.keyboard.press("Control+z")
    assert np.array_equal(paper(drawn), before)
    page.get_by_role("button", name="Rubber").click()
    stroke(drawn, (0.3, 0.5), (0.7, 0.5))
    assert paper(drawn).sum() < before.sum()
    page.get_by_role("button", name="Undo").click()
    assert np.array_equal(paper(drawn), before)
    page.get_by_role("button", name="Clear").click()
    assert not paper(drawn).any()
    expect(page.get_by_text("Draw a shirt, a shoe or a bag")).to_be_visible()
    expect(page.locator(".comparison .row")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".comparison .row")).to_have_count(len(TITLES))
    assert np.array_equal(paper(drawn), before)
    assert drawn.errors == []


def test_the_drawing_is_saved_as_it_is(drawn: Tab) -> None:
    with drawn.page.expect_download() as saving:
        drawn.page.get_by_role("button", name="Save").click()
    assert saving.value.suggested_filename == "drawing.png"
    assert np.array_equal(np.asarray(Image.open(saving.value.path()).convert("L")), paper(drawn))


def test_the_drawing_is_there_when_one_comes_back(drawn: Tab) -> None:
    page, before, shown = drawn.page, paper(drawn), reconstructions(drawn)
    page.get_by_role("link", name="Sparse", exact=True).click()
    expect(page.locator("h1")).to_have_text("Reconstruct")
    drawn.settle()
    expect(page.get_by_role("combobox", name="Run")).to_have_value(re.compile("^Sparse"))
    page.get_by_test_id("stTopNavLink").filter(has_text="Your image").click()
    expect(page.locator("h1")).to_have_text("Your image")
    assert np.array_equal(reconstructions(drawn), shown)
    assert np.abs(paper(drawn).astype(int) - before).mean() < 3
    assert drawn.errors == []


def test_the_grey_level_is_that_of_the_pen(blank: Tab) -> None:
    level = blank.page.locator(".pad .grey")
    level.fill("50")
    stroke(blank, (0.3, 0.3), (0.7, 0.3))
    level.fill("100")
    assert paper(blank).max() in (127, 128)


def test_the_keyboard_draws(blank: Tab) -> None:
    page = blank.page
    page.mouse.move(5, 5)  # over the pad it would lead the pen
    page.locator(".pad .paper").focus()
    corner = [*["Shift+ArrowLeft"] * 7, *["Shift+ArrowUp"] * 7]
    start = [*["Shift+ArrowRight"] * 2, *["Shift+ArrowDown"] * 2]
    for key in (*corner, *start, "Space", *["ArrowRight"] * 8, *["Shift+ArrowDown"] * 2):
        page.keyboard.press(key)
    assert page.locator(".comparison .row").count() == 0, "the pen is still down"
    page.keyboard.press("Space")
    expect(page.locator(".comparison .row")).to_have_count(len(TITLES))
    drawing = paper(blank)
    assert drawing[128, 128] == drawing[128, 228] == drawing[228, 256] == 255
    page.keyboard.press("Control+z")
    blank.settle()
    assert not paper(blank).any()
    assert blank.errors == []


def test_a_test_image_can_be_put_on_the_pad_and_drawn_upon(blank: Tab) -> None:
    page = blank.page
    blank.choose("Or begin with a test image", "Bag")
    page.get_by_role("button", name="Put it on the pad").click()
    expect(page.locator(".comparison .row")).to_have_count(len(TITLES))
    blank.settle()
    drawing = paper(blank)
    image = drawing[8::16, 8::16]
    assert np.array_equal(drawing, image.repeat(16, axis=0).repeat(16, axis=1)), "pixel for pixel"
    bags = ae_core.data.load("fashion-mnist").split("test")
    assert (bags.images[bags.labels == 8] == image).all(axis=(1, 2)).any()
    stroke(blank, (0.1, 0.1), (0.9, 0.9))
    page.get_by_role("button", name="Undo").click()
    assert np.array_equal(paper(blank), drawing)


def test_an_uploaded_photograph_is_reconstructed_by_all_seven(blank: Tab) -> None:
    page = blank.page
    page.get_by_role("radio", name="Upload").click()
    blank.upload({"shirt.jpg": photograph()})
    expect(page.locator(".comparison .row")).to_have_count(len(TITLES))
    expect(page.get_by_text("invert", exact=True)).to_be_visible()
    shown = reconstructions(blank)
    # Bright on dark, upright and whole, as the models see it.
    assert (shown[:, 14, 11:17].mean(axis=1) > 100).all()
    assert (shown[:, 20:, :3].mean(axis=(1, 2)) < 40).all()
    page.get_by_role("radio", name="No", exact=True).click()
    expect(page.get_by_text("not invert", exact=True)).to_be_visible()
    assert (reconstructions(blank) != shown).any(axis=(1, 2)).all()
    page.get_by_test_id("stCheckbox").filter(has_text="crop").click()
    blank.settle()
    assert "crop=false" in blank.link
    # What is no image costs nothing.
    blank.upload({"notes.png": b"Dear diary, no image today."})
    expect(page.get_by_text("One file could not be read")).to_be_visible()
    expect(page.locator(".comparison .row")).to_have_count(len(TITLES))
    expect(blank.failures).to_have_count(0)
    assert blank.errors == []


def test_the_camera_stays_off_until_it_is_opened(drawn: Tab) -> None:
    drawn.page.evaluate(CAMERA_ASKED)
    page = drawn.turn_to("your-image?from=Camera")
    assert page.evaluate("window.cameraAsked") == 0
    page.get_by_text("Open the camera", exact=True).click()
    expect(page.get_by_test_id("stCameraInput")).to_be_visible()


def test_a_finger_draws_and_does_not_scroll(tab: Tab) -> None:
    tab.page.set_viewport_size({"width": 390, "height": 844})
    page = tab.open("your-image")
    box = page.locator(".pad .paper").bounding_box()
    assert box
    client = page.context.new_cdp_session(page)
    top = box["y"]
    for kind, step in (("touchStart", 0), *[("touchMove", i) for i in range(1, 12)], ("touchEnd", 11)):
        points = [] if kind == "touchEnd" else [{"x": box["x"] + 100, "y": top + 60 + 15 * step}]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(page.locator(".comparison .row")).to_have_count(len(TITLES))
    after = page.locator(".pad .paper").bounding_box()
    assert after is not None
    assert after["y"] == top
    rows = np.flatnonzero(paper(tab).any(axis=1))
    assert np.ptp(rows) > 150
