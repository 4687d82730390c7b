"""Anomalies: each score and figure against scikit-learn and NumPy, and at its known extremes."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve
from sklearn.neighbors import NearestNeighbors

from ae_core import data, inference, metrics, runs, training, uses
from ae_core.errors import OptionError
from ae_core.forms import Form
from ae_core.uses import anomalies, coders
from ae_core.uses.anomalies import ask, curve, damaged, damages, drawn

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def without_three(tmp_path_factory: pytest.TempPathFactory) -> uses.Subject:
    """A run of digits that has seen no 3."""
    from ae_core.spec import make_spec

    path = tmp_path_factory.mktemp("anomalies") / "run"
    spec = make_spec("variational", "digits", network={"latent_dim": 4}, left_out=[3], epochs=2, compile=False)
    *_, last = training.fit(spec, path)
    assert isinstance(last, training.Finished), last
    return uses.subject(inference.load(path))


def test_odd_are_the_classes_that_were_left_out(without_three: uses.Subject) -> None:
    labels = data.load("digits").split("test").labels
    asked = ask(without_three.dataset, without_three.left_out)
    np.testing.assert_array_equal(asked.odd, labels == 3)
    np.testing.assert_array_equal(asked.x(slice(None)), data.as_float(data.load("digits").split("test").images))
    assert anomalies.protocol(without_three.dataset, (3,)) == "held out: 3"
    assert anomalies.protocol(without_three.dataset, tuple(range(9))) == "one normal: 9"
    assert anomalies.protocol(without_three.dataset, ()) == "damaged test images"


def test_figures_of_a_run_and_its_floors_are_scikit_learns(without_three: uses.Subject, data_folder: Path) -> None:
    rows = uses.measure("anomalies", without_three)
    run, dataset = without_three.run, without_three.dataset
    assert run is not None
    assert [row.kind for row in rows] == ["run", "pixels", "pca"]
    train, test = dataset.split("train"), dataset.split("test")
    learnt, odd = data.as_float(train.images[train.labels != 3]), test.labels == 3
    x = data.as_float(test.images)
    known, flat = learnt.reshape(len(learnt), -1), x.reshape(len(x), -1)
    x_hat = run.reconstruct(x).astype(np.float64)
    clipped = np.clip(x_hat, 1e-7, 1 - 1e-7)
    cross = -(x * np.log(clipped) + (1 - x) * np.log(1 - clipped)).mean(axis=(1, 2))
    pca = PCA(4, svd_solver="full").fit(known)

    def near(points: np.ndarray, of: np.ndarray) -> np.ndarray:
        return np.asarray(NearestNeighbors(n_neighbors=5).fit(of).kneighbors(points)[0].mean(axis=1))

    expected: dict[tuple[str, str], np.ndarray] = {
        ("run", "mse"): ((x - x_hat) ** 2).mean(axis=(1, 2)),
        ("run", "bce"): cross,
        ("run", "divergence"): cross - metrics.pixel_entropy(x),
        ("run", "code_knn"): near(run.encode(x), run.encode(learnt)),
        ("pixels", "brightness"): flat.mean(axis=1),
        ("pixels", "knn"): near(flat, known),
        ("pixels", "isolation"): -IsolationForest(random_state=0).fit(known).score_samples(flat),
        ("pca", "mse"): ((flat - pca.inverse_transform(pca.transform(flat))) ** 2).mean(axis=1),
    }
    of = {row.kind: row for row in rows}
    for (kind, name), score in expected.items():
        assert of[kind].mean(f"auroc_{name}") == pytest.approx(roc_auc_score(odd, score), abs=2e-3), (kind, name)
        assert of[kind].mean(f"ap_{name}") == pytest.approx(average_precision_score(odd, score), abs=5e-3), (kind, name)
        assert len(of[kind].figures[f"auroc_{name}"]) == anomalies.DRAWS
    assert {"auroc_elbo", "ap_elbo_divergence"} <= of["run"].figures.keys()


def test_the_elbo_is_that_of_the_card(without_three: uses.Subject) -> None:
    run = without_three.run
    assert run is not None
    asked = ask(without_three.dataset, (3,))
    found = anomalies.of_run(run, asked, run.encode(asked.x(slice(0, 50))))
    assert found["elbo"].mean() == pytest.approx(run.run.card.figure("negative_elbo"), rel=1e-4)
    entropy = metrics.pixel_entropy(asked.x(slice(None))) * 64
    np.testing.assert_allclose(found["elbo"] - found["elbo_divergence"], entropy, rtol=1e-3)


def test_a_score_of_a_signal_does_not_depend_on_what_is_asked_with_it(data_folder: Path) -> None:
    run = inference.load("ecg-variational")
    asked = ask(run.dataset, ())
    x, known = asked.x(slice(None)), run.encode(asked.x(slice(0, 20)))
    assert not {"bce", "divergence"} & anomalies.of_run(run, asked, known).keys(), "values are no shares"
    few, many = (anomalies.of_examples(run, x[:n], known, np.random.default_rng(0)) for n in (1, 20))
    for name, values in few.items():
        np.testing.assert_allclose(values, many[name][:1], rtol=1e-4)


@pytest.mark.parametrize("weighted", [False, True])
def test_curves_are_scikit_learns_with_ties_and_weights(weighted: bool) -> None:
    values, odd = RNG.integers(0, 30, 400).astype(np.float32), RNG.random(400) < 0.2
    weights = RNG.integers(0, 4, 400) if weighted else None
    found = curve(values, odd, weights)
    assert found.auroc == pytest.approx(roc_auc_score(odd, values, sample_weight=weights))
    assert found.average_precision == pytest.approx(average_precision_score(odd, values, sample_weight=weights))
    alarms, hits, _ = roc_curve(odd, values, sample_weight=weights, drop_intermediate=False)
    np.testing.assert_allclose([found.alarms, found.found], [alarms[1:], hits[1:]])
    precision, recall, _ = precision_recall_curve(odd, values, sample_weight=weights)
    np.testing.assert_allclose(
        np.interp(0.5, found.found, found.precision), np.interp(0.5, recall[::-1], precision[::-1])
    )


def test_scores_that_know_all_or_nothing() -> None:
    odd = np.arange(1000) % 4 == 0
    assert drawn(odd.astype(float), odd).min() == 1
    assert drawn(-odd.astype(float), odd)[0].max() == 0
    ones = drawn(np.ones(1000), odd)
    assert (ones[0] == 0.5).all()
    assert ones[1].mean() == pytest.approx(0.25)


def test_the_spread_is_that_of_other_draws() -> None:
    """The bootstrap's against that over fresh samples of the same two populations."""

    def sample() -> tuple[np.ndarray, np.ndarray]:
        odd = np.arange(500) < 100
        return RNG.normal(odd.astype(float), 1), odd

    fresh = np.std([curve(*sample()).auroc for _ in range(300)])
    told = np.mean([np.std(drawn(*sample())[0], ddof=1) for _ in range(20)])
    assert told == pytest.approx(fresh, rel=0.25)
    values, odd = sample()
    assert drawn(values, odd)[0].mean() == pytest.approx(roc_auc_score(odd, values), abs=1e-5)


