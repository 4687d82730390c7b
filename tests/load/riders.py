"""Two real Chromium pages among the visitors: a lens whose pointer moves, and a sampler whose slider does."""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import ElementHandle, Page, async_playwright

from tests.load.measuring import percentiles
from tests.load.stay import SEED

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from browsing import CHROMIUM, FLAGS, PATIENCE

Ride = Callable[[float], Coroutine[Any, Any, dict[str, Any]]]

# Moves the pointer to a place of the lens: milliseconds until another image stands there, or null if none comes.
MOVE = """async ([cursor, x, y]) => {
  const canvas = cursor.closest('.lens').querySelector('.decoded');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const look = () => context.getImageData(0, 0, canvas.width, canvas.height).data.join();
  const before = look();
  const box = cursor.getBoundingClientRect();
  const began = performance.now();
  cursor.dispatchEvent(new PointerEvent('pointermove', {
    clientX: box.left + x * box.width, clientY: box.top + y * box.height, bubbles: true, pointerType: 'mouse',
  }));
  for (let frame = 0; frame < 60; frame++) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    if (look() !== before) return performance.now() - began;
  }
  return null;
}"""
SOURCE = "() => document.querySelector('.plot')?.data?.[0]?.source ?? ''"


@asynccontextmanager
async def riders(base: str, wanted: bool) -> AsyncIterator[Ride]:
    """Opens the two pages; gives what uses them for so many seconds and tells what they saw."""
    if not wanted:

        async def nobody(seconds: float) -> dict[str, Any]:
            return {}

        yield nobody
        return
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        lens, sampler = [await (await browser.new_context()).new_page() for _ in range(2)]
        frames: list[Any] = []
        lens.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame)))
        await lens.goto(f"{base}/lens?run=vanilla-2d", timeout=PATIENCE)
        await sampler.goto(f"{base}/sampler?run=variational-2d", timeout=PATIENCE)
        cursor = await lens.wait_for_selector(".lens .cursor", timeout=PATIENCE)
        await lens.wait_for_function("e => e.closest('.lens').dataset.sharp === 'true'", arg=cursor, timeout=PATIENCE)
        await sampler.wait_for_selector(".plot .main-svg", timeout=PATIENCE)

        async def ride(seconds: float) -> dict[str, Any]:
            moved, slid = await asyncio.gather(move(lens, cursor, seconds, frames), slide(sampler, seconds))
            return {"lens": moved, "sampler": slid}

        yield ride
        await browser.close()


async def move(page: Page, cursor: ElementHandle | None, seconds: float, frames: list[Any]) -> dict[str, Any]:
    """Moves over the lens once a second: each move shows another image, and sends nothing."""
    chance, until, before = random.Random(5), time.monotonic() + seconds, len(frames)
    took = []
    while time.monotonic() < until:
        took.append(await page.evaluate(MOVE, [cursor, chance.uniform(0.2, 0.8), chance.uniform(0.2, 0.8)]))
        await asyncio.sleep(1)
    return {
        "moves": percentiles([t / 1000 for t in took if t is not None]),
        "unanswered": took.count(None),
        "frames sent": len(frames) - before,
        "foreign": foreign(await page.inner_text("body")),
    }


async def slide(page: Page, seconds: float, between: float = 5.0) -> dict[str, Any]:
    """Moves the slider of the sampler, and waits for another picture each time."""
    until = time.monotonic() + seconds
    knob = page.get_by_test_id("stSlider").first.get_by_role("slider")
    took: list[float] = []
    while time.monotonic() < until:
        before = await page.evaluate(SOURCE)
        began = time.perf_counter()
        await knob.press("ArrowLeft" if len(took) % 2 else "ArrowRight")
        await page.wait_for_function(f"(before) => ({SOURCE})() !== before", arg=before, timeout=PATIENCE)
        took.append(time.perf_counter() - began)
        await asyncio.sleep(between)
    return {"slides": percentiles(took), "foreign": foreign(await page.inner_text("body"))}


def foreign(words: str) -> int:
    """How many seeds and titles of other visitors are among those words."""
    return len(SEED.findall(words)) + words.count("Visitor ")
