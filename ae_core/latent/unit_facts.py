"""What test examples say of the units of a code: which drive one, what class it tells apart, which units go with it."""

from dataclasses import dataclass

import numpy as np

from ae_core import metrics
from ae_core.inference import LoadedRun

AT = (50, 90)  # percentiles at which examples are shown beside those that drive a unit most
STRONGEST = 50  # examples that say which class a unit is of
PART = 64  # units at a time: copies of 1,024 units for all examples would be 80 MB


@dataclass(frozen=True)
class Driving:
    """What drives each unit of a code of d units.

    Attributes:
        examples: Numbers of the examples with the largest values, the largest first, (d, k); of equal ones the lower
            number. Where a unit is 0 for all, they say nothing.
        counts: For how many of its `STRONGEST` examples each is active, (d,).
        leading: The class that most of those belong to, (d,); -1 where there are none, or fewer than two classes.
        share: How many of them do, in [0, 1], (d,); 0 where there is no such class.
    """

    examples: np.ndarray
    counts: np.ndarray
    leading: np.ndarray
    share: np.ndarray


def driving(codes: np.ndarray, active: np.ndarray, labels: np.ndarray, classes: int, count: int) -> Driving:
    """What drives each unit.

    Args:
        codes: (n, d).
        active: Where units are active, bool (n, d).
        labels: Class numbers (n,); examples with a number of `classes` or above belong to none.
        classes: How many there are, maybe 0.
        count: Of the examples for each unit.
    """
    n, d = codes.shape
    most = min(max(count, STRONGEST), n)
    found, leading, share = np.empty((d, most), np.int32), np.full(d, -1), np.zeros(d)
    for start in range(0, d, PART):
        for unit, values in enumerate(np.ascontiguousarray(codes[:, start : start + PART].T), start):
            found[unit] = _largest(values, most)
    counts = np.empty(d, int)
    for unit in range(d):
        strongest = found[unit, :STRONGEST]
        of = labels[strongest[active[strongest, unit]]]
        counts[unit] = len(of)
        by_class = np.bincount(of[of < classes], minlength=classes)
        if classes > 1 and by_class.any():
            leading[unit], share[unit] = by_class.argmax(), by_class.max() / len(of)
    return Driving(found[:, :count], counts, leading, share)


def _largest(values: np.ndarray, most: int) -> np.ndarray:
    """The numbers of so many values (n,), the largest first; of equal ones the lower numbers."""
    among = values[values > 0]  # of many zeros NumPy finds the largest slowly
    if len(among) < most:
        among = values if values.min() < 0 else np.zeros(most)
    border = np.partition(among, len(among) - most)[len(among) - most]
    above = np.flatnonzero(values > border)
    ties = np.flatnonzero(values == border)[: most - len(above)]
    return np.concatenate([above[np.argsort(-values[above], kind="stable")], ties])


@dataclass(frozen=True)
class ByClass:
    """What a unit has to do with c classes.

    Attributes:
        means: Its mean value for the examples of each class, (c,); NaN of a class without examples.
        aurocs: Probability that an example of the class has a larger value than one of another class, (c,), in [0, 1];
            NaN where there is no example of the class, or no other.
        best: The class that it tells apart best, whichever way; -1 where there is none.
        telling: Its AUROC, or 1 minus it if the unit is smaller for the class: in [0.5, 1]; NaN without classes. A unit
            that is active for a small part of a class alone cannot come near 1, see `ceiling`.
    """

    means: np.ndarray
    aurocs: np.ndarray
    best: int
    telling: float


