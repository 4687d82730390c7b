"""An image of one's own: the real pad, a photograph, and what the seven kinds make of them."""

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from browsing import ROOT, Server, Tab, rgba
from PIL import Image, ImageDraw
from playwright.sync_api import BrowserContext, ViewportSize, expect

import ae_core
from ae_core import data, kinds, metrics, preparing, series

TITLES = [kinds.get(name).title for name in kinds.names()]
TALL: ViewportSize = {"width": 1280, "height": 1100}  # holds the pad and its tools: nothing scrolls under the mouse
# As browsers that resist fingerprinting do.
NOISE = """(() => {
  const { getImageData } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.getImageData = function (...given) {
    const image = getImageData.apply(this, given);
    for (let i = 0; i < image.data.length; i++) image.data[i] ^= Math.random() * 8;
    return image;
  };
})()"""
CAMERA_SHOWS = """() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 320 });
  const context = canvas.getContext('2d');
  setInterval(() => {
    context.fillStyle = '#eee';
    context.fillRect(0, 0, 320, 320);
    context.fillStyle = '#333';
    context.fillRect(90, 60, 140, 200);
  }, 50);
  navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(20);
}"""
CAMERA_ASKED = """() => {
  window.cameraAsked = 0;
  navigator.mediaDevices.getUserMedia = async () => { window.cameraAsked += 1; throw new Error('no camera'); };
}"""

# All values of a canvas.


def stroke(tab: Tab, *places: tuple[float, float], on: str = ".pad") -> None:
    """Draws with the mouse through places given in shares of the paper."""
    box = tab.page.locator(f"{on} .paper").bounding_box()
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
    return rgba(tab.page.locator(".pad .paper"))[..., 0]


def reconstructions(tab: Tab) -> np.ndarray:
    """All seven, uint8 (7, 28, 28), once they are drawn."""
    backs = tab.page.locator(".answers canvas.back")
    expect(backs).to_have_count(len(TITLES))
    tab.settle()
    return np.stack([rgba(backs.nth(i))[..., 0] for i in range(len(TITLES))])


@pytest.fixture(scope="module")
def drawn(shared_tab: Tab) -> Tab:
    """The page with a shirt that was drawn on its pad."""
    shared_tab.page.set_viewport_size(TALL)
    shared_tab.open("your-image")
    draw_shirt(shared_tab)
    expect(shared_tab.page.locator(".answers .row")).to_have_count(len(TITLES))
    shared_tab.settle()
    return shared_tab


@pytest.fixture
def blank(drawn: Tab) -> Tab:
    """The page with an empty pad, and the pen in hand."""
    drawn.turn_to("your-image?from=Draw")
    drawn.page.get_by_role("button", name="Pen", exact=True).click()
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
    text = drawn.page.locator(".answers").inner_text()
    for title in TITLES:
        assert re.search(
            rf"{title}\s*\d+ units · MSE 0\.\d{{4}}\s*more (un)?usual than [\d.]+ % of the test images", text
        )
    assert drawn.errors == []


def test_nothing_is_sent_before_the_pen_is_lifted(drawn: Tab) -> None:
    before, shown = drawn.sent, reconstructions(drawn)
    box = drawn.page.locator(".pad .paper").bounding_box()
    assert box
    drawn.page.mouse.move(box["x"] + 20, box["y"] + 20)
    drawn.page.mouse.down()
    drawn.page.mouse.move(box["x"] + 300, box["y"] + 40, steps=20)
    drawn.frames(10)  # a browser whose pointer is down may never be idle
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
    page.get_by_role("button", name="Eraser").click()
    stroke(drawn, (0.3, 0.5), (0.7, 0.5))
    assert paper(drawn).sum() < before.sum()
    page.get_by_role("button", name="Undo").click()
    assert np.array_equal(paper(drawn), before)
    page.get_by_role("button", name="Clear").click()
    assert not paper(drawn).any()
    expect(page.get_by_text("Draw on the black square")).to_be_visible()
    expect(page.locator(".answers .row")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".answers .row")).to_have_count(len(TITLES))
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
    expect(page.get_by_role("combobox", name="Model", exact=True)).to_have_value(re.compile("^Sparse"))
    drawn.pick("Your image")
    assert np.array_equal(reconstructions(drawn), shown)
    assert np.array_equal(paper(drawn), before), "finer than the drawing that is sent"
    assert drawn.page.get_by_role("button", name="Undo").is_enabled()
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
    assert page.locator(".answers .row").count() == 0, "the pen is still down"
    page.keyboard.press("Space")
    expect(page.locator(".answers .row")).to_have_count(len(TITLES))
    drawing = paper(blank)
    assert drawing[128, 128] == drawing[128, 228] == drawing[228, 256] == 255
    page.keyboard.press("Control+z")
    blank.settle()
    assert not paper(blank).any()
    assert blank.errors == []


