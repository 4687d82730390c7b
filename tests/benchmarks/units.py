"""How long the pages of units take to open for a code of 1,024 units, in Chromium.

    python tests/benchmarks/units.py

Trains such a run for one epoch, and opens each page anew: the first time, when the server computes what drives the
units, and again, beside a bare Streamlit page. Seconds from the address to a page that has settled.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from browsing import Server, Tab, launch, serving
from interaction import BARE_PAGE

from ae_core import runs, training
from ae_core.spec import make_spec

AGAIN = 5


def train(folder: Path) -> str:
    spec = make_spec("sparse", "fashion-mnist", {"method": "topk", "k": 32}, {"latent_dim": 1024}, epochs=1)
    name = runs.new_name("sparse")
    for event in training.fit(spec, folder / "runs" / name, title="1,024 units"):
        if isinstance(event, training.Failed):
            raise SystemExit(event.reason)
    return name


def seconds(browser: Browser, server: Server, path: str) -> float:
    """From the address to the settled page, in a tab that has looked at another page with figures."""
    context = browser.new_context()
    tab = Tab(context, server)
    tab.open("sparsity" if path else "")
    began = time.perf_counter()
    tab.turn_to(path) if path else tab.open("")
    taken = time.perf_counter() - began
    context.close()
    return taken


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data = Path(folder) / "a"
        name = train(data)
        script = Path(folder) / "bare.py"
        script.write_text(BARE_PAGE)
        with serving(data) as ours, serving(Path(folder) / "b", script) as bare:
            browser = launch(playwright)
            plain = statistics.median(seconds(browser, bare, "") for _ in range(AGAIN))
            print(f"a bare page: {plain:.2f} s")
            for page in (f"all-units?run={name}", f"unit?run={name}&unit=7", f"unit?run={name}&unit=8"):
                first = seconds(browser, ours, page)
                again = statistics.median(seconds(browser, ours, page) for _ in range(AGAIN))
                print(f"{page.partition('?')[0]}: {first:.2f} s the first time, {again:.2f} s again")
            browser.close()


if __name__ == "__main__":
    main()
