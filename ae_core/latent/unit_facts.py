"""What test examples say of each unit of a code: which drive it, what class it tells apart, which units go with it."""

from dataclasses import dataclass

import numpy as np

from ae_core import metrics

AT = (50, 90)  # percentiles at which examples are shown beside those that drive a unit most
PART = 64  # units ranked at a time


@dataclass(frozen=True)
class UnitFacts:
    """Of all units of a run; d units, n examples, c classes.

    Attributes:
        rates: Share of the examples for which each is active, (d,).
        means: Mean value for the examples of each class, (d, c); NaN of a class without examples.
        aurocs: Probability that an example of the class has a larger value than one of another class, (d, c), in
            [0, 1]; NaN where there is no example of the class, or no other.
        best: The class that each tells apart best, whichever way, (d,); 0 where there are no classes.
        telling: Its AUROC, or 1 minus it if the unit is smaller for the class: in [0.5, 1]; NaN without classes.
    """

    rates: np.ndarray
    means: np.ndarray
    aurocs: np.ndarray
    best: np.ndarray
    telling: np.ndarray


def of(codes: np.ndarray, active: np.ndarray, labels: np.ndarray, classes: int) -> UnitFacts:
    """Facts of all units.

    Args:
        codes: (n, d).
        active: Where units are active, bool (n, d).
        labels: Class numbers (n,); examples with a number of `classes` or above belong to none and are left out.
        classes: How many there are, maybe 0.
    """
    rates = active.mean(axis=0)
    units = codes.shape[1]
    known = labels < classes
    member = labels[known, None] == np.arange(classes)
    count = member.sum(axis=0)
    aurocs, means = np.full((units, classes), np.nan), np.full((units, classes), np.nan)
    some = (count > 0) & (count < len(member))
    for start in range(0, units if classes else 0, PART):
        part = codes[known, start : start + PART]
        means[start : start + PART, count > 0] = part.T @ member[:, count > 0] / count[count > 0]
        if some.any():
            aurocs[start : start + PART, some] = metrics.auroc(part, member[:, some])
    apart = np.abs(aurocs - 0.5)
    if not some.any():
        return UnitFacts(rates, means, aurocs, np.zeros(units, int), np.full(units, np.nan))
    best = np.nanargmax(apart, axis=1)
    return UnitFacts(rates, means, aurocs, best, 0.5 + apart[np.arange(units), best])


def driven(codes: np.ndarray, unit: int, count: int) -> np.ndarray:
    """Numbers of the examples with the largest values of a unit, the largest first; of equal ones the lower number."""
    return np.argsort(-codes[:, unit], kind="stable")[:count]


def at_percentile(codes: np.ndarray, unit: int, percentile: float, count: int) -> np.ndarray:
    """Numbers of the examples whose values of a unit are nearest to a percentile of them, by rank, rising."""
    order = np.argsort(codes[:, unit], kind="stable")
    middle = round(percentile / 100 * (len(order) - 1))
    first = min(max(middle - count // 2, 0), max(len(order) - count, 0))
    return order[first : first + count]


def correlated(codes: np.ndarray, unit: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The units that go with one or against it most, by the size of Pearson's correlation.

    Returns:
        Numbers of units, without itself and those that never change, and their correlations in [-1, 1].
    """
    spread = codes.std(axis=0, dtype=np.float64)
    centred = codes - codes.mean(axis=0, dtype=np.float64)
    if not spread[unit] > 0:
        return np.empty(0, int), np.empty(0)
    moving = np.flatnonzero((spread > 0) & (np.arange(codes.shape[1]) != unit))
    found = centred[:, moving].T @ centred[:, unit] / len(codes) / spread[moving] / spread[unit]
    order = np.argsort(-np.abs(found), kind="stable")[:count]
    return moving[order], found[order]
