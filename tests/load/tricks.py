"""What each of the server's tricks is worth: visitors browse a server with all of them, then one without one.

python -m tests.load.tricks [--seconds 30] [--sessions 50] [--rounds 3] [TRICK ...]

In each round every trick is switched off on a server of its own, after one with all of them. What is told of a trick
is the median over the rounds of what its server took more, and from where to where that went.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.load.browse import browse, warm
from tests.load.client import Visitor
from tests.load.measuring import Server, Tally, cpu_shares, serving, write
from tests.load.memory import settled
from tests.load.pages import Lens
from tests.load.without import TRICKS, VARIABLES

RAMP = 10  # seconds in which they come
FIGURES = ("p50_ms", "p95_ms", "cpu_ms", "rss_mb", "first_s")


def measure(trick: str, sessions: int, seconds: float) -> dict[str, float]:
    """Of a server without a trick: waits and CPU of a rerun, its memory, seconds from its start to the first lens."""
    began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), program=("tests.load.without", trick, "streamlit")) as server,
    ):
        return asyncio.run(_measure(server, began, sessions, seconds))


async def _measure(server: Server, began: float, sessions: int, seconds: float) -> dict[str, float]:
    tally, until = Tally(), asyncio.Event()
    visitor = Visitor(server.url)
    await Lens(visitor, 0, random.Random(0)).begin(anew=True)
    found = {"first_s": round(time.perf_counter() - began, 2)}
    await visitor.leave()
    await warm(server, tally)
    crowd = [asyncio.create_task(browse(server.url, n, tally, RAMP * n / sessions, until)) for n in range(sessions)]
    await asyncio.sleep(RAMP)
    tally.forget()
    with cpu_shares(server) as shares:
        await asyncio.sleep(seconds)
        reruns = tally.summary()["reruns"]
    until.set()
    await asyncio.gather(*crowd)
    if tally.wrong:
        raise SystemExit(tally.wrong[0])
    cpu = {"cpu_ms": round(1000 * seconds * shares["server"] / reruns["count"], 2)}
    return found | reruns | cpu | {"rss_mb": (await settled(server))["rss_mb"]}


def compared(rounds: list[dict[str, dict[str, float]]]) -> dict[str, Any]:
    """Of each trick and figure: with all, without it, and the least and the most that one round saw it worth."""
    found: dict[str, Any] = {}
    for trick in rounds[0].keys() - {""}:
        found[trick] = {}
        for figure in FIGURES:
            pairs = [(each[""][figure], each[trick][figure]) for each in rounds]
            more = [without - with_all for with_all, without in pairs]
            middle = [round(statistics.median(values), 2) for values in (*zip(*pairs, strict=True), more)]
            found[trick][figure] = dict(zip(("with", "without", "worth"), middle, strict=True))
            found[trick][figure] |= {"least": round(min(more), 2), "most": round(max(more), 2)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tricks", nargs="*", metavar="TRICK", default=[*TRICKS, *VARIABLES])
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    rounds = []
    for number in range(asked.rounds):
        rounds.append({})
        for trick in ["", *asked.tricks]:
            rounds[-1][trick] = measure(trick, asked.sessions, asked.seconds)
            print(number, trick or "all tricks", rounds[-1][trick], flush=True)
    write("tricks", {"tricks": compared(rounds), "rounds": rounds}, [])


if __name__ == "__main__":
    main()
