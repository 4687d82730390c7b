"""What visitors come for: a training to its end, one that is stopped, images of their own, and a link to a run."""

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from browsing import TRAINING, Server, Tab
from PIL import Image
from playwright.sync_api import BrowserContext, expect

NEVER_DONE = 500  # epochs; of a convolutional network, more than any test waits for
REMEMBER_PHASES = """
  window.phases = [];
  new MutationObserver(() => {
    const text = document.querySelector('[data-testid="stProgress"]')?.innerText.trim();
    if (text && window.phases.at(-1) !== text) window.phases.push(text);
  }).observe(document, { childList: true, subtree: true, characterData: true });
"""


def png(side: int = 64) -> bytes:
    """A bright disc on a dark ground."""
    rows, columns = np.ogrid[:side, :side]
    disc = ((rows - side / 2) ** 2 + (columns - side / 2) ** 2 < (side / 3) ** 2).astype(np.uint8) * 255
    file = io.BytesIO()
    Image.fromarray(disc).save(file, "PNG")
    return file.getvalue()


def test_a_training_to_its_end(tab: Tab, new_visitor: Callable[[], BrowserContext], server: Server) -> None:
    page = tab.page
    page.add_init_script(REMEMBER_PHASES)
    tab.train("Vanilla", epochs=60, name="Browser journey")
    expect(page.locator(".plot.js-plotly-plot").first).to_be_visible(timeout=TRAINING)
    expect(page.get_by_text("Finished: 60 epochs")).to_be_visible(timeout=TRAINING)
    tab.settle()
    expect(page.locator(".plot.js-plotly-plot")).to_have_count(2)
    phases = " | ".join(page.evaluate("window.phases"))
    assert "Loading TensorFlow and images" in phases
    assert "Building and compiling the network" in phases
    assert "of 60" in phases, phases
    assert " left" in phases, phases

    tab.open("reconstruct")
    tab.choose("Run", "Browser journey · yours")
    expect(page.get_by_text("Digits (8 × 8) · dense")).to_be_visible()
    assert tab.errors == []

    stranger = Tab(new_visitor(), server)
    stranger.open("reconstruct")
    assert not any("Browser journey" in option for option in stranger.list_options("Run", "journey").all_inner_texts())
    assert any("Vanilla" in option for option in stranger.list_options("Run", "Vanilla").all_inner_texts())
    # A name but one digit beside it opens nothing.
    link = tab.link.partition("?")[2]
    stranger.open("reconstruct?" + link[:-1] + ("0" if link[-1] != "0" else "1"))
    expect(stranger.page.get_by_text("what there is not: run (gone, or mistyped)")).to_be_visible()


def test_a_training_survives_reload_and_is_stopped(tab: Tab, server: Server) -> None:
    page = tab.page
    tab.train("Variational", epochs=NEVER_DONE, name="Reloaded")
    page.reload()
    expect(page.get_by_test_id("stProgress")).to_contain_text(f"of {NEVER_DONE}", timeout=TRAINING)
    expect(page.get_by_text("Reloaded")).to_be_visible()

    beside = Tab(page.context, server)
    beside.page.goto(f"{server.url}/train")
    expect(beside.page.get_by_test_id("stProgress")).to_contain_text(f"of {NEVER_DONE}")
    expect(beside.page.get_by_role("button", name="Stop training")).to_be_enabled()

    page.get_by_role("button", name="Stop training").click()
    for each in (page, beside.page):
        expect(each.get_by_text(f"of {NEVER_DONE} epochs; what it had learnt is kept as a run.")).to_be_visible(
            timeout=TRAINING
        )
    page.get_by_test_id("stMain").get_by_role("button", name="Reconstruct", exact=True).click()
    expect(page.locator("h1")).to_have_text("Reconstruct")
    tab.settle()
    expect(page.get_by_role("combobox", name="Run")).to_have_value(re.compile("^Reloaded · yours"))
    expect(tab.picture()).to_be_visible()
    expect(tab.failures).to_have_count(0)
    assert tab.errors == []


def test_an_image_of_ones_own(tab: Tab) -> None:
    page = tab.open("reconstruct")
    page.get_by_role("radio", name="Your own").click()
    tab.upload({"disc.png": png()})
    expect(page.get_by_text("disc.png").first).to_be_visible()
    expect(page.locator(".plot.js-plotly-plot")).to_have_count(1)
    tab.settle()
    expect(page.get_by_text("Mean squared error here")).to_be_visible()
    assert tab.errors == []


def test_a_file_that_is_no_image(tab: Tab) -> None:
    page = tab.open("reconstruct")
    page.get_by_role("radio", name="Your own").click()
    tab.upload({"notes.png": b"Dear diary, no image today."})
    expect(page.get_by_text("One file could not be read")).to_be_visible()
    expect(page.get_by_test_id("stMain").get_by_text("notes.png:")).to_be_visible()
    expect(tab.failures).to_have_count(0)
    # The page is alive: the next file is shown beside it.
    tab.upload({"disc.png": png()})
    expect(page.locator(".plot.js-plotly-plot")).to_have_count(1)
    assert tab.errors == []


@pytest.mark.parametrize("run", ["vanilla", "sparse"])
def test_the_link_carries_the_run(tab: Tab, run: str) -> None:
    page = tab.open(f"reconstruct?run={run}")
    expect(page.get_by_role("combobox", name="Run")).to_have_value(re.compile(f"^{run.title()}"))
    tab.page.get_by_test_id("stTopNavLink").filter(has_text="Latent space").click()
    expect(page.locator("h1")).to_have_text("Latent space")
    tab.settle()
    expect(page.get_by_role("combobox", name="Run")).to_have_value(re.compile(f"^{run.title()}"))
    assert f"run={run}" in tab.link


def test_the_code_is_there_once_its_fold_is_opened(tab: Tab) -> None:
    page = tab.open("denoise?level=0.3")
    fold = page.locator("summary").filter(has_text="Show the code")
    expect(page.locator("pre")).to_have_count(0)
    fold.focus()
    page.keyboard.press("Enter")
    expect(page.locator("pre")).to_contain_text("import ae_core")
    tab.choose("Noise", "Masking")  # it stays open and says what is asked now
    expect(page.locator("pre")).to_contain_text("masking", ignore_case=True)
    fold.click()
    expect(page.locator("pre")).to_have_count(0)
