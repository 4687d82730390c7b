"""The figures of a run, computed here a second time; none is taken from its card."""

import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier

from ae_core import cards, data, inference, training
from ae_core.errors import RunError
from ae_core.evaluation import active, evaluate
from ae_core.inference import LoadedRun
from ae_core.spec import make_spec


@pytest.fixture(scope="module")
def run(digits_runs: dict[str, Path]) -> LoadedRun:
    return inference.load(digits_runs["sparse"])


@pytest.fixture(scope="module")
def figures(run: LoadedRun) -> dict[str, float]:
    return evaluate(run)


def test_errors_are_those_of_the_test_images(run: LoadedRun, figures: dict[str, float]) -> None:
    x = data.load("digits").split("test").images / 255.0
    x_hat = run.reconstruct(x.astype(np.float32)).astype(np.float64)
    assert figures["mse"] == pytest.approx(np.mean((x - x_hat) ** 2), rel=1e-4)
    assert figures["psnr"] == pytest.approx(10 * np.log10(1 / np.mean((x - x_hat) ** 2)), rel=1e-4)
    # scikit-learn's log loss of soft labels: a grey pixel x is white with weight x and black with weight 1 − x.
    x, p = x.ravel(), x_hat.ravel()
    white, weights = np.r_[np.ones(x.size), np.zeros(x.size)], np.r_[x, 1 - x]
    loss, floor = (log_loss(white, np.r_[q, q], sample_weight=weights) for q in (p, x))
    assert figures["bce"] == pytest.approx(loss, rel=1e-4)
    assert figures["above_floor"] == pytest.approx(loss - floor, rel=1e-3)


def test_units_are_counted_one_by_one(run: LoadedRun, figures: dict[str, float]) -> None:
    codes = run.encode(data.as_float(data.load("digits").split("test").images))
    active = [[value != 0 for value in code] for code in codes.tolist()]
    assert figures["active_units"] == pytest.approx(sum(map(sum, active)) / len(active))
    assert figures["dead_units"] == sum(not any(unit) for unit in zip(*active, strict=True))


def test_neighbours_are_scikit_learns(run: LoadedRun, figures: dict[str, float]) -> None:
    splits = [data.load("digits").split(which) for which in ("train", "test")]
    (train, train_labels), (test, test_labels) = [(run.encode(data.as_float(s.images)), s.labels) for s in splits]
    score = KNeighborsClassifier(5).fit(train, train_labels).score(test, test_labels)
    assert figures["knn_accuracy"] == pytest.approx(score)
    assert "knn_accuracy" not in evaluate(run, neighbours=False)


def test_the_shift_of_codes_is_how_far_noise_moves_them(run: LoadedRun, figures: dict[str, float]) -> None:
    x = data.as_float(data.load("digits").split("test").images)
    rng, codes = np.random.default_rng(1), run.encode(x)
    noisy = [np.clip(x + rng.normal(0, 0.1, x.shape), 0, 1).astype(np.float32) for _ in range(40)]
    moved = np.mean([np.mean((run.encode(images) - codes) ** 2, axis=0) for images in noisy], axis=0)
    alive = codes.std(axis=0) > 0
    assert figures["code_shift"] == pytest.approx(np.sqrt((moved[alive] / codes.var(axis=0)[alive]).mean()), rel=0.03)


def test_what_the_card_claims_changes_nothing(
    digits_runs: dict[str, Path], figures: dict[str, float], tmp_path: Path
) -> None:
    shutil.copytree(digits_runs["sparse"], tmp_path / "boastful")
    card = cards.unchecked(tmp_path / "boastful")
    card["metrics"] = dict.fromkeys(card["metrics"], 0.0)
    cards.write(tmp_path / "boastful", card)
    assert evaluate(inference.load(tmp_path / "boastful")) == pytest.approx(figures)


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("vanilla", {}, [[False, True, True, True], [False, True, True, True]]),
        ("sparse", {"method": "kl"}, [[False, False, True, True], [False, True, True, True]]),
        # Of the last unit the mean is 0.5 for every image, of the third it varies by 0.25: one has collapsed.
        ("variational", {}, [[False, True, True, False], [False, True, True, False]]),
    ],
)
def test_a_unit_is_active_for_an_image(kind: str, options: dict[str, Any], expected: list[list[bool]]) -> None:
    codes = np.array([[0, 0.05, 2.0, 0.5], [0, -3.0, 1.0, 0.5]])
    spec = make_spec(kind, "digits", options)
    assert active(SimpleNamespace(spec=spec, recipe=spec.recipe()), codes).tolist() == expected


def test_examples_without_a_class_are_no_class_of_neighbours(data_folder: Path) -> None:
    """One class, and many examples without: whoever took those for a class would find neighbours of both."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 255, (80, 8, 8), np.uint8)
    dataset = data.from_arrays("mine", x, np.array(["cat", ""] * 40))
    assert dataset.unlabelled
    spec = make_spec("vanilla", dataset.name, network={"family": "dense", "latent_dim": 2}, epochs=1, compile=False)
    *_, last = training.fit(spec, data_folder / "runs" / "mine")
    assert isinstance(last, training.Finished)
    assert evaluate(inference.load(last.run.path))["knn_accuracy"] == 1.0


@pytest.mark.parametrize(
    ("method", "given", "says"),
    [
        ("encode_distribution", (1e12, 0), "codes reach 1e+12"),
        ("encode_distribution", (np.nan, 0), "codes reach nan"),
        ("encode_distribution", (0, 50), "variances of codes reach 5.18e+21"),
        ("encode_distribution", (0, -1e12), "log-variances of codes reach 1e+12"),
        ("decode", (1e6,), "errors reach 1e+12"),
    ],
)
def test_what_is_too_large_to_be_looked_at_has_no_figures(
    method: str, given: tuple[float, ...], says: str, digits_runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def give(run: LoadedRun, x: np.ndarray) -> Any:
        shape = (len(x), 2) if method == "encode_distribution" else (len(x), 8, 8)
        arrays = [np.full(shape, value, np.float32) for value in given]
        return arrays if len(arrays) > 1 else arrays[0]

    monkeypatch.setattr(LoadedRun, method, give)
    with pytest.raises(RunError, match=f"^The model's {re.escape(says)} on the test examples, expected at most"):
        evaluate(inference.load(digits_runs["variational"]))
