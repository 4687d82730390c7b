"""What test examples say of units, against NumPy and scikit-learn."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import roc_auc_score

import ae_core
from ae_core import data, inference, training
from ae_core.latent import traversals, unit_facts, unit_weights
from ae_core.spec import make_spec

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("name", ["sparse-visible", "variational"])
def test_what_a_unit_has_to_do_with_classes_is_what_scikit_learn_says(name: str) -> None:
    run, test = ae_core.load(name), data.load("fashion-mnist").split("test")
    x, labels = data.as_float(test.images[:1500]), test.labels[:1500]
    codes = run.encode(x)
    for unit in {0, run.latent_dim // 2, run.latent_dim - 1}:
        found = unit_facts.by_class(codes[:, unit], labels, 10)
        expected = [roc_auc_score(labels == number, codes[:, unit]) for number in range(10)]
        np.testing.assert_allclose(found.aurocs, expected, atol=1e-9)
        np.testing.assert_allclose(found.means, [codes[labels == c, unit].mean() for c in range(10)], atol=1e-5)
        apart = [max(value, 1 - value) for value in expected]
        assert (found.best, found.telling) == (int(np.argmax(apart)), pytest.approx(max(apart)))


def test_examples_without_a_class_and_classes_without_examples_are_left_out() -> None:
    values = RNG.standard_normal(60)
    labels = np.repeat([0, 2, 3], 20)  # none of class 1; those of 3 are of no class
    values[labels == 3] += 100
    found = unit_facts.by_class(values, labels, 3)
    assert np.isnan([found.aurocs[1], found.means[1]]).all()
    for number in (0, 2):
        assert found.aurocs[number] == pytest.approx(roc_auc_score(labels[:40] == number, values[:40]))
    for classes, of in ((0, labels), (1, np.zeros(60, int))):
        none = unit_facts.by_class(values, of, classes)
        assert none.best == -1
        assert np.isnan(none.telling)


@pytest.mark.parametrize("share", [0.1, 0.4, 0.6, 0.9])
@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3, 0.7])
def test_a_rare_unit_cannot_tell_a_whole_class_apart(share: float, rate: float) -> None:
    """The best of units that are active for one side first, tried one way and the other."""
    labels, active = np.arange(1000) < 1000 * share, round(1000 * rate)
    reached = []
    for side in (labels, ~labels):
        values = np.zeros(1000)
        values[np.argsort(~side, kind="stable")[:active]] = np.linspace(2, 1, active)  # those of the side come first
        found = roc_auc_score(labels, values)
        reached.append(max(found, 1 - found))
    assert max(reached) == pytest.approx(unit_facts.ceiling(rate, share), abs=1e-9)


def test_the_examples_that_drive_each_unit_and_the_class_that_leads_among_them() -> None:
    codes = RNG.standard_normal((200, 70)).astype(np.float32)
    codes[:, 3] = 0
    codes[:, 69] = np.round(codes[:, 69])  # many are equal
    active, labels = codes > 0, RNG.integers(0, 5, 200)
    labels[:10] = 4  # of no class
    found = unit_facts.driving(codes, active, labels, 4, 7)
    assert found.examples.shape == (70, 7)
    for unit in (0, 3, 64, 69):
        order = np.argsort(-codes[:, unit], kind="stable")
        assert found.examples[unit].tolist() == order[:7].tolist()
        strongest = [labels[n] for n in order[:50] if codes[n, unit] > 0]
        assert found.counts[unit] == len(strongest)
        if not strongest:
            assert (found.leading[unit], found.share[unit]) == (-1, 0)
            continue
        shares = [strongest.count(c) / len(strongest) for c in range(4)]
        assert (found.leading[unit], found.share[unit]) == (int(np.argmax(shares)), pytest.approx(max(shares)))
    for classes in (0, 1):
        assert (unit_facts.driving(codes, active, labels, classes, 7).leading == -1).all()
    assert unit_facts.driving(codes[:5], active[:5], labels[:5], 4, 7).examples.shape == (70, 5)


def test_examples_at_a_percentile() -> None:
    values = np.arange(100)[::-1]
    assert values[unit_facts.at_percentile(values, 90, 5)].tolist() == [87, 88, 89, 90, 91]
    assert values[unit_facts.at_percentile(values, 100, 4)].tolist() == [96, 97, 98, 99]
    assert len(unit_facts.at_percentile(values[:3], 50, 9)) == 3


def test_correlations_are_those_of_scipy_without_units_that_never_change() -> None:
    codes = RNG.standard_normal((300, 130)).astype(np.float32)
    codes[:, 1] = -codes[:, 0] + 0.1 * codes[:, 1]
    codes[:, 4] = 3
    spread = unit_facts.spreads(codes)
    np.testing.assert_allclose(spread, codes.std(axis=0), rtol=1e-5)
    units, found = unit_facts.correlated(codes, 0, 200, spread)
    assert units[0] == 1
    assert {*units.tolist()} == {*range(1, 130)} - {4}
    np.testing.assert_allclose(found, [pearsonr(codes[:, 0], codes[:, u])[0] for u in units], atol=1e-5)
    assert np.all(np.diff(np.abs(found)) <= 0)
    assert unit_facts.correlated(codes, 4, 9, spread)[0].size == 0


def test_the_units_that_distinguish_a_group_are_ranked_by_scikit_learns_auroc() -> None:
    codes = RNG.standard_normal((200, 100))
    inside = np.arange(200) < 30
    codes[inside, 7] -= 4
    codes[inside, 80] += 2
    units, found = unit_facts.distinguishing(codes, inside, 5)
    assert units[:2].tolist() == [7, 80]
    np.testing.assert_allclose(found, [roc_auc_score(inside, codes[:, unit]) for unit in units])


def test_what_a_unit_adds_is_the_difference_of_two_decoded_codes() -> None:
    run = ae_core.load("sparse-visible")
    codes = run.encode(data.as_float(data.load("fashion-mnist").split("test").images[:3]))
    off, units = traversals.off_values(run, codes), np.array([5, 5, 60])
    with_them, without = unit_facts.additions(run, codes, off, units)
    assert np.array_equal(with_them, run.decode(codes))
    changed = codes.copy()
    changed[[0, 1, 2], units] = 0
    assert np.array_equal(without, run.decode(changed))


@pytest.mark.parametrize("name", ["vanilla", "sparse-visible"])
def test_weights_without_hidden_layers_are_the_network(name: str) -> None:
    """Tied and untied: where a unit looks, its pre-activation rises by its weight; what it draws adds to the logits."""
    run = ae_core.load(name)
    unit = int(run.encode(data.as_float(data.load("fashion-mnist").split("test").images[:1]))[0].argmax())
    found = unit_weights.of_units(run.run, np.array([unit]))
    assert found is not None
    x = data.as_float(data.load("fashion-mnist").split("test").images[:1])
    darker = 0.9 * x
    rise = run.encode(x)[0, unit] - run.encode(darker)[0, unit]
    assert rise == pytest.approx(np.sum(found[0].looks_for * (x - darker)), rel=1e-3)
    code = np.zeros((2, run.latent_dim), np.float32)
    code[1, unit] = 0.5
    p = run.decode(code).astype(np.float64)
    logits = np.log(p / (1 - p))
    assert logits[1] - logits[0] == pytest.approx(0.5 * found[0].draws, abs=2e-3)
    assert found[0].layers == (0, 0)


def test_a_variational_unit_looks_for_what_moves_its_mean(tmp_path: Path) -> None:
    """Not its log-variance, whose layer Keras puts first: names are sorted."""
    network = {"family": "dense", "latent_dim": 3, "hidden": (), "decoder_hidden": ()}
    *_, last = training.fit(make_spec("variational", "digits", {}, network, epochs=1, compile=False), tmp_path / "run")
    assert isinstance(last, training.Finished), last
    run = inference.load(last.run.path)
    found = unit_weights.of_units(run.run, np.arange(3))
    assert found is not None
    x = data.as_float(data.load("digits").split("test").images[:2])
    moved = [np.sum(unit.looks_for * (x[1] - x[0])) for unit in found]
    np.testing.assert_allclose(moved, np.diff(run.encode(x), axis=0)[0], rtol=1e-4, atol=1e-5)


def test_convolutional_units_have_no_weights_of_their_own_on_each_pixel() -> None:
    assert unit_weights.of_units(ae_core.load("convolutional").run, np.array([0])) is None


def test_the_largest_values_are_those_that_sorting_finds() -> None:
    rng = np.random.default_rng(1)
    for n in range(50, 120):
        values = np.round(rng.normal(size=n) * rng.integers(0, 4), 1)
        most = int(rng.integers(1, n + 1))
        for each in (values, np.maximum(values, 0), -np.abs(values)):
            np.testing.assert_array_equal(unit_facts._largest(each, most), np.argsort(-each, kind="stable")[:most])
