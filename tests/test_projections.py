"""Projections: near codes stay near, the same seed gives the same picture, and what was kept is checked when read."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ae_core import data, derived, projecting, runs, tasks
from ae_core.cli import main
from ae_core.errors import OptionError
from ae_core.events import Advanced, Done
from ae_core.latent import main_plane
from ae_core.latent.projections import EARLY, EVERY, STEPS, tsne
from ae_core.runs import Run
from ae_core.tasks import catalog, folder, worker
from tests.trainings import ended, wait

RNG = np.random.default_rng(0)

pytestmark = pytest.mark.usefixtures("data_folder")


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """The test digits as 64 numbers each, (360, 64)."""
    images = data.load("digits").split("test").images
    return data.as_float(images).reshape(len(images), -1)


@pytest.fixture
def run(digits_runs: dict[str, Path], tmp_path: Path) -> Run:
    """A run of a code of more than two units, in a folder that may be changed."""
    return runs.read(Path(shutil.copytree(digits_runs["undercomplete"], tmp_path / "mine")))


# t-SNE itself


def test_it_keeps_neighbours_better_than_the_principal_directions(pixels: np.ndarray) -> None:
    from sklearn.manifold import trustworthiness

    places = tsne(pixels)
    assert places is not None
    kept = trustworthiness(pixels, places, n_neighbors=10)
    flat = trustworthiness(pixels, main_plane(pixels).points(pixels), n_neighbors=10)
    chance = trustworthiness(pixels, RNG.permutation(places), n_neighbors=10)
    assert kept > 0.95 > flat > chance
    assert chance == pytest.approx(0.5, abs=0.05)
    assert (places.dtype, places.shape) == (np.float32, (len(pixels), 2))
    np.testing.assert_allclose(places.mean(axis=0), 0, atol=1e-5)
    assert np.abs(places).max() == pytest.approx(1)

    labels = data.load("digits").split("test").labels
    distances = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (labels[distances.argmin(axis=1)] == labels).mean() > 0.9, "classes that it never saw stay together"
    np.testing.assert_array_equal(*(tsne(pixels[:60], seed=3) for _ in range(2)))


def test_progress_rises_to_the_end_and_a_true_answer_stops_it(pixels: np.ndarray) -> None:
    told: list[float] = []
    assert tsne(pixels[:30], on_progress=told.append) is not None
    np.testing.assert_allclose(told, np.arange(EVERY, EARLY + STEPS + 1, EVERY) / (EARLY + STEPS))
    for last in (EARLY // 2, EARLY + STEPS // 2):
        assert tsne(pixels[:30], on_progress=lambda f, last=last: f * (EARLY + STEPS) >= last) is None


@pytest.mark.parametrize(
    ("codes", "what"),
    [
        (np.zeros((100, 8)), "are the same"),
        (np.full((100, 8), np.nan), "finite"),
        (np.zeros((3, 8)), "at least 5"),
        (np.zeros(100), "at least 5"),
    ],
)
def test_what_cannot_be_projected_is_a_sentence(codes: np.ndarray, what: str) -> None:
    with pytest.raises(OptionError, match=what):
        tsne(codes)


def test_odd_codes_have_places() -> None:
    for codes in (RNG.random((5, 1)), np.repeat(RNG.random((2, 3)), 40, axis=0)):
        assert np.isfinite(tsne(codes)).all()


# What is kept


def some_places(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (360, 2)).astype(np.float32)


def keep(run: Run, places: np.ndarray) -> Path:
    path = derived.folder(run) / "tsne.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    projecting.write(path, places)
    return path


def test_what_was_kept_is_read_to_a_third_of_a_pixel(run: Run) -> None:
    assert projecting.read(run) is None
    path = keep(run, some_places())
    np.testing.assert_allclose(projecting.read(run), some_places(), atol=0.5 / 32767)
    assert path.stat().st_size < 5 * 360 + 200


def test_a_run_brings_its_own_and_no_other_runs(run: Run, digits_runs: dict[str, Path]) -> None:
    other = runs.read(digits_runs["vanilla"])
    projecting.write(run.path / projecting.beside(other).name, some_places())
    assert projecting.read(run) is None
    projecting.write(projecting.beside(run), some_places(1))
    again = runs.read(run.path)
    assert again.digest == run.digest
    np.testing.assert_allclose(projecting.read(again), some_places(1), atol=1e-4)


def write_object(path: Path) -> None:
    np.save(path, np.array([print, {"a": 1}], dtype=object), allow_pickle=True)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-9]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no array"),
        lambda path: np.save(path, some_places()),
        lambda path: np.save(path, np.zeros((360, 2), np.int16)),
        lambda path: np.save(path, np.ones((359, 2), np.int16)),
        lambda path: np.save(path, np.ones((10**7, 1), np.int8)),
        write_object,
    ],
    ids=["cut", "empty", "text", "floats", "zeros", "short", "large", "objects"],
)
def test_a_damaged_file_is_no_projection(damage: Callable[[Path], object], run: Run) -> None:
    path = keep(run, some_places())
    damage(path)
    assert projecting.read(run) is None


# The task


def test_all_who_ask_for_the_same_share_one_job_and_find_its_result(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.queue, "_advance", lambda: None)
    assert tasks.shared("project", run) is None
    job = tasks.compute("project", run, "alice")
    assert tasks.compute("project", run, "bob") == tasks.shared("project", run)
    assert [path.name for path in folder.paths()] == [job.id]
    assert worker.run(job.path) == 0
    places = projecting.read(run)
    assert places is not None
    assert places.shape == (360, 2)


def test_a_stop_ends_it_without_a_result_and_it_can_be_asked_for_again(run: Run) -> None:
    job = tasks.compute("project", run, "alice")
    tasks.request_stop(job)
    job = wait(job, ended)
    assert (job.status.state, job.status.reason) == ("cancelled", "")
    assert projecting.read(run) is None
    again = tasks.compute("project", run, "bob")
    assert (again.id, again.owner, again.status.state) == (job.id, "bob", "starting")
    assert not (again.path / "stop").exists()
    tasks.request_stop(again)
    wait(again, ended)


def test_progress_is_told_and_codes_without_a_difference_fail(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.queue, "_advance", lambda: None)
    job = tasks.compute("project", run, "alice")
    *told, last = catalog.get("project").work(job, lambda: False)
    assert last == Done()
    assert [event.phase for event in told if event.fraction == 0] == [
        "Encoding the test images",
        "Finding the nearest neighbours of each code",
    ]
    assert told[-1] == Advanced("Moving the dots", 1.0)
    with monkeypatch.context() as patch:
        patch.setenv("LATENT_EXPLORER_MINUTES", "0.000001")
        status = worker.work(job)
    assert (status.state, status.reason) == (
        "cancelled",
        "The time limit of 1e-06 minutes was reached before it was done.",
    )
    monkeypatch.setattr(projecting, "tsne", lambda codes, on_progress: tsne(np.zeros_like(codes)))
    assert worker.run(job.path) == 1
    assert tasks.find(job.id).status.reason == "All codes are the same: no place is nearer to one than to another."


# The command


def test_the_command_keeps_it_beside_the_run(run: Run) -> None:
    done = CliRunner().invoke(main, ["project", str(run.path), "--beside", "--json"])
    (result,) = json.loads(done.stdout)
    assert result["path"] == str(projecting.beside(run))
    assert projecting.read(run) is not None


@pytest.mark.parametrize("path", [p.parent for p in sorted(runs.SHIPPED.glob("*/card.json"))], ids=lambda p: p.name)
def test_every_run_that_ships_brings_its_projection_unless_its_code_is_a_plane(path: Path) -> None:
    run = runs.read(path)
    if run.spec.network.latent_dim <= 2:
        assert not list(path.glob("tsne*"))
        return
    places = projecting.read(run)
    assert places is not None, f"make it: python -m ae_core project {path.name} --beside"
    assert np.abs(places).max() == pytest.approx(1, abs=1e-4)
    assert projecting.beside(run).stat().st_size < 60_000
