"""A link copied from one browser opens the same view in another."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from browsing import Server, Tab
from playwright.sync_api import BrowserContext, Page, expect

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


def reconstruct(page: Page) -> None:
    pick(page, "Class", "Bag")
    page.get_by_test_id("stNumberInputStepUp").click()


def denoise(page: Page) -> None:
    pick(page, "Noise", "Masking")
    page.get_by_role("slider").press("ArrowLeft")
    wait(page)
    page.get_by_role("button", name="New noise").click()


def sparsity(page: Page) -> None:
    runs = page.get_by_test_id("stButtonGroup")
    runs.get_by_text("Undercomplete").click()
    wait(page)
    runs.get_by_text("Vanilla", exact=True).click()


def sampler(page: Page) -> None:
    page.get_by_role("slider").nth(0).press("ArrowLeft")
    wait(page)
    page.get_by_role("slider").nth(1).press("ArrowRight")
    wait(page)
    page.get_by_role("button", name="Draw again").click()


def train(page: Page) -> None:
    pick(page, "Kind", "Sparse")
    page.get_by_role("radio", name="kl").click()
    wait(page)
    page.get_by_role("slider", name="Code size").press("ArrowRight")
    wait(page)
    seed = page.get_by_role("spinbutton", name="Seed")
    seed.fill("7")
    seed.press("Enter")


def latent_space(page: Page) -> None:
    page.get_by_role("radio", name="1,000").click()
    wait(page)
    page.get_by_role("radio", name="Strangest first").click()
    wait(page)
    page.get_by_role("button", name="Sandal", exact=True).click()


def paths(page: Page) -> None:
    page.get_by_test_id("stSlider").get_by_role("slider").press("ArrowRight")
    wait(page)
    page.get_by_role("radio", name="Along a direction").click()
    wait(page)
    page.get_by_test_id("stNumberInputStepUp").last.click()


def units(page: Page) -> None:
    page.get_by_test_id("stNumberInputStepUp").first.click()
    wait(page)
    page.get_by_test_id("stButtonGroup").locator("button").first.click()


def wait(page: Page) -> None:
    """Until the change has gone to the server and come back."""
    page.wait_for_timeout(600)
    page.wait_for_function("document.querySelector('.stApp').dataset.testScriptState === 'notRunning'")


def pick(page: Page, label: str, option: str) -> None:
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(option)
    page.get_by_role("option", name=option).first.click()
    wait(page)


def view(tab: Tab) -> dict[str, Any]:
    wait(tab.page)
    tab.settle()
    tab.quiet()
    return tab.page.evaluate(VIEW)


CHANGES: dict[str, Callable[[Page], None]] = {
    "reconstruct?run=sparse": reconstruct,
    "denoise": denoise,
    "sparsity": sparsity,
    "sampler?run=variational-2d": sampler,
    "train": train,
    "latent-space?run=sparse": latent_space,
    "paths": paths,
    "units": units,
}


def test_going_back_undoes_a_choice_and_leaves_no_parameters_behind(tab: Tab) -> None:
    page = tab.open("about")
    frames = page.get_by_test_id("stSlider").get_by_role("slider")
    page.get_by_role("link", name="Paths").click()
    expect(frames).to_have_attribute("aria-valuenow", "16")
    frames.press("ArrowRight")
    expect(frames).to_have_attribute("aria-valuenow", "17")
    expect(page).to_have_url(re.compile(r"/paths\?frames=17$"))
    page.go_back()
    expect(frames).to_have_attribute("aria-valuenow", "16")
    expect(page).to_have_url(re.compile(r"/paths$"))
    page.go_forward()
    expect(frames).to_have_attribute("aria-valuenow", "17")
    page.go_back()
    page.go_back()
    expect(page.get_by_role("heading", name="About this server")).to_be_visible()
    tab.settle()
    expect(page).to_have_url(re.compile(r"/about$"))
    assert tab.errors == []


@pytest.mark.parametrize("path", CHANGES)
def test_a_copied_link_opens_the_same_view(
    path: str, tab: Tab, new_visitor: Callable[[], BrowserContext], server: Server
) -> None:
    tab.open(path)
    tab.quiet()
    before = tab.page.evaluate(VIEW)
    CHANGES[path](tab.page)
    here = view(tab)
    assert here["controls"] != before["controls"]
    other = Tab(new_visitor(), server)
    other.open(tab.page.url.removeprefix(f"{server.url}/"))
    there = view(other)
    assert there["controls"] == here["controls"]
    assert there["figures"] == here["figures"]
    assert there["words"] == here["words"]
    assert tab.errors == other.errors == []
