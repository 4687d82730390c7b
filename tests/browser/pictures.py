"""Takes the README's pictures from the running app: ``python tests/browser/pictures.py``, or ``make pictures``."""

import tempfile
from pathlib import Path

from browsing import ROOT, launch, serving
from playwright.sync_api import Page, sync_playwright

FOLDER = ROOT / ".github" / "pictures"
WIDTH, HEIGHT = 1280, 860


def _settle(page: Page) -> None:
    page.wait_for_selector("h1")
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_timeout(2000)


def _take(page: Page, name: str, below: str = "h1") -> None:
    """The window, scrolled so that the element begins it."""
    page.locator(below).first.evaluate("e => e.scrollIntoView({block: 'start'})")
    page.mouse.move(WIDTH - 5, HEIGHT - 5)
    page.wait_for_timeout(500)
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
    page.wait_for_timeout(2500)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, serving(Path(data)) as server, sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_default_timeout(60_000)

        page.goto(server.url)
        _settle(page)
        plane = page.locator("canvas.cursor").bounding_box()
        assert plane is not None
        page.mouse.move(plane["x"] + plane["width"] * 0.62, plane["y"] + plane["height"] * 0.6, steps=20)
        page.wait_for_timeout(500)
        page.screenshot(path=FOLDER / "home.png")

        for name, link in {
            "reconstruct": "reconstruct?run=convolutional",
            "sampler": "sampler",
            "denoise": "denoise",
            "sparsity": "sparsity",
        }.items():
            page.goto(f"{server.url}/{link}")
            _settle(page)
            _take(page, name)

        page.goto(f"{server.url}/latent-space?run=variational-2d")
        _settle(page)
        page.locator("h1").evaluate("e => e.scrollIntoView({block: 'start'})")
        _lasso(page)
        page.screenshot(path=FOLDER / "latent-space.png")

        page.goto(f"{server.url}/train")
        _settle(page)
        page.get_by_role("button", name="Start training").click()
        page.get_by_text("Epoch 4 of").wait_for()
        page.screenshot(path=FOLDER / "train.png")
        browser.close()


if __name__ == "__main__":
    main()
