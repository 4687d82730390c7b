"""What turning, shifting and dimming do: the transforms as others make them, and codes of known answers."""

from pathlib import Path

import numpy as np
import pytest
from skimage.transform import rotate
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ae_core import data, inference, runs, uses
from ae_core.data import as_float
from ae_core.errors import OptionError
from ae_core.uses import transforms
from ae_core.uses.coders import Coder
from ae_core.uses.features import PENALTIES, choose_penalty, draw, standardised

RNG = np.random.default_rng(0)
SMOOTH = np.clip(0.5 + np.cumsum(RNG.normal(0, 0.1, (6, 12, 12)), axis=2), 0, 1).astype(np.float32)
SIGNS = np.array([1, -1, 1, 1, -1, -1])


@pytest.mark.parametrize("degrees", [5, 30, 45])
def test_images_are_turned_as_scikit_image_turns_them(degrees: float) -> None:
    found = transforms.turn(SMOOTH, degrees, SIGNS)
    for image, turned, sign in zip(SMOOTH, found, SIGNS, strict=True):
        theirs = rotate(image, sign * degrees, order=1, mode="edge")
        np.testing.assert_allclose(turned[2:-2, 2:-2], theirs[2:-2, 2:-2], atol=1e-4)
    colour = np.repeat(SMOOTH[..., None], 3, axis=3)
    np.testing.assert_allclose(transforms.turn(colour, degrees, SIGNS)[..., 1], found, atol=1e-6)


def test_an_unknown_transform_is_named_with_those_there_are() -> None:
    assert transforms.get("shift").apply is transforms.shift
    with pytest.raises(OptionError, match=r"Unknown transform 'mirror': must be one of rotation, shift"):
        transforms.get("mirror")


def test_a_shift_slides_and_fills_with_the_rim() -> None:
    found = transforms.shift(SMOOTH, 2, SIGNS)
    for i, (image, moved, sign) in enumerate(zip(SMOOTH, found, SIGNS, strict=True)):
        axis = i % 2
        expected, inside = np.roll(image, 2 * sign, axis), [slice(None), slice(None)]
        inside[axis] = slice(2, None) if sign > 0 else slice(None, -2)
        np.testing.assert_array_equal(moved[tuple(inside)], expected[tuple(inside)])
        rim = np.take(image, 0 if sign > 0 else -1, axis)
        for k in (0, 1) if sign > 0 else (-1, -2):
            np.testing.assert_array_equal(np.take(moved, k, axis), rim)
    signals = RNG.random((6, 20, 2)).astype(np.float32)
    delayed = transforms.delay(signals, 3, SIGNS)
    np.testing.assert_array_equal(delayed[0, 3:], signals[0, :-3])
    np.testing.assert_array_equal(delayed[1, :-3], signals[1, 3:])


def test_brightness_and_amplitude_are_factors_cut_to_the_range() -> None:
    np.testing.assert_allclose(transforms.brighten(SMOOTH, 1.5, SIGNS), np.minimum(SMOOTH * 1.5, 1))
    signals = RNG.uniform(0.4, 0.6, (6, 20, 2)).astype(np.float32)
    half = transforms.amplify(signals, 0.5, SIGNS)
    np.testing.assert_allclose(half.mean(axis=1), signals.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(half.std(axis=1), signals.std(axis=1) / 2, rtol=1e-4)


def coder(encode: object, units: int) -> Coder:
    return Coder("run", "made-up", "made up", units, lambda x: encode(as_float(x)))  # type: ignore[operator]


def test_a_code_that_ignores_brightness_stays_and_one_of_brightness_moves_as_far_as_it_is_dimmed() -> None:
    digits = data.load("digits")

    def mean(x: np.ndarray) -> np.ndarray:
        return x.mean(axis=(1, 2))[:, None]

    def direction(x: np.ndarray) -> np.ndarray:
        flat = x.reshape(len(x), -1)
        return (flat / np.linalg.norm(flat, axis=1, keepdims=True))[:, 10:30]

    use, tell = uses.get("transforms"), lambda fraction: None
    still = use.measure(uses.Subject(coder(direction, 20), digits), tell)
    assert np.mean(still["moved_brightness_0.5"]) < 1e-3
    assert still["probe_brightness_0.5"] == still["probe"]
    assert np.mean(still["moved_rotation_20"]) > 0.2
    dimmed = use.measure(uses.Subject(coder(mean, 1), digits), tell)
    x = as_float(digits.split("test").images).mean(axis=(1, 2))
    expected = np.sqrt(np.mean((0.5 * x) ** 2) / x.var())
    assert np.mean(dimmed["moved_brightness_0.5"]) == pytest.approx(expected, rel=1e-3)


def test_figures_of_a_run_are_scikit_learns(digits_runs: dict[str, Path]) -> None:
    subject = uses.subject(inference.load(digits_runs["vanilla"]))
    rows = uses.measure("transforms", subject)
    assert [row.kind for row in rows] == ["run", "pixels", "pca", "untrained"]
    for transform in transforms.OF_IMAGES:
        assert {*transform.at("moved"), *transform.at("probe")} <= rows[0].figures.keys()
    digits, (codes, labels) = data.load("digits"), subject.train
    test = digits.split("test")
    rng = np.random.default_rng(1)
    order = rng.permutation(len(test))
    signs = rng.choice([-1, 1], len(test))
    x = as_float(test.images[order])
    turned = np.stack([rotate(a, s * 20, order=1, mode="edge") for a, s in zip(x, signs, strict=True)])
    before, after = (subject.coder.encode(a.astype(np.float32)) for a in (x, np.clip(turned, 0, 1)))
    spread = before.std(axis=0)  # all test examples are in each draw
    alive = spread > 1e-3 * spread.max()
    expected = np.sqrt(np.mean(((after - before)[:, alive] / spread[alive]) ** 2))
    assert rows[0].figures["moved_rotation_20"][1] == pytest.approx(expected, rel=0.03)
    first, some = (draw(labels, min(5500, len(labels)), seed) for seed in (0, 1))
    penalty = choose_penalty(standardised(codes[first])[0], labels[first])
    assert penalty in PENALTIES
    theirs = make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=100)).fit(codes[some], labels[some])
    assert rows[0].figures["probe"][1] == pytest.approx(theirs.score(before, test.labels[order]), abs=0.01)
    assert rows[0].figures["probe_rotation_20"][1] == pytest.approx(theirs.score(after, test.labels[order]), abs=0.03)


def test_signals_are_shifted_in_time_and_tables_are_left_out(data_folder: Path) -> None:
    table = data.from_arrays("table", RNG.random((60, 5)).astype(np.float32), None, medium="table")
    assert "columns have no neighbours" in uses.get("transforms").lacking(table)
    row, *_ = uses.measure("transforms", uses.subject(inference.load("ecg-vanilla")))
    assert {name.split("_")[1] for name in row.figures} == {"time", "amplitude"}, "it has no classes to tell"
    steps = [row.mean(f"moved_time_{n}") for n in (1, 2, 4, 8)]
    assert steps == sorted(steps)


def test_runs_that_ship_bring_their_figures() -> None:
    for run in runs.shipped():
        rows = uses.read("transforms", run)
        assert rows is not None, f"{run.name}: `latent-explorer compare {run.name} --uses transforms --beside`"
        for transform in transforms.of_form(run.spec.form):
            assert transform.at("moved").keys() <= rows[0].figures.keys()
