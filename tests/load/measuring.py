"""What the measurements share: percentiles, what a process costs, and where results go."""

import asyncio
import json
import os
import platform
import sys
import time
import timeit
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from browsing import Server, serving

__all__ = ["Server", "serving"]  # for the measurements beside this one

RESULTS = Path(__file__).parent / "results"
MB = 1e6


@dataclass
class Tally:
    """What visitors report.

    Attributes:
        seconds: Of each rerun, by what it was.
        wrong: Answers that were not what was asked for, dropped connections included.
        away: How many are cut off and have no answer again yet.
        back: Seconds from the loss of a connection to the next answer.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)
    away: int = 0
    back: list[float] = field(default_factory=list)

    def took(self, what: str, seconds: float) -> None:
        self.seconds[what].append(seconds)

    def forget(self) -> None:
        """Begins anew; what was wrong stays."""
        self.seconds.clear()

    def summary(self) -> dict[str, Any]:
        """Percentiles of all reruns, of each kind of them, and of what was fetched; what was wrong."""
        reruns = {what: s for what, s in self.seconds.items() if not what.startswith("fetch")}
        fetched = [s for what, every in self.seconds.items() if what.startswith("fetch") for s in every]
        return {
            "reruns": percentiles([s for every in reruns.values() for s in every]),
            "fetches": percentiles(fetched),
            "wrong": len(self.wrong),
            "foreign": sum("foreign" in text for text in self.wrong),
            "back": percentiles(self.back),
            "first wrong": self.wrong[:20],
            "each": {what: percentiles(s) for what, s in sorted(reruns.items())},
        }


def percentiles(seconds: Sequence[float]) -> dict[str, int]:
    """Count, p50, p95, p99 and maximum, in whole milliseconds."""
    ordered = sorted(seconds)
    if not ordered:
        return {"count": 0}
    at = {f"p{p}_ms": ordered[min(len(ordered) - 1, p * len(ordered) // 100)] for p in (50, 95, 99)}
    return {"count": len(ordered)} | {name: round(1000 * s) for name, s in (at | {"max_ms": ordered[-1]}).items()}


def memory(process: psutil.Process) -> dict[str, float]:
    """Resident and proportional memory of one process, in megabytes; zeros if it has ended."""
    with suppress(psutil.Error):
        full = process.memory_full_info()
        return {"rss_mb": round(full.rss / MB, 1), "pss_mb": round(full.pss / MB, 1)}
    return {"rss_mb": 0.0, "pss_mb": 0.0}


@dataclass
class Peak:
    """The most memory that the servers and their trainers took, in megabytes.

    Attributes:
        replica: Resident, of the largest server.
        trainers: Resident, of the trainers.
        together: Proportional, of servers, balancer and trainers at one time: what several share counts once.
    """

    replica: float = 0.0
    trainers: float = 0.0
    together: float = 0.0

    async def follow(self, server: Server) -> None:
        """Looks once a second, until it is cancelled."""
        while True:
            trainers = [memory(process) for process in server.trainers()]
            replicas = {process: memory(process) for process in server.processes()}
            self.replica = max(self.replica, *(replicas[process]["rss_mb"] for process in server.replicas()))
            self.trainers = max(self.trainers, sum(found["rss_mb"] for found in trainers))
            self.together = max(self.together, sum(found["pss_mb"] for found in [*replicas.values(), *trainers]))
            await asyncio.sleep(1)


@contextmanager
def cpu_shares(server: Server) -> Iterator[dict[str, float]]:
    """How much of one core each took until the block ended: this process, its browsers, the servers, the trainers."""

    def used() -> dict[str, float]:
        trainers, servers = server.trainers(), server.processes()
        browsers = [p for p in _family(psutil.Process()) if p not in trainers and p not in servers]
        of = {"driver": [psutil.Process()], "browsers": browsers, "server": servers, "trainer": trainers}
        return {name: sum(map(_cpu_seconds, processes)) for name, processes in of.items()}

    shares: dict[str, float] = {}
    before, began = used(), time.perf_counter()
    yield shares
    passed = time.perf_counter() - began
    shares |= {name: round((after - before[name]) / passed, 3) for name, after in used().items()}


def _family(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return process.children(recursive=True)
    return []


def _cpu_seconds(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        times = process.cpu_times()
        return times.user + times.system
    return 0.0


def interpreter_ms() -> float:
    """Milliseconds of a fixed piece of plain Python, to compare what was measured on two machines.

    One interpreter may take half as long again as another of the same version: it matters how it was compiled.
    """

    def plain() -> int:
        found = {str(i): (i, [i] * 3) for i in range(20_000)}
        return sum(len(key) + value[0] for key, value in found.items())

    return round(1000 * min(timeit.repeat(plain, number=5, repeat=9)) / 5, 2)


def write(name: str, results: dict[str, Any], broken: Sequence[str]) -> None:
    """Writes and prints results, and ends this process with an error if a bound is broken."""
    about = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2), "python": platform.python_version()}
    about |= {"interpreter_ms": interpreter_ms()}
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(results | {"machine": about, "broken": list(broken)}, indent=1)
    (RESULTS / f"{name}.json").write_text(text + "\n")
    print(text)
    if broken:
        raise SystemExit("\n".join(broken))
