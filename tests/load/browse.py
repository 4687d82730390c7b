"""Many visitors on one server: how long they wait, and whether each gets their own.

    python -m tests.load.browse crowd [--sessions 50] [--replicas 2] [--seconds 120] [--no-browsers] [--no-training]
    python -m tests.load.browse arrivals [--sessions 50] [--replicas 2]

A crowd browses the heaviest pages, each visitor with five seconds between two actions, while one of them trains.
Two real Chromium pages ride along: on a lens the pointer moves, on the sampler a slider. With --replicas all of them
come through Caddy.
"""

import argparse
import asyncio
import os
import random
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from websockets.exceptions import WebSocketException

from tests.load.client import BALANCER, PATIENCE, Page, Visitor, Wrong
from tests.load.measuring import Peak, Server, Tally, cpu_shares, percentiles, serving, write
from tests.load.pages import HEAVY, Sampler, Train
from tests.load.riders import riders

BETWEEN = 5.0  # seconds from one action to the next
STAYS = 6  # actions on a page before a visitor goes on to the next
TRAINER = 249  # the number of the visitor who trains
EPOCHS = 500  # of the training, as many as there may be: it is to outlast the crowd, and is stopped in the end
RETURNER = 248  # and of the one who waits until all is as before
# (replicas, sessions) → p95 and p99 of a rerun, in milliseconds.
BOUNDS = {(0, 50): (200, 500), (0, 200): (1000, None), (2, 200): (300, 600)}
REPLICA_MB, TOGETHER_MB = 500, 2000  # with a hundred sessions to a replica; of all, with a trainer
RETRY_SECONDS = 0.5  # from one attempt of Streamlit's frontend to reach its server to the next
CUT_OFF = (OSError, EOFError, WebSocketException)
ARRIVAL_SECONDS = 3.0
CALM_SECONDS = 10.0


async def browse(
    base: str, number: int, tally: Tally, start: float, until: asyncio.Event, returns: bool = False
) -> None:
    """One visitor, from the first page until all are to leave.

    Args:
        base: Where the server answers.
        number: Which visitor.
        tally: Notes what the visitor waits for, and what is wrong.
        start: Seconds from now until they come.
        until: Set when all are to leave.
        returns: Whether they come back when their replica is gone; else to be cut off counts as wrong.
    """
    chance = random.Random(number)
    await asyncio.sleep(start)
    visitor = Visitor(base, took=tally.took)
    stays = [kind(visitor, number, chance) for kind in HEAVY]
    stay = stays[0]
    turn, idle, cut_off = number, False, False
    try:
        await visitor.arrive("", everything=False)
        while not until.is_set():
            try:
                if cut_off:
                    page = await come_back(visitor, tally)
                    cut_off = False
                    for each in stays:
                        each.forget()
                    stay.page = page
                    if idle:  # else what was asked for just then may not have come into the link
                        await stay.see()
                    stay.none_of_others()
                stay, turn, idle = stays[turn % len(stays)], turn + 1, False
                await stay.begin(anew=visitor.socket is None)
                for _ in range(STAYS):
                    idle = True
                    if await pause(until, BETWEEN * chance.uniform(0.6, 1.4), visitor):
                        break
                    idle = False
                    await stay.go_on()
            except (Wrong, *CUT_OFF):
                if not returns or not await is_cut_off(visitor):
                    raise
                cut_off = True
    except Exception as error:
        # Whatever goes wrong for one visitor, the others browse on, and it is counted.
        tally.wrong.append(f"visitor {number} on {stay.path}: {type(error).__name__}: {error}")
    finally:
        await visitor.leave()


