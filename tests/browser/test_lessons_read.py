"""Lessons in a real browser, from the first sentence to the revealed answer: on a laptop and on a phone."""

import re

import pytest
from browsing import PHONE, TEXT_FAULTS, Server, Tab, Visitors
from playwright.sync_api import Page, expect

from ae_core import locations
from ae_core.lessons import text
from ae_core.lessons.text import Lesson, Step, Text, Try
from pages.widgets import lessons

LESSONS = {path.stem: text.read(path, lessons.KNOWN) for path in text.files(locations.LESSONS / "en")}
DESK = {"width": 1280, "height": 720}


@pytest.fixture(scope="module")
def phone(visitors: Visitors, server: Server) -> Tab:
    return Tab(visitors.phone(color_scheme="dark"), server)


def begin(step: Step) -> str:
    """The first words of a step, up to its first quantity, as they are read."""
    first = next((part.markdown for part in step.parts if isinstance(part, Text)), step.title)
    words = re.sub(r"\[\[([^|\]]+)(\|[^\]]+)?\]\]", r"\1", first.partition("{")[0]).replace("**", "")
    return " ".join(words.partition("\n\n")[0].split())


def take(tab: Tab, lesson: Lesson) -> None:
    """Reads a lesson from its first step to its last, predicts, and has the answer revealed."""
    page = tab.turn_to(f"lessons?lesson={lesson.name}&step=1")
    for number, step in enumerate(lesson.steps, 1):
        told = " ".join(page.get_by_test_id("stMain").inner_text().split())
        assert begin(step) in told
        if step.question:
            predict(page, tab, step.question.how == text.ESTIMATE)
        for part in step.parts:
            if isinstance(part, Try):
                expect(page.get_by_role("link", name=part.label)).to_be_visible()
        expect(tab.failures).to_have_count(0)
        assert page.get_by_text("cannot be shown").count() == 0
        assert page.evaluate(TEXT_FAULTS) == []
        wide, room = page.evaluate("[document.querySelector('.stMain').scrollWidth, innerWidth]")
        assert wide <= room
        if number < len(lesson.steps):
            page.get_by_role("button", name=f"Next: {lesson.steps[number].title}").click()
            page.wait_for_function("(step) => location.search.includes(`step=${step}`)", arg=number + 1)
            tab.settle()
    assert tab.errors == []


def predict(page: Page, tab: Tab, estimate: bool) -> None:
    told = page.get_by_test_id("stMain").get_by_text(
        re.compile("^(Your prediction is|The answer:|Close:|You said .* too)")
    )
    expect(told).to_have_count(0)
    if estimate:
        page.get_by_role("slider").press("ArrowRight")
        tab.settle()
    else:
        page.get_by_test_id("stRadio").locator("label").filter(has=page.locator("input")).last.click()
        tab.settle()
    page.get_by_role("button", name="Reveal").click()
    expect(told).to_be_visible()
    tab.settle()
    expect(page.locator(".plot .main-svg").last).to_be_visible()


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_taken_on_a_laptop(shared_tab: Tab, name: str) -> None:
    shared_tab.page.set_viewport_size(DESK)
    take(shared_tab, LESSONS[name])


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_taken_on_a_phone(phone: Tab, name: str) -> None:
    take(phone, LESSONS[name])
    assert phone.page.viewport_size == PHONE["viewport"]


def test_a_figure_tells_its_width_only_once_it_keeps_it(shared_tab: Tab) -> None:
    """A step that gives way to the next makes its figure narrow for a moment: what it told then would lead back."""
    shared_tab.page.set_viewport_size(DESK)
    page = shared_tab.turn_to("lessons?lesson=the-code&step=2")
    figure, before = page.locator(".plot").first, shared_tab.sent
    figure.evaluate(
        """async (e) => {
          e.style.width = '300px';
          for (let k = 0; k < 3; k++) await new Promise((drawn) => requestAnimationFrame(drawn));
          e.style.width = '';
        }"""
    )
    shared_tab.settle()
    assert shared_tab.sent == before
    figure.evaluate("e => { e.style.width = '300px'; }")
    shared_tab.settle()
    assert shared_tab.sent == before + 1


def test_the_way_leads_from_a_lesson_to_a_page_and_back(shared_tab: Tab) -> None:
    page = shared_tab.turn_to("lessons?lesson=contraction&step=3")
    page.get_by_role("link", name="Nudge other models").click()
    expect(page.get_by_role("heading", level=1, name="Stability")).to_be_visible()
    shared_tab.settle()
    assert shared_tab.link == "stability?from-lesson=contraction.3&runs=contractive"
    page.get_by_role("link", name="Back to the lesson").click()
    expect(page.get_by_role("heading", level=2, name="Contraction")).to_be_visible()
    shared_tab.settle()
    assert shared_tab.link == "lessons?lesson=contraction&step=3"
    page.get_by_role("button", name="All lessons").click()
    expect(page.locator(".st-key-lessons").get_by_role("button")).to_have_count(len(LESSONS))
