"""Densities that are fitted once and kept: the same as those fitted here, whatever became of the file."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from ae_core import data, derived, fitting, inference, latent, runs, tasks
from ae_core.inference import LoadedRun
from ae_core.latent import densities
from ae_core.tasks import worker


@pytest.fixture
def run(data_folder: Path, tmp_path: Path, digits_runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> LoadedRun:
    """One without a density, whose jobs stay in the queue."""
    monkeypatch.setattr(tasks.queue, "_advance", lambda: None)
    return inference.load(Path(shutil.copytree(digits_runs["vanilla"], tmp_path / "run")))


@pytest.mark.parametrize("damage", ["cut", "flipped", "another array", "of another width", "empty", "large"])
def test_what_is_damaged_is_no_density(damage: str, run: LoadedRun) -> None:
    path, codes = derived.folder(run.run) / fitting.NAME, np.random.default_rng(0).normal(size=(500, 32))
    fitting.write(path, densities.fit_mixture(codes))
    content = path.read_bytes()
    assert fitting.read(run.run) is not None
    if damage == "cut":
        path.write_bytes(content[:-100])
    elif damage == "flipped":
        path.write_bytes(content[:300] + bytes([content[300] ^ 1]) + content[301:])
    elif damage == "another array":
        derived.write(path, b"no array at all")
    elif damage == "of another width":
        fitting.write(path, densities.fit_mixture(codes[:, :2]))
    else:
        path.write_bytes(b"" if damage == "empty" else bytes(fitting.MAX_FILE + 1))
    assert fitting.read(run.run) is None


def test_the_task_keeps_what_a_fit_draws(run: LoadedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fitting.density(run) is None
    codes = run.encode(data.as_float(data.load("digits").split("test").images))
    job = tasks.compute("fit", run.run, "alice")
    with monkeypatch.context() as patch:
        patch.setattr(LoadedRun, "encode", lambda self, x: np.ones((len(x), self.latent_dim)))
        assert worker.run(job.path) == 1
    assert tasks.find(job.id).status.reason == "All codes are the same: there is no density to sample from."
    assert not derived.folder(run.run).exists()
    assert worker.run(job.path) == 0
    assert tasks.find(job.id).status.state == "finished"
    found, expected = fitting.density(run), latent.density(run, codes)
    assert found is not None
    assert found.name == expected.name
    np.testing.assert_array_equal(found.draw(50, 3), expected.draw(50, 3))


@pytest.mark.parametrize("path", sorted(p.parent for p in runs.SHIPPED.glob("*/card.json")), ids=lambda path: path.name)
def test_each_run_that_ships_has_a_prior_or_brings_its_density(path: Path) -> None:
    run = runs.read(path)
    if run.spec.recipe().prior:
        density = fitting.density(inference.load(path))
        assert density is not None
        assert density.name == "the prior, a standard normal"
    else:
        assert fitting.read(run) is not None
