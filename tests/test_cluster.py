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

import psutil
import pytest

from ae_core import inference, processes, tasks, training
from ae_core.tasks import Job, cluster, folder, queue, status
from tests.trainings import ROOT, at_work, ended, in_phase, small, wait

PATIENCE = 90  # seconds
MADE_UP = ["--preload", "tests.fake_worker"]  # a title may say what a training does


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
        self._workers.append(dask("worker", self.address, "--nthreads", "1", "--no-dashboard", *scratch, *MADE_UP))

    def lose(self, job: Job) -> None:
        """Kills the worker that trains a job, and what looks after that worker, at once."""
        trainers = at_work(job.path)
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


def stop(job: Job) -> None:
    tasks.request_stop(job)
    assert wait(job, ended).status.state == "cancelled"


def test_it_holds_a_training_for_each_worker_and_they_end_as_runs_or_are_stopped() -> None:
    ready(2)
    first, second, third = (tasks.submit(small(), "alice", title) for title in ("Real", "loading", "quick"))
    assert [job.status.state for job in (first, second, third)] == ["starting", "starting", "queued"]
    assert tasks.place(third).trouble == ""
    cluster._link().submit(first.path)  # what is handed over twice is trained once
    wait(second, in_phase(training.LOADING))
    assert tasks.find(third.id).status.state == "queued" or not tasks.find(first.id).status.active
    stop(second)
    third, first = wait(third, ended), wait(first, ended)
    for job in (first, third):
        assert (job.status.state, job.status.reason, job.status.starts) == ("finished", "", 1)
        assert (job.path / "log.txt").read_text().count(status.BEGUN) == 1
    run = inference.load(first.run_path)
    assert (run.run.title, run.run.card.owner, run.spec) == ("Real", "alice", first.spec)
    assert len(first.history()) == 2


def test_a_job_goes_on_from_its_last_epoch_when_its_worker_is_lost(workers: Cluster) -> None:
    ready(2)
    killed, other = (tasks.submit(small(), "alice", title) for title in ("recovers", "loading"))
    wait(other, in_phase(training.LOADING))
    wait(killed, in_phase("Training"))
    workers.lose(killed)
    assert tasks.find(killed.id).status.active, "nobody takes it for dead before the scheduler was asked"
    wait(killed, in_phase("The worker was lost: another one continues from epoch 1"))
    stop(other)
    killed = wait(killed, ended)
    assert (killed.status.state, killed.status.starts, killed.status.epoch) == ("finished", 1, 2)
    assert (killed.path / "log.txt").read_text().count(status.BEGUN) == 2
    workers.add()


def test_a_task_that_no_worker_has_begun_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    ready(2)
    busy = [tasks.submit(small(), "alice", "loading") for _ in range(2)]
    monkeypatch.setattr(cluster, "capacity", lambda lane="long": 3)
    job = tasks.submit(small(), "alice", "quick")
    assert job.status.state == "starting"
    wait_until(lambda: cluster._link().seen().tasks.get(job.id) in cluster.AHEAD)  # type: ignore[union-attr]
    tasks.request_stop(job)
    job = wait(job, ended)
    assert (job.status.state, job.status.reason) == ("cancelled", "")
    for other in busy:
        stop(other)
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
    job = folder.create(small(), "alice", "loading")
    long_ago = time.time() - cluster.LATE
    replace(job.status, state="starting", starts=1, remote=True, updated=long_ago).write(job.path)
    job = wait(tasks.find(job.id), lambda job: job.status.state == "running")
    assert job.status.starts == 2
    stop(job)


@pytest.mark.parametrize("scheduler", ["", "tcp://127.0.0.1:1"])
def test_nothing_of_dask_is_imported_where_no_cluster_is_named(scheduler: str, tmp_path: Path) -> None:
    code = """
import sys, time
import ae_core.cli
from ae_core import tasks, sweeps
from ae_core.tasks import local
import pages.serving.startup, pages.widgets.sweep_input
local.WATCHDOG = "tests.fake_worker"
for what, _ in sweeps.plan(["vanilla"], dataset="digits"):
    print(tasks.submit(what, None, "loading").status.state)
tasks.request_stop(tasks.jobs_of(None)[0])
while sys.argv[1] and "distributed" not in sys.modules:
    time.sleep(0.05)
print("distributed" in sys.modules, "tensorflow" in sys.modules)
"""
    found = subprocess.run(
        [sys.executable, "-c", code, scheduler],
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
