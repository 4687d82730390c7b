"""The ways of three people through the app: who opens it first, who teaches with it, who brings models to compare."""

import csv
import io
import re
from collections.abc import Callable

from browsing import TRAINING, Server, Tab
from playwright.sync_api import BrowserContext, expect
from test_drawing import draw_shirt

from ae_core import kinds

PHONE = {"width": 390, "height": 844}
MARK, ROW = 16, 35  # pixels: where a row of a table is chosen, and how high it is


def begin(tab: Tab, name: str, number: int, way: str) -> None:
    """Opens a step of a lesson from Home, and goes on to the page that it leads to."""
    page = tab.pick("Home")
    page.locator(".st-key-home-lessons").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=2, name=name)).to_be_visible()
    tab.settle()
    page.get_by_role("radio", name=re.compile(rf"^{number}\. ")).click()
    tab.settle()
    page.get_by_role("link", name=way).click()
    expect(page.get_by_role("link", name="Back to the lesson")).to_be_visible()
    tab.settle()


def end(tab: Tab) -> None:
    tab.page.get_by_role("button", name="Close").click()
    expect(tab.page.get_by_role("link", name="Back to the lesson")).to_have_count(0)
    tab.settle()


def find_a_hole(tab: Tab) -> None:
    tab.page.locator('.lens[data-sharp="true"]').wait_for()
    plane = tab.page.locator("canvas.cursor")
    box = plane.bounding_box()
    assert box
    plane.hover(position={"x": 0.95 * box["width"], "y": 0.9 * box["height"]})
    tab.frames()
    said = tab.page.locator(".lens .off").inner_text()
    (gaps,) = re.findall(r"\(([\d.]+) gaps\)", said)
    assert float(gaps) > 1, "a place where no image has its code"


def walk(tab: Tab) -> None:
    slider = tab.page.get_by_role("slider", name="Place on the path")
    before = slider.input_value()
    tab.page.get_by_role("button", name="Play").click()
    tab.page.wait_for_function("([e, before]) => e.value !== before", arg=[slider.element_handle(), before])
    tab.page.get_by_role("button", name="Pause").click()


def draw(tab: Tab) -> None:
    draw_shirt(tab)
    expect(tab.page.locator(".answers .row")).to_have_count(len(kinds.names()))


def train(tab: Tab) -> None:
    tab.choose("Data set", "Digits")  # which are trained in seconds
    epochs = tab.page.get_by_role("spinbutton", name="Epochs, 1 to")
    epochs.fill("1")
    epochs.press("Enter")
    tab.settle()
    tab.page.get_by_role("button", name="Start training").click()
    expect(tab.page.get_by_text("Finished: 1 epoch")).to_be_visible(timeout=TRAINING)


# Of lessons: their title, the step and the link that leads on, and what is done there.
DO = (
    ("Holes", 1, "Go into a hole", find_a_hole),
    ("Holes", 4, "Walk from a shirt to a shoe", walk),
    ("Anomalies", 3, "Draw a shirt, then fill it", draw),
    ("What is lost", 3, "Train a model with two units", train),
)


def test_a_newcomer_does_what_lessons_lead_to_and_finds_the_trained_model_in_compare(tab: Tab) -> None:
    tab.page.set_viewport_size({"width": 1280, "height": 720})
    tab.open("")
    for name, number, way, do in DO:
        begin(tab, name, number, way)
        do(tab)
        end(tab)
    page = tab.pick("Compare")
    mine = page.get_by_role("button", name=re.compile("^Vanilla, 32 units|^Vanilla, 2 units"))
    expect(mine.first).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("heading", name="Metrics on Digits")).to_be_visible()
    assert tab.errors == []


def test_a_teacher_prepares_a_view_and_a_student_opens_it_on_a_phone(
    tab: Tab, new_visitor: Callable[[], BrowserContext], server: Server
) -> None:
    page = tab.open("lens?run=variational-2d")
    page.get_by_role("radio", name="Stretch").click()
    tab.settle()
    page.locator('.lens[data-sharp="true"]').wait_for()
    plane = page.locator("canvas.cursor")
    box = plane.bounding_box()
    assert box
    plane.click(position={"x": 0.4 * box["width"], "y": 0.3 * box["height"]})
    page.wait_for_function("() => location.search.includes('pin=')")
    tab.settle()
    pinned = page.get_by_role("heading", name="Pinned at").inner_text()
    student = Tab(new_visitor(), server)
    student.page.set_viewport_size(PHONE)
    theirs = student.open(tab.link)
    expect(theirs.get_by_role("heading", name=pinned)).to_be_visible()
    expect(theirs.get_by_role("radio", name="Stretch")).to_be_checked()
    expect(theirs.get_by_role("combobox", name="Model", exact=True)).to_have_value("Variational, 2-D, larger network")
    assert tab.errors == student.errors == []


def test_a_practitioner_trains_many_compares_them_and_takes_the_figures_along(tab: Tab) -> None:
    page = tab.open("train?dataset=Digits (8 × 8)")
    page.get_by_text("Train many at once").click()
    epochs = page.get_by_role("spinbutton", name="Epochs of each training")
    epochs.fill("1")
    epochs.press("Enter")
    tab.settle()
    page.get_by_role("button", name="Start 2 trainings").click()
    compare = page.get_by_role("link", name="Compare them")
    expect(compare).to_be_visible(timeout=2 * TRAINING)
    compare.click()
    expect(page.get_by_role("heading", level=1, name="Compare")).to_be_visible()
    tab.settle()
    with page.expect_download() as download:
        page.get_by_role("link", name="Table, CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8"))))
    assert len(rows) == 2
    assert {row["kind"] for row in rows} == {"Vanilla", "Variational"}
    # A row's page is opened by the mark before it; those below are none of the models.
    table = page.get_by_test_id("stDataFrame").first
    table.click(position={"x": MARK, "y": 2.5 * ROW})
    tab.settle()
    lens = page.get_by_role("link", name="Lens", exact=True).first
    expect(lens).to_have_attribute("href", re.compile(r"run=variational-"))
    expect(lens).to_be_in_viewport()
    lens.click()
    expect(page.get_by_role("heading", level=1, name="Lens")).to_be_visible()
    expect(page.get_by_role("combobox", name="Model", exact=True)).to_have_value(re.compile("Variational"))
    assert tab.errors == []
