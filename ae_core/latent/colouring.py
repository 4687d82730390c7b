"""What test examples can be coloured by: groups of them, by a value, by cluster, or by how far neighbours disagree."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

BINS = 8
MOST_DIGITS = 9  # before or after the point of a number that is written out
DIGITS = 17  # that a float64 has
PERCENTILES = (1, 99)  # beyond which values share the outermost bins
NEIGHBOURS = 10
PART = 1000  # codes at a time
STARTS, SAMPLE = 4, 3000  # of k-means


@dataclass(frozen=True)
class Groups:
    """Examples in groups.

    Attributes:
        labels: Group of each example, uint8 (n,).
        names: Of the groups, in their order.
        rising: Whether the groups are intervals of a value.
    """

    labels: np.ndarray
    names: tuple[str, ...]
    rising: bool = False


def by_value(values: np.ndarray, unit: str = "", bins: int = BINS) -> Groups:
    """Groups of examples by equal intervals of a value.

    The outermost ones also hold what lies beyond the 1st and the 99th percentile. Examples that are exactly 0 are a
    group of their own where they are a tenth and more; so is each value where there are few, and what has none. No two
    groups have the same name, however near their values are.

    Args:
        values: (n,); NaN or infinite of examples that have none.
        unit: What they are measured in.
        bins: How many intervals.
    """
    nothing = ~np.isfinite(values)
    if nothing.any():
        found = by_value(values[~nothing], unit, bins) if not nothing.all() else Groups(np.empty(0, np.uint8), ())
        labels = np.full(len(values), len(found.names), np.uint8)
        labels[~nothing] = found.labels
        return Groups(labels, (*found.names, "none"), rising=True)
    suffix = f" {unit}" if unit else ""
    single, of_single = np.unique(values, return_inverse=True)
    if len(single) <= bins:
        digits = max(6, _digits(single))
        return Groups(of_single.astype(np.uint8), tuple(f"{v:.{digits}g}{suffix}" for v in single), rising=True)
    zeros = values == 0
    apart = 0.1 <= zeros.mean() < 1
    among = values[~zeros] if apart else values
    low, high = np.percentile(among, PERCENTILES)
    if low == high:
        low, high = float(among.min()), float(among.max())
    # There may be fewer numbers than that between them.
    edges = np.unique(np.linspace(low, high if high > low else low + 1, bins + 1))
    labels = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    written = _written(edges)
    names = [f"{a} to {b}{suffix}" for a, b in pairwise(written)]
    if among.min() < edges[0]:
        names[0] = f"up to {written[1]}{suffix}"
    if among.max() > edges[-1]:
        names[-1] = f"{written[-2]} and more{suffix}"
    if apart:
        labels, names = np.where(zeros, 0, labels + 1), [f"0{suffix}", *names]
    return Groups(labels.astype(np.uint8), tuple(names), rising=True)


def _written(edges: np.ndarray) -> list[str]:
    """Rising numbers with two digits of the step between them; by powers of ten if that would take too many."""
    after_point = max(0, 1 - _exponent(np.diff(edges).min()))
    if after_point > MOST_DIGITS or _exponent(np.abs(edges).max()) > MOST_DIGITS:
        return [f"{edge:.{_digits(edges)}e}" for edge in edges]
    return [f"{edge:.{after_point}f}" for edge in edges]


def _digits(numbers: np.ndarray) -> int:
    """How many digits tell rising numbers apart."""
    if len(numbers) < 2:
        return 1
    return min(_exponent(np.abs(numbers).max()) - _exponent(np.diff(numbers).min()) + 1, DIGITS)


def _exponent(value: float) -> int:
    return int(np.floor(np.log10(value)))


def clusters(codes: np.ndarray, count: int, seed: int = 0) -> Groups:
    """Clusters of codes (n, d) by k-means, the largest first; no more than there are codes.

    Centres are found among some of the codes, evenly spaced, where there are many.

    Reference: Arthur & Vassilvitskii 2007, k-means++; by scikit-learn.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    count = min(count, len(codes))
    with threadpool_limits(1):
        means = KMeans(count, n_init=STARTS, random_state=seed).fit(codes[:: max(1, len(codes) // SAMPLE)])
        found = means.predict(codes)
    order = np.argsort(-np.bincount(found, minlength=count), kind="stable")
    rank = np.empty(count, int)
    rank[order] = np.arange(count)
    return Groups(rank[found].astype(np.uint8), tuple(f"cluster {k + 1}" for k in range(count)))


def disagreement(codes: np.ndarray, labels: np.ndarray, classes: int, k: int = NEIGHBOURS) -> np.ndarray:
    """Share of each example's nearest neighbours in the code that have another class, float32 (n,) in [0, 1].

    Near 1 an example may have the wrong label, or look like another class. Examples without a class have NaN, and
    count as no neighbours.

    Args:
        codes: (n, d).
        labels: Class numbers (n,); those of `classes` or above belong to none.
        classes: How many there are.
        k: How many neighbours.

    Reference: Wilson 1972, Asymptotic properties of nearest neighbor rules using edited data.
    """
    known = np.flatnonzero(labels < classes)
    found = np.full(len(codes), np.nan, np.float32)
    points, own = np.asarray(codes[known], np.float32), labels[known]
    most = min(k, len(known) - 1)
    if most < 1:
        return found
    squares = np.einsum("nd,nd->n", points, points)
    for start in range(0, len(points), PART):
        rows = slice(start, start + PART)
        far = squares[rows, None] + squares - 2 * (points[rows] @ points.T)
        far[np.arange(len(far)), np.arange(start, start + len(far))] = np.inf
        near = np.argpartition(far, most - 1, axis=1)[:, :most]
        found[known[rows]] = (own[near] != own[rows, None]).mean(axis=1)
    return found
