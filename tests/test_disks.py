"""Disks that fill up, refuse or fail under a training: a sentence, and nothing else ends; all trainings are made up."""

import errno
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ae_core import processes, tasks, training
from ae_core.errors import TrainingError
from ae_core.tasks import Status, worker
from tests.trainings import at, ended, in_phase, resumable, small, wait

REFUSED = (
    r"the data folder \S+ cannot be written \(Read-only file system\); see to that, or set LATENT_EXPLORER_DATA to "
    r"another folder\."
)

pytestmark = pytest.mark.usefixtures("made_up_trainings")


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)


def test_a_disk_that_fills_up_fails_the_job_with_a_sentence_and_nothing_else(small_disk: Path) -> None:
    job = wait(tasks.submit(small(), "alice", "writes"), in_phase("Training"))
    waiting = tasks.submit(small(), "bob", "quick")
    with pytest.raises(OSError, match="No space"):
        fill(small_disk / "filler")
    job = wait(job, ended)
    assert job.status.state == "failed"
    assert job.status.reason == "A file could not be written or read: No space left on device."
    with pytest.raises(TrainingError, match="No space left on device"):
        tasks.submit(small(), "carol", "quick")
    (small_disk / "filler").unlink()
    wait(waiting, ended)
    assert Status.load(job.path).reason == job.status.reason, "once there is room it is noted"


def test_a_folder_that_has_become_read_only_stops_no_server_and_is_said_once(
    small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = resumable(at("running", epoch=1))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for act in (lambda: tasks.submit(small(), "bob", "quick"), lambda: tasks.resume(job)):
        with pytest.raises(TrainingError, match=rf": {REFUSED}$"):
            act()
    with pytest.raises(TrainingError, match=rf"^It could not be asked to stop: {REFUSED}$"):
        tasks.request_stop(job)
    for _ in range(3):
        tasks.tick()
        tasks.clean_up()
    tasks.note_use(job.id)
    job = tasks.find(job.id)
    assert job.status.state == "failed"
    assert job.status.reason == "The process ended unexpectedly; it can be resumed from epoch 1."
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(rf'error +jobs cannot be written error="{REFUSED[:-2]}"$', line)
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    tasks.tick()
    over, failed = capsys.readouterr().err.splitlines()
    assert "no longer: jobs cannot be written" in failed
    assert f"job failed job={job.id}" in over


def test_an_fsync_that_fails_fails_the_job_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    job = at("starting")

    def fit(*arguments: Any, **options: Any) -> Iterator[Any]:
        def fail(handle: int) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(os, "fsync", fail)
        yield training.Preparing("Loading")

    monkeypatch.setattr(training, "fit", fit)
    log = (job.path / "log.txt").open("w")
    monkeypatch.setattr(sys, "stderr", log)
    with processes.working(job.path):
        assert worker.run(job.path) == 1
    monkeypatch.undo()
    assert Status.load(job.path).active, "not even that could be written"
    monkeypatch.setattr(processes, "START_SECONDS", 0)
    status = Status.read(job.path)
    assert status.state == "failed"
    assert "Input/output error" in status.reason
