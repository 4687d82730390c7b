"""What a large data set costs: 100,000 images of 32 × 32 in colour, as many of them for tests as there may be.

    python tests/benchmarks/data.py [--count 100000] [--json]

They are emoji, moved, mirrored, lit and with noise, so that no two are the same. Adding: seconds, the most memory of
the process, and bytes on disk beside those of the file, from a .npy in the shell and from a .zip of PNG on the page.
Serving: memory of the server that is its own (not that of mapped files) after all pages have shown one shipped run,
another one, and then one of this data set. Drawing:
frames a second while the pointer moves over the lens, while it is zoomed, and over the map with all dots.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from browsing import ROOT, Server, Tab, launch, serving
from test_lens import sharp

from ae_core import data

MB = 1e6
PAGES = ("lens", "reconstruct", "denoise", "latent-space", "paths", "units", "sparsity", "sampler", "your-image")
MOST_GROWTH_MB, LEAST_FPS = 50, 30
HOUR = 3_600_000  # milliseconds
# Calls `step` before each of so many frames; milliseconds from one to the next.
FRAMES = """async ([element, count, kind]) => {
  const box = element.getBoundingClientRect();
  const taken = [];
  let last = await new Promise(requestAnimationFrame);
  for (let i = 0; i < count; i++) {
    const turn = (i / count) * 6.283;
    const clientX = box.left + box.width * (0.5 + 0.4 * Math.cos(turn));
    const clientY = box.top + box.height * (0.5 + 0.4 * Math.sin(2 * turn));
    const about = { clientX, clientY, bubbles: true, cancelable: true, pointerType: 'mouse', view: window };
    const wheel = { ctrlKey: kind === 'ctrl-wheel', deltaY: i % 40 < 20 ? -40 : 40 };
    if (kind.endsWith('wheel')) element.dispatchEvent(new WheelEvent('wheel', { ...about, ...wheel }));
    else {
      element.dispatchEvent(new PointerEvent('pointermove', about));
      element.dispatchEvent(new MouseEvent('mousemove', about));
    }
    const now = await new Promise(requestAnimationFrame);
    taken.push(now - last);
    last = now;
  }
  return taken;
}"""


def pictures(count: int) -> np.ndarray:
    """uint8 (count, 32, 32, 3)."""
    rng = np.random.default_rng(0)
    emoji = np.concatenate([data.load("emoji").split(which).images for which in ("train", "test")])
    made = np.empty((count, 32, 32, 3), np.uint8)
    for i in range(count):
        image = np.roll(emoji[rng.integers(len(emoji))], rng.integers(-3, 4, 2), (0, 1))
        lit = image[:, :: rng.choice((-1, 1))] * rng.uniform(0.6, 1) + rng.normal(0, 4, (32, 32, 3))
        made[i] = np.clip(lit, 0, 255)
    return made


def zipped(images: np.ndarray, file: Path) -> None:
    """A .zip of PNG files in ten folders, and a tenth of them for tests."""
    with zipfile.ZipFile(file, "w") as archive:
        for i, image in enumerate(images):
            content = io.BytesIO()
            Image.fromarray(image).save(content, "PNG", compress_level=1)
            archive.writestr(f"{i % 10}/{i:06}.png", content.getvalue())


@contextmanager
def watched(process: psutil.Process) -> Iterator[dict[str, float]]:
    """The most memory that is a process's own while the block runs, in megabytes, as "most"."""
    found = {"before": own(process), "most": 0.0}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            found["most"] = max(found["most"], own(process))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def own(process: psutil.Process) -> float:
    """Megabytes of memory that are no mapped file's."""
    try:
        memory = process.memory_info()
    except psutil.Error:
        return 0.0
    return float(memory.rss - memory.shared) / MB


