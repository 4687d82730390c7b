"""One visitor, and what runs this visitor finds."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from visiting import ME

from ae_core import runs, tasks
from ae_core.tasks import catalog, local, worker
from pages.serving import visitor
from pages.widgets import plot


@pytest.fixture(autouse=True)
def one_visitor(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever visits is the same one, who has nothing at first."""
    monkeypatch.setattr(visitor, "current", lambda: ME)  # the test runner's cookies are mocks


@pytest.fixture
def nothing_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A house whose folder of checkpoints is empty."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    monkeypatch.setattr(runs, "SHIPPED", folder)
    return folder


@pytest.fixture
def mine(nothing_ships: Path, data_folder: Path, digits_runs: dict[str, Path]) -> Path:
    """The folder of a visitor's own runs, of 8 × 8 images; nothing else is there."""
    folder = data_folder / "runs"
    for kind in ("vanilla", "sparse"):
        shutil.copytree(digits_runs[kind], folder / kind)
    return folder


@pytest.fixture
def small_images(nothing_ships: Path, digits_runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of each kind on 8 × 8 images ships, and nothing else."""
    monkeypatch.setattr(runs, "SHIPPED", digits_runs["vanilla"].parent)


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings stay in the queue."""
    monkeypatch.setattr(tasks.queue, "_advance", lambda: None)


@pytest.fixture(autouse=True)
def short_jobs_are_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes a moment is computed in this process before the page looks again."""
    start = local.start

    def start_or_do(job: tasks.Job) -> None:
        if catalog.lane_of(job.path) == "short":
            worker.run(job.path)
        else:
            start(job)

    monkeypatch.setattr(local, "start", start_or_do)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder has nothing to do with the repository."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The figures that the page shows, by their key."""
    seen: dict[str, Any] = {}
    show = plot.show

    def note(figure: Any, key: str, *arguments: Any, **options: Any) -> None:
        seen[key] = figure() if callable(figure) else figure
        show(figure, key, *arguments, **options)

    monkeypatch.setattr(plot, "show", note)
    return seen
