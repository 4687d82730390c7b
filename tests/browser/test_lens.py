"""The lens: what is under the pointer is decoded, nearly exactly and without the server."""

import base64
import re
import statistics
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from browsing import PIXELS, ROOT, Server, Tab, pixels
from playwright.sync_api import BrowserContext, Locator, expect

import ae_core
from ae_core import data, latent, runs
from ae_core.data import as_float
from ae_core.latent import MAIN_PLANE
from pages.serving.lens_tiles import scene

PLACES, RESTS = 60, 12
TOLERANCE = 0.02  # at the 99th percentile of the pixels that are not background in either
# One of each form, of codes that are small, large and sparse; tests/test_lens_fineness.py knows all that ship.
RUNS = ("variational-2d", "vanilla-2d", "convolutional", "sparse-topk", "emoji-vanilla", "ecg-vanilla")

# Moves the real pointer's events through the page and reads its canvas after each frame.
VISIT = """async ([cursor, places]) => {
  const lens = cursor.closest('.lens');
  const canvas = lens.querySelector('.decoded');
  const context = canvas.getContext('2d');
  const at = [];
  const shown = [];
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  for (const [x, y] of places) {
    const box = cursor.getBoundingClientRect();
    cursor.dispatchEvent(new PointerEvent('pointermove', {
      clientX: box.left + x * box.width, clientY: box.top + y * box.height, bubbles: true, pointerType: 'mouse',
    }));
    await frame();
    const rgba = context.getImageData(0, 0, canvas.width, canvas.height).data;
    at.push(lens.dataset.place.split(',').map(Number));
    const parts = [];
    for (let i = 0; i < rgba.length; i += 4096) parts.push(String.fromCharCode(...rgba.subarray(i, i + 4096)));
    shown.push(parts.join(''));
  }
  return [at, btoa(shown.join('')), canvas.width];
}"""


def open_lens(tab: Tab, path: str) -> Locator:
    """The plane of a lens whose tiles are all there."""
    tab.turn_to(path)
    return sharp(tab)


def sharp(tab: Tab, number: int = 0) -> Locator:
    """A plane of the page, the first unless told otherwise, in view and once its tiles are all there."""
    # Not by handles: a page that is drawn again may put another plane in its place.
    lens = tab.page.locator(".lens").nth(number)
    lens.evaluate("e => e.scrollIntoView({ block: 'nearest' })")
    expect(lens).to_have_attribute("data-sharp", "true")
    tab.settle()
    return lens.locator(".cursor")


@pytest.fixture(scope="module")
def plane(shared_tab: Tab) -> Locator:
    """The plane of a freshly opened home page."""
    return open_lens(shared_tab, "")


def decoded(plane: Locator) -> tuple[tuple[float, float], np.ndarray]:
    """The place that the lens names and the image (h, w) in [0, 1] that it shows, of one moment."""
    text, *picture = plane.evaluate(
        f"""cursor => {{
          const lens = cursor.closest('.lens');
          return [lens.dataset.place, ...({PIXELS})(lens.querySelector('.decoded'))];
        }}"""
    )
    x, y = map(float, text.split(","))
    return (x, y), pixels(*picture)[..., 0] / np.float32(255)


def move(tab: Tab, plane: Locator, across: float, down: float) -> None:
    """Moves the real pointer to a place on the plane, given in shares of its size."""
    box = plane.bounding_box()
    assert box
    tab.page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"], steps=10)
    tab.frames()


def planes(name: str) -> tuple[ae_core.LoadedRun, latent.Plane]:
    """A shipped run, and the plane that the page begins with."""
    run = ae_core.load(ROOT / "checkpoints" / name)
    codes = run.encode(as_float(data.load(run.spec.dataset).split("test").images))
    if run.latent_dim <= 2:
        return run, latent.whole_plane(codes)
    return run, latent.principal_plane(codes, (1, 2), codes[0])


