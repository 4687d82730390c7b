"""A sweep over a Dask cluster with a worker killed in the middle: every run must be there, whole.

    python -m tests.load.sweep

A scheduler and two workers, each a process of its own, with an empty data folder; three kinds, two code sizes and two
seeds, on digits. Once five runs have ended the worker process of a training that is between two epochs is killed by
SIGKILL. Each run is then read as the pages read it, and each must have every epoch.
"""

import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from ae_core import disk, inference, runs, sweeps, tasks
from ae_core.tasks import Job, cluster
from ae_core.tasks.status import BEGUN
from tests.load import measuring
from tests.test_cluster import Cluster

KINDS, SIZES, SEEDS = ("vanilla", "sparse", "variational"), (2, 8), (0, 1)
EPOCHS = 60
KILL_AFTER = 5  # runs
PATIENCE = 900  # seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["LATENT_EXPLORER_DATA"] = f"{scratch}/data"
        workers = Cluster(Path(scratch))
        os.environ["LATENT_EXPLORER_SCHEDULER"] = workers.address
        workers.add()
        workers.add()
        try:
            results, wrong = _measure()
        finally:
            cluster._link().close()
            workers.end()
    measuring.write("sweep", results | {"wrong": wrong}, wrong)


def _measure() -> tuple[dict[str, Any], list[str]]:
    while cluster.capacity() < 2:
        time.sleep(0.1)
    began = time.monotonic()
    sweep = sweeps.submit(sweeps.plan(KINDS, SIZES, SEEDS, "digits", epochs=EPOCHS), None)
    lost: Job | None = None
    killed = back = 0.0
    most, phases = 0, set()
    while sweep.ended < len(sweep.jobs):
        if time.monotonic() - began > PATIENCE:
            break
        tasks.tick()
        sweep = sweeps.find(sweep.id, None)
        most = max(most, sum(job.status.state == "running" for job in sweep.jobs))
        if lost is None and sweep.ended >= KILL_AFTER:
            learning = [job for job in sweep.jobs if job.status.phase == "Training" and job.status.epoch >= EPOCHS // 4]
            if learning:
                lost, killed = learning[0], time.monotonic()
                worker_of(lost).send_signal(signal.SIGKILL)
        elif lost is not None and not back:
            now = tasks.find(lost.id)
            phases.add(now.status.phase)
            if now.status.phase == "Training" and any("lost" in phase for phase in phases):
                back = time.monotonic()
        time.sleep(0.05)
    seconds = time.monotonic() - began
    wrong = [f"{job.title}: {job.status.state}, {job.status.reason}" for job in sweep.jobs if not _is_whole(job)]
    if lost is None:
        wrong.append("no worker was killed")
    left = [str(path) for path in (runs.data_folder() / "runs").iterdir() if path.name.startswith(disk.UNFINISHED)]
    wrong += [f"left over: {path}" for path in left]
    return {
        "runs": len(sweep.jobs),
        "whole": sum(map(_is_whole, sweep.jobs)),
        "seconds": round(seconds, 1),
        "most at once": most,
        "epoch when its worker was killed": lost.status.epoch if lost else None,
        "said": sorted(phase for phase in phases if "lost" in phase),
        "learning again after seconds": round(back - killed, 1) if back else None,
        "starts of the one killed": (lost.path / "log.txt").read_text().count(BEGUN) if lost else 0,
        "workers in the end": cluster.capacity(),
    }, wrong


def worker_of(job: Job) -> psutil.Process:
    """The Dask worker that trains a job."""
    trainers = [p for p in psutil.process_iter(["cmdline"]) if str(job.path) in (p.info["cmdline"] or [])]
    parents = {parent for trainer in trainers if (parent := trainer.parent()) and parent not in trainers}
    (worker,) = parents
    return worker


def _is_whole(job: Job) -> bool:
    if job.status.state != "finished":
        return False
    run = inference.load(job.run_path).run
    return run.card.complete and [record["epoch"] for record in run.history] == list(range(1, EPOCHS + 1))


if __name__ == "__main__":
    main()