def by_class(values: np.ndarray, labels: np.ndarray, classes: int) -> ByClass:
    """What a unit has to do with the classes.

    Args:
        values: Of the unit, (n,).
        labels: As for `driving`.
        classes: How many there are, maybe 0.
    """
    known = labels < classes
    member = labels[known, None] == np.arange(classes)
    count = member.sum(axis=0)
    means, aurocs = np.full(classes, np.nan), np.full(classes, np.nan)
    some = (count > 0) & (count < len(member))
    means[count > 0] = values[known].astype(np.float64) @ member[:, count > 0] / count[count > 0]
    if not some.any():
        return ByClass(means, aurocs, -1, float("nan"))
    aurocs[some] = metrics.auroc(values[known], member[:, some])
    best = int(np.nanargmax(np.abs(aurocs - 0.5)))
    return ByClass(means, aurocs, best, float(0.5 + abs(aurocs[best] - 0.5)))


def ceiling(rate: float, prevalence: float) -> float:
    """The farthest from 0.5, above it, that the AUROC of a class can be for a unit that is rarely active and else 0.

    At best it is active for examples of that class alone, or for all others alone: (1 + rate / share) / 2 of the one
    that is rarer than it is, else 1.

    Args:
        rate: Share of the examples for which it is active.
        prevalence: Share of them that are of the class.
    """
    rarer = min(prevalence, 1 - prevalence)
    return min((1 + rate / rarer) / 2, 1.0) if rarer > 0 else 1.0


def at_percentile(values: np.ndarray, percentile: float, count: int) -> np.ndarray:
    """Numbers of the examples whose values of a unit (n,) are nearest to a percentile of them, by rank, rising."""
    order = np.argsort(values, kind="stable")
    middle = round(percentile / 100 * (len(order) - 1))
    first = min(max(middle - count // 2, 0), max(len(order) - count, 0))
    return order[first : first + count]


def spreads(codes: np.ndarray) -> np.ndarray:
    """Standard deviation of each unit over codes (n, d), (d,) float64."""
    parts = [codes[:, start : start + PART] for start in range(0, codes.shape[1], PART)]
    return np.concatenate([part.std(axis=0, dtype=np.float64) for part in parts])


def correlated(codes: np.ndarray, unit: int, count: int, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The units that go with one or against it most, by the size of Pearson's correlation.

    Args:
        codes: (n, d).
        unit: From 0.
        count: Of the units.
        spread: What `spreads` gives.

    Returns:
        Numbers of units, without itself and those that never change, and their correlations in [-1, 1].
    """
    own = codes[:, unit] - codes[:, unit].mean(dtype=np.float64)
    together = own.astype(codes.dtype) @ codes / len(codes)  # that one is centred is enough
    moving = np.flatnonzero((spread > 0) & (np.arange(len(spread)) != unit))
    if not spread[unit] > 0:
        return moving[:0], np.empty(0)
    found = together[moving] / spread[moving] / spread[unit]
    order = np.argsort(-np.abs(found), kind="stable")[:count]
    return moving[order], np.clip(found[order], -1, 1)


def distinguishing(codes: np.ndarray, inside: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The units that tell a group from all others best, whichever way.

    Args:
        codes: (n, d).
        inside: bool (n,): at least one that is, and one that is not.
        count: Of the units.

    Returns:
        Numbers of units and the AUROC of each, in [0, 1]; those that are farthest from 0.5 first.

    Raises:
        OptionError: if all or none are inside.
    """
    parts = [codes[:, start : start + PART] for start in range(0, codes.shape[1], PART)]
    found = np.concatenate([metrics.auroc(part, inside) for part in parts])
    order = np.argsort(-np.abs(found - 0.5), kind="stable")[:count]
    return order, found[order]


def additions(run: LoadedRun, codes: np.ndarray, off: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What units add to the picture of a code each: decoded with them and without.

    Args:
        run: A loaded run.
        codes: One for each unit, (k, d).
        off: Values of units that are off, (d,), from `traversals.off_values`.
        units: Their numbers from 0, (k,).

    Returns:
        With and without, (k, *shape) each.
    """
    without = codes.copy()
    without[np.arange(len(units)), units] = off[units]
    return run.decode(codes), run.decode(without)
