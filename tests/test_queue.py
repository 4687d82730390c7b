"""The queue in front of the trainers, and how a training ends that must be ended; all trainings are made up."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from ae_core import processes, runs, settings, tasks, training
from ae_core.errors import OptionError, TrainingError
from ae_core.spec import Spec, make_spec
from ae_core.tasks import Status, folder, limits, queue, watchdog, worker
from ae_core.tasks.catalog import train
from tests.trainings import ROOT, at, at_work, ended, in_phase, resumable, save_epoch, small, wait

SERVER = """
import sys, time
from ae_core import tasks
from ae_core.tasks import local
local.WATCHDOG = "tests.fake_worker"
end = time.monotonic() + 60
while time.monotonic() < end:
    tasks.tick()
    time.sleep(float(sys.argv[1]))
"""

pytestmark = pytest.mark.usefixtures("made_up_trainings")


# Places


def test_nothing_is_queued_that_nobody_can_train(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # as if not installed
    for owner in ("alice", None):
        with pytest.raises(TrainingError, match=r"pip install 'latent-explorer\[train\]'"):
            tasks.submit(small(), owner, "quick")
    assert tasks.jobs_of("alice") == []
    monkeypatch.setenv("LATENT_EXPLORER_SCHEDULER", "tcp://127.0.0.1:1")  # a cluster's workers may have it
    limits.check_trainer()


def test_one_is_trained_at_a_time_in_the_order_in_which_they_came() -> None:
    jobs = [tasks.submit(small(), name, "loading") for name in ("alice", "bob", "alice")]
    assert [job.status.state for job in jobs] == ["starting", "queued", "queued"]
    assert [tasks.place(job).position for job in jobs] == [0, 0, 1]


def test_as_many_at_once_as_the_settings_say_and_a_queued_one_is_cancelled_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_RUNNING", "2")
    jobs = [tasks.submit(small(), "alice", title) for title in ("learns", "learns", "quick")]
    assert [job.status.state for job in jobs] == ["starting", "starting", "queued"]
    tasks.request_stop(jobs[2])
    assert tasks.find(jobs[2].id).status.state == "cancelled"
    tasks.tick()
    assert not (runs.data_folder() / "starts.txt").exists()


def test_a_short_job_does_not_wait_for_a_training_nor_count_as_one(
    digits_runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_PER_VISITOR", "1")
    tasks.submit(small(), "alice", "learns")
    first, second = (runs.read(digits_runs[kind]) for kind in ("vanilla", "sparse"))
    fit = tasks.compute("fit", first, "alice")
    assert fit.status.state == "starting"
    with pytest.raises(
        TrainingError, match=r"^You have 1 computation under way, and 1 more would be over your limit of 1"
    ):
        tasks.compute("fit", second, "alice")
    waiting = tasks.compute("fit", second, "bob")
    assert (waiting.status.state, tasks.place(waiting).position) == ("queued", 0)
    assert [job.title for job in tasks.jobs_of("alice")] == ["learns"], "its page shows trainings"


def test_the_place_says_when_it_starts(digits_runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    train._seconds_of_an_epoch.cache_clear()
    running = at("running", phase="Training", seconds_left=40.0, submitted=1.0)
    before, mine = at("queued", submitted=2.0), at("queued", submitted=3.0)
    with processes.working(running.path):
        assert tasks.place(before) == queue.Place(0, 40 + queue.SAVING / 2)
        assert tasks.place(mine) == queue.Place(1, None), "nobody knows how long one of its like takes"
        shutil.copytree(digits_runs["vanilla"], runs.data_folder() / "runs" / "vanilla-1")
        train._seconds_of_an_epoch.cache_clear()
        both = float(runs.read(digits_runs["vanilla"]).history[-1]["seconds"])
        expected = 40 + queue.SAVING / 2 + train.BESIDE + both
        assert tasks.place(mine).seconds == pytest.approx(expected)
        monkeypatch.setenv("LATENT_EXPLORER_RUNNING", "2")
        assert tasks.place(before).seconds == 0.0, "a second trainer is free"
    assert tasks.place(tasks.find(running.id)).position == 0


def test_a_job_whose_process_has_not_ended_is_not_queued_again(
    digits_runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "PATIENCE", 0.0)
    failed, run = resumable(at("failed", epoch=1)), runs.read(digits_runs["vanilla"])
    computed = folder.create_shared("fit", run, "alice")
    Status("failed").write(computed.path)
    with processes.working(failed.path), processes.working(computed.path, processes.WORKER):
        with pytest.raises(TrainingError, match="has not ended yet"):
            tasks.resume(failed)
        with pytest.raises(TrainingError, match="has not ended yet"):
            tasks.compute("fit", run, "alice")


def test_a_resumed_job_queues_behind_the_others() -> None:
    running, failed = at("running", submitted=1.0), resumable(at("failed", epoch=1, submitted=2.0))
    waiting = at("queued", submitted=3.0)
    with processes.working(running.path):
        again = tasks.resume(failed)
        assert (again.id, again.status.state, again.status.epoch) == (failed.id, "queued", 1)
        assert tasks.place(again).position == 1
        assert tasks.place(waiting).position == 0
        assert tasks.resume(failed).status.submitted == again.status.submitted, "two tabs resume it once"


# Limits


@pytest.mark.parametrize(
    ("variable", "most", "what", "sentence"),
    [
        ("EPOCHS", "1", small(), r"^Epochs may be at most 1 on this server, got 2: train for fewer"),
        ("CODE", "8", small(), r"^Code size may be at most 8 on this server, got 32: choose a smaller code\.$"),
        ("PARAMETERS", "100", small(), r"^Parameters of the network may be at most 100 on this server, got 4,192: "),
    ],
)
def test_what_is_too_large_is_refused(
    variable: str, most: str, what: Spec, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"LATENT_EXPLORER_{variable}", most)
    with pytest.raises(OptionError, match=sentence):
        tasks.check(what)
    with pytest.raises(OptionError, match=sentence):
        tasks.submit(what, "alice", "quick")
    assert tasks.jobs_of("alice") == []
    assert tasks.submit(what, None, "quick").owner is None, "the command line knows no limits"


def test_a_full_queue_and_a_visitor_with_enough_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_QUEUED", "3")
    monkeypatch.setenv("LATENT_EXPLORER_PER_VISITOR", "2")
    running = at("running", "bob")
    with processes.working(running.path):
        tasks.submit(small(), "alice", "quick"), tasks.submit(small(), "alice", "quick")
        with pytest.raises(TrainingError, match="and 1 more would be over your limit of 2: stop one"):
            tasks.submit(small(), "alice", "quick")
        tasks.submit(small(), "carol", "quick")
        with pytest.raises(
            TrainingError, match=r"^The queue has no room for 1 training: 3 wait, and at most 3 can; try again"
        ):
            tasks.submit(small(), "dora", "quick")
        with pytest.raises(TrainingError, match=r"^The queue has no room"):
            tasks.resume(resumable(at("failed", "dora", epoch=1)))
        tasks.request_stop(tasks.jobs_of("alice")[0])
        tasks.submit(small(), "dora", "quick")


def test_the_limits_leave_room_for_what_the_kinds_are_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_PROFILE", "demo")
    for run in runs.shipped():
        assert isinstance(run, runs.Run)
        limits.check(run.spec)
    for name in ("vanilla", "convolutional", "variational"):
        limits.check(make_spec(name, "digits"))


# Stop


@pytest.mark.parametrize("phase", ["loading", "building", "saving"])
def test_a_stop_takes_effect_where_a_training_does_not_look(phase: str) -> None:
    job = tasks.submit(small(), "alice", phase)
    wait(job, in_phase(getattr(training, phase.upper())))
    tasks.request_stop(job)
    job = wait(job, ended)  # by itself it would go on for a minute
    assert job.status.state == "cancelled"
    assert ("being saved" in job.status.reason) == (phase == "saving")
    _, alive = psutil.wait_procs(at_work(job.path), timeout=5)
    assert alive == []


def test_a_stop_lets_a_run_be_saved_of_what_was_learnt() -> None:
    job = tasks.submit(small(), "alice", "keeps")
    wait(job, in_phase("Training"))
    tasks.request_stop(job)
    job = wait(job, ended)
    assert (job.status.state, job.status.reason, job.status.epoch) == ("cancelled", "", 1)


def test_one_that_was_stopped_while_it_was_loaded_again_can_still_be_resumed() -> None:
    job = resumable(at("failed", epoch=1, title="loading"))
    tasks.resume(job)
    tasks.request_stop(wait(job, in_phase(training.LOADING)))
    job = wait(job, ended)
    assert (job.status.state, job.resumable) == ("cancelled", True)
    assert job.status.reason == "Stopped before it continued; it can be resumed from epoch 1."


def test_a_stopped_one_goes_on_as_another_that_is_stopped_while_it_loads(digits_runs: dict[str, Path]) -> None:
    """Its run never changes, so that what goes on is a copy, which says of itself what its saved state knows."""
    job = at("cancelled", epoch=1, title="loading")
    save_epoch(job.path, 2)  # a process that was killed may not have told of the last
    shutil.copytree(digits_runs["vanilla"], job.run_path)
    again = tasks.resume(tasks.find(job.id))
    assert again.id != job.id
    assert (again.status.epoch, again.status.fraction) == (2, 1.0)
    tasks.request_stop(wait(again, in_phase(training.LOADING)))
    again = wait(again, ended)
    assert (again.status.state, again.status.epoch, again.resumable) == ("cancelled", 2, True)
    assert again.status.reason == "Stopped before it continued; it can be resumed from epoch 2."


def test_a_resume_tells_of_the_epochs_that_its_saved_state_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed as it ends an epoch has saved that, and not told of it."""
    records = [{"epoch": n, "terms": {"reconstruction": 1 / n}} for n in (1, 2, 3)]
    told = records[:1], [records[0], {"epoch": 4, "terms": {}}]
    monkeypatch.setattr(training, "fit", lambda *_, **__: iter([training.Started(1, 4, 1, tuple(records))]))
    for lines in told:
        job = at("starting")
        (job.path / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert worker.work(job).epoch == 3
        assert job.history() == records


def test_the_time_limit_ends_it_like_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_MINUTES", "0.001")

    def fit(*arguments: Any, stop: Callable[[], bool], **options: Any) -> Iterator[Any]:
        yield training.Started(1, 2, 1)
        while not stop():
            time.sleep(0.01)
        yield training.Cancelled(run, 1)

    run: Any = object()
    monkeypatch.setattr(training, "fit", fit)
    status = worker.work(at("starting"))
    assert status.state == "cancelled"
    assert status.reason == (
        "The time limit of 0.001 minutes was reached after 1 of 2 epochs; what was learnt is kept as a model."
    )
    run = None
    assert worker.work(at("starting")).reason.endswith("; nothing was learnt by then.")


# Memory


@pytest.mark.parametrize("way", ["eats", "gulps", "aborts"])
def test_a_trainer_that_takes_too_much_dies_and_says_why(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_TRAINER_MB", "500")
    job = wait(tasks.submit(small(), "alice", way), ended)
    assert job.status.state == "failed"
    assert job.status.reason.startswith("Memory ran out: ")
    assert "smaller network" in job.status.reason
    assert "Memory ran out" in (job.path / "log.txt").read_text()


def test_it_gives_way_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_PRIORITY", "idle")
    job = wait(tasks.submit(small(), "alice", "learns"), in_phase("Training"))
    watcher, trainer = at_work(job.path)
    assert (watcher.nice(), trainer.nice()) == (os.nice(0), processes.NICENESS)
    assert Path(f"/proc/{trainer.pid}/oom_score_adj").read_text().strip() == "1000"
    assert Path(f"/proc/{watcher.pid}/oom_score_adj").read_text() == Path("/proc/self/oom_score_adj").read_text()
    assert os.sched_getscheduler(trainer.pid) == os.SCHED_IDLE
    session = Path(f"/proc/{trainer.pid}/autogroup")  # such as "/autogroup-123 nice 19"
    assert not session.exists() or session.read_text().split()[-1] == "19", "niceness counts only within a session"
    lines = Path(f"/proc/{trainer.pid}/limits").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("Max data size")]
    assert int(line.split()[3]) == (settings.current().trainer_mb + worker.SPARE_MB) << 20


def test_one_that_is_ended_for_its_memory_or_its_time_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter([3, 4])
    monkeypatch.setattr(watchdog, "WORKER", "tests.fake_worker")
    with monkeypatch.context() as patch:
        patch.setattr(processes, "memory_kills", lambda: next(counts))
        job = at("starting", title="dies")
        with processes.working(job.path):
            assert watchdog.watch(job.path) == 1
        assert tasks.find(job.id).status.reason.startswith("Memory ran out on this machine: ")
    monkeypatch.setenv("LATENT_EXPLORER_MINUTES", "0.001")
    monkeypatch.setattr(watchdog, "GRACE_SECONDS", 0.2)
    job = at("starting", title="loading")
    with processes.working(job.path):
        assert watchdog.watch(job.path) == 1
    assert tasks.find(job.id).status.reason == "The time limit of 0.001 minutes was reached."


# Kills


@pytest.mark.parametrize("which", [0, 1])
def test_killed_it_is_failed_at_once_and_can_be_resumed(which: int) -> None:
    job = wait(tasks.submit(small(), "alice", "learns"), in_phase("Training"))
    both = at_work(job.path)
    both[which].kill()
    job = wait(job, ended, tick=False)
    assert job.status.state == "failed"
    assert job.status.reason == "The process ended unexpectedly; it can be resumed from epoch 1."
    assert job.resumable
    _, alive = psutil.wait_procs(both, timeout=5)
    assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == [], "the one that trains ends with its watcher"
    tasks.tick()
    assert Status.load(job.path).state == "failed", "it is noted for good"


def test_one_that_leaves_without_a_word_is_failed_and_then_left_alone() -> None:
    job = wait(tasks.submit(small(), "alice", "leaves"), ended, tick=False)
    assert (job.status.state, job.status.reason) == ("failed", "The process ended unexpectedly.")
    tasks.tick()
    with pytest.raises(TrainingError, match="is failed: resume it"):
        watchdog.main(job.path)


def test_a_job_of_a_server_that_died_before_its_process_began_is_started_again() -> None:
    long_ago = time.time() - 2 * processes.START_SECONDS
    job = at("starting", starts=1, updated=long_ago)
    assert wait(job, ended).status.state == "finished"
    dead = at("starting", starts=queue.MAX_STARTS, updated=long_ago)
    tasks.tick()
    assert Status.load(dead.path).state == "failed"


# Servers


@contextmanager
def server(pause: float = 0.01) -> Iterator[None]:
    command = [sys.executable, "-c", SERVER, str(pause)]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}) as process:
        try:
            yield
        finally:
            process.kill()


