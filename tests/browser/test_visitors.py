"""Two visitors in two browsers: neither sees, stops or deletes what is the other's; by its link they look at it."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import TRAINING, Server, Tab, Visitors
from playwright.sync_api import expect

NEVER_DONE = 500  # epochs
STOPPED = f"of {NEVER_DONE} epochs; what was learnt is kept as a model."
REMEMBER_PHASES = """
  window.phases = [];
  new MutationObserver(() => {
    const text = document.querySelector('[data-testid="stProgress"]')?.innerText.trim();
    if (text && window.phases.at(-1) !== text) window.phases.push(text);
  }).observe(document, { childList: true, subtree: true, characterData: true });
"""
CHANGES = ("Rename", "Export", "Delete")


@pytest.fixture(scope="module")
def alice(shared_tab: Tab) -> Tab:
    shared_tab.page.add_init_script(REMEMBER_PHASES)
    return shared_tab


@pytest.fixture(scope="module")
def bob(visitors: Visitors, server: Server) -> Iterator[Tab]:
    context = visitors.arrive()
    yield Tab(context, server)
    visitors.leave(context)


@pytest.fixture(scope="module")
def training(alice: Tab) -> str:
    """A training of Alice's that goes on until it is stopped, by its name in links."""
    return alice.train("Variational", NEVER_DONE, "Her own")


@pytest.fixture(scope="module")
def model(alice: Tab, training: str) -> str:
    """What that training had learnt when Alice stopped it."""
    alice.open("train")
    alice.page.get_by_role("button", name="Stop training").click()
    expect(alice.page.get_by_text(STOPPED)).to_be_visible(timeout=TRAINING)
    return training


def assert_sees_nothing_of(tab: Tab, name: str) -> None:
    page = tab.open("runs")
    expect(page.get_by_text("You have no models yet.")).to_be_visible()
    page = tab.turn_to("train")
    expect(page.get_by_role("heading", name="What to expect")).to_be_visible()
    assert name not in page.locator("body").inner_text()
    assert "Stop training" not in page.locator("body").inner_text()
    tab.turn_to("reconstruct")
    assert not any(name in option for option in tab.list_options("Model", name[:5]).all_inner_texts())


def test_a_training_is_its_visitors_and_by_its_link_to_be_looked_at(alice: Tab, bob: Tab, training: str) -> None:
    page = alice.page
    expect(page.get_by_test_id("stProgress")).to_contain_text(f"of {NEVER_DONE}", timeout=TRAINING)
    expect(page.locator(".plot.js-plotly-plot").nth(1)).to_be_visible()  # with the first epoch there are more
    phases = " | ".join(page.evaluate("window.phases"))
    for phase in ("Loading TensorFlow and images", "Building and compiling the network", "of 500", " left"):
        assert phase in phases
    page.reload()
    expect(page.get_by_test_id("stProgress")).to_contain_text(f"of {NEVER_DONE}")
    assert_sees_nothing_of(bob, "Her own")

    bob.turn_to(f"train?job={training}")
    expect(bob.page.get_by_test_id("stProgress")).to_contain_text(f"of {NEVER_DONE}")
    expect(bob.page.get_by_text("Someone else's training: you can watch it.")).to_be_visible()
    expect(bob.page.get_by_role("button", name="Stop training")).to_have_count(0)

    alice.turn_to("runs")
    expect(page.get_by_test_id("stProgress")).to_contain_text(f"of {NEVER_DONE}")
    for tab in (alice, bob):
        expect(tab.failures).to_have_count(0)
        assert tab.errors == []


def test_a_model_is_its_visitors_and_by_its_link_to_be_looked_at(alice: Tab, bob: Tab, model: str) -> None:
    expect(bob.page.get_by_text(STOPPED)).to_be_visible()
    alice.page.get_by_test_id("stMain").get_by_role("link", name="Reconstruct", exact=True).click()
    expect(alice.page.locator("h1")).to_have_text("Reconstruct")
    alice.settle()
    expect(alice.page.get_by_role("combobox", name="Model", exact=True)).to_have_value(re.compile("^Her own · yours"))
    assert_sees_nothing_of(bob, "Her own")

    for path in ("lens", "reconstruct", "units"):
        page = bob.turn_to(f"{path}?run={model}")
        expect(page.get_by_role("combobox", name="Model", exact=True)).to_have_value(re.compile("^Her own · shared"))
        expect(page.get_by_text("shows its defaults instead")).to_have_count(0)
    # A name but one digit beside it opens nothing.
    bob.open("reconstruct?run=" + model[:-1] + ("0" if model[-1] != "0" else "1"))
    expect(page.get_by_text("defaults instead: model (deleted, or mistyped)")).to_be_visible()
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
    expect(page.get_by_role("dialog").get_by_text(f"{alice.server.url}/lens?run={model}")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("*Hers*")
    page.get_by_role("button", name="Rename it").click()
    expect(page.get_by_text("*Hers*")).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    content = download.value.path().read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("title.txt") == b"*Hers*"

    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog").get_by_text("*Hers*")).to_be_visible()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("You have no models yet.")).to_be_visible()
    bob.turn_to(f"lens?run={model}")
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


def test_pictures_beyond_the_quota_are_refused_on_the_page(alice: Tab, tmp_path: Path) -> None:
    page = alice.open("reconstruct")
    page.get_by_role("button", name="Change").click()
    page.get_by_role("radio", name="Upload").click()
    expect(page.get_by_text("together up to 25 MB")).to_be_visible()
    pictures = [tmp_path / f"{i}.png" for i in range(4)]
    for picture in pictures:
        picture.write_bytes(bytes(8 * 10**6))
    with page.expect_response(lambda r: "/upload_file/" in r.url and r.status == 413):
        alice.page.locator("input[type=file]").set_input_files(pictures)
    expect(alice.failures).to_have_count(0)
