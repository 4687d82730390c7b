"""What test examples are coloured by, against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import NearestNeighbors

from ae_core.latent import colouring

RNG = np.random.default_rng(0)


def test_intervals_are_even_and_the_outermost_hold_what_lies_beyond() -> None:
    values = np.append(RNG.uniform(0.2, 1.0, 1000), [-50.0, 90.0])
    found = colouring.by_value(values, "nats", 4)
    assert found.rising
    assert len(found.names) == 4
    assert all(name.endswith(" nats") for name in found.names)
    assert found.names[0].startswith("up to")
    assert "and more" in found.names[-1]
    assert (found.labels[-2], found.labels[-1]) == (0, 3)
    edges = np.linspace(*np.percentile(values, [1, 99]), 5)
    for k in range(1, 3):
        inside = (values >= edges[k]) & (values < edges[k + 1])
        assert (found.labels[inside] == k).all()


def test_zeros_of_a_sparse_unit_are_a_group_of_their_own() -> None:
    values = np.where(RNG.random(500) < 0.6, 0, RNG.uniform(1, 2, 500))
    found = colouring.by_value(values)
    assert found.names[0] == "0"
    assert ((found.labels == 0) == (values == 0)).all()
    assert len(found.names) == colouring.BINS + 1


@pytest.mark.parametrize(
    ("values", "labels", "names"),
    [
        (np.zeros(3), [0, 0, 0], ("0",)),
        (np.array([3.0, 1, 3, 2]), [2, 0, 2, 1], ("1", "2", "3")),
        (np.array([1.0, np.nan, 0]), [1, 2, 0], ("0", "1", "none")),
        (np.array([np.nan]), [0], ("none",)),
    ],
)
def test_few_values_are_groups_of_their_own(values: np.ndarray, labels: list[int], names: tuple[str, ...]) -> None:
    found = colouring.by_value(values)
    assert (found.labels.tolist(), found.names) == (labels, names)


@pytest.mark.parametrize(
    "values",
    [
        np.linspace(0, 1e-13, 100),
        np.linspace(-1e-13, 1e-13, 100),
        1e6 + np.linspace(0, 1e-3, 100),
        np.linspace(0, 1e30, 100),
        1 + np.arange(5).repeat(10) * 1e-9,
        1 + np.arange(10).repeat(10) * np.finfo(float).eps,
        np.array([1, 1 + np.finfo(float).eps]),
        np.append(np.full(50, 1e-320), np.linspace(0, 1e-320, 50)),
        np.linspace(1, 1.00001, 100, dtype=np.float32),
        np.zeros(9),
    ],
)
def test_no_two_groups_have_the_same_name(values: np.ndarray) -> None:
    found = colouring.by_value(values)
    assert len({*found.names}) == len(found.names)
    assert max(map(len, found.names)) <= 50
    assert found.labels.max() < len(found.names)


def test_names_have_two_digits_of_the_step() -> None:
    assert colouring.by_value(np.arange(0, 80.5, 0.5)).names[3] == "30.2 to 40.0"
    assert colouring.by_value(np.linspace(0, 1e-13, 101)).names[3] == "3.8e-14 to 5.0e-14"


def test_values_without_end_are_none() -> None:
    values = np.arange(100, dtype=np.float32)
    values[50:] = np.inf
    found = colouring.by_value(values)
    assert found.names[-1] == "none"
    assert ((found.labels == len(found.names) - 1) == (values == np.inf)).all()


def test_clusters_that_are_apart_are_found_the_largest_first() -> None:
    truth = np.repeat([0, 1, 2], [20, 100, 50])
    codes = np.array([[0, 0], [10, 0], [0, 10]])[truth] + RNG.normal(0, 0.3, (170, 2))
    found = colouring.clusters(codes.astype(np.float32), 3)
    assert adjusted_rand_score(truth, found.labels) == 1
    assert np.bincount(found.labels).tolist() == [100, 50, 20]
    assert found.names == ("cluster 1", "cluster 2", "cluster 3")


def test_disagreement_is_the_share_of_neighbours_of_another_class() -> None:
    codes = RNG.standard_normal((2300, 5)).astype(np.float32)
    labels = (codes[:, 0] > 0).astype(int)
    labels[7] = 1 - labels[7]
    labels[:5] = 9  # of no class
    found = colouring.disagreement(codes, labels, 2, k=6)
    _, near = NearestNeighbors(n_neighbors=7).fit(codes[5:]).kneighbors(codes[5:])
    expected = (labels[5:][near[:, 1:]] != labels[5:, None]).mean(axis=1)
    np.testing.assert_allclose(found[5:], expected, rtol=1e-6)
    assert np.isnan(found[:5]).all()
    assert np.isnan(colouring.disagreement(codes[:1], labels[:1], 2)).all()


def test_there_are_no_more_clusters_than_examples() -> None:
    found = colouring.clusters(RNG.standard_normal((3, 4)).astype(np.float32), 10)
    assert sorted(found.labels.tolist()) == [0, 1, 2]
