"""New examples made of a few labelled ones, and what classifiers learn from them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from ae_core import data, forms, inference, uses
from ae_core.data import as_float
from ae_core.data.dataset import Split
from ae_core.uses import Row, augmentation, coders
from ae_core.uses.base import Subject
from ae_core.uses.features import PENALTIES, draw

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def subject(digits_runs: dict[str, Path]) -> Subject:
    return uses.subject(inference.load(digits_runs["vanilla"]))


@pytest.fixture(scope="module")
def rows(subject: Subject) -> list[Row]:
    return uses.measure("augmentation", subject)


def test_without_new_examples_accuracies_are_scikit_learns(rows: list[Row], subject: Subject) -> None:
    train, test = (subject.dataset.split(which) for which in ("train", "test"))
    asked = as_float(test.images).reshape(len(test), -1)
    pixels = rows[1].figures
    for seed in (0, 2):
        some = draw(train.labels, 550, seed)
        x, y = as_float(train.images[some]).reshape(550, -1), train.labels[some]
        theirs = [LogisticRegression(C=c, max_iter=100).fit(x, y).score(asked, test.labels) for c in PENALTIES]
        assert min(abs(pixels["none_logistic_550"][seed] - accuracy) for accuracy in theirs) < 0.006
        assert pixels["none_knn_550"][seed] == pytest.approx(KNeighborsClassifier().fit(x, y).score(asked, test.labels))
        assert pixels["none_svm_550"][seed] == pytest.approx(SVC(C=10).fit(x, y).score(asked, test.labels))


def test_each_coder_adds_what_it_can_make(rows: list[Row]) -> None:
    ways = [{name.split("_")[0] for name in row.figures} for row in rows]
    assert [row.kind for row in rows] == ["run", "pixels", "pca"]
    assert ways == [{"noise", "mixed"}, {"none", "noise", "mixed", "moved"}, {"noise", "mixed"}]
    assert {len(values) for row in rows for values in row.figures.values()} == {3}


def test_gains_are_differences_between_the_same_draws(rows: list[Row]) -> None:
    titles, series = augmentation.gains({"Mine": rows}, 550)
    means, spreads = series["5 nearest neighbours"]
    at = titles.index("Mine: mixed")
    differences = np.array(rows[0].figures["mixed_knn_550"]) - rows[1].figures["none_knn_550"]
    assert means[at] == pytest.approx(differences.mean())
    assert spreads[at] == pytest.approx(differences.std(ddof=1))
    assert len(titles) == len(means) == 2 + 3 + 2


def test_mixtures_lie_between_two_of_a_class() -> None:
    labels = np.arange(40) % 4
    values = (10 * np.eye(4)[labels] + RNG.random((40, 4))).astype(np.float32)
    found = augmentation.mixed(values, labels, np.random.default_rng(1))
    again = np.resize(labels, len(found))
    assert len(found) == augmentation.COPIES * 40
    for number in range(4):
        own, new = values[labels == number], found[again == number]
        assert (new >= own.min(axis=0) - 1e-5).all()
        assert (new <= own.max(axis=0) + 1e-5).all()
    assert not np.allclose(found[:40], values)
    alone = augmentation.mixed(values[:4], labels[:4], np.random.default_rng(1))
    np.testing.assert_allclose(alone, np.concatenate([values[:4]] * augmentation.COPIES), rtol=1e-5)


@pytest.mark.parametrize("shape", [(28, 28), (32, 32, 3), (8, 8)])
def test_moved_images_are_the_same_but_shifted_or_mirrored(shape: tuple[int, ...]) -> None:
    image = np.zeros(shape, np.float32)
    image[shape[0] // 2, shape[1] // 4] = 1
    found = augmentation.moved(np.stack([image] * 200), forms.Form("image", shape), np.random.default_rng(0))
    assert found.shape == (200, *shape)
    downs, rights = np.nonzero(found.reshape(200, *shape[:2], -1).any(axis=-1))[1:]
    reach = max(1, shape[0] // 14)
    assert set(downs - shape[0] // 2) == set(range(-reach, reach + 1))
    columns = {shape[1] // 4 + by for by in range(-reach, reach + 1)}
    assert set(rights) == columns | {shape[1] - 1 - column for column in columns}


def test_what_is_decoded_around_a_code_is_near_its_reconstruction_and_has_its_order(subject: Subject) -> None:
    images = data.load("digits").split("train").images[:30]
    made = augmentation.made_by(subject)["noise"](images, np.zeros(30), np.random.default_rng(0))
    assert made.shape == (augmentation.COPIES * 30, *subject.dataset.form.shape)
    assert subject.run is not None
    own = subject.run.reconstruct(as_float(images))
    off = ((made.reshape(augmentation.COPIES, 30, 1, -1) - own.reshape(1, 1, 30, -1)) ** 2).mean(axis=-1)
    assert (off.argmin(axis=-1) == np.arange(30)).mean() > 0.8
    assert off[:, np.arange(30), np.arange(30)].min() > 0
    assert augmentation.made_by(Subject(coders.untrained_network(subject.run), subject.dataset)) == {}


def test_pictures_stand_below_what_they_are_made_of(subject: Subject) -> None:
    labels = subject.dataset.split("test").labels[:100]
    picks = augmentation.shown(labels, 10)
    assert sorted(labels[picks]) == list(range(10)), "one of each class"
    pictures = augmentation.pictures(subject, picks, 100)
    np.testing.assert_array_equal(pictures["as they are"], as_float(subject.dataset.split("test").images[:100][picks]))
    noisy = pictures["raw pixels: noise"] - pictures["as they are"]
    assert 0.02 < noisy.std() < 0.1, "noise of 0.1, cut to the range"
    assert len(pictures) == 1 + 3 + 2


def test_of_as_few_labels_as_a_classifier_would_learn_from_nothing_is_measured(subject: Subject) -> None:
    def read(which: str) -> Split:
        split = subject.dataset.read(which)
        return Split(split.images[: min(augmentation.LABELS)], split.labels[: min(augmentation.LABELS)])

    few = Subject(subject.coder, replace(subject.dataset, read=read, _cache={}), subject.run)
    assert augmentation.Augmentation().measure(few, lambda fraction: None) == {}
