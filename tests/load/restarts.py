"""A server that is killed under load, again and again: no training and no run is lost, and it is soon back.

python -m tests.load.restarts [--count 20] [--sessions 20]

Visitors browse and one of them trains; the server gets SIGKILL at a random moment and is started anew on the same
folder. After each start every run that was whole is still whole, and every training goes on or has ended as it should.
"""

import argparse
import asyncio
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from ae_core import runs, tasks
from ae_core.runs import BrokenRun
from ae_core.tasks import Job, folder
from tests.load.browse import TRAINER, browse
from tests.load.client import Visitor
from tests.load.measuring import Tally, percentiles, serving, write
from tests.load.pages import Train

READY_SECONDS = 5.0
EPOCHS = 6  # of a training: it outlives a server or two


def trainings() -> list[Job]:
    """All there are, with a status that is true now."""
    return [tasks.find(path.name) for path in folder.paths()]


async def one(number: int, data: Path, sessions: int, chance: random.Random, found: dict[str, Any]) -> None:
    """A server from its start to its SIGKILL."""
    began = time.perf_counter()
    with serving(data) as server:
        found["ready"].append(time.perf_counter() - began)
        first = Visitor(server.url)
        await first.arrive()
        await first.open()
        found["first page"].append(time.perf_counter() - began)
        await first.leave()
        look(data, found)
        until, tally = asyncio.Event(), Tally()
        visitors = [asyncio.create_task(browse(server.url, n, tally, 0.1 * n, until)) for n in range(sessions)]
        if not any(job.status.active for job in trainings()):
            stay = Train(Visitor(server.url), TRAINER, random.Random(number))
            await stay.visitor.arrive("train", everything=False)
            await stay.start(epochs=EPOCHS)
        await asyncio.sleep(chance.uniform(1, 8))
        found["active when killed"] += sum(job.status.active for job in trainings())
        server.process.kill()
        server.process.wait()
        until.set()
        for visitor in visitors:
            visitor.cancel()
        await asyncio.gather(*visitors, return_exceptions=True)
        found["answered"] += tally.summary()["reruns"]["count"]


def look(data: Path, found: dict[str, Any]) -> None:
    """Notes what has been lost since the last look."""
    there = {run.path.name: run for run in runs.scan(data / "runs")}
    for name in found["whole"] - set(there):
        found["lost"].append(f"run {name} is gone")
    found["lost"] += [f"{run.path.name}: {run.reason}" for run in there.values() if isinstance(run, BrokenRun)]
    found["whole"] |= set(there)
    for job in trainings():
        if job.status.state not in ("queued", "starting", "running", "finished"):
            found["lost"].append(f"{job.id} is {job.status.state}: {job.status.reason}")
        if job.status.state == "finished" and not job.run_path.exists():
            found["lost"].append(f"{job.id} has finished and left no run")


async def restarts(data: Path, count: int, sessions: int, seed: int) -> dict[str, Any]:
    """So many servers, one after another, and a look at what is left."""
    chance = random.Random(seed)
    found: dict[str, Any] = {"ready": [], "first page": [], "whole": set(), "lost": []}
    found |= {"active when killed": 0, "answered": 0}
    for number in range(count):
        await one(number, data, sessions, chance, found)
    with serving(data):
        while any(job.status.active for job in trainings()):
            await asyncio.sleep(1)
        look(data, found)
    return found | {
        "kills": count,
        "ready": percentiles(found["ready"]),
        "first page": percentiles(found["first page"]),  # from the server's start, with an empty cache
        "whole": len(found["whole"]),
        "trainings": len(trainings()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        os.environ["LATENT_EXPLORER_DATA"] = data
        results = asyncio.run(restarts(Path(data), asked.count, asked.sessions, asked.seed))
    slow = results["ready"]["max_ms"] > 1000 * READY_SECONDS
    broken = [f"ready again after {results['ready']['max_ms']} ms"] * slow + results["lost"]
    write("restarts", results, broken)


if __name__ == "__main__":
    main()
