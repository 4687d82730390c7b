"""Looks at every page at every width, light and dark: takes its picture, and says what does not fit.

``python tests/browser/survey.py OUT`` writes a picture of each page into that folder, and prints a line for each
finding: text that is cut off, a page that scrolls sideways, a serious finding of axe, a menu that does not name the
page.
"""

import argparse
import tempfile
from pathlib import Path

from browsing import FULL, MENU, PAGES, TEXT_FAULTS, Tab, launch, serious, serving
from playwright.sync_api import sync_playwright

WIDTHS = {1920: 1080, 1280: 720, 1024: 768, 900: 700, 390: 844}
SIDEWAYS = (
    "() => { const main = document.querySelector('[data-testid=stMain]'); return main.scrollWidth - main.clientWidth; }"
)


def names_page(tab: Tab, path: str, width: int) -> bool:
    """Whether the menu says which page is open: in its row, or on a phone by the page's own heading."""
    if width < 768:
        return tab.page.locator("h1").inner_text() == PAGES[path]
    menu = tab.page.get_by_role("navigation", name="App pages").inner_text()
    named = [title for titles in MENU.values() for title in titles if title == PAGES[path]]
    return not path or all(f"· {title}" in menu for title in named)


def main() -> None:
    """Visits, and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="where the pictures go")
    parser.add_argument("--widths", type=int, nargs="*", default=list(WIDTHS), help="which of the widths")
    parser.add_argument("--pages", nargs="*", default=list(PAGES), help="which pages, by the path of their link")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    findings = 0
    with tempfile.TemporaryDirectory() as data, serving(Path(data)) as server, sync_playwright() as playwright:
        browser = launch(playwright)
        for scheme in ("light", "dark"):
            for width in asked.widths:
                size = {"width": width, "height": WIDTHS[width]}
                touch = width < 768
                context = browser.new_context(viewport=size, color_scheme=scheme, has_touch=touch, is_mobile=touch)
                tab = Tab(context, server)
                for path in asked.pages:
                    link = FULL.get(path, path)
                    tab.open(link)
                    name = f"{path or 'home'}-{width}-{scheme}"
                    tall = tab.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
                    told = tab.page.evaluate(TEXT_FAULTS)
                    if (by := tab.page.evaluate(SIDEWAYS)) > 0:
                        told.append(f"scrolls sideways by {by} pixels")
                    told += [f"axe: {rule}: {targets}" for rule, targets in serious(tab.page).items()]
                    if not names_page(tab, path, width):
                        told.append("the menu does not name the page")
                    tab.page.set_viewport_size({"width": width, "height": min(tall + 60, 4000)})
                    tab.settle()
                    tab.page.screenshot(path=asked.out / f"{name}.png")
                    tab.page.set_viewport_size(size)
                    findings += len(told)
                    for one in told:
                        print(f"{name}: {one}", flush=True)
                context.close()
        browser.close()
    print(f"{findings} findings")


if __name__ == "__main__":
    main()
