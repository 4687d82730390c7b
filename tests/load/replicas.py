"""Replicas that are killed, and restarted one after another, under load: who was cut off, for how long; what was lost.

python -m tests.load.replicas [--replicas 2] [--sessions 50] [--kills 3]

Visitors browse through Caddy, one of them trains and looks on. Replicas get SIGKILL, one at a time, and at the end a
rolling restart. Whoever is cut off reloads by their link, and must have an answer within five seconds of a kill; every
run and every training must be there in the end. One replica alone is a server that is killed and started anew.
"""

import argparse
import asyncio
import os
import random
import signal
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from ae_core import runs, tasks
from ae_core.runs import BrokenRun
from ae_core.tasks import Job, folder
from tests.load.browse import CUT_OFF, TRAINER, browse, come_back, is_cut_off, too_large, warm
from tests.load.client import Visitor, Wrong
from tests.load.measuring import Peak, Server, Tally, percentiles, serving, write
from tests.load.pages import Train

BACK_SECONDS = 5.0
CALM = 15.0  # seconds after a replica is back, until the next one is killed: it fills its caches
EPOCHS = 10  # of a training; when it has ended the next one begins
PATIENCE = 120.0  # seconds in which a replica must be there again


async def train(base: str, tally: Tally, until: asyncio.Event) -> None:
    """One visitor trains, one training after another, and looks on, whichever replica answers."""
    visitor = Visitor(base, took=tally.took)
    stay = Train(visitor, TRAINER, random.Random(TRAINER))
    try:
        await visitor.arrive("train", everything=False)
        while not until.is_set():
            try:
                if not visitor.repeats:
                    await visitor.leave()
                    await stay.start(EPOCHS)
                await stay.watch(2)
            except (Wrong, *CUT_OFF):
                if not await is_cut_off(visitor):
                    raise
                stay.page = await come_back(visitor, tally)
    except Exception as error:
        tally.wrong.append(f"the trainer: {type(error).__name__}: {error}")
    finally:
        await visitor.leave()


async def renewed(server: Server, before: set[psutil.Process], gone: int) -> float:
    """Seconds until so many of the replicas have successors, and all of them answer."""
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < PATIENCE:
        now = server.replicas()
        are_new = len(now) == len(before) and len(before - set(now)) == gone
        if are_new and all([await asyncio.to_thread(answers, replica) for replica in now]):
            return passed
        await asyncio.sleep(0.1)
    raise Wrong(f"{gone} replicas were not there again after {PATIENCE:.0f} s")


def answers(replica: psutil.Process) -> bool:
    """Whether a replica itself answers."""
    try:
        command = replica.cmdline()
        port = command[command.index("--server.port") + 1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, psutil.Error):
        return False


def trainings() -> list[Job]:
    """All there are, with a status that is true now."""
    return [tasks.find(path.name) for path in folder.paths()]


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


async def measure(server: Server, sessions: int, kills: int) -> dict[str, Any]:
    """Visitors browse and train while replicas are killed, and at last restarted one after another."""
    tally, until, peak = Tally(), asyncio.Event(), Peak()
    found: dict[str, Any] = {"whole": set(), "lost": []}
    await warm(server, Tally())
    following = asyncio.create_task(peak.follow(server))
    others = [asyncio.create_task(train(server.url, tally, until))]
    others += [asyncio.create_task(browse(server.url, n, tally, 0.1 * n, until, True)) for n in range(sessions)]
    await asyncio.sleep(0.1 * sessions + CALM)
    back: dict[str, list[float]] = {}
    again: list[float] = []
    for number in range(kills + 1):
        tally.back.clear()
        before = set(server.replicas())
        if number < kills:
            max(before, key=lambda replica: len(replica.net_connections())).kill()  # the one that most visitors use
            again.append(await renewed(server, before, 1))
        else:
            server.process.send_signal(signal.SIGHUP)
            again.append(await renewed(server, before, len(before)))
        await asyncio.sleep(CALM)
        while tally.away:
            await asyncio.sleep(0.1)
        back[f"kill {number + 1}" if number < kills else "rolling restart"] = list(tally.back)
        look(server.data, found)
    here = sum(not task.done() for task in others)
    until.set()
    await asyncio.gather(*others)
    while any(job.status.active for job in trainings()):
        await asyncio.sleep(1)
    look(server.data, found)
    following.cancel()
    return {
        "sessions": sessions,
        "back": {what: percentiles(seconds) for what, seconds in back.items()},
        "replicas again_s": [round(seconds, 1) for seconds in again],
        "still here": here - 1,
        "runs": len(found["whole"]),
        "trainings": len(trainings()),
        "lost": found["lost"],
        "crowd": tally.summary(),
        "wrong": tally.wrong,
        "peak_mb": vars(peak),
    }


def broken_bounds(results: dict[str, Any]) -> list[str]:
    """A sentence for each bound that does not hold."""
    found = [*results["lost"], *results["wrong"][:5]]
    for what, seconds in results["back"].items():
        if not seconds["count"]:
            found.append(f"{what}: nobody was cut off")
        elif what.startswith("kill") and seconds["max_ms"] > 1000 * BACK_SECONDS:
            found.append(f"{what}: an answer again after {seconds['max_ms']} ms")
    if results["still here"] < results["sessions"]:
        found.append(f"{results['sessions'] - results['still here']} visitors were dropped")
    return found + too_large(results["peak_mb"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--kills", type=int, default=3)
    asked = parser.parse_args()
    os.environ["LATENT_EXPLORER_AHEAD"] = "yes"  # as where strangers are expected
    with tempfile.TemporaryDirectory() as data:
        os.environ["LATENT_EXPLORER_DATA"] = data
        with serving(Path(data), replicas=asked.replicas) as server:
            results = asyncio.run(measure(server, asked.sessions, asked.kills))
    write("replicas", results, broken_bounds(results))


if __name__ == "__main__":
    main()
