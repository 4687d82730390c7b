"""What one move over a lens costs the browser, for each run that ships.

    python tests/benchmarks/lens.py [--json]

From the pointer's event to the image on the canvas, as the lens itself counts it; medians of 200 moves.
"""

import argparse
import json
import os
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from browsing import Tab, launch, serving
from test_lens import SHIPPED, VISIT, open_lens

PLACES = 200
MOST_MILLISECONDS = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    places = np.random.default_rng(0).uniform(0.01, 0.99, (PLACES, 2)).tolist()
    taken = {}
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server, sync_playwright() as playwright:
        tab = Tab(launch(playwright).new_context(), server)
        for name in SHIPPED:
            plane = open_lens(tab, f"lens?run={name}&debug=1")
            tab.page.evaluate(VISIT, [plane.element_handle(), places])
            counter = tab.page.locator(".lens .counter").inner_text()
            taken[name] = float(re.findall(r"median ([\d.]+) ms", counter)[0])
    if asked.json:
        print(json.dumps({"load": load, "cores": os.cpu_count(), "median_ms": taken}, indent=1))
        return
    print(f"load {load:.1f} on {os.cpu_count()} cores; milliseconds of one move (at most {MOST_MILLISECONDS})")
    print("\n".join(f"{name:16} {milliseconds:5.2f}" for name, milliseconds in taken.items()))


if __name__ == "__main__":
    main()
