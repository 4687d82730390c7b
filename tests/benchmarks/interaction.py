"""How long a change of a control takes to the new picture, on each page and on a page of one slider and one image.

    python tests/benchmarks/interaction.py [--repetitions 9] [--pages denoise sampler] [--json]

From the first message that the browser sends to the frame that shows the new picture; medians. The bare page
takes its turn before every one of ours, so that both see the same machine.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from browsing import PATIENCE, Server, Tab, launch, serving

BARE = "bare"
BARE_PAGE = """
import numpy as np
import streamlit as st

st.title("Bare")
seed = st.slider("Seed", 0, 1000, 500)
st.image(np.random.default_rng(seed).integers(0, 255, (280, 280), np.uint8), alt="Noise")
"""
MOST_MILLISECONDS = 150  # above the bare page


def slide(page: Page, turn: int) -> None:
    """One step of Streamlit's first slider, on and on, for what was there before may be kept; at its end it turns."""
    page.get_by_test_id("stSlider").first.get_by_role("slider").press("ArrowRight" if turn < 8 else "ArrowLeft")


def sway(page: Page, turn: int) -> None:
    """Forth and back, where the slider has few steps."""
    page.get_by_test_id("stSlider").first.get_by_role("slider").press("ArrowLeft" if turn % 2 else "ArrowRight")


def widen(page: Page, turn: int) -> None:
    """One step of the second slider, likewise."""
    page.get_by_test_id("stSlider").nth(1).get_by_role("slider").press("ArrowRight" if turn < 8 else "ArrowLeft")


def step(page: Page, turn: int) -> None:
    page.get_by_test_id("stNumberInputStepDown" if turn % 2 else "stNumberInputStepUp").first.click()


def choose(label: str, *options: str) -> Callable[[Page, int], None]:
    def change(page: Page, turn: int) -> None:
        box = page.get_by_role("combobox", name=label, exact=True)
        box.click()
        box.fill(options[turn % 2])
        page.get_by_role("option", name=options[turn % 2]).first.click()

    return change


def press(*names: str) -> Callable[[Page, int], None]:
    """The buttons of a row in turn."""

    def change(page: Page, turn: int) -> None:
        group = page.get_by_test_id("stButtonGroup")
        group.locator("button").filter(has_text=names[turn % len(names)]).first.click()

    return change


# By the path of its link, of a second change with a word after it: what is changed, and how. What the pointer does
# never leaves the browser, so the home page has nothing to measure.
CHANGES: dict[str, tuple[str, Callable[[Page, int], None]]] = {
    "lens": ("run", choose("Model", "Contractive", "Variational")),
    "train": ("kind, and with it the whole form", choose("Kind", "Sparse", "Vanilla")),
    "reconstruct": ("first image", step),
    "denoise": ("level of noise", slide),
    "sparsity": ("runs", press("Undercomplete")),
    "latent-space": ("order of the images", press("Largest error first", "By number")),
    "latent-space run": ("run", choose("Model", "Contractive", "Variational")),
    "paths": ("kind of path", press("Along a direction", "From one to another")),
    "units": ("test image", step),
    "all-units": ("order", press("By class", "By use")),
    "unit": ("unit", step),
    "directions?from-group=c6&to-group=c3": ("second group", choose("To", "Coat", "Dress")),
    "stability": ("noise", sway),
    "lens colour": ("colour of 10,000 dots", choose("Colour by", "Error", "Class")),
    "latent-space colour": ("colour of 10,000 dots", choose("Colour by", "Error", "Class")),
    "sampler": ("range of the grid", widen),
    "sampler size": ("images along each side", slide),
}

