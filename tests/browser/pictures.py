"""Takes the README's pictures from the running app: ``python tests/browser/pictures.py``, or ``make pictures``."""

import io
import math
import re
import tempfile
from pathlib import Path

from browsing import ROOT, Tab, launch, serving
from PIL import Image
from playwright.sync_api import Page, sync_playwright

FOLDER = ROOT / ".github" / "pictures"
WIDTH, HEIGHT = 1280, 860
# A shirt in a few strokes, in shares of the pad.
SHIRT = [
    [(0.36, 0.15), (0.36, 0.85), (0.45, 0.85), (0.45, 0.2), (0.54, 0.2), (0.54, 0.85), (0.63, 0.85), (0.63, 0.15)],
    [(0.36, 0.18), (0.2, 0.4), (0.27, 0.46), (0.4, 0.26)],
    [(0.63, 0.18), (0.8, 0.4), (0.73, 0.46), (0.6, 0.26)],
]


def _settle(tab: Tab, lenses: int = 0) -> None:
    """Waits until the page and so many lenses have all that they show."""
    if lenses:
        tab.page.locator('.lens[data-sharp="true"]').nth(lenses - 1).wait_for()
    tab.page.wait_for_load_state("networkidle")  # the overlays, too
    tab.settle()


def _take(tab: Tab, name: str) -> None:
    """The window, scrolled so that the title begins it."""
    tab.page.locator("h1").evaluate("e => e.scrollIntoView({block: 'start'})")
    tab.page.mouse.move(WIDTH - 5, HEIGHT - 5)
    _settle(tab)
    tab.page.screenshot(path=FOLDER / f"{name}.png", clip={"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT})


def _over(tab: Tab, name: str, across: float, down: float) -> None:
    """The window with the pointer over a place of the lens, which is decoded."""
    page = tab.page
    page.locator("h1").evaluate("e => e.scrollIntoView({block: 'start'})")
    plane = page.locator("canvas.cursor").bounding_box()
    assert plane is not None
    page.mouse.move(plane["x"] + across * plane["width"], plane["y"] + down * plane["height"], steps=8)
    tab.frames()
    page.screenshot(path=FOLDER / f"{name}.png", clip={"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT})


def _lasso(page: Page) -> None:
    box = page.locator(".js-plotly-plot").first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3
    page.mouse.move(x, y)
    page.mouse.down()
    for dx, dy in ((90, -20), (170, 40), (150, 130), (60, 160), (-20, 90), (0, 0)):
        page.mouse.move(x + dx, y + dy, steps=6)
    page.mouse.up()


def _film(tab: Tab, frames: int = 48) -> None:
    """A GIF of the lens while the pointer goes once around on its plane."""
    page = tab.page
    lens = page.locator(".lens").bounding_box()
    plane = page.locator("canvas.cursor").bounding_box()
    assert lens is not None
    assert plane is not None
    pictures = []
    for i in range(frames):
        t = 2 * math.pi * i / frames
        across, down = 0.47 + 0.3 * math.sin(t), 0.5 + 0.36 * math.sin(2 * t + 0.6)
        page.mouse.move(plane["x"] + across * plane["width"], plane["y"] + down * plane["height"], steps=4)
        tab.frames()
        shot = Image.open(io.BytesIO(page.screenshot(clip={**lens, "height": plane["height"] + 2})))
        pictures.append(
            shot.convert("RGB").resize((shot.width * 3 // 5, shot.height * 3 // 5), Image.Resampling.LANCZOS)
        )
    palette = pictures[0].quantize(128)
    first, *rest = (p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures)
    first.save(FOLDER / "lens.gif", save_all=True, append_images=rest, duration=110, loop=0, optimize=True)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, serving(Path(data)) as server, sync_playwright() as playwright:
        browser = launch(playwright)
        tab = Tab(browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}), server)

        page = tab.open("")
        _settle(tab, lenses=1)
        plane = page.locator("canvas.cursor").bounding_box()
        assert plane is not None
        page.mouse.move(plane["x"] + plane["width"] * 0.62, plane["y"] + plane["height"] * 0.6, steps=20)
        tab.frames()
        page.screenshot(path=FOLDER / "home.png")
        page.locator(".lens").evaluate("e => e.scrollIntoView({block: 'center'})")
        _film(tab)

        tab.open("lens?run=vanilla-2d&beside=variational-2d&overlay=Density")
        _settle(tab, lenses=2)
        _take(tab, "lens")

        for name, run, (across, down) in (
            ("emoji", "emoji-vanilla", (0.3, 0.5)),
            ("heartbeats", "ecg-variational", (0.56, 0.36)),
        ):
            tab.open(f"lens?run={run}")
            _settle(tab, lenses=1)
            _over(tab, name, across, down)

        tab.open("your-image")
        pad = page.locator(".pad canvas").first.bounding_box()
        assert pad is not None
        for strokes in SHIRT:
            for i, (x, y) in enumerate(strokes):
                page.mouse.move(pad["x"] + x * pad["width"], pad["y"] + y * pad["height"], steps=8)
                if i == 0:
                    page.mouse.down()
            page.mouse.up()
        page.locator(".answers .row").nth(6).wait_for()
        _take(tab, "your-image")

        for name, link in {
            "reconstruct": "reconstruct?run=convolutional",
            "sampler": "sampler",
            "denoise": "denoise",
            "sparsity": "sparsity",
            "paths": "paths",
            "units": "all-units",
            "directions": "directions?run=vanilla&from-group=c0&to-group=c3&image=19",
            "stability": "stability",
            "uses": "uses",
            "anomalies": "anomalies?runs=vanilla-without-sandal",
            "generation": "generation?runs=variational",
        }.items():
            tab.open(link)
            _take(tab, name)

        tab.open("lessons?lesson=noise&step=2")
        page.get_by_test_id("stRadio").locator("label").filter(has=page.locator("input")).first.click()
        tab.settle()
        page.get_by_role("button", name="Reveal").click()
        page.get_by_text(re.compile("^(Your prediction is|The answer)")).wait_for()
        _take(tab, "lessons")

        tab.open("latent-space?run=variational-2d")
        page.locator("h1").evaluate("e => e.scrollIntoView({block: 'start'})")
        _lasso(page)
        page.get_by_role("heading", name="images selected").wait_for()
        _settle(tab)
        page.screenshot(path=FOLDER / "latent-space.png")

        tab.open("train")
        page.get_by_role("button", name="Start training").click()
        page.get_by_text(re.compile("Epoch [4-8] of")).wait_for()  # an epoch may come and go between two looks
        page.screenshot(path=FOLDER / "train.png")
        browser.close()


if __name__ == "__main__":
    main()