@pytest.mark.parametrize(
    "form", [Form("image", (9, 8)), Form("image", (8, 8, 3)), Form("signal", (12, 2)), Form("table", (8,))]
)
def test_examples_are_damaged_as_is_said(form: Form) -> None:
    others = RNG.random((6, *form.shape)).astype(np.float32)
    x, numbers = others[:3], np.arange(3)
    halves, turned, pieced, noisy = (damaged(x, way, form, numbers, others) for way in range(len(damages(form))))
    half = form.shape[0] // 2
    np.testing.assert_array_equal(halves[:, :half], x[:, -half:])
    np.testing.assert_array_equal(turned, np.flip(x, 1))
    assert ((pieced == x) | (pieced == others[1:4])).all()
    assert 0.05 < (pieced != x).mean() < 0.6
    assert 0 <= noisy.min() <= noisy.max() <= 1
    inside = (x > 0.4) & (x < 0.6)
    assert (noisy - x)[inside].std() == pytest.approx(anomalies.SIGMA, rel=0.5)
    np.testing.assert_array_equal(noisy[2:], damaged(x[2:], 3, form, numbers[2:], others), "noise goes with the number")


def test_every_second_example_is_damaged_where_no_class_was_left_out() -> None:
    dataset = data.load("digits")
    asked, whole = ask(dataset, ()), data.as_float(dataset.split("test").images)
    x = asked.x(slice(None))
    np.testing.assert_array_equal(x[::2], whole[::2])
    np.testing.assert_array_equal(asked.x([3, 8]), x[[3, 8]])
    changed = (x != whole).reshape(len(x), -1).any(axis=1)
    assert not changed[~asked.odd].any()
    assert changed[asked.odd].mean() > 0.95, "a symmetric one may be the same upside down"


def test_floors_learn_what_the_run_learnt(without_three: uses.Subject, data_folder: Path) -> None:
    uses.measure("anomalies", without_three)
    names = {path.name for path in data_folder.rglob("use-anomalies-*")}
    assert names == {"use-anomalies-1-pixels-without-8.json", "use-anomalies-1-pca-4-without-8.json"}


def test_classes_of_which_no_test_example_is_there_cannot_be_measured() -> None:
    with pytest.raises(OptionError, match=r"0 of .* are odd, expected some and not all"):
        ask(data.load("digits"), (255,))


def test_principal_components_learn_what_the_run_learnt() -> None:
    run = inference.load(runs.SHIPPED / "vanilla-without-sandal")
    found = coders.floors(run)["pca"]
    assert found.title == "PCA, 32 units, without Sandal"
    dataset = run.dataset
    train = dataset.read("train")
    x = data.as_float(train.images[train.labels != 5]).reshape(-1, 784)
    expected = PCA(32, svd_solver="full").fit(x)
    few = dataset.split("test").images[:50]
    assert found.decode
    shown = found.decode(found.encode(few)).reshape(50, -1)
    again = expected.inverse_transform(expected.transform(data.as_float(few).reshape(50, -1)))
    np.testing.assert_allclose(shown, again, atol=2e-3)
    assert found.key != coders.pca(dataset, 32).key