def on_the_curve(pictures: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Whether the line of a picture (n, side, side) is where values (n, t) from 0 to 1 are, in each column."""
    count, side, _ = pictures.shape
    steps = values.shape[1]
    column = np.arange(2, side - 2)
    room = 3.5 / 72  # above and below
    found = np.empty((count, len(column)), bool)
    for n in range(count):
        share = np.interp(column + 0.5, np.arange(steps) * side / (steps - 1), np.clip(values[n], 0, 1))
        row = (room + (1 - share) * (1 - 2 * room)) * side
        bright = pictures[n][:, column] > 0.3
        first, last = bright.argmax(0), side - bright[::-1].argmax(0)
        found[n] = bright.any(0) & (row >= first - 2) & (row <= last + 2)
    return found


def test_a_tour_shows_it_until_someone_takes_over(shared_tab: Tab, plane: Locator) -> None:
    first, _ = decoded(plane)
    shared_tab.page.wait_for_function(
        "([e, before]) => e.closest('.lens').dataset.place !== before",
        arg=[plane.element_handle(), f"{first[0]},{first[1]}"],
    )
    move(shared_tab, plane, 0.4, 0.6)
    taken, _ = decoded(plane)
    shared_tab.frames(20)  # of a tour that must not go on
    assert decoded(plane)[0] == taken


def test_a_real_pointer_moves_it_without_a_message(shared_tab: Tab, plane: Locator) -> None:
    before = shared_tab.sent
    shown = []
    for across, down in ((0.3, 0.25), (0.7, 0.55), (0.5, 0.4)):
        move(shared_tab, plane, across, down)
        shown.append(decoded(plane))
    shared_tab.settle()
    assert shared_tab.sent == before
    (first, image), (second, other), _ = shown
    assert first[0] < second[0]
    assert first[1] > second[1]
    assert np.abs(image - other).mean() > 0.02


def test_arrow_keys_move_it(shared_tab: Tab, plane: Locator) -> None:
    move(shared_tab, plane, 0.5, 0.5)
    (x, y), _ = decoded(plane)
    plane.focus()
    for key in ("ArrowRight", "ArrowUp"):
        shared_tab.page.keyboard.press(key)
    shared_tab.frames()
    (right, up), image = decoded(plane)
    assert right > x
    assert up > y
    shared_tab.page.keyboard.press("Shift+ArrowLeft")
    shared_tab.frames()
    (left, same), other = decoded(plane)
    assert left < x
    assert same == up
    assert not np.array_equal(image, other)


@pytest.mark.parametrize("name", RUNS)
def test_shows_what_the_decoder_gives(shared_tab: Tab, name: str) -> None:
    cursor = open_lens(shared_tab, f"lens?run={name}")
    run, plane = planes(name)
    places = np.random.default_rng(0).uniform(0.01, 0.99, (PLACES, 2)).tolist()
    before = shared_tab.sent
    at, shown, width = shared_tab.page.evaluate(VISIT, [cursor.element_handle(), places])
    shared_tab.settle()
    assert shared_tab.sent == before
    images = np.frombuffer(base64.b64decode(shown), np.uint8).reshape(PLACES, -1, width, 4)[..., :3] / 255
    exact = run.decode(plane.codes(np.array(at)))
    assert all(np.any(a != b) for a, b in zip(images[1:], images[:-1], strict=True))
    if not run.form.is_image:
        assert on_the_curve(images[..., 0], exact[..., 0]).mean() >= 0.99
        return
    if not run.form.is_colour:
        images = images[..., 0]
    seen = (images > 1 / 255) | (exact > 1 / 255)
    assert np.quantile(np.abs(images - exact)[seen], 0.99) <= TOLERANCE


def test_where_the_pointer_rests_on_a_code_it_shows_what_the_decoder_gives(shared_tab: Tab) -> None:
    name = "denoising-2d"  # whose images change fastest from code to code: beyond the tiles of the view by 0.2
    cursor = open_lens(shared_tab, f"lens?run={name}")
    lens, (run, plane) = shared_tab.page.locator(".lens"), planes(name)
    codes = run.encode(as_float(data.load(run.spec.dataset).split("test").images[:RESTS]))
    home = scene(run.run, MAIN_PLANE).home
    at, shown = [], []
    for code in plane.points(codes):
        across, down = ((code - (home.x, home.y)) * (1, -1) / home.reach + 1) / 2
        move(shared_tab, cursor, across, down)
        shared_tab.settle()  # it rests
        expect(lens).to_have_attribute("data-sharp", "true")
        shared_tab.frames()
        place, picture = decoded(cursor)
        at.append(place)
        shown.append(picture)
    exact, images = run.decode(plane.codes(np.array(at, np.float32))), np.array(shown)
    seen = (images > 1 / 255) | (exact > 1 / 255)
    assert np.quantile(np.abs(images - exact)[seen], 0.99) <= TOLERANCE


def test_a_click_pins_a_place_that_the_link_keeps(
    shared_tab: Tab, new_visitor: Callable[[], BrowserContext], server: Server
) -> None:
    tab = shared_tab
    plane = open_lens(tab, "lens?run=variational-2d")
    box = plane.bounding_box()
    assert box
    plane.click(position={"x": box["width"] * 0.4, "y": box["height"] * 0.3})
    tab.page.wait_for_url("**pin=*")
    tab.settle()
    (x, y), _ = decoded(plane)
    heading = tab.page.get_by_role("heading", name="Pinned at").inner_text()
    assert heading.startswith(f"Pinned at ({x:.2f}, {y:.2f})".replace("-0.00", "0.00")), (heading, x, y)
    other = Tab(new_visitor(), server)
    other.open(tab.link)
    expect(other.page.get_by_role("heading", name=heading)).to_be_visible()


def test_zoom_shows_more_and_comes_back(shared_tab: Tab) -> None:
    tab = shared_tab
    plane = open_lens(tab, "lens?run=vanilla-2d&debug=1")
    run, whole = planes("vanilla-2d")
    move(tab, plane, 0.45, 0.45)
    plane.focus()
    for _ in range(6):
        tab.page.keyboard.press("+")
    tab.settle()
    sharp(tab)
    errors = []
    for across, down in np.random.default_rng(1).uniform(0.1, 0.9, (8, 2)):
        move(tab, plane, across, down)
        place, image = decoded(plane)
        errors.append(np.abs(image - run.decode(whole.codes(np.array([place])))[0]).max())
    assert statistics.median(errors) <= TOLERANCE
    assert "view=" in tab.link
    tab.page.keyboard.press("0")
    tab.page.wait_for_function("() => !location.search.includes('view=')")


def test_two_lenses_follow_one_pointer_and_a_class_brought_out_is_in_the_link(
    shared_tab: Tab, new_visitor: Callable[[], BrowserContext], server: Server
) -> None:
    tab = shared_tab
    first = open_lens(tab, "lens?run=vanilla-2d&beside=variational-2d")
    second = sharp(tab, 1)
    images = []
    for across in (0.35, 0.5):
        move(tab, first, across, 0.5)
        number = first.evaluate("e => e.closest('.lens').querySelector('.name').textContent")
        assert second.evaluate("e => e.closest('.lens').querySelector('.name').textContent") == number
        images.append(decoded(second)[1])
    assert not np.array_equal(*images)
    tab.page.get_by_role("button", name="Sandal").first.click()
    tab.page.wait_for_function("() => location.search.includes('beside-class=Sandal')")
    tab.settle()
    other = Tab(new_visitor(), server)
    open_lens(other, tab.link)
    pressed = other.page.get_by_role("button", pressed=True)
    expect(pressed).to_have_text(["Sandal", "Sandal"])
    pressed.first.click()
    expect(pressed).to_have_count(0)
    other.page.wait_for_function("() => !location.search.includes('class=')")


def test_two_fingers_zoom_about_their_middle_and_one_scrolls_the_page(shared_tab: Tab) -> None:
    tab = shared_tab
    fingers = tab.page.context.new_cdp_session(tab.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    plane = open_lens(tab, "lens?run=vanilla-2d")
    pinned = tab.page.get_by_role("heading", name="Pinned at").inner_text()
    box = plane.bounding_box()
    assert box
    x, y = box["x"] + 0.4 * box["width"], box["y"] + 0.6 * box["height"]
    move(tab, plane, 0.4, 0.6)
    before, _ = decoded(plane)
    touch("touchStart", (x - 20, y))
    touch("touchStart", (x - 20, y), (x + 20, y))
    for apart in range(20, 81, 4):
        touch("touchMove", (x - apart, y), (x + apart, y))
    tab.frames()  # a browser passes moves on with the next frame, and none that comes after the end
    touch("touchEnd")
    tab.page.wait_for_url("**view=*")
    tab.settle()
    move(tab, plane, 0.4, 0.6)
    after, _ = decoded(plane)
    reach = float(parse_qs(urlsplit(tab.link).query)["view"][0].split(",")[2])
    home = scene(runs.read(ROOT / "checkpoints" / "vanilla-2d"), MAIN_PLANE).home.reach
    assert home / reach == pytest.approx(4, rel=0.05)
    assert np.hypot(*np.subtract(after, before)) < 0.02 * reach
    assert tab.page.get_by_role("heading", name="Pinned at").inner_text() == pinned

    main = tab.page.get_by_test_id("stMain")
    main.evaluate("e => e.scrollTo(0, 0)")
    touch("touchStart", (30, 600))
    for down in range(600, 200, -20):
        touch("touchMove", (30, down))
    touch("touchEnd")
    tab.page.wait_for_function("e => e.scrollTop > 100", arg=main.element_handle())


def test_what_no_server_answered_is_asked_for_again(tab: Tab) -> None:
    answers = iter([502])
    tab.page.route("**/points", lambda r: r.fulfill(status=502) if next(answers, None) else r.continue_())
    tab.page.goto(f"{tab.server.url}/lens?run=vanilla-2d")
    expect(tab.page.locator(".lens[data-sharp=true]")).to_be_visible()
    expect(tab.page.locator(".lens .off")).to_have_text(re.compile(r"^[\d.]+ away \([\d.]+ gaps\)$"))
    tab.errors.clear()  # the browser itself notes the 502