# `window.arm()` forgets; `window.roundTrip` is the time in milliseconds once a new picture stands there.
WATCH = """
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (message) {
    window.sentAt ??= performance.now();
    return send.call(this, message);
  };
  const known = new WeakMap();
  // Of a figure that is one picture, the picture; of another one, what it was drawn from.
  const sum = (values) => (ArrayBuffer.isView(values) ? values.reduce((a, b) => a + b, values.length) : values?.length);
  const of = (plot) => {
    if (!plot.data || plot.querySelector(':scope > img')) return null;
    const pictures = [...plot.querySelectorAll('.imagelayer image')].map((e) => e.getAttribute('href'));
    if (pictures.length) return pictures.join();
    if (!known.has(plot.data)) {
      const traces = plot._fullData.map((t) => [t.type, t.source, sum(t.x), sum(t.y), t.name].join());
      known.set(plot.data, traces.join(';'));
    }
    return known.get(plot.data);
  };
  // Of a canvas a thumbnail, read again only after something was drawn: to read a hundred in every frame took as long
  // as what is measured.
  const thumbnail = new OffscreenCanvas(24, 24);
  const small = thumbnail.getContext('2d', { willReadFrequently: true });
  const read = new WeakMap();
  for (const drawing of ['drawImage', 'putImageData', 'clearRect', 'fillRect', 'stroke', 'fill']) {
    const original = CanvasRenderingContext2D.prototype[drawing];
    CanvasRenderingContext2D.prototype[drawing] = function (...given) {
      read.delete(this.canvas);
      return original.apply(this, given);
    };
  }
  const canvas = (element) => {
    if (!read.has(element)) {
      small.clearRect(0, 0, 24, 24);
      if (element.width && element.height) small.drawImage(element, 0, 0, 24, 24);
      read.set(element, small.getImageData(0, 0, 24, 24).data.join());
    }
    return read.get(element);
  };
  const picture = () => {
    const main = document.querySelector('[data-testid="stMain"]');
    const images = [...main.querySelectorAll('img')].filter((e) => e.complete).map((e) => e.src);
    const inside = [...main.querySelectorAll('*')].filter((e) => e.shadowRoot).map((e) => e.shadowRoot);
    const canvases = inside.flatMap((root) => [...root.querySelectorAll('canvas')]).map(canvas);
    const pieces = inside.flatMap((root) => [...root.querySelectorAll('.tile, .adds')]);
    images.push(...pieces.map((e) => e.style.backgroundPosition + (e.className === 'adds' ? e.style.background : '')));
    return [...images, ...[...main.querySelectorAll('.plot')].map(of), ...canvases].join('|');
  };
  window.arm = () => {
    const before = picture();
    window.sentAt = null;
    window.roundTrip = null;
    const look = () => {
      if (window.sentAt && picture() !== before) window.roundTrip = performance.now() - window.sentAt;
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  };
"""


def open_tab(browser: Browser, server: Server, path: str) -> Tab:
    tab = Tab(browser.new_context(reduced_motion="reduce"), server)
    tab.page.add_init_script(WATCH)
    tab.open(path)
    return tab


def round_trip(tab: Tab, change: Callable[[Page, int], None], turn: int) -> float:
    """Milliseconds from the change's message to its picture."""
    tab.page.bring_to_front()
    tab.page.evaluate("window.arm()")
    change(tab.page, turn)
    taken = tab.page.wait_for_function("window.roundTrip", timeout=PATIENCE).json_value()
    tab.settle()
    return float(taken)


def measure(browser: Browser, ours: Server, bare: Server, paths: list[str], repetitions: int) -> dict[str, dict]:
    """For each page the medians, after a turn that fills the caches."""
    results = {}
    plain = open_tab(browser, bare, "")
    for path in paths:
        what, change = CHANGES[path]
        tab = open_tab(browser, ours, path.split()[0])
        pairs = [(round_trip(plain, slide, i), round_trip(tab, change, i)) for i in range(repetitions + 2)][2:]
        tab.page.context.close()
        of_bare, of_ours = (statistics.median(times) for times in zip(*pairs, strict=True))
        results[path] = {"change": what, "ours_ms": round(of_ours, 1), "bare_ms": round(of_bare, 1)}
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--pages", nargs="+", choices=list(CHANGES), default=list(CHANGES), metavar="PAGE")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        script = Path(folder) / "bare.py"
        script.write_text(BARE_PAGE)
        with serving(Path(folder) / "a") as ours, serving(Path(folder) / "b", script) as bare:
            browser = launch(playwright)
            pages = measure(browser, ours, bare, asked.pages, asked.repetitions)
            browser.close()
    results = {"load": round(load, 2), "cores": cores, "repetitions": asked.repetitions, "pages": pages}
    print(json.dumps(results, indent=1) if asked.json else _table(results))


def _table(results: dict) -> str:
    lines = [f"load {results['load']} on {results['cores']} cores, {results['repetitions']} repetitions", ""]
    lines += [f"| page | change | ours, ms | bare, ms | difference (at most {MOST_MILLISECONDS}) |"]
    lines += ["|---|---|---:|---:|---:|"]
    for page, r in results["pages"].items():
        more = r["ours_ms"] - r["bare_ms"]
        lines.append(f"| {page} | {r['change']} | {r['ours_ms']:.0f} | {r['bare_ms']:.0f} | {more:+.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
