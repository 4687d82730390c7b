"""Models beside one another: what their table holds, and PCA as scikit-learn computes it."""

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from ae_core import cards, comparison, data, kinds, pca, published, runs, uses
from ae_core.errors import OptionError
from ae_core.runs import Run
from ae_core.spec import make_spec


@pytest.fixture(scope="module")
def digits(digits_runs: dict[str, Path]) -> dict[str, Run]:
    return {kind: runs.read(path) for kind, path in digits_runs.items()}


def test_runs_are_alike_that_differ_in_code_size_and_seed_alone(digits: dict[str, Run]) -> None:
    def like(kind: str = "vanilla", **options: Any) -> str:
        return comparison.alike(replace(digits["vanilla"], spec=make_spec(kind, "digits", **options)))

    small = like(network={"latent_dim": 2})  # whose code is linear
    assert small == like(network={"latent_dim": 32}, seed=3)
    others = [
        like("sparse"),
        like(network={"family": "pooling"}),
        like(network={"hidden": (64,)}),
        like(epochs=1),
        like("sparse", hyperparameters={"l1": 1e-3}),
    ]
    assert len({small, *others}) == 6


@pytest.mark.parametrize("size", [1, 2, 7, 30])
def test_pca_is_scikit_learns(size: int) -> None:
    train, test = (data.as_float(data.load("digits").split(which).images) for which in ("train", "test"))
    x, pca = test.reshape(-1, 64), PCA(size, svd_solver="full").fit(train.reshape(-1, 64))
    error = np.mean((x - pca.inverse_transform(pca.transform(x))) ** 2)
    assert comparison.pca_error("digits", size) == pytest.approx(error, rel=1e-4)


def test_pca_of_no_unit_is_the_mean_image_and_of_all_pixels_the_image() -> None:
    train, test = (data.as_float(data.load("digits").split(which).images) for which in ("train", "test"))
    errors = pca.errors("digits")
    assert errors.shape == (65,)
    assert errors[0] == pytest.approx(np.mean((test - train.mean(axis=0)) ** 2), rel=1e-5)
    assert np.all(np.diff(errors) <= 0)
    assert comparison.pca_error("digits", 64) == comparison.pca_error("digits", 1000) == pytest.approx(0, abs=1e-6)


def test_figures_are_those_of_the_cards(digits: dict[str, Run]) -> None:
    table = comparison.table(digits)
    assert table["model"] == list(digits)
    assert table["code"] == [run.spec.network.latent_dim for run in digits.values()]
    assert {len(values) for values in table.values()} == {len(digits)}
    for name in comparison.measures().keys() & table.keys() - {"pca_mse"}:
        for run, value in zip(digits.values(), table[name], strict=True):
            expected = run.card.metrics.get(name)
            assert math.isnan(value) if expected is None else value == expected, name
    assert table["pca_mse"] == [comparison.pca_error("digits", size) for size in table["code"]]


def test_what_no_card_holds_is_no_column(digits: dict[str, Run]) -> None:
    assert "knn_accuracy" not in comparison.table(digits), "a training does not compute it"
    assert "kl" not in comparison.table({"a": digits["vanilla"]})
    scored = replace(digits["vanilla"].card, metrics=digits["vanilla"].card.metrics | {"knn_accuracy": 0.9})
    table = comparison.table({"a": replace(digits["vanilla"], card=scored), "b": digits["sparse"]})
    assert table["knn_accuracy"][0] == 0.9
    assert math.isnan(table["knn_accuracy"][1])


def test_models_of_two_data_sets_are_no_table(digits: dict[str, Run]) -> None:
    other = runs.read(runs.SHIPPED / "vanilla")
    with pytest.raises(OptionError, match=r"must be of one data set, got digits, fashion-mnist"):
        comparison.table({"a": digits["vanilla"], "b": other})


def test_each_figure_of_a_card_is_explained_but_psnr(digits: dict[str, Run]) -> None:
    held = {name for run in digits.values() for name in run.card.metrics}
    assert {name for name in held - comparison.measures().keys() if not name.startswith("psnr")} == set()
    assert len(comparison.measures()) == len(comparison.MEASURES) + sum(len(kinds.get(k).measures) for k in digits)
    for measure in comparison.measures().values():
        assert measure.help.endswith(".")
        assert len(measure.heading) <= 12, "it stands above a column of numbers"