def test_a_test_image_is_chosen_by_sight_and_keyboard_and_can_be_drawn_upon(blank: Tab) -> None:
    page = blank.page
    page.get_by_role("radio", name="Test images").click()
    page.get_by_role("combobox", name="Class").select_option("Bag")
    bags = page.get_by_role("listbox", name="Test images").get_by_role("option")
    expect(bags.first).to_have_attribute("aria-label", "Bag, test image 18")
    bags.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Bag, test image 30", exact=True)).to_be_visible()
    blank.settle()
    assert "image=30" in blank.link
    expect(page.get_by_role("option", name="Bag, test image 30", exact=True)).to_have_attribute("aria-selected", "true")
    shown = reconstructions(blank)
    page.get_by_role("radio", name="Draw").click()
    page.get_by_role("button", name="Put Bag, test image 30 on the pad").click()
    expect(page.get_by_text("Your drawing", exact=True)).to_be_visible()
    assert np.array_equal(reconstructions(blank), shown)
    drawing = paper(blank)
    image = drawing[8::16, 8::16]
    assert np.array_equal(drawing, image.repeat(16, axis=0).repeat(16, axis=1)), "pixel for pixel"
    assert np.array_equal(image, ae_core.data.load("fashion-mnist").split("test").images[30])
    stroke(blank, (0.1, 0.1), (0.9, 0.9))
    page.get_by_role("button", name="Undo").click()
    assert np.array_equal(paper(blank), drawing)


def test_ones_own_pictures_keep_the_focus_when_one_is_chosen(blank: Tab) -> None:
    page = blank.turn_to("your-image?from=Upload")
    blank.upload({"one.jpg": photograph(), "two.jpg": photograph()})
    one, two = (page.get_by_role("option", name=f"{name}.jpg") for name in ("one", "two"))
    expect(two).to_have_attribute("aria-selected", "true")
    blank.settle()
    two.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(one).to_have_attribute("aria-selected", "true")
    blank.settle()
    expect(one).to_be_focused()


def test_the_gallery_shows_the_images_that_it_names(blank: Tab) -> None:
    page = blank.page
    page.get_by_role("radio", name="Test images").click()
    page.get_by_role("button", name="Next page").click()
    option = page.get_by_role("option", name="test image 60")
    expect(option).to_be_visible()
    shown = option.locator(".tile")
    shown.evaluate(
        """async (tile) => {
          Object.assign(tile.style, { position: 'fixed', left: 0, top: 0, width: '28px', zIndex: 9e9 });
          document.body.append(tile);
          const sheet = Object.assign(new Image(), { src: tile.style.backgroundImage.slice(5, -2) });
          await sheet.decode();
        }"""
    )
    image = ae_core.data.load("fashion-mnist").split("test").images[60]
    seen = np.array(Image.open(io.BytesIO(page.locator("body > .tile").screenshot())).convert("L"))
    assert np.array_equal(seen, image)


def test_an_image_goes_along_and_stays_when_the_page_is_used(drawn: Tab) -> None:
    page = drawn.turn_to("your-image?from=Upload")
    drawn.upload({"shirt.jpg": photograph()})
    expect(page.get_by_text("shirt.jpg", exact=True)).to_be_visible()
    drawn.settle()
    for title in ("Units at work", "Denoise", "Reconstruct"):
        drawn.pick(title)
        expect(page.get_by_text("shirt.jpg", exact=True)).to_be_visible()
        assert "image=own" in drawn.link
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_role("option", name="shirt.jpg")).to_have_attribute("aria-selected", "true")
    page.get_by_role("radio", name="Test images").click()
    page.get_by_role("option", name="Sneaker, test image 22", exact=True).click()
    expect(page.get_by_text("Sneaker, test image 22", exact=True)).to_be_visible()
    expect(page.get_by_role("listbox", name="Test images")).to_have_count(0)
    drawn.settle()
    assert "image=22" in drawn.link
    page.go_back()
    expect(page.locator("h1")).to_have_text("Denoise")
    expect(page.get_by_text("shirt.jpg", exact=True)).to_be_visible()
    drawn.settle()
    assert "image=own" in drawn.link, "as it was left"
    assert drawn.errors == []


def test_strokes_are_kept_where_a_browser_adds_noise_to_what_a_canvas_gives_back(
    new_visitor: Callable[[], BrowserContext], server: Server
) -> None:
    said = []
    for noise in ("", NOISE):
        tab = Tab(new_visitor(), server)
        tab.page.add_init_script(noise)
        tab.page.set_viewport_size(TALL)
        page = tab.open("your-image")
        expect(page.get_by_text("Draw here")).to_be_visible()
        stroke(tab, (0.3, 0.3), (0.7, 0.6))
        expect(page.locator(".answers .row")).to_have_count(len(TITLES))
        tab.settle()
        said.append(page.locator(".answers").inner_text())
        page.get_by_role("button", name="Clear").click()
        expect(page.get_by_text("Draw here")).to_be_visible()
        expect(page.locator(".answers .row")).to_have_count(0)
    assert said[0] == said[1]


