"""A link copied from one browser opens the same view in another."""

from collections.abc import Callable
from typing import Any

import pytest
from browsing import PAGES, Server, Tab
from playwright.sync_api import BrowserContext, expect

# What the figures say, what the controls hold, and what is written.
VIEW = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  const numbers = (values) => values && Array.from(values);
  const figures = [...main.querySelectorAll('.plot')].map((plot) =>
    plot._fullData.map((t) => [t.type, t.name, t.source, numbers(t.x), numbers(t.y), t.visible]));
  const held = ['aria-valuenow', 'aria-checked', 'aria-pressed'];
  const controls = [...main.querySelectorAll('input, [role="slider"], [role="radio"], [aria-pressed]')].map((e) =>
    [e.value, e.checked, ...held.map((name) => e.getAttribute(name))]);
  return { figures, controls, words: main.innerText };
}"""


def reconstruct(tab: Tab) -> None:
    tab.choose("Class", "Bag")
    tab.page.get_by_test_id("stNumberInputStepUp").click()


def denoise(tab: Tab) -> None:
    tab.choose("Noise", "Masking")
    tab.page.get_by_role("slider").press("ArrowLeft")
    tab.settle()
    tab.page.get_by_role("button", name="New noise").click()


def sparsity(tab: Tab) -> None:
    runs = tab.page.get_by_test_id("stButtonGroup")
    runs.get_by_text("Undercomplete").click()
    tab.settle()
    runs.get_by_text("Vanilla", exact=True).click()


def compare(tab: Tab) -> None:
    tab.page.get_by_test_id("stButtonGroup").get_by_text("Undercomplete, 16 units").click()
    tab.settle()
    tab.page.get_by_test_id("stNumberInputStepUp").click()


def sampler(tab: Tab) -> None:
    tab.page.get_by_role("slider").nth(0).press("ArrowLeft")
    tab.settle()
    tab.page.get_by_role("slider").nth(1).press("ArrowRight")
    tab.settle()
    tab.page.get_by_role("button", name="Sample again").click()


def train(tab: Tab) -> None:
    tab.choose("Kind", "Sparse")
    tab.page.get_by_role("radio", name="kl").click()
    tab.settle()
    tab.page.get_by_role("slider", name="Code size").press("ArrowRight")
    tab.settle()
    seed = tab.page.get_by_role("spinbutton", name="Seed")
    seed.fill("7")
    seed.press("Enter")


def latent_space(tab: Tab) -> None:
    tab.page.get_by_role("radio", name="1,000").click()
    tab.settle()
    tab.page.get_by_role("radio", name="Largest error first").click()
    tab.settle()
    tab.page.get_by_role("button", name="Sandal", exact=True).click()


def paths(tab: Tab) -> None:
    tab.page.get_by_role("button", name="Settings").click()
    tab.page.get_by_test_id("stSlider").get_by_role("slider").press("ArrowRight")
    tab.settle()
    tab.page.keyboard.press("Escape")
    tab.page.get_by_role("radio", name="Along a direction").click()
    tab.settle()
    tab.page.get_by_test_id("stNumberInputStepUp").last.click()


def units(tab: Tab) -> None:
    tab.page.get_by_test_id("stNumberInputStepUp").first.click()
    tab.settle()
    tab.page.get_by_test_id("stButtonGroup").locator("button").first.click()


def view(tab: Tab) -> dict[str, Any]:
    tab.settle()
    return tab.page.evaluate(VIEW)


CHANGES: dict[str, Callable[[Tab], None]] = {
    "reconstruct": reconstruct,
    "denoise": denoise,
    "sparsity": sparsity,
    "compare": compare,
    "sampler": sampler,
    "train": train,
    "latent-space": latent_space,
    "paths": paths,
    "units": units,
}


@pytest.mark.parametrize("path", CHANGES)
def test_a_copied_link_and_a_step_back_show_the_page_as_it_was_left(
    path: str, shared_tab: Tab, new_visitor: Callable[[], BrowserContext], server: Server
) -> None:
    tab, title = shared_tab, PAGES[path]
    page = tab.turn_to("about")
    heading = page.get_by_role("heading", level=1)
    tab.pick(title)
    before = view(tab)
    CHANGES[path](tab)
    left, link = view(tab), tab.link
    assert left["controls"] != before["controls"]
    other = Tab(new_visitor(), server)
    other.open(link)
    assert view(other) == left

    tab.pick("About")
    page.go_back()
    expect(heading).to_have_text(title)
    assert view(tab) == left
    assert tab.link == link
    page.go_back()
    expect(heading).to_have_text("About")
    tab.settle()
    assert tab.link == "about", "a page's parameters do not follow to another"
    page.go_forward()
    expect(heading).to_have_text(title)
    assert view(tab) == left
    assert tab.errors == other.errors == []


def test_the_code_is_there_once_its_fold_is_opened(shared_tab: Tab) -> None:
    tab = shared_tab
    page = tab.turn_to("denoise?level=0.3")
    fold = page.locator("summary").filter(has_text="Show the code")
    expect(page.locator("pre")).to_have_count(0)
    fold.focus()
    page.keyboard.press("Enter")
    expect(page.locator("pre")).to_contain_text("import ae_core")
    tab.choose("Noise", "Masking")  # it stays open and says what is asked now
    expect(page.locator("pre")).to_contain_text("masking", ignore_case=True)
    fold.click()
    expect(page.locator("pre")).to_have_count(0)