def test_a_card_without_numbers_leaves_its_cells_empty(digits_runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(digits_runs["vanilla"], tmp_path / "diverged")
    card = cards.unchecked(tmp_path / "diverged")
    cards.write(tmp_path / "diverged", card | {"metrics": dict.fromkeys(card["metrics"])})
    table = comparison.table({"diverged": runs.read(tmp_path / "diverged")})
    assert comparison.measures().keys() & table.keys() == {"pca_mse"}


def swept(digits: dict[str, Run], kind: str, **options: Any) -> Run:
    """A run of that kind that was asked for with other options."""
    return replace(digits[kind], spec=make_spec(kind, "digits", **options))


def test_models_of_several_sizes_are_found_together(digits: dict[str, Run]) -> None:
    sizes = [swept(digits, "vanilla", network={"latent_dim": d}, seed=s) for d, s in ((2, 0), (8, 0), (8, 1))]
    alone = swept(digits, "sparse", network={"latent_dim": 8})
    strided = [swept(digits, "vanilla", network={"latent_dim": d, "family": "strided"}) for d in (2, 8)]
    assert comparison.by_size([sizes[0], alone, *sizes[1:]]) == {"Vanilla": [0, 2, 3]}
    assert comparison.by_size([*sizes, *strided]) == {
        "Vanilla, dense": [0, 1, 2],
        "Vanilla, convolutional, strided": [3, 4],
    }
    longer = [swept(digits, "vanilla", network={"latent_dim": d}, epochs=3) for d in (2, 8)]
    assert list(comparison.by_size([*sizes, *longer])) == ["Vanilla, 67 epochs", "Vanilla, 3 epochs"]
    others = [swept(digits, "vanilla", network={"latent_dim": d}, learning_rate=1e-5) for d in (2, 8)]
    assert list(comparison.by_size([*sizes, *others])) == ["Vanilla", "Vanilla (2)"], "in what no title tells"
    weighed = [
        swept(digits, "variational", network={"latent_dim": d}, hyperparameters={"beta": beta})
        for beta in (1, 8)
        for d in (2, 8)
    ]
    assert list(comparison.by_size(weighed)) == ["Variational, β 1", "Variational, β 8"]
    floor = comparison.untrained_errors([alone, *sizes, *strided])
    assert np.isnan(floor).tolist() == [True, False, False, False, False, False]
    assert floor[1] > floor[2] == floor[3]


def test_models_of_several_betas_are_found_together(digits: dict[str, Run]) -> None:
    def of(beta: float, **options: Any) -> Run:
        return swept(digits, "variational", hyperparameters={"beta": beta}, **options)

    found = [of(1.0), digits["vanilla"], of(4.0, seed=3)]
    assert comparison.by_beta(found) == {"Variational": [0, 2]}
    assert found[2].spec.hyperparameters["beta"] == 4, "looking changes nothing"
    assert comparison.by_beta([of(1.0), of(1.0, seed=1), of(4.0, epochs=3)]) == {}
    large = {"latent_dim": 16}
    groups = comparison.by_beta([of(1.0), of(2.0), of(1.0, network=large), of(2.0, network=large)])
    assert groups == {"Variational, 2 units": [0, 1], "Variational, 16 units": [2, 3]}
    lost = replace(of(4.0), card=replace(digits["variational"].card, metrics={}))
    assert comparison.by_beta([of(1.0), lost]) == {}, "whose card has no rate"


def test_a_code_of_less_than_a_bit_has_collapsed(digits: dict[str, Run]) -> None:
    def of(kl: float) -> Run:
        return replace(digits["variational"], card=replace(digits["variational"].card, metrics={"kl": kl}))

    assert comparison.has_collapsed(of(0.69))
    assert not comparison.has_collapsed(of(0.7))
    assert not comparison.has_collapsed(digits["vanilla"])


@pytest.mark.parametrize(
    ("sizes", "errors", "enough"),
    [
        ([2, 8, 32], [0.05, 0.0104, 0.01], 8),
        ([2, 8, 32], [0.05, 0.0106, 0.01], 32),
        ([32, 2, 8], [0.01, 0.05, 0.009], 8),  # the largest is not always the best
        ([2, 8, 8], [0.0105, 0.008, 0.012], 2),  # the mean of two seeds
        ([4], [0.1], 4),
    ],
)
def test_from_some_size_on_more_units_do_not_pay(sizes: list[int], errors: list[float], enough: int) -> None:
    assert comparison.enough(sizes, errors) == enough


def test_models_that_differ_in_their_seed_alone_are_one_row(digits: dict[str, Run]) -> None:
    def with_seed(kind: str, seed: int, mse: float) -> Run:
        run = digits[kind]
        card = replace(run.card, metrics={**run.card.metrics, "mse": mse})
        return replace(run, spec=make_spec(kind, "digits", epochs=2, seed=seed), card=card)

    models = {
        "a": with_seed("vanilla", 0, 0.1),
        "b": with_seed("sparse", 0, 0.5),
        "c": with_seed("vanilla", 1, 0.2),
        "d": with_seed("vanilla", 2, 0.4),
    }
    assert comparison.seeds_apart(list(models.values())) == [[0, 2, 3], [1]]
    assert comparison.seeds_apart([models["a"], models["c"], models["a"]]) == [[0, 1], [2]], "a copy tells nothing new"
    table = comparison.table(models)
    found = comparison.over_seeds(table, list(models.values()))
    assert found["model"] == ["a, 3 seeds", "b"]
    np.testing.assert_allclose(found["mse"], [np.mean([0.1, 0.2, 0.4]), 0.5])
    np.testing.assert_allclose(found["mse_sd"], [np.std([0.1, 0.2, 0.4], ddof=1), np.nan])
    np.testing.assert_allclose(found["seed"], [np.nan, 0])
    assert found["code"] == [table["code"][0], table["code"][1]]
    with_floor = {name: [*values, values[0]] for name, values in table.items()} | {"mse_sd": [np.nan] * 4 + [0.01]}
    below = comparison.over_seeds(with_floor, list(models.values()))
    assert below["model"] == ["a, 3 seeds", "b", "a"]
    np.testing.assert_allclose(below["mse_sd"][-1], 0.01)


def test_others_figures_are_those_of_the_sizes_asked_for_or_all() -> None:
    two = published.of_dataset("fashion-mnist", [2, 32])
    assert {one.units for one in two} == {2}
    assert len(published.of_dataset("fashion-mnist", [32])) == len(published.of_dataset("fashion-mnist"))
    assert published.of_dataset("digits") == []
    every = comparison.measures() | uses.measures()
    assert all(name in every for one in published.of_dataset("fashion-mnist") for name in one.figures)
