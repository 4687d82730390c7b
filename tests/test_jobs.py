"""Trainings in processes of their own: how they end, what they leave, and whose they are.

One is killed, resumed, stopped, resumed again and then ends.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psutil
import pytest

from ae_core import inference, processes, runs, tasks, training
from ae_core.errors import TrainingError
from ae_core.events import Finished
from ae_core.spec import Spec, make_spec
from ae_core.tasks import Job, Status, watchdog, worker
from tests.trainings import ROOT, at, at_work, ended, save_epoch, wait

EPOCHS = 40

SUBMIT = """
import sys
from ae_core import tasks
from ae_core.spec import parse
print(tasks.submit(parse(sys.argv[1]), "alice", "Mine").id)
"""


def small(seed: int = 3) -> Spec:
    return make_spec("sparse", "digits", epochs=EPOCHS, batch_size=16, seed=seed, compile=False)


def terms(history: Any) -> np.ndarray:
    return np.array([[*h["terms"].values(), *h["validation"].values(), h["learning_rate"]] for h in history])


def weights(run: Path) -> dict[str, np.ndarray]:
    found = {}
    with h5py.File(run / "model.weights.h5") as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Job]]:
    """The training, as each of its processes ended."""
    data = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_EXPLORER_DATA", str(data))
        # The server that submits it is gone before its first epoch.
        server = subprocess.run(
            [sys.executable, "-c", SUBMIT, json.dumps(small().to_json())],
            cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        job = wait(tasks.find(server.stdout.strip()), lambda job: len(job.history()) >= 2)
        _, trainer = at_work(job.path)
        trainer.kill()
        killed = wait(job, ended)
        assert killed.resumable
        assert not list(killed.run_path.parent.glob("*")), "it leaves nothing"
        job = wait(tasks.resume(killed), lambda job: len(job.history()) >= killed.status.epoch + 2)
        tasks.request_stop(job)
        stopped = wait(job, ended)
        assert stopped.resumable
        yield {"killed": killed, "stopped": stopped, "finished": wait(tasks.resume(stopped), ended)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> runs.Run:
    """The same training without an interruption."""
    *_, last = training.fit(small(), tmp_path_factory.mktemp("whole") / "run")
    assert isinstance(last, Finished)
    return last.run


# How a training ends


def test_it_outlives_the_server_that_submitted_it_and_leaves_a_run(world: dict[str, Job]) -> None:
    job = world["finished"]
    assert (job.status.state, job.status.fraction, job.status.epoch, job.status.reason) == ("finished", 1, EPOCHS, "")
    assert (job.owner, job.title, job.spec) == ("alice", "Mine", small())
    run = inference.load(job.run_path)
    assert (run.run.title, run.run.card.complete, run.run.card.owner, run.spec) == ("Mine", True, "alice", job.spec)
    assert list(run.run.history) == job.history()
    assert [h["epoch"] for h in job.history()] == list(range(1, EPOCHS + 1))
    done = [p["epochs"] for p in job.progress()]
    assert done == sorted(set(done)), "it can be followed between epochs, and each moment is drawn once"
    assert done[-1] == EPOCHS
    assert all(set(p["terms"]) == {"reconstruction", "sparsity"} for p in job.progress())
    preview = job.preview()
    assert preview is not None
    assert (preview.shape, preview.dtype) == ((10, 8, 8), np.uint8)
    assert not job.resumable
    assert not (job.path / "resume").exists(), "only a resume needs it"


def test_stopped_it_leaves_a_run_that_a_resume_does_not_change(world: dict[str, Job]) -> None:
    job = world["stopped"]
    assert (job.status.state, job.status.reason) == ("cancelled", "")
    run = inference.load(job.run_path)
    assert not run.run.card.complete
    assert 2 <= len(run.run.history) == job.status.epoch < EPOCHS
    assert world["finished"].run_path != job.run_path


def test_killed_it_is_failed_with_a_sentence(world: dict[str, Job]) -> None:
    job = world["killed"]
    assert job.status.state == "failed"
    assert job.status.reason.endswith(".")
    assert "unexpectedly" in job.status.reason
    _, alive = psutil.wait_procs(at_work(job.path), timeout=10)
    assert all(p.status() == psutil.STATUS_ZOMBIE for p in alive)


def test_resumed_it_ends_as_if_it_had_never_been_interrupted(world: dict[str, Job], whole: runs.Run) -> None:
    job = world["finished"]
    np.testing.assert_allclose(terms(job.history()), terms(whole.history), rtol=1e-4)
    ours, theirs = weights(job.run_path), weights(whole.path)
    assert set(ours) == set(theirs)
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name], err_msg=name)


# Whose it is


def test_owners_see_their_own_jobs_the_latest_first(data_folder: Path) -> None:
    early, late = at("finished", submitted=100.0), at("finished", submitted=200.0)
    other = at("finished", "bob")
    assert [job.id for job in tasks.jobs_of("alice")] == [late.id, early.id]
    assert [job.id for job in tasks.jobs_of("bob")] == [other.id]
    assert tasks.jobs_of("carol") == []


# Folders that are not as they should be


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: (path / "spec.json").write_text("{"),
        lambda path: (path / "spec.json").write_text('{"spec": {}, "owner": "alice", "title": ""}'),
        lambda path: (path / "status.json").write_text('{"state": "finished", "epoch": "all"}'),
        lambda path: (path / "status.json").write_text("[]"),
        lambda path: (path / "status.json").unlink(),
    ],
)
def test_a_damaged_job_is_left_out_and_named(damage: Callable[[Path], Any], data_folder: Path) -> None:
    good, bad = at("finished"), at("finished")
    damage(bad.path)
    assert [job.id for job in tasks.jobs_of("alice")] == [good.id]
    with pytest.raises(TrainingError, match=f"^The folder of job '{bad.id}' is damaged"):
        tasks.find(bad.id)
    for name in ("", ".", "..", "../jobs", "nowhere", "/etc", "a/b"):
        with pytest.raises(TrainingError, match=r"job .*\.$"):
            tasks.find(name)


def test_a_training_of_an_older_version_is_read_and_resumed(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.queue, "_advance", lambda: None)
    path = data_folder / "jobs" / "vanilla-20250101-000000-0123456789abcdef"
    path.mkdir(parents=True)
    save_epoch(path, 3)
    (path / "spec.json").write_text(json.dumps({"spec": small().to_json(), "owner": "alice", "title": "Old"}))
    (path / "status.json").write_text(json.dumps({"state": "cancelled", "epoch": 3, "slowed": True}))
    (job,) = tasks.jobs_of("alice")
    assert (job.task, job.spec, job.sweep, job.status.epoch) == ("train", small(), "", 3)
    assert tasks.resume(job).status.state == "queued"


def test_half_a_line_and_half_a_picture_are_not_read(data_folder: Path) -> None:
    job = at("failed")
    (job.path / "history.jsonl").write_text('{"epoch": 1, "terms": {}}\n5\n{"epo')
    (job.path / "preview.npy").write_bytes(b"\x93NUMPY")
    assert job.history() == [{"epoch": 1, "terms": {}}]
    assert job.preview() is None
    assert job.progress() == []


def test_a_job_lives_as_long_as_its_process_may(data_folder: Path) -> None:
    assert at("queued", updated=0.0).status.state == "queued", "in the queue nothing is late"
    assert at("starting").status.state == "starting"
    late = at("starting", "bob", updated=time.time() - 2 * processes.START_SECONDS)
    assert (late.status.state, late.resumable) == ("failed", False)
    with pytest.raises(TrainingError, match=r"no finished epoch to continue from\.$"):
        tasks.resume(late)
    with processes.working(late.path):
        Status("running", updated=0.0).write(late.path)
        assert tasks.find(late.id).status.active, "its lock is held"
    assert tasks.find(late.id).status.state == "failed"


def test_a_process_or_a_disk_that_refuses_is_a_sentence(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(TrainingError, match=r"did not start: No such file"):
        tasks.submit(small(), "alice", "Mine")
    (job,) = tasks.jobs_of("alice")
    assert job.status.state == "failed"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(tmp_path / "file"))
    with pytest.raises(
        TrainingError, match=r"cannot be prepared: the data folder \S+file .*LATENT_EXPLORER_DATA .*\.$"
    ):
        tasks.submit(small(), "alice", "Mine")
    capsys.readouterr()
    for _ in range(3):
        tasks.tick()
        tasks.clean_up()
    assert capsys.readouterr().err == "", "it has been said"


# The worker, with made-up trainings


def test_a_failed_training_leaves_its_reason_and_one_that_nobody_foresaw_a_log_too(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        training, "fit", lambda *_, **__: iter([training.Preparing("Loading"), training.Failed("The kl term is nan.")])
    )
    job = at("queued")
    assert worker.run(job.path) == 1
    status = tasks.find(job.id).status
    assert (status.state, status.reason, status.phase) == ("failed", "The kl term is nan.", "")
    monkeypatch.setattr(training, "fit", lambda *_, **__: (1 / 0 for _ in range(1)))
    assert worker.run(job.path) == 1
    status = tasks.find(job.id).status
    assert status.state == "failed"
    assert "division by zero" in status.reason
    assert "Traceback" not in status.reason
    assert "Traceback" in capsys.readouterr().err


def test_a_training_that_diverged_is_cancelled_and_says_why(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "fit", lambda *_, **__: iter([training.Cancelled(None, 30, "The kl term is nan.")]))
    job = at("queued")
    assert worker.run(job.path) == 0
    status = tasks.find(job.id).status
    assert (status.state, status.epoch, status.reason) == ("cancelled", 30, "The kl term is nan.")


def test_two_processes_never_train_one_job(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = at("queued")
    monkeypatch.setattr(processes, "PATIENCE", 0.0)
    with processes.working(job.path), pytest.raises(TrainingError, match="already under way"):
        watchdog.main(job.path)
