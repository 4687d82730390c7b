"""Data of one's own, with a real pointer: dropped, trained on, and seen on every page."""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from browsing import TRAINING, Server, Tab, rgba
from playwright.sync_api import BrowserContext, expect

from tests import data_sources

PAGES = ("reconstruct", "denoise", "latent-space", "sampler", "units", "sparsity", "your-image", "compare", "paths")
# What pages show: figures, films, examples to choose from, a pad.
SHOWN = ".plot svg, .plot img, .film canvas, .gallery .tile, .pad canvas, .curve-pad canvas"
# What is on a canvas, one number for each pixel's channel.


def some_emoji() -> bytes:
    """Sixty emoji of three classes in three folders."""
    content = io.BytesIO()
    with zipfile.ZipFile(data_sources.emoji_zip()) as given, zipfile.ZipFile(content, "w") as packed:
        for folder in ("flags", "food", "nature"):
            for name in [name for name in given.namelist() if f"/{folder}/" in name][:20]:
                packed.writestr(name, given.read(name))
    return content.getvalue()


def some_days() -> bytes:
    """Days of a country's power as a CSV with a header, the class at the end."""
    lines = data_sources.series("ItalyPowerDemand")[1].read_text().split("@data")[1].strip().splitlines()[:120]
    seasons = {"1": "winter", "2": "summer"}
    rows = [f"{values},{seasons[label.strip()]}" for values, label in (line.rsplit(":", 1) for line in lines)]
    return "\n".join([",".join([*(f"h{hour}" for hour in range(24)), "season"]), *rows]).encode()


@pytest.fixture(scope="module", autouse=True)
def fetched() -> None:
    data_sources.fetch()


@pytest.fixture
def tab(new_visitor: Callable[[], BrowserContext], server: Server) -> Iterator[Tab]:
    found = Tab(new_visitor(), server)
    yield found
    assert not found.errors, found.account()


def bring(tab: Tab, name: str, content: bytes, *says: str) -> None:
    """Drops a file on the page, reads what was understood, and has a data set made of it."""
    page = tab.open("data")
    page.locator(".drop input.files").set_input_files([{"name": name, "mimeType": "", "buffer": content}])
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    for sentence in says:
        expect(page.get_by_text(sentence)).to_be_visible()
    expect(page.get_by_alt_text("Some of them, as the models will see them")).to_be_visible()
    page.get_by_role("button", name="Add this data set").click()
    expect(page.get_by_text("is here:")).to_be_visible(timeout=TRAINING)
    tab.settle()


def train(tab: Tab, epochs: int = 2) -> str:
    """Trains on what was just brought; the name of the run."""
    page = tab.page
    page.get_by_role("link", name="Train on ").first.click()
    expect(page.get_by_role("heading", level=1, name="Train")).to_be_visible()
    tab.settle()
    field = page.get_by_role("spinbutton", name="Epochs, 1 to")
    field.fill(str(epochs))
    field.press("Enter")
    tab.settle()
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**job=*")
    name = tab.link.partition("job=")[2].partition("&")[0]
    expect(page.get_by_text("Finished:")).to_be_visible(timeout=TRAINING)
    expect(page.get_by_text("PCA with a code of")).to_be_visible()
    return name


def decoded(tab: Tab, across: float, down: float) -> np.ndarray:
    """What the lens decodes at a place of its plane, uint8 (pixels, 4)."""
    plane = tab.page.locator("canvas.cursor")
    box = plane.bounding_box()
    assert box
    plane.hover(position={"x": across * box["width"], "y": down * box["height"]})
    tab.frames()
    return rgba(tab.page.locator("canvas.decoded")).reshape(-1, 4)


def look_everywhere(tab: Tab, run: str, pages: Sequence[str]) -> None:
    """Opens pages with a run: each shows something, and nothing has failed."""
    for path in pages:
        tab.turn_to(f"{path}?run={run}&runs={run}")
        expect(tab.failures).to_have_count(0)
        expect(tab.page.locator("[data-testid=stAlertContentError]")).to_have_count(0)
        assert tab.page.locator(SHOWN).count(), f"{path} shows nothing"


def test_a_zip_of_colour_pictures_is_dropped_trained_on_and_seen_on_every_page(tab: Tab) -> None:
    bring(tab, "some emoji.zip", some_emoji(), "a folder of images for each class", "3 classes: flags, food, nature")
    run = train(tab)
    tab.open(f"lens?run={run}")
    tab.page.locator('.lens[data-sharp="true"]').wait_for()
    here, there = decoded(tab, 0.3, 0.3), decoded(tab, 0.7, 0.6)
    assert (here[:, 3] == 255).all()
    assert (np.abs(here[:, 0].astype(int) - here[:, 2]) > 4).any(), "it is in colour"
    assert (here != there).any(), "another place, another picture"
    look_everywhere(tab, run, PAGES)


def test_a_csv_of_series_is_dropped_trained_on_and_seen_as_curves(tab: Tab) -> None:
    bring(tab, "power.csv", some_days(), "a table of 120 rows and 25 columns", "2 classes: summer, winter")
    run = train(tab, 20)
    tab.open(f"lens?run={run}")
    tab.page.locator('.lens[data-sharp="true"]').wait_for()
    here, there = decoded(tab, 0.2, 0.5), decoded(tab, 0.8, 0.5)
    assert 0.005 < (here[:, 0] > 128).mean() < 0.2, "a line on black"
    assert (here != there).any(), "another place, another curve"
    look_everywhere(tab, run, ("reconstruct", "units", "your-image"))


def test_files_that_hold_nothing_are_refused_in_a_sentence_and_others_can_follow(tab: Tab) -> None:
    page = tab.open("data")
    page.locator(".drop input.files").set_input_files([{"name": "a.pdf", "mimeType": "", "buffer": b"%PDF-1.7"}])
    expect(page.get_by_text("a.pdf cannot be read: a data set is made of")).to_be_visible()
    tab.settle()  # a new place to drop files takes the old one's place
    page.locator(".drop input.files").set_input_files([{"name": "b.csv", "mimeType": "", "buffer": b"1,2,3\n4,5\n"}])
    expect(page.get_by_text("all must have the same number")).to_be_visible()
    tab.settle()
    page.locator(".drop input.files").set_input_files([{"name": "power.csv", "mimeType": "", "buffer": some_days()}])
    expect(page.get_by_role("button", name="Add this data set")).to_be_visible()


def test_a_data_set_is_renamed_linked_and_deleted(tab: Tab) -> None:
    bring(tab, "power.csv", some_days(), "a table of 120 rows")
    page = tab.page
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name, at most").fill("Power of a country")
    page.get_by_role("button", name="Rename it").click()
    expect(page.get_by_text("Power of a country").first).to_be_visible()
    page.get_by_role("button", name="Link").click()
    expect(page.get_by_role("dialog").get_by_text("/train?dataset=")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("Deleted.")).to_be_visible()
    expect(page.get_by_role("heading", name="Your data sets")).to_have_count(0)
