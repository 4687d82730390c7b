"""A model's figures against what one would use in its place."""

import json

import numpy as np
import pytest
from scipy import stats

from ae_core import derived, runs, uses
from ae_core.kinds import Measure
from ae_core.uses import Contest, Row, compare, compression, contests

ACCURACY = Measure("accuracy", "Accuracy", "", "larger", 3)


def contest(own: list[float], floors: dict[str, list[float]], better: str = "larger") -> Contest:
    return Contest("Accuracy", better, 3, own, floors)  # type: ignore[arg-type]


def test_the_best_floor_is_the_one_that_counts() -> None:
    found = contest([0.6, 0.6], {"raw pixels": [0.7, 0.5], "PCA": [0.65, 0.65], "untrained": [0.1, 0.1]})
    assert found.best == "PCA"
    assert found.ahead == pytest.approx(-0.05)
    assert found.verdict == -1
    fewer = contest([0.6, 0.6], {"raw pixels": [0.7, 0.9], "PCA": [0.65, 0.65]}, "smaller")
    assert (fewer.best, fewer.ahead, fewer.verdict) == ("PCA", pytest.approx(0.05), 1)


@pytest.mark.parametrize("draws", [2, 3, 5, 10])
def test_draws_that_are_the_same_are_compared_by_scipys_paired_t_test(draws: int) -> None:
    rng = np.random.default_rng(draws)
    told = []
    for shift in np.linspace(-0.2, 0.2, 41):
        own = rng.normal(0.6, 0.1, draws)
        floor = own + shift + rng.normal(0, 0.05, draws)
        found = stats.ttest_rel(own, floor)
        expected = 0 if found.pvalue > 0.05 else int(np.sign(found.statistic))
        assert compare(own.tolist(), floor.tolist()) == expected
        told.append(expected)
    assert draws < 3 or {-1, 0, 1} <= set(told)


def test_other_draws_are_compared_by_their_means() -> None:
    own, floor = [0.60, 0.66, 0.63], [0.50, 0.52, 0.53, 0.51]
    found = stats.ttest_ind(own, floor, equal_var=False)
    assert found.df > 2
    assert found.statistic > stats.t.ppf(0.975, 2), "with the degrees of freedom of the fewer"
    assert compare(own, floor) == 1
    assert compare(floor, own) == -1
    assert compare(own, [0.4, 0.7, 0.5, 0.6]) == 0


def test_what_was_measured_once_is_not_told_apart() -> None:
    assert compare([0.9], [0.1]) is None
    assert compare([0.9, 0.9], [0.1]) is None
    assert contest([0.9], {"PCA": [0.1]}).verdict is None


def test_the_table_of_students_t_is_scipys() -> None:
    np.testing.assert_allclose(contests.STUDENT, stats.t.ppf(0.975, np.arange(1, 11)), atol=5e-4)


def test_draws_of_a_bootstrap_are_paired_and_their_spread_is_the_error() -> None:
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 0.1, 200)
    own, floor = 0.80 + shared, 0.78 + shared + rng.normal(0, 0.001, 200)
    assert compare(own.tolist(), floor.tolist(), bootstrapped=True) == 1
    apart = 0.78 + rng.normal(0, 0.1, 200)  # a difference of a fifth of its error, whatever the number of draws
    assert compare(own.tolist(), apart.tolist(), bootstrapped=True) == 0


def test_times_is_the_ratio_of_errors() -> None:
    assert contest([0.98], {"PCA": [0.96]}).times == pytest.approx(2), "half as much is missing to 1"
    assert contest([2.0], {"PCA": [6.0]}, "smaller").times == pytest.approx(3)
    noisier = Contest("PSNR", "larger", 2, [20.0], {"filter": [23.0103]}, decibels=True)  # twice the squared error
    assert noisier.times == pytest.approx(0.5, abs=1e-5)
    assert np.isnan(contest([0.9], {}).times)
    assert np.isnan(contest([1.0], {"PCA": [0.9]}).times), "no error"


