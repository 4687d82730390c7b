"""Trainers that are killed: no run is left half-written, nothing is left over, and at most one epoch is lost.

    python -m tests.load.kills steps            # one SIGKILL at each step of writing a run
    python -m tests.load.kills moments [--count 100]   # SIGKILLs at random moments of tiny trainings

After each kill the runs are read as the pages read them. After all of them the sweep of a server's start is done, and
what then lies in the data folder must be whole runs and the folders of jobs, without anything temporary.
"""

import argparse
import builtins
import fcntl
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from ae_core import cards, disk, inference, processes, runs, tasks
from ae_core.runs import BrokenRun
from ae_core.spec import make_spec
from ae_core.tasks import Job

CALLS = "mkdir open fsync rename replace unlink rmdir posix_fallocate write close scandir stat".split()  # noqa: SIM905
START_SECONDS = 60  # from a kill to the next process, at most
EPOCHS = 300  # of digits: some seconds, so that kills come while it learns, too
KEEP = (
    "status.json",
    "spec.json",
    "history.jsonl",
    "progress.jsonl",
    "preview.npy",
    "log.txt",
    *processes.LOCKS,
    "stop",
    "resume",
)


def steps() -> dict[str, Any]:
    """Kills a process that writes a run before and after each call by which it writes; see `_write`."""
    source = runs.read(runs.SHIPPED / "vanilla")
    folder = runs.data_folder() / "runs"
    killed: Counter[str] = Counter()
    wrong: list[str] = []
    for at in range(1, 100_000):
        child = os.fork()
        if not child:
            _write(source.path, folder / f"run-{at}", at)
        status = os.waitpid(child, 0)[1]
        there = (folder / f"run-{at}").exists()
        killed["whole" if there else "absent"] += 1
        for run in runs.scan(folder):
            if isinstance(run, BrokenRun):
                wrong.append(f"step {at}: {run.reason}")
        if there:
            inference.load(folder / f"run-{at}")
        if not os.WIFSIGNALED(status):
            break
        if os.WTERMSIG(status) != signal.SIGKILL:
            wrong.append(f"step {at}: ended by signal {os.WTERMSIG(status)}")
    before = len(leftovers())
    tasks.clean_up()
    return {"steps": at - 1, **killed, "swept": before, "wrong": wrong, "leftovers": leftovers()}


