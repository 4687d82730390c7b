"""Two visitors in two browsers: neither sees, stops or deletes what is the other's; by its link they look at it."""

import io
import re
import zipfile
from collections.abc import Callable

import pytest
from browsing import TRAINING, Server, Tab
from playwright.sync_api import BrowserContext, expect

NEVER_DONE = 500  # epochs
REMEMBER_PHASES = """
  window.phases = [];
  new MutationObserver(() => {
    const text = document.querySelector('[data-testid="stProgress"]')?.innerText.trim();
    if (text && window.phases.at(-1) !== text) window.phases.push(text);
  }).observe(document, { childList: true, subtree: true, characterData: true });
"""
CHANGES = ("Rename", "Export", "Delete")


@pytest.fixture
def alice(new_visitor: Callable[[], BrowserContext], server: Server) -> Tab:
    return Tab(new_visitor(), server)


@pytest.fixture
def bob(new_visitor: Callable[[], BrowserContext], server: Server) -> Tab:
    return Tab(new_visitor(), server)


def assert_sees_nothing_of(tab: Tab, name: str) -> None:
    page = tab.open("runs")
    expect(page.get_by_text("You have no models yet.")).to_be_visible()
    page = tab.turn_to("train")
    expect(page.get_by_role("heading", name="What to expect")).to_be_visible()
    assert name not in page.locator("body").inner_text()
    assert "Stop training" not in page.locator("body").inner_text()
    tab.turn_to("reconstruct")
    assert not any(name in option for option in tab.list_options("Model", name[:5]).all_inner_texts())


def test_a_training_is_its_visitors_and_by_its_link_to_be_looked_at(alice: Tab, bob: Tab) -> None:
    job = alice.train("Variational", NEVER_DONE, "Hers alone")
    page = alice.page
    page.reload()
    expect(page.get_by_test_id("stProgress")).to_contain_text(f"of {NEVER_DONE}", timeout=TRAINING)
    assert_sees_nothing_of(bob, "Hers alone")

    bob.turn_to(f"train?job={job}")
    expect(bob.page.get_by_test_id("stProgress")).to_contain_text(f"of {NEVER_DONE}")
    expect(bob.page.get_by_text("Someone else's training: you can watch it.")).to_be_visible()
    expect(bob.page.get_by_role("button", name="Stop training")).to_have_count(0)

    alice.turn_to("runs")
    expect(page.get_by_test_id("stProgress")).to_contain_text(f"of {NEVER_DONE}")
    alice.open("train")
    page.get_by_role("button", name="Stop training").click()
    for tab in (alice, bob):
        ended = tab.page.get_by_text(f"of {NEVER_DONE} epochs; what it had learnt is kept as a model.")
        expect(ended).to_be_visible(timeout=TRAINING)
    page.get_by_test_id("stMain").get_by_role("link", name="Reconstruct", exact=True).click()
    expect(page.locator("h1")).to_have_text("Reconstruct")
    alice.settle()
    expect(page.get_by_role("combobox", name="Model")).to_have_value(re.compile("^Hers alone · yours"))
    for tab in (alice, bob):
        expect(tab.failures).to_have_count(0)
        assert tab.errors == []


def test_a_run_is_its_visitors_and_by_its_link_to_be_looked_at(alice: Tab, bob: Tab) -> None:
    alice.page.add_init_script(REMEMBER_PHASES)
    run = alice.train("Vanilla", 60, "Her own")
    expect(alice.page.locator(".plot.js-plotly-plot").first).to_be_visible(timeout=TRAINING)
    expect(alice.page.get_by_text("Finished: 60 epochs")).to_be_visible(timeout=TRAINING)
    alice.settle()
    expect(alice.page.locator(".plot.js-plotly-plot")).to_have_count(2)
    phases = " | ".join(alice.page.evaluate("window.phases"))
    for phase in ("Loading TensorFlow and images", "Building and compiling the network", "of 60", " left"):
        assert phase in phases
    assert_sees_nothing_of(bob, "Her own")

    for path in ("lens", "reconstruct", "units"):
        page = bob.turn_to(f"{path}?run={run}")
        expect(page.get_by_role("combobox", name="Model")).to_have_value(re.compile("^Her own · shared"))
        expect(page.get_by_text("shows its default instead")).to_have_count(0)
    # A name but one digit beside it opens nothing.
    bob.open("reconstruct?run=" + run[:-1] + ("0" if run[-1] != "0" else "1"))
    expect(page.get_by_text("default instead: model (deleted, or mistyped)")).to_be_visible()
    page = bob.turn_to("runs")
    expect(page.get_by_text("You have no models yet.")).to_be_visible()
    for change in CHANGES:
        expect(page.get_by_role("button", name=change)).to_have_count(0)
    bob.turn_to("reconstruct")
    listed = bob.list_options("Model", "Her o").all_inner_texts()
    assert not any("Her own" in option for option in listed), "in no list afterwards"

    page = alice.open("runs")
    expect(page.get_by_text("Her own")).to_be_visible()
    page.get_by_role("button", name="Link", exact=True).click()
    expect(page.get_by_role("dialog").get_by_text(f"{alice.server.url}/lens?run={run}")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("*Hers*")
    page.get_by_role("button", name="Rename it").click()
    expect(page.get_by_text("*Hers*")).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    content = download.value.path().read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("title.txt") == b"*Hers*"

    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog").get_by_text("*Hers*")).to_be_visible()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("You have no models yet.")).to_be_visible()
    bob.turn_to(f"lens?run={run}")
    expect(bob.page.get_by_text("model (deleted, or mistyped)")).to_be_visible()

    # What she took along comes back, to him as well.
    page = bob.turn_to("runs")
    bob.upload({"run.zip": content})
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("link", name="Open")).to_be_visible(timeout=TRAINING)
    expect(page.get_by_text("*Hers*")).to_be_visible()
    bob.upload({"bad.zip": content[:-100]})
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("This file was not imported.")).to_be_visible()
    for tab in (alice, bob):
        expect(tab.failures).to_have_count(0)
        assert tab.errors == []


def test_pictures_beyond_the_quota_are_refused_on_the_page(alice: Tab) -> None:
    page = alice.open("reconstruct")
    page.get_by_role("button", name="Change").click()
    page.get_by_role("radio", name="Upload").click()
    expect(page.get_by_text("together 25 MB at a time")).to_be_visible()
    with page.expect_response(lambda r: "/upload_file/" in r.url and r.status == 413):
        alice.upload({f"{i}.png": bytes(8 * 10**6) for i in range(4)})
    expect(alice.failures).to_have_count(0)
