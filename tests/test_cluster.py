"""Trainings on a Dask cluster: a real scheduler and two real workers, each a process of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from ae_core import inference, processes, runs, tasks, training
from ae_core.tasks import Job, Status, cluster, folder, queue, status
from tests.trainings import ended, small, wait

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 90  # seconds
MANY = 100  # epochs of digits: some seconds


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def dask(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("LATENT_EXPLORER_")}
        | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """Kills a process and all that it started."""
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()
    process.kill()
    process.wait(10)


class Cluster:
    """A scheduler and its workers, on ports that are free."""

    def __init__(self, scratch: Path) -> None:
        port = free_port()
        self.address = f"tcp://127.0.0.1:{port}"
        self._scratch = scratch
        self._scheduler = dask("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        self._workers: list[subprocess.Popen[bytes]] = []

    def add(self) -> None:
        scratch = ["--local-directory", str(self._scratch)]
        self._workers.append(dask("worker", self.address, "--nthreads", "1", "--no-dashboard", *scratch))

    def lose(self, job: Job) -> None:
        """Kills the worker that trains a job, and what looks after that worker, at once."""
        trainers = [p for p in psutil.process_iter(["cmdline"]) if str(job.path) in (p.info["cmdline"] or [])]
        above = {parent.pid for trainer in trainers for parent in trainer.parents()}
        (lost,) = [worker for worker in self._workers if worker.pid in above]
        assert trainers
        processes = [psutil.Process(lost.pid), *psutil.Process(lost.pid).children(recursive=True)]
        for process in processes:
            if process not in trainers:  # these end with it
                process.send_signal(signal.SIGKILL)
        lost.wait(10)
        self._workers.remove(lost)
        _, alive = psutil.wait_procs(trainers, timeout=5)
        assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == [], "a training ends with its worker"

    def end(self) -> None:
        for process in (*self._workers, self._scheduler):
            end(process)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    found = Cluster(tmp_path_factory.mktemp("dask"))
    found.add()
    found.add()
    yield found
    found.end()


@pytest.fixture(autouse=True)
def connected(workers: Cluster, data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(data))
    monkeypatch.setenv("LATENT_EXPLORER_SCHEDULER", workers.address)
    yield
    cluster._link().close()
    cluster._connect.cache_clear()


def wait_until(until: Callable[[], bool], why: Callable[[], object] = lambda: "") -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        tasks.tick()
        if until():
            return
        time.sleep(0.02)
    raise AssertionError(f"not within {PATIENCE} s: {why()}")


def ready(count: int) -> None:
    wait_until(lambda: cluster.capacity() == count, lambda: (cluster.capacity(), cluster.trouble()))


def losses(run: Path) -> np.ndarray:
    return np.array([[*h["terms"].values(), *h["validation"].values()] for h in runs.read(run).history])


def test_it_holds_a_training_for_each_worker_and_ends_as_runs() -> None:
    ready(2)
    first, second, third = (tasks.submit(small(seed=seed), "alice", f"Run {seed}") for seed in range(3))
    assert [job.status.state for job in (first, second, third)] == ["starting", "starting", "queued"]
    assert tasks.place(third).trouble == ""
    cluster._link().submit(first.path)  # what is handed over twice is trained once
    seen = set()

    def all_ended() -> bool:
        now = [tasks.find(job.id) for job in (first, second, third)]
        seen.update((job.id, job.status.phase) for job in now if job.status.state == "running")
        assert sum(job.status.state in ("starting", "running") for job in now) <= 2
        return all(ended(job) for job in now)

    wait_until(all_ended)
    assert {phase for job, phase in seen if job == third.id} & {training.LOADING, training.BUILDING, "Training"}
    for job in (first, second, third):
        job = tasks.find(job.id)
        assert (job.status.state, job.status.reason, job.status.starts) == ("finished", "", 1)
        run = inference.load(job.run_path)
        assert (run.run.title, run.run.card.owner, run.spec) == (job.title, "alice", job.spec)
        assert len(job.history()) == 2
        assert (job.path / "log.txt").read_text().count(status.BEGUN) == 1


def test_the_stop_button_works() -> None:
    ready(2)
    job = wait(tasks.submit(small(epochs=MANY), "alice", "Stopped"), lambda job: len(job.history()) >= 2)
    tasks.request_stop(job)
    job = wait(job, ended)
    assert job.status.state == "cancelled"
    assert not runs.read(job.run_path).card.complete
    assert job.resumable


def test_a_job_goes_on_from_its_last_epoch_when_its_worker_is_lost(workers: Cluster) -> None:
    ready(2)
    killed = tasks.submit(small(epochs=MANY, seed=7), "alice", "Killed")
    whole = tasks.submit(small(epochs=MANY, seed=7), "alice", "Whole")
    assert whole.status.state == "starting"
    killed = wait(killed, lambda job: job.status.epoch >= 5)
    workers.lose(killed)
    epoch = Status.load(killed.path).epoch
    assert epoch < MANY
    assert tasks.find(killed.id).status.active, "nobody takes it for dead before the scheduler was asked"
    phases = set()

    def again(job: Job) -> bool:
        phases.add(job.status.phase)
        return job.status.state == "running"

    wait(killed, again)
    assert any(phase.startswith("The worker was lost: another one goes on from epoch ") for phase in phases)
    killed, whole = wait(killed, ended), wait(whole, ended)
    assert (killed.status.state, killed.status.starts) == ("finished", 1)
    assert [h["epoch"] for h in killed.history()] == list(range(1, MANY + 1))
    assert runs.read(killed.run_path).card.complete
    seconds = [h["seconds"] for h in killed.history()]
    assert seconds == sorted(seconds)
    np.testing.assert_allclose(losses(killed.run_path), losses(whole.run_path), rtol=1e-5)
    log = (killed.path / "log.txt").read_text()
    assert log.count(status.BEGUN) == 2
    workers.add()


def test_a_task_that_no_worker_has_begun_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    ready(2)
    busy = [tasks.submit(small(epochs=MANY), "alice", "Busy") for _ in range(2)]
    monkeypatch.setattr(cluster, "capacity", lambda lane="long": 3)
    job = tasks.submit(small(), "alice", "Waiting")
    assert job.status.state == "starting"
    wait_until(lambda: cluster._link().seen().tasks.get(job.id) in cluster.AHEAD)  # type: ignore[union-attr]
    tasks.request_stop(job)
    job = wait(job, ended)
    assert (job.status.state, job.status.reason) == ("cancelled", "")
    for other in busy:
        tasks.request_stop(other)
        wait(other, ended)
    wait_until(lambda: not any(cluster._link().seen().tasks.values()))  # type: ignore[union-attr]
    assert not (job.path / "log.txt").exists(), "no worker began it"


def test_what_a_worker_cannot_do_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    ready(2)

    def elsewhere(link: Any, client: Any, path: Path) -> None:
        future = client.submit(cluster.train, f"/nowhere/jobs/{path.name}", {}, key=path.name, pure=False)
        link._futures[path] = future

    with monkeypatch.context() as patch:
        patch.setattr(cluster._Link, "_hand_over", elsewhere)
        job = wait(tasks.submit(small(), "alice", "Elsewhere"), ended)
    assert job.status.state == "failed"
    assert job.status.reason.endswith("does not see the folder /nowhere: mount it there, too.")


def test_without_a_scheduler_trainings_wait_and_nobody_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_SCHEDULER", f"tcp://127.0.0.1:{free_port()}")
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(tmp_path))
    job = tasks.submit(small(), "alice", "Waits")
    assert tasks.place(job) == queue.Place(0, None, cluster.ASKED), "nothing waits for the scheduler"
    wait_until(lambda: tasks.place(job) == queue.Place(0, None, cluster.SILENT))
    assert tasks.find(job.id).status.state == "queued"
    cluster._link().close()


def test_a_job_that_the_scheduler_has_forgotten_is_handed_over_again() -> None:
    ready(2)
    job = folder.create(small(), "alice", "Forgotten")
    long_ago = time.time() - cluster.LATE
    replace(job.status, state="starting", starts=1, remote=True, updated=long_ago).write(job.path)
    job = wait(tasks.find(job.id), lambda job: job.status.state == "running")
    assert job.status.starts == 2
    tasks.request_stop(job)
    assert wait(job, ended).status.state == "cancelled"


@pytest.mark.parametrize("scheduler", ["", "tcp://127.0.0.1:1"])
def test_nothing_of_dask_is_imported_where_no_cluster_is_named(scheduler: str, tmp_path: Path) -> None:
    code = """
import sys, time
import ae_core.cli
from ae_core import tasks, sweeps
from ae_core.spec import make_spec
import pages.serving.startup, pages.widgets.sweep_input
for what in sweeps.plan(["vanilla"], dataset="digits"):
    print(tasks.submit(what[0], None, what[1]).status.state)
tasks.request_stop(tasks.listing(None)[0])
time.sleep(2)
print("distributed" in sys.modules, "tensorflow" in sys.modules)
"""
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"LATENT_EXPLORER_DATA": str(tmp_path), "LATENT_EXPLORER_SCHEDULER": scheduler},
        capture_output=True,
        text=True,
        check=True,
    )
    state, dask_too = ("queued", True) if scheduler else ("starting", False)
    assert found.stdout.split() == [state, str(dask_too), "False"], found.stderr


def test_a_process_ends_with_its_parent() -> None:
    code = "import sys; from ae_core import processes; processes.end_with(1 << 22); print('alive')"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (1, "")
    assert processes.ROOT == ROOT
