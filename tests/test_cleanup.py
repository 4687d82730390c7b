"""What is removed, and what stays: after long disuse, and of what killed processes left half-written."""

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ae_core import disk, processes, runs, tasks
from ae_core.tasks import Job, Status, cleanup, folder
from tests.trainings import at

pytestmark = pytest.mark.usefixtures("data_folder")


def used(job: Job, when: float) -> None:
    """Sets when a job, its run and their use were last written."""
    replace(Status.load(job.path), updated=when).write(job.path)
    for path in (job.run_path, runs.data_folder() / "used" / job.id):
        if path.exists():
            os.utime(path, (when, when))


@pytest.fixture
def week(monkeypatch: pytest.MonkeyPatch) -> float:
    """The seconds for which the settings keep what visitors leave."""
    monkeypatch.setenv("LATENT_EXPLORER_KEEP_DAYS", "7")
    return 7 * 24 * 3600.0


def test_what_nobody_has_used_for_long_goes(week: float) -> None:
    now = time.time()
    old, new, active = at("finished"), at("finished"), at("queued")
    everyones, opened = at("failed", owner=None), at("cancelled")
    for job in (old, active, everyones, opened):
        used(job, now - week - 60)
    used(new, now - week + 60)
    tasks.note_use(opened.id)
    held = at("finished")
    used(held, now - week - 60)
    with processes.working(held.path):
        tasks.clean_up(now)
    left = {path.name for path in folder.paths()}
    assert left == {new.id, active.id, everyones.id, opened.id, held.id}
    assert not list((runs.data_folder() / "runs").iterdir())
    tasks.clean_up(now + 2 * week)
    assert {path.name for path in folder.paths()} == {active.id, everyones.id}


def test_what_was_used_within_an_hour_stays_however_short_the_settings_are(monkeypatch: pytest.MonkeyPatch) -> None:
    job = at("finished")
    tasks.clean_up(time.time() + 1e9)
    assert tasks.find(job.id) == job, "by default all is kept"
    monkeypatch.setenv("LATENT_EXPLORER_KEEP_DAYS", "0.001")
    tasks.clean_up(time.time() + cleanup.IN_USE - 60)
    assert tasks.find(job.id) == job
    tasks.clean_up(time.time() + cleanup.IN_USE + 60)
    assert folder.paths() == []


def test_a_use_is_noted_now_and_then_and_forgotten_with_the_run(week: float) -> None:
    job = at("finished")
    tasks.note_use(job.id)
    note = runs.data_folder() / "used" / job.id
    first = note.stat().st_mtime_ns
    tasks.note_use(job.id)
    assert note.stat().st_mtime_ns == first
    shutil.rmtree(job.path)
    tasks.clean_up()
    assert not note.exists()


def test_jobs_that_made_no_run_go_a_day_after_their_end(digits_runs: dict[str, Path]) -> None:
    job = folder.create_shared("fit", runs.read(digits_runs["vanilla"]), "alice")
    tasks.clean_up(time.time() + 2 * cleanup.DAY)
    assert tasks.find(job.id).status.state == "queued"
    Status("finished").write(job.path)
    tasks.clean_up()
    assert tasks.find(job.id)
    tasks.clean_up(time.time() + 2 * cleanup.DAY)
    assert folder.paths() == []


def test_what_killed_processes_left_half_written_goes_and_what_is_being_written_stays() -> None:
    job, busy = at("failed"), at("running")
    results = runs.data_folder() / "runs"
    left = results / f"{disk.UNFINISHED}0123"
    left.mkdir(parents=True)
    (left / ".room").write_bytes(b"x")
    for owner in (job, busy):
        (owner.path / "resume").mkdir()
        (owner.path / "resume" / ".state.npz.tmp").touch()
    (job.path / ".0123456789ab.tmp").touch()
    derived = runs.data_folder() / "derived" / ("0" * 64)
    (derived / "lens-1-0").mkdir(parents=True)
    for temporary in (derived / ".0123456789ab.tmp", derived / "lens-1-0" / ".0123456789ab.tmp"):
        temporary.touch()
        os.utime(temporary, (1, 1))
    cut = folder.jobs_folder() / "vanilla-20260101-000000-0123456789abcdef"
    cut.mkdir()
    with disk.writing(results / "vanilla-1") as writing, processes.working(busy.path):
        tasks.clean_up()
        assert writing.exists()
        assert (busy.path / "resume" / ".state.npz.tmp").exists()
        (busy.path / "resume" / ".state.npz.tmp").unlink()
    assert not left.exists()
    assert not list(runs.data_folder().rglob(".*.tmp"))
    assert not cut.exists()
    assert (results / "vanilla-1").exists()
    assert tasks.find(job.id)
    assert derived.exists()
    tasks.clean_up(time.time() + 2 * cleanup.DAY)
    assert not derived.exists(), "of no run that is there"
