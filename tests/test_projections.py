"""Projections: near codes stay near, the same seed gives the same picture, and what was kept is checked when read."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ae_core import data, derived, processes, projecting, runs
from ae_core.errors import OptionError
from ae_core.latent import main_plane
from ae_core.latent.projections import EARLY, EVERY, STEPS, tsne
from ae_core.projecting import Status
from ae_core.runs import Run

ROOT = Path(__file__).resolve().parent.parent
RNG = np.random.default_rng(0)

pytestmark = pytest.mark.usefixtures("data_folder")


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """The test digits as 64 numbers each, (360, 64)."""
    images = data.load("digits").split("test").images
    return data.as_float(images).reshape(len(images), -1)


@pytest.fixture(scope="module")
def places(pixels: np.ndarray) -> np.ndarray:
    found = tsne(pixels)
    assert found is not None
    return found


@pytest.fixture
def run(digits_runs: dict[str, Path], tmp_path: Path) -> Run:
    """A run of a code of more than two units, in a folder that may be changed."""
    return runs.read(Path(shutil.copytree(digits_runs["undercomplete"], tmp_path / "mine")))


# t-SNE itself


def test_it_keeps_neighbours_better_than_the_principal_directions(pixels: np.ndarray, places: np.ndarray) -> None:
    from sklearn.manifold import trustworthiness

    kept = trustworthiness(pixels, places, n_neighbors=10)
    flat = trustworthiness(pixels, main_plane(pixels).points(pixels), n_neighbors=10)
    chance = trustworthiness(pixels, RNG.permutation(places), n_neighbors=10)
    assert kept > 0.95 > flat > chance
    assert chance == pytest.approx(0.5, abs=0.05)


def test_it_keeps_classes_together_that_it_never_saw(places: np.ndarray) -> None:
    labels = data.load("digits").split("test").labels
    distances = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (labels[distances.argmin(axis=1)] == labels).mean() > 0.9


def test_the_places_are_centred_and_fill_their_square(places: np.ndarray, pixels: np.ndarray) -> None:
    assert (places.dtype, places.shape) == (np.float32, (len(pixels), 2))
    np.testing.assert_allclose(places.mean(axis=0), 0, atol=1e-5)
    assert np.abs(places).max() == pytest.approx(1)


def test_the_same_seed_gives_the_same_places(pixels: np.ndarray) -> None:
    one, same = tsne(pixels[:60], seed=3), tsne(pixels[:60], seed=3)
    np.testing.assert_array_equal(one, same)


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


@pytest.mark.parametrize("codes", [RNG.random((5, 1)), np.repeat(RNG.random((2, 3)), 40, axis=0)])
def test_odd_codes_have_places(codes: np.ndarray) -> None:
    found = tsne(codes)
    assert found is not None
    assert np.isfinite(found).all()


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
    assert projecting.status(run).state == "none"
    path = keep(run, some_places())
    np.testing.assert_allclose(projecting.read(run), some_places(), atol=0.5 / 32767)
    assert projecting.status(run).state == "finished"
    assert path.stat().st_size < 5 * 360 + 200


def test_a_run_brings_its_own_and_keeps_being_whole(run: Run) -> None:
    projecting.write(projecting.beside(run), some_places(1))
    again = runs.read(run.path)
    assert again.digest == run.digest
    np.testing.assert_allclose(projecting.read(again), some_places(1), atol=1e-4)


def test_a_projection_of_another_run_is_not_taken_for_its_own(run: Run, digits_runs: dict[str, Path]) -> None:
    other = runs.read(digits_runs["vanilla"])
    projecting.write(run.path / projecting.beside(other).name, some_places())
    assert projecting.read(run) is None


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
def test_a_damaged_file_is_no_projection_and_can_be_computed_again(damage: Callable[[Path], object], run: Run) -> None:
    path = keep(run, some_places())
    Status("finished", fraction=1.0).write(path.parent)
    damage(path)
    assert projecting.read(run) is None
    assert projecting.status(run).state == "failed"
    assert projecting.status(run).reason.endswith(".")


@pytest.mark.parametrize("text", ["", "{}[", '{"state": "dancing"}', '{"fraction": "all"}', "[" * 100_000, '{"a": 1}'])
def test_a_damaged_status_is_a_failure_with_a_reason(text: str, run: Run) -> None:
    derived.folder(run).mkdir(parents=True)
    (derived.folder(run) / "status.json").write_text(text)
    assert projecting.status(run).state == "failed"


# The process


def wait_for(run: Run, *states: str, seconds: float = 60) -> Status:
    deadline = time.monotonic() + seconds
    while (found := projecting.status(run)).state not in states:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def worker(run: Run) -> int:
    """The process that computes the run's projection."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"ae_core.projecting" in line and str(run.path).encode() in line:
                return int(entry.name)
    raise AssertionError("no process computes it")


def test_a_process_computes_it_and_two_visitors_start_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    original = processes.start
    monkeypatch.setattr(processes, "start", lambda *a: (started.append(a), original(*a)))
    projecting.start(run)
    projecting.start(run)
    assert projecting.status(run).active
    assert wait_for(run, "finished", "failed").state == "finished"
    projecting.start(run)
    assert len(started) == 1
    places = projecting.read(run)
    assert places is not None
    assert places.shape == (360, 2)


def test_a_stop_is_heeded_and_it_can_be_started_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    derived.folder(run).mkdir(parents=True)
    projecting.request_stop(run)
    assert projecting.work(run).state == "stopped"
    assert projecting.status(run).state == "stopped"
    assert projecting.read(run) is None
    started = []
    monkeypatch.setattr(processes, "start", lambda *a: started.append(a))
    projecting.start(run)
    assert started
    assert not (derived.folder(run) / "stop").exists()


def test_a_process_that_died_is_noticed(run: Run) -> None:
    projecting.start(run)
    wait_for(run, "running", "finished", seconds=30)
    if projecting.status(run).state == "running":
        os.kill(worker(run), signal.SIGKILL)
        found = wait_for(run, "failed", "finished")
        assert found.reason == "The process that computed it ended unexpectedly."


def test_a_process_that_never_came_is_noticed(run: Run) -> None:
    path = derived.folder(run)
    path.mkdir(parents=True)
    Status("starting").write(path)
    assert projecting.status(run).active
    Status("starting", updated=time.time() - 60).write(path)
    assert projecting.status(run).state == "failed"


def test_one_is_computed_at_a_time_and_a_waiting_one_can_be_stopped(run: Run, data_folder: Path) -> None:
    derived.folder(run).mkdir(parents=True)
    with processes.lock(data_folder / "derived" / ".computing"):
        projecting.start(run)
        deadline = time.monotonic() + 30
        while "Waiting" not in projecting.status(run).phase:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        projecting.request_stop(run)
        assert wait_for(run, "stopped").state == "stopped"


def test_a_run_without_a_difference_between_its_codes_fails_with_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    derived.folder(run).mkdir(parents=True)
    monkeypatch.setattr(projecting, "tsne", lambda codes, on_progress: tsne(np.zeros_like(codes)))
    assert projecting.work(run).reason == "All codes are the same: no place is nearer to one than to another."


def test_a_full_disk_is_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    with pytest.raises(runs.RunError, match=r"cannot be computed"):
        projecting.start(run)


# The command


def test_the_command_keeps_it_beside_the_run(run: Run) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ae_core", "project", str(run.path), "--beside", "--json"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
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
