"""A training steps aside while a server of its machine is behind, never for long, and those who look are told."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ae_core import training
from ae_core.events import Cancelled, Event, Progress, Started
from ae_core.jobs import Status, aside, folder, sweep, worker
from tests.trainings import at

LONG = 0.3
PAUSE = time.sleep


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "ASIDE_SECONDS", LONG)
    monkeypatch.setattr(aside, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(aside, "_latest", 0.0)
    folder.jobs_folder().mkdir(parents=True, exist_ok=True)
    for file in folder.jobs_folder().glob(".aside-*"):
        file.unlink()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Each pause that was made; a clock would tell of those that the machine made, too."""
    made: list[float] = []

    def pause(seconds: float) -> None:
        made.append(seconds)
        PAUSE(seconds)

    monkeypatch.setattr(aside.time, "sleep", pause)
    return made


def asked() -> Path:
    (file,) = folder.jobs_folder().glob(".aside-*")
    return file


def test_nobody_waits_who_was_not_asked(pauses: list[float]) -> None:
    manners = aside.Aside(lambda: False)
    for _ in range(3):
        manners.wait()
        PAUSE(0.1)
    assert not pauses
    assert manners.slowdown == pytest.approx(1, abs=0.5)


def test_whoever_is_asked_waits_but_not_for_long(pauses: list[float]) -> None:
    manners = aside.Aside(lambda: False)
    aside.step_aside()
    began = time.monotonic()
    manners.wait()
    assert time.monotonic() - began >= LONG
    assert len(pauses) <= LONG / aside.LOOK_SECONDS


def test_how_much_longer_all_takes_is_told_without_what_came_before_the_first_step() -> None:
    manners = aside.Aside(lambda: False)
    PAUSE(0.5)  # loading and building
    for _ in range(3):
        aside._latest = 0.0
        aside.step_aside()
        manners.wait()
        PAUSE(0.1)
    slower = 1 + LONG / 0.1
    assert slower / 2 < manners.slowdown < slower * 1.5


def test_it_is_asked_again_and_again_or_all_goes_on(pauses: list[float]) -> None:
    aside.step_aside()
    before = time.time() - aside.ASKED_SECONDS
    os.utime(asked(), (before, before))
    manners = aside.Aside(lambda: False)
    manners.wait()
    aside._latest = time.time()  # too soon after the last time to write again
    aside.step_aside()
    manners.wait()
    assert not pauses
    aside._latest -= aside.ASKED_SECONDS
    aside.step_aside()
    manners.wait()
    assert pauses


def test_one_that_is_to_stop_waits_no_longer(pauses: list[float]) -> None:
    aside.step_aside()
    aside.Aside(lambda: True).wait()
    assert not pauses


def test_trainings_of_other_machines_go_on(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    aside.step_aside()
    monkeypatch.setattr(aside, "_machine", lambda: "another")
    aside.Aside(lambda: False).wait()
    assert not pauses


def test_asking_never_fails(tmp_path: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "jobs_folder", lambda: tmp_path / "none")
    aside.step_aside()
    assert not (tmp_path / "none").exists()
    aside.Aside(lambda: False).wait()
    assert not pauses


def test_what_machines_that_are_gone_asked_is_swept() -> None:
    aside.step_aside()
    gone = folder.jobs_folder() / ".aside-gone"
    gone.touch()
    os.utime(gone, (1, 1))
    sweep()
    assert asked() != gone


def test_those_who_look_are_told_that_it_is_slow_and_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    job = at("starting")
    seen: list[Status] = []

    def fit(*_: Any, **__: Any) -> Iterator[Event]:
        yield Started(100, 1, 20, ())
        for step in range(20):
            if step >= 5:
                aside._latest = 0.0
                aside.step_aside()
            time.sleep(0.05)
            yield Progress(0, step, step / 20, {"loss": 1.0}, 10.0)
            seen.append(Status.load(job.path))

    monkeypatch.setattr(training, "fit", fit)
    worker.work(job)
    assert {status.phase for status in seen} == {"Training"}
    assert not any(status.slowed for status in seen[:5])
    assert all(status.slowed for status in seen[-5:])
    assert seen[0].seconds_left == pytest.approx(10, rel=0.5)
    assert 20 < (seen[-1].seconds_left or 0) < 10 * (1 + LONG / 0.05) * 1.5


def test_one_whose_time_is_over_says_that_it_was_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    job = at("starting")
    monkeypatch.setenv("LATENT_EXPLORER_MINUTES", "0.01")

    def fit(*_: Any, stop: Callable[[], bool], **__: Any) -> Iterator[Event]:
        yield Started(100, 1, 20, ())
        while not stop():
            aside._latest = 0.0
            aside.step_aside()
            yield Progress(0, 1, 0.1, {"loss": 1.0}, 10.0)
        yield Cancelled(None, 1)

    monkeypatch.setattr(training, "fit", fit)
    status = worker.work(job)
    assert status.reason.startswith("The time limit of 0.01 minutes was reached while the server was busy, after 1 of")
