"""What visitors cost: the server's memory with many at once, and over many one after another.

python -m tests.load.memory sessions [--counts 50 100 200]
python -m tests.load.memory visits [--visits 1000] [--servers 3]

A page takes up to 40 MB for a moment, and what is free goes back at its own pace: over 400 visits that alone may look
like 5 MB more or less. So the visits go to several servers one after another; none may grow by more than the bound.
"""

import argparse
import asyncio
import os
import random
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np

from tests.load.browse import RETURNER, browse, warm
from tests.load.client import Visitor
from tests.load.measuring import Server, Tally, memory, serving, write
from tests.load.pages import HEAVY

SERVER_MB = 500  # at 50 sessions
EACH_MB = 1.0  # for each further one
FLAT = 400  # of the last visits ...
FLAT_MB = 5.0  # ... may not cost more in all than this
TOGETHER = 100  # visits of which the mean is told: what one page takes for a moment comes and goes by 40 MB
SETTLED = 12.0  # seconds; free memory is given back every five


async def settled(server: Server) -> dict[str, float]:
    """The server's memory when what was free has been given back."""
    await asyncio.sleep(SETTLED)
    return memory(server.replicas()[0])


async def sessions(server: Server, counts: list[int], tally: Tally) -> dict[str, Any]:
    """Memory with so many visitors who browse, and after they have left."""
    found = {"fresh": await settled(server)}
    await warm(server, tally)
    found["0"] = await settled(server)
    until = asyncio.Event()
    visitors: list[asyncio.Task[None]] = []
    for count in counts:
        coming = range(len(visitors), count)
        visitors += [asyncio.create_task(browse(server.url, n, tally, 0.3 * i, until)) for i, n in enumerate(coming)]
        await asyncio.sleep(0.3 * len(coming) + 40)  # so that each has seen a page or two
        found[str(count)] = memory(server.replicas()[0])
    until.set()
    await asyncio.gather(*visitors)
    found["after"] = await settled(server)
    return {"memory": found, "wrong": tally.wrong, "pages": tally.summary()["reruns"]}


async def visits(server: Server, count: int, tally: Tally) -> dict[str, Any]:
    """Memory over so many visits, one after another, each of one page, and its growth over the last ones."""
    await warm(server, tally)
    looks = []
    for number in range(1, count + 1):
        visitor = Visitor(server.url, took=tally.took)
        chance = random.Random(number)
        stay = HEAVY[number % len(HEAVY)](visitor, number % RETURNER, chance)
        try:
            await visitor.arrive(stay.path, everything=False)
            await stay.begin(anew=True)
            await stay.go_on()
        except Exception as error:
            tally.wrong.append(f"visit {number}, {stay.path}: {type(error).__name__}: {error}")
        await visitor.leave()
        looks.append(memory(server.replicas()[0])["pss_mb"])
    last = min(FLAT, count)
    (slope, _), spread = np.polyfit(np.arange(last), looks[-last:], 1, cov=True)
    return {
        "means_mb": {n + TOGETHER: round(np.mean(looks[n : n + TOGETHER]), 1) for n in range(0, count, TOGETHER)},
        "growth_mb": round(float(slope) * last, 2),
        "standard error_mb": round(float(np.sqrt(spread[0, 0])) * last, 2),
        "settled": await settled(server),
        "wrong": tally.wrong,
        "pages": tally.summary()["reruns"],
    }


def median_of(each: list[dict[str, Any]]) -> dict[str, Any]:
    """The growth of the one in the middle, and what each server was measured to do."""
    growths = [found["growth_mb"] for found in each]
    wrong = [text for found in each for text in found["wrong"]]
    return {"growth_mb": round(float(np.median(growths)), 2), "each": each, "wrong": wrong}


def broken_bounds(results: dict[str, Any], counts: list[int]) -> list[str]:
    """A sentence for each bound that does not hold."""
    found = [f"{len(results['wrong'])} answers were wrong: {results['wrong'][0]}"] if results["wrong"] else []
    if "memory" in results:
        at = {n: results["memory"][str(n)]["rss_mb"] for n in counts}
        if at.get(50, 0) > SERVER_MB:
            found.append(f"{at[50]} MB at 50 sessions, more than {SERVER_MB}")
        each = (at[counts[-1]] - at[counts[0]]) / max(1, counts[-1] - counts[0])
        if each > EACH_MB:
            found.append(f"{each:.2f} MB for each further session, more than {EACH_MB}")
    growths = [of_server["growth_mb"] for of_server in results.get("each", [])]
    found += [f"{mb} MB more over the last {FLAT} visits, more than {FLAT_MB}" for mb in growths if mb > FLAT_MB]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["sessions", "visits"])
    parser.add_argument("--counts", type=int, nargs="+", default=[50, 100, 200])
    parser.add_argument("--visits", type=int, default=1000)
    parser.add_argument("--servers", type=int, default=3)
    asked = parser.parse_args()
    os.environ["LATENT_EXPLORER_AHEAD"] = "yes"  # as where strangers are expected
    if asked.what == "sessions":
        results = on_a_server(lambda server: sessions(server, asked.counts, Tally()))
    else:
        each = [on_a_server(lambda server: visits(server, asked.visits, Tally())) for _ in range(asked.servers)]
        results = median_of(each)
    write(f"memory-{asked.what}", results, broken_bounds(results, asked.counts))


def on_a_server(measure: Callable[[Server], Coroutine[Any, Any, dict[str, Any]]]) -> dict[str, Any]:
    """What was measured on a new one."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        return asyncio.run(measure(server))


if __name__ == "__main__":
    main()
