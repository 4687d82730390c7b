"""How few units of a code say what there is to know of the class."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from ae_core import figures, inference, uses
from ae_core.uses import Row, selection
from ae_core.uses.base import Subject

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def rows(digits_runs: dict[str, Path]) -> list[Row]:
    return uses.measure("selection", uses.subject(inference.load(digits_runs["vanilla"])))


@pytest.fixture(scope="module")
def subject(digits_runs: dict[str, Path]) -> Subject:
    return uses.subject(inference.load(digits_runs["vanilla"]))


@pytest.mark.filterwarnings("ignore:Features:UserWarning", "ignore:invalid value:RuntimeWarning")
def test_chosen_units_are_scikit_learns(rows: list[Row], subject: Subject) -> None:
    (codes, labels), (asked, truth) = subject.train, subject.test
    scaler = StandardScaler().fit(codes)
    for k in (2, 8):
        best = SelectKBest(f_classif, k=k).fit(codes, labels)
        some = best.get_support()
        classifier = LogisticRegression(C=0.1).fit(scaler.transform(codes)[:, some], labels)
        expected = classifier.score(scaler.transform(asked)[:, some], truth)
        assert rows[0].figures[f"chosen_{k}"] == [pytest.approx(expected, abs=0.006)]
    assert len(rows[0].figures["random_8"]) == 3


def test_units_that_say_the_class_come_first_and_dead_ones_last() -> None:
    labels = RNG.integers(0, 3, 300)
    noise, dead = RNG.normal(size=(300, 3)), np.full((300, 1), 4.0)
    told = labels[:, None] + RNG.normal(0, 0.1, (300, 1))
    codes = np.hstack([noise, dead, told]).astype(np.float32)
    order = selection.by_usefulness(codes, labels)
    assert order[0] == 4
    assert order[-1] == 3
    perfect = np.hstack([noise, labels[:, None]]).astype(np.float32)
    assert selection.by_usefulness(perfect, labels)[0] == 3, "a unit that is the class has an infinite F"


def test_of_principal_components_the_first_ones_are_taken_and_none_at_random(rows: list[Row], subject: Subject) -> None:
    own, pixels, pca, untrained = rows
    assert subject.run is not None
    assert any(name.startswith("random") for name in pixels.figures)
    assert not any(name.startswith("random") for row in (pca, untrained) for name in row.figures)
    assert pca.mean("chosen_8") > pca.mean("chosen_2") > 0.2
    assert own.mean("chosen_all") == pytest.approx(max(row_mean for row_mean in map(own.mean, own.figures)), abs=0.03)


def test_lines_end_with_all_units_of_each_code(rows: list[Row]) -> None:
    lines = {line.title: line for line in selection.by_count({"Vanilla": rows})}
    assert set(lines) == {
        "Vanilla",
        "Vanilla, at random",
        "raw pixels",
        "raw pixels, at random",
        rows[2].title,
        rows[3].title,
    }
    assert list(lines["Vanilla"].x) == [*(k for k in selection.COUNTS if k < rows[0].units), rows[0].units]
    assert lines["raw pixels"].x[-1] == 64
    assert lines["Vanilla"].means[-1] == rows[0].mean("chosen_all")
    drawn = figures.over(list(lines.values()), "units", "accuracy")
    assert len({(trace.line.color, trace.line.dash) for trace in drawn.data}) == len(lines)


def test_models_are_compared_at_a_size_that_all_of_them_have() -> None:
    def rows_of(*counts: int) -> list[Row]:
        return [Row("run", "", 32, {f"chosen_{k}": [0.5] for k in counts} | {"chosen_all": [0.5]})]

    assert selection.largest({"a": rows_of(1, 2, 4, 8, 16), "b": rows_of(1, 2, 4, 8)}, 8) == "chosen_8"
    assert selection.largest({"a": rows_of(1, 2, 4, 8, 16), "b": rows_of(1)}, 8) == "chosen_1"
    assert selection.largest({"a": rows_of()}, 8) == "chosen_all"