def _write(source: Path, out: Path, at: int) -> None:
    """Writes a copy of a run as the trainer does, and ends by SIGKILL at the step of that number."""
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def mortal(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            step()
            result = call(*arguments, **options)
            step()
            return result

        return called

    for name in CALLS:
        setattr(os, name, mortal(getattr(os, name)))
    fcntl.flock = mortal(fcntl.flock)  # type: ignore[assignment]
    io.open = builtins.open = mortal(io.open)  # type: ignore[assignment]
    ended = 1
    try:
        with disk.writing(out) as work:
            disk.reserve(work, 1 << 20)
            for name in cards.FILES:
                content = (source / name).read_bytes()
                with (work / name).open("wb") as file:
                    for half in (content[: len(content) // 2], content[len(content) // 2 :]):
                        file.write(half)
                        file.flush()
                        step()
            card = cards.unchecked(source)
            cards.write(work, card | {"metrics": {}})
            cards.write(work, card)
        ended = 0
    finally:
        os._exit(ended)


def moments(count: int, seed: int) -> dict[str, Any]:
    """Kills trainers at random moments; what can be resumed is, until it is finished, and then another one begins."""
    rng = random.Random(seed)
    spec = make_spec("vanilla", "digits", epochs=EPOCHS, batch_size=64, compile=False)
    found: Counter[str] = Counter()
    wrong: list[str] = []
    job = tasks.submit(spec, None, "Whole")
    began = time.monotonic()
    whole = _ended(job)
    span = time.monotonic() - began
    expected = _losses(whole)
    job = None
    while found["kills"] < count:
        if job is None:
            job = tasks.submit(spec, None, "Killed")
            found["trainings"] += 1
        before = job.status.epoch
        until = time.monotonic() + rng.uniform(0, span)
        while time.monotonic() < until and tasks.find(job.id).status.active:
            time.sleep(0.05)
        if tasks.find(job.id).status.active and _kill(job, rng):
            found["kills"] += 1
            print(f"{found['kills']} of {count} kills, {len(wrong)} wrong", file=sys.stderr)
        while processes.is_alive(job.path):
            time.sleep(0.05)
        learnt = len(tasks.find(job.id).history())
        # What was killed before it had begun is put back once nobody expects its process any more, and started again.
        end = time.monotonic() + START_SECONDS
        while tasks.find(job.id).status.active and not processes.is_alive(job.path) and time.monotonic() < end:
            tasks.tick()
            time.sleep(0.1)
        for run in runs.scan(runs.data_folder() / "runs"):
            if isinstance(run, BrokenRun):
                wrong.append(run.reason)
        job = tasks.find(job.id)
        if job.run_path.exists():
            wrong += [] if _losses(job) == expected else [f"{job.id}: other losses than without a kill"]
            found["finished"] += 1
            job = None
        elif job.status.active and processes.is_alive(job.path):
            found["started again"] += 1
        elif job.status.active:
            wrong.append(f"{job.id}: still {job.status.state} after its process was killed")
            break  # the next ones would wait for it
        elif job.resumable:
            with np.load(job.path / "resume" / "state.npz") as state:
                if state["epoch"] < learnt:
                    wrong.append(f"{job.id}: {learnt} epochs were told, {state['epoch']} are kept")
            job = tasks.resume(job)
            found["resumed"] += 1
        elif learnt or before:
            wrong.append(f"{job.id}: {max(learnt, before)} epochs are lost")
            job = None
        else:
            job = None  # it had not finished an epoch
    if job is not None:
        job = _ended(job)
        if job.status.state != "finished" or _losses(job) != expected:
            wrong.append(f"{job.id}: {job.status.state}, other losses than without a kill")
    for path in runs.data_folder().rglob("*.tmp"):
        os.utime(path, (0, 0))  # as after a minute, from when on nobody can be writing it
    tasks.clean_up()
    return {"span": round(span, 1), **found, "wrong": wrong, "leftovers": leftovers()}


def _kill(job: Job, rng: random.Random) -> bool:
    """Kills one of a job's processes; whether there was any."""
    import psutil

    mine = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if str(job.path) in process.cmdline():
                mine.append(process)
    with suppress(psutil.Error, IndexError):
        rng.choice(mine).kill()
        return True
    return False


def _ended(job: Job) -> Job:
    while (now := tasks.find(job.id)).status.active:
        time.sleep(0.1)
    return now


def _losses(job: Job) -> list[Any]:
    """A finished training's losses on the held-out images; those on the others are means that round as they are cut."""
    return [(record["epoch"], record["validation"]) for record in runs.read(job.run_path).history]


def leftovers() -> list[str]:
    """What lies in the data folder and belongs to no run or job."""
    return [str(path.relative_to(runs.data_folder())) for path in _strange(runs.data_folder())]


def _strange(data: Path) -> Iterator[Path]:
    for path in (data / "runs").glob("*"):
        if path.name.startswith("."):
            yield path
        else:
            yield from (inner for inner in path.iterdir() if inner.name not in (*cards.FILES, cards.CARD))
    for path in (data / "jobs").glob("*/*"):
        if path.name not in KEEP:
            yield path
    for path in (data / "jobs").glob("*/resume/*"):
        if path.name != "state.npz":
            yield path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("steps", "moments"))
    parser.add_argument("--count", type=int, default=100, help="of kills at random moments")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        os.environ["LATENT_EXPLORER_DATA"] = data
        Path(data, "runs").mkdir()
        Path(data, "jobs").mkdir()
        result = steps() if asked.what == "steps" else moments(asked.count, asked.seed)
        for job in tasks.jobs_of(None):
            if job.status.active:
                _kill(job, random.Random(0))
        shutil.rmtree(data, ignore_errors=True)
        Path(data).mkdir(exist_ok=True)
    print(json.dumps(result, indent=1))
    return int(bool(result["wrong"] or result["leftovers"]))


if __name__ == "__main__":
    sys.exit(main())