def test_two_servers_never_both_start_a_job() -> None:
    found = [at("queued", submitted=float(i)) for i in range(6)]
    with server(), server():
        for job in found:
            assert wait(job, ended, tick=False).status.state == "finished"
    data = runs.data_folder()
    assert (data / "starts.txt").read_text().split() == [job.id for job in found]
    assert not (data / "two-at-once").exists()


def test_a_server_killed_and_restarted_finds_every_job_again() -> None:
    running = at("queued", title="learns", submitted=1.0)
    dead, waiting = resumable(at("running", epoch=1)), at("queued")
    with server():
        wait(running, in_phase("Training"), tick=False)
    assert tasks.find(running.id).status.active, "it outlives its server"
    Status("running", epoch=1).write(dead.path)  # as one whose process ended while no server was there
    with server(1.0):
        wait(dead, lambda job: Status.load(job.path).state == "failed", tick=False)
        assert tasks.find(dead.id).resumable
        assert tasks.find(running.id).status.state == "running", "it is adopted"
        assert tasks.find(waiting.id).status.state == "queued"
        tasks.request_stop(running)
        at_work(running.path)[1].kill()
        assert wait(waiting, ended, tick=False).status.state == "finished"
    assert Counter((runs.data_folder() / "starts.txt").read_text().split()) == {waiting.id: 1}
