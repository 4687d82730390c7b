"""A training steps aside while a server of its machine is behind, never for long, and those who look are told."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ae_core import training
from ae_core.events import Event, Progress, Started
from ae_core.jobs import Status, aside, folder, worker
from tests.trainings import at

LONG = 0.3


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "ASIDE_SECONDS", LONG)
    monkeypatch.setattr(aside, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(aside, "_latest", 0.0)
    folder.jobs_folder().mkdir(parents=True, exist_ok=True)
    for file in folder.jobs_folder().glob(".aside-*"):
        file.unlink()


def waited(manners: aside.Aside) -> float:
    began = time.monotonic()
    manners.wait()
    return time.monotonic() - began


def asked() -> Path:
    (file,) = folder.jobs_folder().glob(".aside-*")
    return file


def test_nobody_waits_who_was_not_asked() -> None:
    manners = aside.Aside(lambda: False)
    time.sleep(0.1)
    assert waited(manners) < LONG / 3
    assert manners.slowdown < 1.5


def test_whoever_is_asked_waits_but_not_for_long() -> None:
    aside.ask()
    manners = aside.Aside(lambda: False)
    time.sleep(0.1)
    assert LONG <= waited(manners) < 3 * LONG
    assert manners.slowdown > 2


def test_it_is_asked_again_and_again_or_all_goes_on() -> None:
    aside.ask()
    before = time.time() - aside.ASKED_SECONDS
    os.utime(asked(), (before, before))
    manners = aside.Aside(lambda: False)
    assert waited(manners) < LONG / 3
    aside.ask()  # too soon after the last time to write again
    assert waited(manners) < LONG / 3
    aside._latest -= aside.ASKED_SECONDS
    aside.ask()
    assert waited(manners) >= LONG


def test_one_that_is_to_stop_waits_no_longer() -> None:
    aside.ask()
    assert waited(aside.Aside(lambda: True)) < LONG / 3


def test_trainings_of_other_machines_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    aside.ask()
    monkeypatch.setattr("platform.node", lambda: "another")
    assert waited(aside.Aside(lambda: False)) < LONG / 3


def test_asking_never_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "jobs_folder", lambda: tmp_path / "none")
    aside.ask()
    assert not (tmp_path / "none").exists()
    assert waited(aside.Aside(lambda: False)) < LONG / 3


def test_those_who_look_are_told_that_it_is_slow_and_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    job = at("starting")
    seen: list[Status] = []

    def fit(*_: Any, **__: Any) -> Iterator[Event]:
        yield Started(100, 1, 20, ())
        for step in range(20):
            if step >= 5:
                aside._latest = 0.0
                aside.ask()
            time.sleep(0.05)
            yield Progress(0, step, step / 20, {"loss": 1.0}, 10.0)
            seen.append(Status.load(job.path))

    monkeypatch.setattr(training, "fit", fit)
    worker.work(job)
    assert {status.phase for status in seen} == {"Training"}
    assert not any(status.slowed for status in seen[:5])
    assert all(status.slowed for status in seen[-5:])
    assert seen[0].seconds_left == pytest.approx(10, rel=0.5)
    slower = 1 + LONG / 0.05
    assert 10 * slower * 0.5 < (seen[-1].seconds_left or 0) < 10 * slower * 1.5
