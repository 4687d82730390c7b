"""Clusters of codes against the classes, and what stands in for classes where there are none."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_samples
from sklearn.metrics.cluster import contingency_matrix
from sklearn.mixture import GaussianMixture

from ae_core import inference, uses
from ae_core.uses import clustering
from ae_core.uses.base import Subject
from ae_core.uses.coders import Coder

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 4, 800)
# Four classes far from one another.
BLOBS = (10 * np.eye(4)[LABELS] + RNG.normal(0, 0.3, (800, 4))).astype(np.float32)


@pytest.fixture(scope="module")
def subject(digits_runs: dict[str, Path]) -> Subject:
    return uses.subject(inference.load(digits_runs["vanilla"]))


def test_scores_are_at_their_extremes_where_clusters_are_the_classes_and_where_they_are_chance() -> None:
    renamed = np.array([2, 0, 3, 1])[LABELS]
    assert clustering.agreement(renamed, LABELS) == {"nmi": 1, "acc": 1, "ari": 1}
    dealt = clustering.agreement(RNG.integers(0, 4, 800), LABELS)
    assert dealt["nmi"] < 0.02
    assert abs(dealt["ari"]) < 0.02
    assert 0.25 <= dealt["acc"] < 0.33
    one = clustering.agreement(np.zeros(800, int), LABELS)
    assert one["acc"] == np.bincount(LABELS).max() / 800
    assert (one["nmi"], one["ari"]) == (0, 0)


def test_no_cluster_stands_for_two_classes() -> None:
    clusters, labels = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1, 2])
    # Cluster 0 for class 0 and cluster 1 for class 1 or 2: 3 of 6. Each cluster's largest class would be 3 or 4 of 6.
    assert clustering.accuracy(clusters, labels) == 3 / 6
    assert clustering.accuracy(np.arange(6), labels) == 3 / 6, "more clusters than classes"


def test_both_ways_find_groups_that_lie_apart_and_mixtures_find_long_ones_that_k_means_cuts() -> None:
    for seed in range(2):
        assert clustering.accuracy(clustering.kmeans(BLOBS, 4, seed), LABELS) > 0.7
        assert clustering.accuracy(clustering.mixture(BLOBS, 4, seed), LABELS) > 0.7
    blobs, labels = make_blobs(600, random_state=170)
    long = blobs @ [[0.6, -0.6], [-0.4, 0.8]]  # scikit-learn's own example of groups that k-means cuts
    assert max(clustering.accuracy(clustering.mixture(long, 3, seed), labels) for seed in range(5)) > 0.97
    assert max(clustering.accuracy(clustering.kmeans(long, 3, seed), labels) for seed in range(5)) < 0.9


def test_figures_of_a_run_are_scikit_learns(subject: Subject) -> None:
    own, pixels, *_ = uses.measure("clustering", subject)
    codes, labels = subject.test
    assert set(own.figures) == {f"{way}_{score}" for way in ("kmeans", "mixture") for score in ("acc", "nmi", "ari")}
    assert {len(values) for values in own.figures.values()} == {5}
    scaled = codes / np.sqrt(codes.var(axis=0).mean())
    theirs = GaussianMixture(10, reg_covar=1e-3, random_state=0).fit_predict(scaled.astype(float))
    # Rounding may lead a mixture elsewhere.
    assert own.figures["mixture_nmi"][0] == pytest.approx(normalized_mutual_info_score(labels, theirs), abs=0.05)
    for seed in (0, 3):
        clusters = clustering.kmeans(codes, 10, seed)
        counts = contingency_matrix(labels, clusters)
        matched = -counts[linear_sum_assignment(-counts)].sum() / -len(labels)
        assert own.figures["kmeans_acc"][seed] == pytest.approx(matched)
        assert own.figures["kmeans_ari"][seed] == pytest.approx(adjusted_rand_score(labels, clusters))
    assert 0.5 < pixels.mean("kmeans_nmi") < 0.85, "k-means of these digits is known to reach about 0.74"


def test_what_is_too_large_for_full_covariances_has_diagonal_ones_or_none(subject: Subject) -> None:
    wide = RNG.normal(size=(60, 65)).astype(np.float32)
    found = clustering.mixture(wide, 3, 0)
    scaled = wide.astype(float) / np.sqrt(wide.var(axis=0, dtype=float).mean())
    theirs = GaussianMixture(3, covariance_type="diag", reg_covar=1e-3, random_state=0).fit_predict(scaled)
    np.testing.assert_array_equal(found, theirs)

    def encode(images: np.ndarray) -> np.ndarray:
        return np.repeat(images.reshape(len(images), -1)[:, :57], 9, axis=1).astype(np.float32)

    coder = Coder("pixels", "wide", "wide", 513, encode)
    figures = clustering.Clustering().measure(Subject(coder, subject.dataset), lambda fraction: None)
    assert set(figures) == {"kmeans_acc", "kmeans_nmi", "kmeans_ari"}


def test_codes_that_are_all_the_same_have_figures_too() -> None:
    same = np.ones((40, 3), np.float32)
    labels = np.arange(40) % 4
    for way in (clustering.kmeans, clustering.mixture):
        assert clustering.agreement(way(same, 4, 0), labels)["ari"] == pytest.approx(0, abs=0.05)
    assert clustering.silhouette(same, clustering.kmeans(same, 4, 0)) == 0


def test_silhouettes_stand_in_for_classes_and_are_largest_at_the_number_of_groups() -> None:
    by_count = {k: clustering.silhouette(BLOBS, clustering.kmeans(BLOBS, k, 0)) for k in (2, 4, 8)}
    assert max(by_count, key=lambda k: by_count[k]) == 4
    clusters = clustering.kmeans(BLOBS, 4, 0)
    assert by_count[4] == pytest.approx(silhouette_samples(BLOBS, clusters).mean(), abs=1e-5)
    (own, *floors) = uses.measure("clustering", uses.subject(inference.load("ecg-vanilla")))
    assert set(own.figures) == {f"silhouette_{k}" for k in clustering.COUNTS}
    assert all(-1 <= value <= 1 for row in (own, *floors) for values in row.figures.values() for value in values)


def test_the_examples_that_stand_for_a_cluster_are_nearest_to_its_mean() -> None:
    clusters = clustering.kmeans(BLOBS, 4, 0)
    for cluster, found in enumerate(clustering.typical(BLOBS, clusters, 7)):
        members = np.flatnonzero(clusters == cluster)
        far = np.linalg.norm(BLOBS - BLOBS[members].mean(axis=0), axis=1)
        assert set(found) <= set(members)
        assert len(found) == 7
        assert far[found].max() <= far[np.setdiff1d(members, found)].min()
        assert (np.diff(far[found]) >= 0).all()


def test_confusion_counts_those_that_have_a_class() -> None:
    clusters, labels = np.array([0, 0, 1, 1, 1]), np.array([0, 2, 1, 1, 0])
    counts = clustering.confusion(clusters, labels, 3, 2)  # class 2 is none
    np.testing.assert_array_equal(counts, [[1, 0], [1, 2], [0, 0]])