def test_an_uploaded_photograph_is_reconstructed_by_all_seven(blank: Tab) -> None:
    page = blank.page
    page.get_by_role("radio", name="Upload").click()
    blank.upload({"shirt.jpg": photograph()})
    expect(page.locator(".answers .row")).to_have_count(len(TITLES))
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
    expect(page.get_by_text("No file could be read")).to_be_visible()
    expect(page.locator(".answers .row")).to_have_count(len(TITLES))
    expect(blank.failures).to_have_count(0)
    assert blank.errors == []


def test_the_camera_stays_off_until_it_is_opened(drawn: Tab) -> None:
    drawn.page.evaluate(CAMERA_ASKED)
    page = drawn.turn_to("your-image?from=Camera")
    assert page.evaluate("window.cameraAsked") == 0
    page.get_by_text("Open the camera", exact=True).click()
    expect(page.get_by_test_id("stCameraInput")).to_be_visible()


def test_a_photograph_is_answered_and_stays_when_the_page_is_used(blank: Tab) -> None:
    page = blank.turn_to("your-image?from=Camera")
    page.evaluate(CAMERA_SHOWS)
    page.get_by_text("Open the camera", exact=True).click()
    page.get_by_role("button", name="Take Photo").click()
    expect(page.get_by_text("Your photograph", exact=True)).to_be_visible()
    expect(page.locator(".answers .row")).to_have_count(len(TITLES))
    expect(page.get_by_test_id("stCameraInput")).to_have_count(0)
    page.get_by_test_id("stCheckbox").filter(has_text="crop").click()
    blank.settle()
    expect(page.locator(".answers .row")).to_have_count(len(TITLES))
    expect(blank.failures).to_have_count(0)


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
    expect(page.locator(".answers .row")).to_have_count(len(TITLES))
    after = page.locator(".pad .paper").bounding_box()
    assert after is not None
    assert after["y"] == top
    rows = np.flatnonzero(paper(tab).any(axis=1))
    assert np.ptp(rows) > 150


def test_a_drawing_has_the_colours_of_the_palette_where_images_are_in_colour(blank: Tab) -> None:
    expect(blank.page.get_by_role("button", name="Red", exact=True)).to_be_hidden()
    blank.turn_to("your-image?from=Draw&on=Emoji%2C+in+colour")
    expect(blank.page.get_by_role("slider", name="Grey")).to_be_hidden()
    for name, height in (("Red", 0.4), ("Blue", 0.6)):
        blank.page.get_by_role("button", name=name, exact=True).click()
        stroke(blank, (0.2, height), (0.8, height))
    backs = blank.page.locator(".answers canvas.back")
    expect(backs).to_have_count(2)
    blank.settle()
    drawn = rgba(blank.page.locator(".pad .paper"))
    width = len(drawn)
    assert drawn[round(0.4 * width), width // 2].tolist() == [226, 59, 46, 255]
    assert drawn[round(0.6 * width), width // 2].tolist() == [47, 111, 222, 255]
    back = rgba(backs.first)
    assert (np.abs(back[..., 0].astype(int) - back[..., 2]) > 30).any(), "what answers is in colour"
    blank.page.get_by_role("button", name="Clear").click()
    blank.settle()
    blank.turn_to("your-image?from=Draw")


def test_a_curve_is_drawn_answered_undone_saved_and_there_on_ones_return(blank: Tab) -> None:
    blank.open("your-image?on=ecg")
    page, rows = blank.page, blank.page.locator(".answers .row")
    stroke(blank, (0.1, 0.7), (0.4, 0.7), (0.5, 0.1), (0.6, 0.7), (0.9, 0.7), on=".curve-pad")
    expect(rows).to_have_count(2)
    blank.settle()
    first = rgba(page.locator(".answers canvas.back").first)
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save as CSV").click()
    assert saving.value.suggested_filename == "drawing.csv"
    ecg = data.load("ecg")
    (x,) = series.read(saving.value.path().read_bytes(), "drawing.csv", ecg).examples
    assert x[64, 0] == pytest.approx(0.9, abs=0.05), "the top of the pad is the largest value"
    assert x[20:45, 0] == pytest.approx(0.3, abs=0.03)
    for run, row in zip(("ecg-vanilla", "ecg-variational"), rows.all(), strict=True):
        mse = metrics.squared_error(x[None], ae_core.load(run).reconstruct(x[None]))[0]
        expect(row).to_contain_text(f"MSE {mse:.4f}")
    page.locator(".curve-pad .paper").focus()
    for key in ("ArrowLeft", "Shift+ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    expect(page.locator("#curve-pad-words")).to_contain_text("millivolts")
    blank.settle()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    blank.settle()
    assert np.array_equal(rgba(page.locator(".answers canvas.back").first), first)
    blank.pick("Reconstruct")
    blank.pick("Your image")
    expect(rows).to_have_count(2)
    assert page.get_by_role("button", name="Undo").is_enabled()
    page.get_by_role("button", name="Clear").click()
    expect(rows).to_have_count(0)
    assert blank.errors == []
