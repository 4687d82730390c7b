"""What test examples say of units, against NumPy and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import ae_core
from ae_core import data, evaluation
from ae_core.latent import unit_facts

RNG = np.random.default_rng(0)


def test_facts_of_a_shipped_run_are_those_of_scikit_learn() -> None:
    run, test = ae_core.load("sparse-visible"), data.load("fashion-mnist").split("test")
    x, labels = data.as_float(test.images[:1500]), test.labels[:1500]
    codes = run.encode(x)
    active = evaluation.active(run, codes)
    facts = unit_facts.of(codes, active, labels, 10)
    assert facts.aurocs.shape == facts.means.shape == (128, 10)
    np.testing.assert_allclose(facts.rates, active.mean(axis=0))
    for unit in (0, 63, 64, 127):
        for number in (0, 9):
            expected = roc_auc_score(labels == number, codes[:, unit])
            assert facts.aurocs[unit, number] == pytest.approx(expected, abs=1e-9)
            assert facts.means[unit, number] == pytest.approx(codes[labels == number, unit].mean(), abs=1e-5)
    telling = np.maximum(facts.aurocs, 1 - facts.aurocs)
    np.testing.assert_allclose(facts.telling, telling.max(axis=1))
    np.testing.assert_array_equal(facts.best, telling.argmax(axis=1))


def test_examples_without_a_class_and_classes_without_examples_are_left_out() -> None:
    codes = RNG.standard_normal((60, 3))
    labels = np.repeat([0, 2, 3], 20)  # none of class 1; those of 3 are of no class
    codes[labels == 3] += 100
    facts = unit_facts.of(codes, codes > 0, labels, 3)
    assert np.isnan(facts.aurocs[:, 1]).all()
    for number in (0, 2):
        expected = [roc_auc_score(labels[:40] == number, column) for column in codes[:40].T]
        np.testing.assert_allclose(facts.aurocs[:, number], expected)
    for none in (unit_facts.of(codes, codes > 0, labels, 0), unit_facts.of(codes, codes > 0, np.zeros(60, int), 1)):
        assert np.isnan(none.telling).all()
        assert len(none.rates) == 3


def test_the_examples_that_drive_a_unit_and_those_at_a_percentile() -> None:
    codes = np.stack([np.arange(100)[::-1], np.zeros(100)], axis=1)
    assert unit_facts.driven(codes, 0, 3).tolist() == [0, 1, 2]
    assert unit_facts.driven(codes, 1, 3).tolist() == [0, 1, 2], "of equal ones the lower number"
    assert codes[unit_facts.at_percentile(codes, 0, 90, 5), 0].tolist() == [87, 88, 89, 90, 91]
    assert codes[unit_facts.at_percentile(codes, 0, 100, 4), 0].tolist() == [96, 97, 98, 99]
    assert len(unit_facts.at_percentile(codes[:3], 0, 50, 9)) == 3


def test_correlations_are_those_of_numpy_without_units_that_never_change() -> None:
    codes = RNG.standard_normal((300, 6)).astype(np.float32)
    codes[:, 1] = -codes[:, 0] + 0.1 * codes[:, 1]
    codes[:, 4] = 3
    units, found = unit_facts.correlated(codes, 0, 9)
    assert units[0] == 1
    assert {*units.tolist()} == {1, 2, 3, 5}
    np.testing.assert_allclose(found, [np.corrcoef(codes[:, 0], codes[:, u])[0, 1] for u in units], atol=1e-6)
    assert np.all(np.diff(np.abs(found)) <= 0)
    assert unit_facts.correlated(codes, 4, 9)[0].size == 0