def test_models_stand_beside_one_another_and_what_was_not_measured_is_empty() -> None:
    own, other = contest([0.6], {"PCA": [0.5]}), contest([0.0], {"PCA": [0.5]})
    table = contests.side_by_side({"Features": {"a": [own], "b": [other]}, "Noise": {"b": [own]}}, ["a", "b"])
    assert table == {"Features: Accuracy": [own, other], "Noise: Accuracy": [None, own]}
    columns = contests.times(table, ["a", "b"])
    np.testing.assert_allclose(columns["a"][0], [1.25, np.nan])
    np.testing.assert_allclose(columns["b"][0], [0.5, 1.25])


def test_what_nothing_else_reaches_is_won() -> None:
    alone = Contest("Bits", "smaller", 0, [8.0], {}, ("PCA, 2 units",))
    assert (alone.best, alone.verdict) == (None, 1)
    assert np.isnan(alone.ahead)
    assert contest([0.5], {}).verdict is None  # nothing was asked


def test_floors_may_be_compared_by_other_figures() -> None:
    rows = [
        Row("run", "Vanilla", 2, {"accuracy": [0.5]}),
        Row("pixels", "raw pixels", 784, {"accuracy": [0.9], "mirrored": [0.4]}),
        Row("pca", "PCA, 2 units", 2, {"accuracy": [0.45]}),
    ]
    (same,) = contests.of_figure(ACCURACY, rows)
    assert same.floors == {"raw pixels": [0.9], "PCA, 2 units": [0.45]}
    (other,) = contests.of_figure(ACCURACY, rows, {"pixels": {"mirrored": "mirrored"}})
    assert other.floors == {"raw pixels, mirrored": [0.4], "PCA, 2 units": [0.45]}
    assert contests.of_figure(ACCURACY, [Row("run", "Vanilla", 2, {}), *rows[1:]]) == []


@pytest.mark.parametrize("name", uses.names())
def test_headlines_are_figures_that_say_which_are_better(name: str) -> None:
    use = uses.get(name)
    measures = [use.named(headline) for headline in use.headlines]
    assert measures
    assert all(measure.better for measure in measures)


@pytest.mark.parametrize("name", uses.names())
def test_contests_hold_what_was_measured(name: str) -> None:
    run = runs.read(runs.locate("vanilla-of-half"))  # of which everything can be measured
    rows = uses.read(name, run)
    assert rows is not None
    found = uses.get(name).contests(rows)
    assert found
    assert len({each.title for each in found}) == len(found)
    (path,) = run.path.glob(f"use-{name}-*.json")
    content = derived.intact(path, uses.MAX_FILE)
    assert content
    own = json.loads(content)["rows"][0]["figures"]
    kept = [own[headline] for headline in uses.get(name).headlines if headline in own]
    assert [list(each.own) for each in found] == kept
    assert all(each.floors or each.missed for each in found)


def test_compression_is_set_against_what_can_be_as_small() -> None:
    def row(kind: str, title: str, bits: list[float], psnr: list[float]) -> Row:
        figures = {f"bits_{r}": [b] for r, b in enumerate(bits, 1)} | {f"psnr_{r}": [p] for r, p in enumerate(psnr, 1)}
        return Row(kind, title, 2, figures)

    own = row("run", "Vanilla", [10, 20, 30, 40, 100], [5, 10, 12, 14, 18])
    pca = row("pca", "PCA", [10, 1000], [5.0, 15.0])  # on a line in log bits: 10 dB at 100 bits
    jpeg = row("jpeg", "JPEG", [200, 400], [18.0, 21.0])
    (found,) = uses.get("compression").contests([own, pca, jpeg])
    assert found.floors == {"PCA": [pytest.approx(10.0)]}
    assert found.missed == ("JPEG",), "its smallest file is twice as large"
    assert found.ahead == pytest.approx(8.0)
    assert compression.psnr_at(pca, 5000) == 15.0, "more bits can be left unused"