async def pause(until: asyncio.Event, seconds: float, visitor: Visitor) -> bool:
    """Waits so long; whether all are to leave.

    Raises:
        ConnectionError: as soon as the visitor is cut off.
    """
    leaving, cut_off = asyncio.create_task(until.wait()), asyncio.create_task(visitor.cut_off())
    await asyncio.wait({leaving, cut_off}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    try:
        if cut_off.done() and not until.is_set():
            raise ConnectionError("the connection was closed while nothing was asked for")
        return until.is_set()
    finally:
        leaving.cancel()
        cut_off.cancel()


async def is_cut_off(visitor: Visitor) -> bool:
    """Whether the visitor has lost the connection, or is about to: its replica may just be dying."""
    with suppress(TimeoutError):
        await asyncio.wait_for(visitor.cut_off(), 1)
        return True
    return False


async def come_back(visitor: Visitor, tally: Tally) -> Page:
    """Reloads the page until it answers, as Streamlit's frontend tries to reach its server."""
    began = time.perf_counter()
    tally.away += 1
    try:
        while True:
            try:
                page = await visitor.reload()
            except (Wrong, *CUT_OFF):
                if time.perf_counter() - began > PATIENCE:
                    raise
                await asyncio.sleep(RETRY_SECONDS)
            else:
                tally.back.append(time.perf_counter() - began)
                return page
    finally:
        tally.away -= 1


async def warm(server: Server, tally: Tally) -> None:
    """Each page of each replica once, so that what all share is there; what it took is a new server's first visit."""
    await at_rest(server)
    seen: set[str] = set()
    while len(seen) < len(server.replicas()):
        visitor = Visitor(server.url, took=tally.took)
        await visitor.arrive()
        replica = visitor.cookies.get(BALANCER, "")
        if replica in seen:
            continue
        seen.add(replica)
        for kind in HEAVY:
            stay = kind(visitor, RETURNER, random.Random(1))
            await stay.begin(anew=visitor.socket is None)
            for _ in range(3):
                await stay.go_on()
        await visitor.leave()


async def at_rest(server: Server) -> None:
    """Until a new server has done what it does ahead."""
    while any(p.cpu_percent(0.5) > 20 for p in server.replicas()) or not (server.data / "derived").exists():
        await asyncio.sleep(1)


async def crowd(
    server: Server, sessions: int, seconds: float, ramp: float, browsers: bool, training: bool
) -> dict[str, Any]:
    """So many visitors for so long, after `ramp` seconds in which they come one by one."""
    tally, first = Tally(), Tally()
    await warm(server, first)
    until, under_way, leave_trainer = asyncio.Event(), asyncio.Event(), asyncio.Event()
    peak = Peak()
    following = asyncio.create_task(peak.follow(server))
    trainer = asyncio.create_task(train(server.url, tally, under_way, leave_trainer)) if training else None
    if trainer:
        await under_way.wait()
    calm = await calm_ms(server.url)
    visitors = [asyncio.create_task(browse(server.url, n, tally, ramp * n / sessions, until)) for n in range(sessions)]
    results: dict[str, Any] = {"sessions": sessions, "seconds": seconds, "calm_ms": calm}
    async with riders(server.url, browsers) as riding:
        await asyncio.sleep(ramp)
        tally.forget()
        with cpu_shares(server) as shares:
            seen = asyncio.create_task(riding(seconds))
            await asyncio.sleep(seconds)
            results |= {"crowd": tally.summary(), "riders": await seen}
    here = sum(not visitor.done() for visitor in visitors)
    until.set()
    await asyncio.gather(*visitors)
    results |= {"still here": here, "cpu": shares, "calm again_s": await calm_again(server.url, calm)}
    leave_trainer.set()
    if trainer:
        await trainer
    following.cancel()
    results |= {"wrong": tally.wrong, "peak_mb": vars(peak), "first visit": first.summary()["each"]}
    return results


async def train(base: str, tally: Tally, under_way: asyncio.Event, until: asyncio.Event) -> None:
    """One visitor trains for as long as the others are here, and looks on."""
    visitor = Visitor(base, took=tally.took)
    stay = Train(visitor, TRAINER, random.Random(TRAINER))
    try:
        await visitor.arrive("train", everything=False)
        await stay.start(epochs=EPOCHS)
        await stay.watch(120, lambda page: any(bar.text.startswith("Epoch") for bar in page.of("progress")))
        under_way.set()
        while not until.is_set():
            await stay.watch(5)
        await stay.stop()
        await stay.watch(60, lambda page: not visitor.repeats)
    except Exception as error:
        tally.wrong.append(f"the trainer: {type(error).__name__}: {error}")
    finally:
        under_way.set()
        await visitor.leave()


async def calm_ms(base: str, count: int = 10) -> float:
    """What a rerun takes when nobody else is here: the median, in milliseconds."""
    alone = Tally()
    visitor = Visitor(base, took=alone.took)
    stay = Sampler(visitor, RETURNER, random.Random(2))
    await stay.begin(anew=True)
    for _ in range(count):
        await stay.go_on()
    await visitor.leave()
    return float(alone.summary()["reruns"]["p50_ms"])


async def calm_again(base: str, before: float) -> float:
    """Seconds until three reruns on end take less than half as long again as before, and 50 ms."""
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < 60:
        if await calm_ms(base, count=3) <= 1.5 * before + 50:
            return round(passed, 1)
    return 60.0


async def arrivals(server: Server, sessions: int) -> dict[str, Any]:
    """So many come within one second, each with an empty cache, and wait for their first page."""
    first, tally = Tally(), Tally()
    await warm(server, first)
    waited: list[float] = []
    of_page: list[float] = []

    async def one(number: int) -> None:
        await asyncio.sleep(number / sessions)
        began = time.perf_counter()
        visitor = Visitor(server.url, took=tally.took)
        stay = HEAVY[number % len(HEAVY)](visitor, number, random.Random(number))
        try:
            of_page.append(await visitor.arrive(stay.path))
            await stay.begin(anew=True)
            waited.append(time.perf_counter() - began)
        except Exception as error:
            tally.wrong.append(f"visitor {number} on {stay.path}: {type(error).__name__}: {error}")
        await visitor.leave()

    with cpu_shares(server) as shares:
        await asyncio.gather(*(one(n) for n in range(sessions)))
    results = {"sessions": sessions, "first page": percentiles(waited), "its files": percentiles(of_page)}
    return results | {"crowd": tally.summary(), "cpu": shares, "wrong": tally.wrong}


def broken_bounds(results: dict[str, Any], p95: float | None, p99: float | None) -> list[str]:
    """A sentence for each bound that does not hold."""
    reruns = results["crowd"]["reruns"]
    found = [f"p95 of a rerun is {reruns['p95_ms']} ms, more than {p95}"] if p95 and reruns["p95_ms"] > p95 else []
    found += [f"p99 of a rerun is {reruns['p99_ms']} ms, more than {p99}"] if p99 and reruns["p99_ms"] > p99 else []
    if results["wrong"]:
        found.append(f"{len(results['wrong'])} visitors got something wrong: {results['wrong'][0]}")
    if results.get("still here", results["sessions"]) < results["sessions"]:
        found.append(f"{results['sessions'] - results['still here']} were dropped")
    found += too_large(results.get("peak_mb", {}))
    if results.get("calm again_s", 0) > CALM_SECONDS:
        found.append(f"all is as before after {results['calm again_s']} s, more than {CALM_SECONDS}")
    for name, seen in results.get("riders", {}).items():
        if seen["foreign"] or seen.get("frames sent") or seen.get("unanswered"):
            found.append(f"the {name} in Chromium: {seen}")
    return found


def too_large(peak_mb: dict[str, float]) -> list[str]:
    """A sentence for each bound on memory that does not hold."""
    bounds = {"replica": REPLICA_MB, "together": TOGETHER_MB}
    return [f"{of}: {peak_mb[of]} MB, more than {most}" for of, most in bounds.items() if peak_mb.get(of, 0) > most]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["crowd", "arrivals"])
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--replicas", type=int, default=0, help="behind Caddy; 0 for one server without it")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--ramp", type=float, default=30, help="seconds in which they come")
    parser.add_argument("--no-browsers", action="store_true")
    parser.add_argument("--no-training", action="store_true")
    asked = parser.parse_args()
    if asked.sessions > RETURNER:
        parser.error(f"at most {RETURNER} sessions have test images of their own")
    os.environ["LATENT_EXPLORER_AHEAD"] = "yes"  # as where strangers are expected
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), replicas=asked.replicas) as server:
        if asked.what == "arrivals":
            results = asyncio.run(arrivals(server, asked.sessions))
            slowest = results["first page"].get("p95_ms", 0)
            broken = [f"p95 of the first page is {slowest} ms"] * (slowest > 1000 * ARRIVAL_SECONDS)
            broken += results["wrong"][:1]
        else:
            about = (asked.sessions, asked.seconds, asked.ramp, not asked.no_browsers, not asked.no_training)
            results = asyncio.run(crowd(server, *about))
            of_like = (b for (r, n), b in BOUNDS.items() if r == asked.replicas and asked.sessions <= n)
            broken = broken_bounds(results, *next(of_like, (None, None)))
        results["tracebacks"] = (server.data / "server.log").read_text().count("Traceback")
        broken += [f"{results['tracebacks']} tracebacks in the server's log"] * bool(results["tracebacks"])
    through = f"-through-{asked.replicas}" if asked.replicas else ""
    write(f"{asked.what}-{asked.sessions}{through}", results, broken)


if __name__ == "__main__":
    main()
