"""What only the owner of a run may do: delete it, rename it, take it along."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ae_core import archive, cards, inference, processes, runs, tasks
from ae_core.errors import ExplorerError, OptionError, TrainingError
from ae_core.spec import make_spec
from ae_core.tasks import Job

ME, OTHER = "me", "someone-else"

pytestmark = pytest.mark.usefixtures("data_folder")


@pytest.fixture
def mine(digits_runs: dict[str, Path]) -> Job:
    """A finished training of mine, with its run."""
    job = tasks.folder.create(make_spec("vanilla", "digits", epochs=1), ME, "Mine")
    tasks.Status("finished", "", 1.0, epoch=1).write(job.path)
    shutil.copytree(digits_runs["vanilla"], job.run_path)
    cards.write(job.run_path, cards.unchecked(job.run_path) | {"owner": ME, "title": "Mine"})
    return tasks.find(job.id)


def all_of(run: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in run.iterdir()}


def everyones(run: Path) -> None:
    cards.write(run, cards.unchecked(run) | {"owner": None})


@pytest.mark.parametrize(
    "act",
    [
        lambda name: tasks.remove(name, OTHER),
        lambda name: tasks.rename(name, OTHER, "x"),
        lambda n: tasks.export(n, OTHER),
    ],
    ids=["delete", "rename", "export"],
)
@pytest.mark.parametrize("change", [lambda run: None, everyones, shutil.rmtree])
def test_others_change_nothing(act: Callable[[str], object], change: Callable[[Path], None], mine: Job) -> None:
    change(mine.run_path)
    before = all_of(mine.run_path) if mine.run_path.exists() else {}
    with pytest.raises(TrainingError, match="someone else's"):
        act(mine.id)
    assert before == (all_of(mine.run_path) if before else {})
    assert mine.path.exists()


@pytest.mark.parametrize("name", ["../runs", "", ".", "vanilla", "../../checkpoints/vanilla", "a\0b"])
def test_no_name_reaches_anything_else(name: str, mine: Job) -> None:
    assert runs.linked(name) is None
    with pytest.raises(ExplorerError):
        tasks.remove(name, ME)
    assert mine.run_path.exists()


def test_a_deleted_run_is_gone_with_its_training(mine: Job, data_folder: Path) -> None:
    status = tasks.Status.load(mine.path)
    with processes.working(mine.path), pytest.raises(TrainingError, match="process has not ended yet"):
        tasks.remove(mine.id, ME)
    tasks.Status("queued").write(mine.path)
    with pytest.raises(TrainingError, match="under way: stop it first"):
        tasks.remove(mine.id, ME)
    assert mine.run_path.exists()
    status.write(mine.path)
    tasks.remove(mine.id, ME)
    assert not mine.path.exists()
    assert list((data_folder / "runs").iterdir()) == []
    with pytest.raises(TrainingError):
        tasks.remove(mine.id, ME)


def test_a_renamed_run_is_the_same_run(mine: Job) -> None:
    before = runs.read(mine.run_path)
    tasks.rename(mine.id, ME, "  **New**\n<b> \x07 ")
    after = runs.read(mine.run_path)
    assert (after.title, after.digest, after.card.owner) == ("**New** <b>", before.digest, ME)
    assert inference.load(mine.run_path).run.title == "**New** <b>"
    assert archive.unpack(tasks.export(mine.id, ME)).title == "**New** <b>", "it is exported under its title"
    with pytest.raises(OptionError, match="at least one letter"):
        tasks.rename(mine.id, ME, " \n ")
    with pytest.raises(OptionError, match="has at most 60 characters, this one has 1,000: shorten it"):
        tasks.rename(mine.id, ME, "x" * 1000)
    tasks.rename(mine.id, ME, "x" * 60)
    assert runs.read(mine.run_path).title == "x" * 60
    (mine.run_path / ".0123.tmp").touch()  # of a title that was being written
    tasks.clean_up()
    assert not (mine.run_path / ".0123.tmp").exists()
    encoder = mine.run_path / "encoder.onnx"
    encoder.write_bytes(b"x" * encoder.stat().st_size)
    tasks.rename(mine.id, ME, "New")
    with pytest.raises(ExplorerError, match="is not the file that was written"):
        inference.load(mine.run_path)


def test_a_run_whose_card_is_bent_is_nobodys_but_its_trainings_owners(mine: Job) -> None:
    card = mine.run_path / cards.CARD
    card.write_text(card.read_text().replace(ME, OTHER))
    broken = runs.linked(mine.id)
    assert isinstance(broken, runs.BrokenRun)
    assert not any(runs.visible(broken, owner) for owner in (ME, OTHER, None))
    for what in (mine.id, mine, broken):
        assert tasks.owns(what, ME)
        assert not tasks.owns(what, OTHER)
    tasks.remove(mine.id, ME)
    assert not mine.run_path.exists()
