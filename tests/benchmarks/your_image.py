"""How long the seven kinds take to answer a drawing: from the pen's lifting to seven reconstructions on the screen.

    python tests/benchmarks/your_image.py [--strokes 10] [--json]

The median over strokes with the real pad in Chromium, on a warm server; each is another drawing. Also how long the
first visitor of a new server waits for the page to be ready, and what the server's memory is after the strokes.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from browsing import PATIENCE, Tab, launch, serving

MOST_SECONDS = 0.5
KINDS = 7

# Notes when the pen is lifted, and when all reconstructions show other pixels than they did then.
WATCH = """() => {
  const inside = (selector) => [...document.querySelectorAll('*')]
    .filter((e) => e.shadowRoot).flatMap((e) => [...e.shadowRoot.querySelectorAll(selector)]);
  const pixels = () => inside('canvas.back').map((canvas) =>
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.join());
  const paper = inside('canvas.paper')[0];
  paper.addEventListener('pointerup', () => {
    const lifted = performance.now();
    const before = pixels();
    window.answered = null;
    const look = () => {
      const now = pixels();
      if (now.length === KINDS && now.every((image, i) => image !== before[i])) {
        requestAnimationFrame(() => { window.answered = (performance.now() - lifted) / 1000; });
      } else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, { capture: true });
}""".replace("KINDS", str(KINDS))


def stroke(page: Page, seed: int) -> None:
    """Draws a stroke with the mouse, another one for each seed."""
    box = page.locator(".pad .paper").bounding_box()
    assert box
    places = np.random.default_rng(seed).uniform(0.15, 0.85, (4, 2)) * box["width"] + (box["x"], box["y"])
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()


def measure(strokes: int) -> dict[str, object]:
    """Seconds to be ready, seconds of each stroke, and megabytes at the end."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server, sync_playwright() as playwright:
        browser = launch(playwright)
        tab = Tab(browser.new_context(viewport={"width": 1280, "height": 1000}), server)
        began = time.perf_counter()
        page = tab.open("your-image")
        ready = time.perf_counter() - began
        tab.settle()
        page.evaluate(WATCH)
        page.locator(".pad .paper").scroll_into_view_if_needed()
        stroke(page, 0)  # builds the rows
        page.wait_for_function("window.answered", timeout=PATIENCE)
        taken = []
        for seed in range(1, strokes + 1):
            tab.settle()
            page.evaluate("window.answered = null")
            stroke(page, seed)
            taken.append(float(page.wait_for_function("window.answered", timeout=PATIENCE).json_value()))
        megabytes = server.process.memory_info().rss / 1e6
        browser.close()
    return {"ready_s": ready, "strokes_s": taken, "median_s": statistics.median(taken), "megabytes": megabytes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strokes", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    results = measure(asked.strokes) | {"load": load, "cores": os.cpu_count()}
    if asked.json:
        print(json.dumps(results, indent=1))
        return
    print(f"load {load:.1f} on {os.cpu_count()} cores")
    print(f"last stroke to seven reconstructions: {results['median_s']:.3f} s (at most {MOST_SECONDS})")
    print("each: " + ", ".join(f"{seconds:.3f}" for seconds in results["strokes_s"]))
    print(f"a new server's page is ready after {results['ready_s']:.1f} s; memory {results['megabytes']:.0f} MB")


if __name__ == "__main__":
    main()
