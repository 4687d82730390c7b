"""Densities that are fitted once and kept: the same as those fitted here, whatever became of the file."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from ae_core import derived, fitting, inference, latent, runs
from ae_core.errors import OptionError
from ae_core.inference import LoadedRun

CODES = np.random.default_rng(0).normal([1, -2], [0.1, 3], (500, 2)).astype(np.float32)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadedRun:
    """One that brings no density along."""
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(tmp_path / "data"))
    shutil.copytree(runs.SHIPPED / "vanilla-2d", tmp_path / "run", ignore=shutil.ignore_patterns("*.npz"))
    return inference.load(tmp_path / "run")


def test_what_is_kept_draws_what_a_fit_draws(run: LoadedRun) -> None:
    assert fitting.read(run.run) is None
    expected = latent.density(run, CODES)
    for again in (False, True):
        assert (fitting.read(run.run) is not None) == again
        found = fitting.density(run, CODES)
        assert found.name == expected.name
        np.testing.assert_array_equal(found.draw(50, 3), expected.draw(50, 3))


def test_a_second_time_nothing_is_fitted(run: LoadedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    fitting.density(run, CODES)
    monkeypatch.delattr(fitting.subprocess, "run")
    fitting.density(run, CODES)


@pytest.mark.parametrize("damage", ["cut", "flipped", "another array", "of another width", "empty", "large"])
def test_what_is_damaged_is_fitted_again(damage: str, run: LoadedRun) -> None:
    path = derived.folder(run.run) / fitting.NAME
    content = (fitting.keep(run.run, CODES), path.read_bytes())[1]
    if damage == "cut":
        path.write_bytes(content[:-100])
    elif damage == "flipped":
        path.write_bytes(content[:300] + bytes([content[300] ^ 1]) + content[301:])
    elif damage == "another array":
        derived.write(path, b"no array at all")
    elif damage == "of another width":
        fitting.keep(run.run, np.hstack([CODES, CODES]))
    else:
        path.write_bytes(b"" if damage == "empty" else bytes(fitting.MAX_FILE + 1))
    assert fitting.read(run.run) is None
    np.testing.assert_array_equal(fitting.density(run, CODES).draw(9, 0), latent.density(run, CODES).draw(9, 0))
    assert path.read_bytes() == content


def test_it_is_drawn_from_where_it_cannot_be_kept(run: LoadedRun) -> None:
    derived.folder(run.run).parent.mkdir(parents=True)
    derived.folder(run.run).write_text("no folder")
    assert fitting.density(run, CODES).draw(3, 0).shape == (3, 2)


@pytest.mark.parametrize(
    ("codes", "why"), [(np.ones((9, 2)), "All codes are the same"), (CODES[:1] * [[1], [np.nan]], "No density")]
)
def test_codes_that_nothing_fits_are_a_sentence(codes: np.ndarray, why: str, run: LoadedRun) -> None:
    with pytest.raises(OptionError, match=rf"^{why}.*\.$"):
        fitting.density(run, codes.astype(np.float32))
    assert not derived.folder(run.run).exists()


def test_a_run_with_a_prior_needs_none() -> None:
    run = inference.load(runs.SHIPPED / "variational-2d")
    assert fitting.density(run, CODES).name == latent.density(run, CODES).name


@pytest.mark.parametrize("path", sorted(p.parent for p in runs.SHIPPED.glob("*/card.json")), ids=lambda path: path.name)
def test_each_run_that_ships_brings_its_own(path: Path) -> None:
    run = runs.read(path)
    assert run.spec.recipe().prior or fitting.read(run) is not None
