"""The film of a training: which epochs it keeps, how it is aligned, and that it comes with the run."""

import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ae_core import archive, data, epoch_film, inference, runs, training
from ae_core.data import as_float
from ae_core.epoch_film import Film
from ae_core.errors import RunError
from ae_core.spec import make_spec

RNG = np.random.default_rng(0)


def test_a_long_film_keeps_every_second_epoch_or_fewer_with_the_first_and_the_last() -> None:
    assert epoch_film.kept(0) == (0,)
    assert epoch_film.kept(3) == (0, 1, 2, 3)
    for epochs in (198, 199, 250, 500):
        found = epoch_film.kept(epochs)
        assert len(found) <= epoch_film.FRAMES
        assert (found[0], found[-1]) == (0, epochs)
        assert len({b - a for a, b in pairwise(found[:-1])}) == 1


def test_a_film_that_grows_has_the_frames_of_the_epochs_that_it_keeps() -> None:
    film = epoch_film.begun(np.full((4, 2), 0), np.zeros(3))
    for epoch in range(1, 451):
        film = epoch_film.grown(film, np.full((4, 2), epoch), np.full(3, epoch))
    assert film.places[:, 0, 0].tolist() == list(epoch_film.kept(450))
    assert film.units[:, 2].tolist() == list(epoch_film.kept(450))
    assert film.epochs == 450
    assert epoch_film.checked(film, 4, 3) is film


def test_the_largest_film_has_less_than_two_megabytes() -> None:
    """Of random numbers, which nothing compresses."""
    shapes = epoch_film.shapes(500, 10_000, 1024)
    film = Film(500, **{name: RNG.random(shape).astype(np.float16) for name, shape in shapes.items()})
    assert len(epoch_film.pack(film)) <= epoch_film.MAX_FILE


def test_frames_that_differ_by_a_turn_a_mirror_and_a_shift_are_one_frame_when_aligned() -> None:
    still = RNG.normal(size=(50, 2))
    angle = np.array([[np.cos(2), -np.sin(2)], [np.sin(2), np.cos(2)]])
    places = np.stack([still @ angle + [3, -1], still * [-1, 1], still]).astype(np.float16)
    aligned = epoch_film.aligned(Film(2, places, np.zeros((3, 4), np.float16))).places
    assert aligned == pytest.approx(np.stack([still] * 3), abs=0.02)
    elsewhere = still @ angle
    onto = epoch_film.aligned(Film(2, places, np.zeros((3, 4), np.float16)), elsewhere).places
    assert onto == pytest.approx(np.stack([elsewhere] * 3), abs=0.02)
    with pytest.raises(ValueError, match=r"shape \(50, 2\), got \(49, 2\)"):
        epoch_film.aligned(Film(2, places, np.zeros((3, 4), np.float16)), elsewhere[1:])


def test_sizes_stay_when_frames_are_aligned() -> None:
    places = np.stack([0.1 * RNG.normal(size=(50, 2)), RNG.normal(size=(50, 2))]).astype(np.float16)
    aligned = epoch_film.aligned(Film(1, places, np.zeros((2, 4), np.float16))).places
    spread = [frames.astype(float).var(axis=1).sum(axis=1) for frames in (aligned, places)]
    assert spread[0] == pytest.approx(spread[1], rel=0.01)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda film: replace(film, places=film.places[1:]), "places are float16 of shape"),
        (lambda film: replace(film, units=film.units.astype(np.float64)), "units are float64"),
        (lambda film: replace(film, places=np.full_like(film.places, np.nan)), "not finite"),
    ],
)
def test_a_film_of_another_size_is_refused(spoil, says: str) -> None:  # type: ignore[no-untyped-def]
    film = epoch_film.begun(np.zeros((4, 2)), np.zeros(3))
    assert np.array_equal(epoch_film.unpack(epoch_film.pack(film), 0, 4, 3).places, film.places)
    with pytest.raises(ValueError, match=says):
        epoch_film.unpack(epoch_film.pack(spoil(film)), 0, 4, 3)
    with pytest.raises(ValueError, match="it is of 0 epochs, expected 1"):
        epoch_film.unpack(epoch_film.pack(film), 1, 4, 3)
    with pytest.raises(ValueError, match="cannot be read"):
        epoch_film.unpack(b"PK no film", 0, 4, 3)


def test_a_run_carries_the_film_of_its_training(digits_runs: dict[str, Path]) -> None:
    for kind in ("vanilla", "variational"):
        run = inference.load(digits_runs[kind])
        film = run.run.film
        assert film is not None
        images = data.load("digits").split("test").images
        x = as_float(images[epoch_film.examples(len(images))])
        assert len(film.places) == len(run.run.history) + 1
        last = film.units[-1].astype(float)
        if kind == "variational":
            assert film.places[-1].astype(float) == pytest.approx(run.encode(x), abs=0.01)
            mean, log_var = run.encode_distribution(x)
            kl = 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var).mean(axis=0)
            assert last == pytest.approx(kl, rel=0.01)
        else:
            assert last == pytest.approx((run.encode(x) != 0).mean(axis=0), abs=0.01)


def test_a_film_is_exported_and_imported_with_its_run(digits_runs: dict[str, Path]) -> None:
    run = runs.read(digits_runs["vanilla"])
    found = archive.unpack(archive.pack(run))
    assert found.film is not None
    assert run.film is not None
    assert np.array_equal(found.film.places, run.film.places)
    assert np.array_equal(found.film.units, run.film.units)


def test_a_damaged_film_is_told(digits_runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(digits_runs["vanilla"], tmp_path / "run")
    path = tmp_path / "run" / "film.npz"
    content = bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match="SHA-256 differs"):
        _ = runs.read(tmp_path / "run").film


def test_a_resumed_training_goes_on_with_its_film(tmp_path: Path) -> None:
    spec = make_spec("vanilla", "digits", network={"latent_dim": 2}, epochs=4, batch_size=64, compile=False)
    seen = 0

    def stop() -> bool:
        return seen >= 2

    for event in training.fit(spec, tmp_path / "first", stop, tmp_path / "state"):
        seen += isinstance(event, training.EpochEnd)
    for _ in training.fit(spec, tmp_path / "second", state=tmp_path / "state"):
        pass
    for _ in training.fit(spec, tmp_path / "whole"):
        pass
    films = [runs.read(tmp_path / name).film for name in ("second", "whole")]
    assert films[0] is not None
    assert films[1] is not None
    assert len(films[0].places) == 5
    assert films[0].places.astype(float) == pytest.approx(films[1].places.astype(float), abs=0.02)
