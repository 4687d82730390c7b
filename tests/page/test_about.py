"""The page about this server: true numbers, the limits in force, and nothing of any visitor."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from streamlit.testing.v1 import AppTest
from visiting import ROOT

from ae_core import processes
from pages.serving import server_status

ABOUT = str(ROOT / "pages" / "about.py")
SECRETS = ("my secret title", "0123456789abcdef0123456789abcdef", "sparse-secret-id")


@pytest.fixture(autouse=True)
def data_folder(data_folder: Path) -> Iterator[Path]:
    """A data folder with a job of each state, and one that is damaged."""
    title, owner, job = SECRETS
    for state in ("queued", "starting", "running", "finished", "cancelled", "failed", "damaged"):
        path = data_folder / "jobs" / f"{job}-{state}"
        path.mkdir(parents=True)
        (path / "spec.json").write_text(json.dumps({"title": title, "owner": owner}))
        (path / "status.json").write_text("[" * 100_000 if state == "damaged" else json.dumps({"state": state}))
    server_status.facts.clear()
    yield data_folder
    server_status.facts.clear()


def test_it_counts_what_is_under_way_and_what_waits() -> None:
    facts = server_status.facts()
    assert (facts.training, facts.waiting) == (2, 1)
    assert 0 < facts.uptime < 86400
    assert facts.cores == os.cpu_count()
    assert facts.bytes == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)


def test_it_weighs_the_trainers_of_its_own_folder(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    def trainer(folder: Path) -> subprocess.Popen[bytes]:
        # As the worker is called, but all that it does is to hold 100 MB.
        code = "import sys; x = b'1' * 10**8; print('ready', flush=True); sys.stdin.read()"
        command = [sys.executable, "-c", code, "-m", server_status.TRAINER, str(folder)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    ours, others = trainer(data_folder / "jobs" / "a"), trainer(tmp_path_factory.mktemp("other") / "jobs" / "a")
    try:
        for process in (ours, others):
            assert process.stdout is not None
            process.stdout.readline()
        assert 1e8 < server_status.facts().trainers_bytes < 2e8
    finally:
        for process in (ours, others):
            process.kill()
            process.communicate()


def test_a_trainer_is_started_as_it_is_looked_for() -> None:
    assert server_status.TRAINER.split(".")[:2] == ["ae_core", "tasks"]
    assert (processes.ROOT / (server_status.TRAINER.replace(".", "/") + ".py")).exists()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "under a minute"), (60, "1 minute"), (7300, "2 hours"), (86400, "1 day"), (1e6, "11 days")],
)
def test_a_duration_is_in_the_unit_that_fits(seconds: float, text: str) -> None:
    assert server_status.duration(seconds) == text


def test_the_page_says_the_limits_in_force_and_nothing_of_anyone(
    monkeypatch: pytest.MonkeyPatch, data_folder: Path
) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_PROFILE", "demo")
    monkeypatch.setenv("LATENT_EXPLORER_EPOCHS", "77")
    monkeypatch.setenv("LATENT_EXPLORER_SCHEDULER", "tcp://inner-host:8786")
    page = AppTest.from_file(ABOUT, default_timeout=60).run()
    assert not page.exception
    shown = " ".join(str(part.value) for kind in (page.markdown, page.metric, page.caption) for part in kind)
    assert "| Epochs of a training | 77 |" in shown
    assert "| Trainings under way, of all visitors | one for each worker of its cluster |" in shown
    assert "7 days after they were last opened" in shown
    for secret in (*SECRETS, "inner-host", str(data_folder)):
        assert secret not in shown
