"""How soon each page shows its first picture, against a page of one picture.

    python tests/benchmarks/page_speed.py [--repetitions 5] [--train] [--json]

Every time is taken on a freshly started server, so nothing is loaded or cached; medians over the repetitions.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from browsing import PAGES, PATIENCE, Tab, launch, serving

BARE = "bare"
BARE_PAGE = """
import numpy as np
import streamlit as st

st.title("Bare")
st.image(np.random.default_rng(0).integers(0, 255, (280, 280), np.uint8), alt="Noise")
"""
MOST_SECONDS = 0.5  # above the bare page
MOST_TO_FIRST_VALUE = 6.0
TRAINED = ("Vanilla", "Variational")

# Sets window.firstPicture to the time since navigation at which a picture stands on the page.
WATCH = """
  const visible = (e) => e && e.getBoundingClientRect().width > 4 && e.getBoundingClientRect().height > 4;
  const everywhere = (root) => [root, ...[...root.querySelectorAll('.stBidiComponent, [data-testid*="Component"] *')]
    .filter((e) => e.shadowRoot).map((e) => e.shadowRoot)];
  const drawn = () => {
    const main = document.querySelector('[data-testid="stMain"]');
    if (!main) return false;
    if ([...main.querySelectorAll('img')].some((e) => e.complete && e.naturalWidth > 1 && visible(e))) return true;
    const marks = '.imagelayer image, .scatterlayer .trace path, .barlayer .trace path';
    for (const chart of main.querySelectorAll('.js-plotly-plot')) {
      if (visible(chart) && chart.querySelector(marks)) return true;
      if (visible(chart.querySelector('.gl-canvas')) && chart.querySelector('.xtick text')) return true;
    }
    const shown = (root) => [...root.querySelectorAll('canvas, img')].some(visible);
    if (visible(main.querySelector('.pad canvas'))) return true;
    return everywhere(main).some((root) => root !== main
      && (root.querySelector('.lens') ? root.querySelector('.lens .place').textContent : shown(root)));
  };
  const look = () => {
    if (drawn()) requestAnimationFrame(() => requestAnimationFrame(() => { window.firstPicture = performance.now(); }));
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
"""
# The training's own curve, not that of the shipped run which stands there before.
FIRST_VALUE = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  return main.querySelector('[data-testid="stProgress"]') && !main.innerText.includes('What to expect')
    && main.querySelector('.js-plotly-plot .scatterlayer .trace path');
}"""


def first_picture(browser: Browser, page: str) -> float:
    """Seconds from navigation to the first picture of a page, or of the bare page, on a new server."""
    with tempfile.TemporaryDirectory() as folder:
        script = []
        if page == BARE:
            (Path(folder) / "bare.py").write_text(BARE_PAGE)
            script = [Path(folder) / "bare.py"]
        with serving(Path(folder) / "data", *script) as server:
            context = browser.new_context()
            tab = Tab(context, server)
            tab.page.add_init_script(WATCH)
            tab.page.goto(f"{server.url}/{'' if page == BARE else page}")
            taken = tab.page.wait_for_function("window.firstPicture", timeout=PATIENCE).json_value()
            context.close()
    return float(taken) / 1000


def first_value(browser: Browser, kind: str) -> float:
    """Seconds from the click on Start to the first point of the curves, on Fashion-MNIST."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        context = browser.new_context()
        tab = Tab(context, server)
        tab.open("train")
        tab.choose("Kind", kind)
        button = tab.page.get_by_role("button", name="Start training")
        button.scroll_into_view_if_needed()
        clicked = time.perf_counter()
        button.click()
        tab.page.wait_for_function(FIRST_VALUE, timeout=3 * PATIENCE)
        taken = time.perf_counter() - clicked
        context.close()
    return taken


def _load() -> str:
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    return f"load {load:.1f} on {cores} cores" + (": busy, these are upper bounds" if load > cores / 2 else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--train", action="store_true", help="measure the time to a training's first value instead")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    results: dict[str, object] = {"load": _load()}
    with sync_playwright() as playwright:
        browser = launch(playwright)
        if asked.train:
            rounds = [{kind: first_value(browser, kind) for kind in TRAINED} for _ in range(asked.repetitions)]
            results["first_value_s"] = {kind: statistics.median(r[kind] for r in rounds) for kind in TRAINED}
        else:
            first_picture(browser, BARE)  # the disk's caches
            rounds = [{page: first_picture(browser, page) for page in (BARE, *PAGES)} for _ in range(asked.repetitions)]
            results["first_picture_s"] = {page: statistics.median(r[page] for r in rounds) for page in rounds[0]}
        browser.close()
    print(json.dumps(results, indent=1) if asked.json else _table(results))


def _table(results: dict) -> str:
    lines = [results["load"]]
    if "first_value_s" in results:
        lines += ["", "| kind | click to first value, s | target |", "|---|---:|---:|"]
        lines += [f"| {k} | {s:.1f} | {MOST_TO_FIRST_VALUE:.1f} |" for k, s in results["first_value_s"].items()]
        return "\n".join(lines)
    bare = results["first_picture_s"][BARE]
    lines += ["", f"| page | ours, s | bare, s | difference (at most {MOST_SECONDS}) |", "|---|---:|---:|---:|"]
    for page, seconds in results["first_picture_s"].items():
        if page != BARE:
            lines.append(f"| {page or 'home'} | {seconds:.2f} | {bare:.2f} | {seconds - bare:+.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