def run_cli(folder: Path, *arguments: str) -> tuple[dict[str, float], str]:
    """Runs a command on a data folder: seconds and the most memory, and what it printed."""
    environment = {**os.environ, "LATENT_EXPLORER_DATA": str(folder)}
    began = time.perf_counter()
    command = [sys.executable, "-m", "ae_core", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    with watched(psutil.Process(process.pid)) as memory:
        printed = process.communicate()[0]
    if process.returncode:
        raise SystemExit(f"{command} failed.")
    return {"seconds": round(time.perf_counter() - began, 1), "most_mb": round(memory["most"])}, printed


def fps(page: Page, selector: str, kind: str) -> dict[str, float]:
    """Frames a second while something moves: of the median frame, and of the slowest in twenty."""
    element = page.locator(selector).first
    element.scroll_into_view_if_needed()
    taken = sorted(element.evaluate(f"(element) => ({FRAMES})([element, 200, {kind!r}])"))
    slow = taken[int(0.95 * len(taken))]
    return {"median": round(1000 / statistics.median(taken), 1), "p95": round(1000 / slow, 1)}


def add_on_page(tab: Tab, server: Server, file: Path) -> dict[str, Any]:
    """Drops a file on the page and has it added; seconds of each step, and the server's memory."""
    page = tab.open("data")
    began = time.perf_counter()
    with watched(server.process) as memory:
        page.locator(".drop input.files").first.set_input_files(file)
        button = page.get_by_role("button", name="Add this data set")
        expect(button).to_be_visible(timeout=HOUR)
        read = time.perf_counter()
        button.click()
        expect(page.get_by_text("is here:")).to_be_visible(timeout=HOUR)
        added = time.perf_counter()
    return {
        "seconds to send and look": round(read - began, 1),
        "seconds to add": round(added - read, 1),
        "server grew by, at most, MB": round(memory["most"] - memory["before"]),
    }


def visited(tab: Tab, server: Server, run: str) -> int:
    """The server's own memory in megabytes after all pages have shown a run."""
    for path in PAGES:
        tab.turn_to(f"{path}?run={run}")
        expect(tab.failures).to_have_count(0)
    time.sleep(12)  # free memory is given back every five seconds
    return round(own(server.process))


def measure(count: int, folder: Path, on_page: bool) -> dict[str, Any]:
    """All figures; without those of the page if it is left out."""
    images = pictures(count)
    np.save(folder / "many.npy", images)
    zipped(images if on_page else images[:1], folder / "many.zip")
    del images
    found: dict[str, Any] = {"examples": count}
    kept = folder / "data"
    found["shell"], printed = run_cli(
        kept, "data", "add", str(folder / "many.npy"), "--test", "0.5", "--name", "many", "--json"
    )
    told = json.loads(printed)
    added, tests = Path(told["path"]), told["sizes"]["test"]
    found["bytes"] = {
        "file": (folder / "many.npy").stat().st_size,
        "zip": (folder / "many.zip").stat().st_size,
        "kept": sum(path.stat().st_size for path in added.iterdir()),
    }
    train = ("train", "vanilla", "--dataset", "many", "--latent-dim", "2", "--epochs", "1", "--network", "dense")
    found["one epoch"], printed = run_cli(kept, *train, "--out", str(kept / "runs" / "many"))
    window: Any = {"viewport": {"width": 1280, "height": 720}}
    if on_page:
        with serving(kept) as server, sync_playwright() as playwright:
            tab = Tab(launch(playwright).new_context(**window), server)
            tab.open("lens")  # what a server has once somebody has looked at a page
            found["page"] = add_on_page(tab, server, folder / "many.zip")
    with serving(kept) as server, sync_playwright() as playwright:  # another one: memory that was freed would hide much
        tab = Tab(launch(playwright).new_context(**window), server)
        # What any run costs that nobody has looked at yet, and then what this one does.
        found["server"] = {run: visited(tab, server, run) for run in ("variational-2d", "vanilla-2d", "many")}
        tab.turn_to("lens?run=many")
        sharp(tab)
        found["fps"] = {
            "lens, pointer": fps(tab.page, ".lens .cursor", "move"),
            "lens, zoom": fps(tab.page, ".lens .cursor", "wheel"),
        }
        tab.turn_to("latent-space?run=many")
        tab.settle()
        dots = tab.page.locator(".js-plotly-plot").first.evaluate(
            "e => e._fullData.reduce((n, t) => n + (t._length || 0), 0)"
        )
        found["dots"] = {"lens": tests, "map": dots}
        found["fps"]["map, pointer"] = fps(tab.page, ".plot .nsewdrag", "move")
        found["fps"]["map, zoom"] = fps(tab.page, ".plot .nsewdrag", "ctrl-wheel")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000, help="examples, 100,000 unless told otherwise")
    parser.add_argument("--no-page", action="store_true", help="add it in the shell only")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(asked.count, Path(folder), not asked.no_page)
    found |= {"load": os.getloadavg()[0], "cores": os.cpu_count()}
    if asked.json:
        print(json.dumps(found, indent=1))
        return
    print(f"server grew by {found['server']['many'] - found['server']['vanilla-2d']} MB (at most {MOST_GROWTH_MB})")
    for name, value in found.items():
        print(f"{name:12} {value}")


if __name__ == "__main__":
    main()
