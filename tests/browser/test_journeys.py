"""What visitors come for: a training to its end, one that is stopped, images of their own, and a link to a run."""

import io
import re
from collections.abc import Callable
from urllib.parse import urlencode

import numpy as np
import pytest
from browsing import TRAINING, Server, Tab
from PIL import Image
from playwright.sync_api import BrowserContext, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

NEVER_DONE = 500  # epochs; of a convolutional network, more than any test waits for
REMEMBER_PHASES = """
  window.phases = [];
  new MutationObserver(() => {
    const text = document.querySelector('[data-testid="stProgress"]')?.innerText.trim();
    if (text && window.phases.at(-1) !== text) window.phases.push(text);
  }).observe(document, { childList: true, subtree: true, characterData: true });
"""


def train(tab: Tab, kind: str, epochs: int, name: str) -> None:
    """Starts a training on digits from the Train page."""
    tab.open("train?" + urlencode({"kind": kind, "dataset": "Digits (8 × 8)"}))
    tab.quiet()  # a rerun that is still to come would take back what is typed
    epochs_input = tab.page.get_by_role("spinbutton", name="Epochs")
    epochs_input.fill(str(epochs))
    epochs_input.press("Enter")
    name_input = tab.page.get_by_role("textbox", name="Name")
    name_input.fill(name)
    name_input.press("Enter")
    tab.settle()
    tab.page.get_by_role("button", name="Start training").click()
    expect(tab.page.get_by_test_id("stProgress")).to_be_visible()


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
    train(tab, "Vanilla", epochs=60, name="Browser journey")
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
    assert any(option.startswith("Browser journey · yours") for option in tab.options("Run", "Browser journey"))
    tab.choose("Run", "Browser journey")
    expect(page.get_by_text("Digits (8 × 8) · dense")).to_be_visible()
    assert tab.errors == []

    stranger = Tab(new_visitor(), server)
    stranger.open("reconstruct")
    assert not any("Browser journey" in option for option in stranger.options("Run", "journey"))
    assert any("Vanilla" in option for option in stranger.options("Run", "Vanilla"))
    # A name but one digit beside it opens nothing.
    link = page.url.partition("?")[2]
    stranger.open("reconstruct?" + link[:-1] + ("0" if link[-1] != "0" else "1"))
    expect(stranger.page.get_by_text("what there is not: run (gone, or mistyped)")).to_be_visible()


def test_a_training_survives_reload_and_is_stopped(tab: Tab, server: Server) -> None:
    page = tab.page
    train(tab, "Variational", epochs=NEVER_DONE, name="Reloaded")
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
    chooser = page.get_by_test_id("stFileUploader").locator("input[type=file]")
    chooser.set_input_files({"name": "disc.png", "mimeType": "image/png", "buffer": png()})
    expect(page.get_by_text("disc.png").first).to_be_visible()
    expect(page.locator(".plot.js-plotly-plot")).to_have_count(1)
    tab.settle()
    expect(page.get_by_text("Mean squared error here")).to_be_visible()
    assert tab.errors == []


def test_a_file_that_is_no_image(tab: Tab) -> None:
    page = tab.open("reconstruct")
    page.get_by_role("radio", name="Your own").click()
    chooser = page.get_by_test_id("stFileUploader").locator("input[type=file]")
    chooser.set_input_files({"name": "notes.png", "mimeType": "image/png", "buffer": b"Dear diary, no image today."})
    expect(page.get_by_text("One file could not be read")).to_be_visible()
    expect(page.get_by_test_id("stMain").get_by_text("notes.png:")).to_be_visible()
    expect(tab.failures).to_have_count(0)
    # The page is alive: the next file is shown beside it.
    chooser.set_input_files({"name": "disc.png", "mimeType": "image/png", "buffer": png()})
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
    assert f"run={run}" in page.url


def test_a_change_runs_the_page_and_not_the_menu_again(tab: Tab) -> None:
    kinds: list[str | None] = []

    def note(frame: bytes | str) -> None:
        message = ForwardMsg()
        message.ParseFromString(frame if isinstance(frame, bytes) else frame.encode())
        kinds.append(message.WhichOneof("type"))

    tab.page.on("websocket", lambda socket: socket.on("framereceived", note))
    tab.open("sampler?grid=5")
    tab.quiet()
    assert "navigation" in kinds
    tab.page.locator("summary").filter(has_text="Show the code").click()
    for step in range(2):  # the second of them follows a run of the page alone
        kinds.clear()
        tab.page.get_by_test_id("stSlider").first.get_by_role("slider").press("ArrowRight")
        tab.page.wait_for_url(re.compile(rf"grid={6 + step}\b"))
        tab.settle()
        tab.quiet()
        assert "delta" in kinds
        assert "navigation" not in kinds
        expect(tab.page.get_by_test_id("stCode")).to_contain_text(f"latent.prior_quantiles({6 + step}, ")
    tab.page.get_by_role("link", name="Denoise").click()
    expect(tab.page.get_by_role("heading", name="Denoise", level=1)).to_be_visible()
    assert "navigation" in kinds


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
