"""A figure of a model against those of what one would use in its place, and by how much it is better."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ae_core.kinds import Measure
from ae_core.uses.rows import Row

# Of Student's t with 1, 2, … degrees of freedom, what 2.5 % lie above; scipy.stats would take 75 MB of each server.
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


@dataclass(frozen=True)
class Contest:
    """A figure of a model, and what one would reach instead.

    Attributes:
        title: What is compared.
        better: Whether "larger" or "smaller" figures are better.
        decimals: To write figures with.
        own: The model's values, one for each draw or start, (k,).
        floors: The values of each floor, by what it is called.
        missed: What cannot reach the model's figure at all, and so has no value here.
        bootstrapped: Whether values are those of a bootstrap, from the same draws for all, instead of draws of their
            own: then their spread is the error, not a sample's.
        decibels: Whether figures are decibels, of which 3 more are half the error.
    """

    title: str
    better: Literal["smaller", "larger"]
    decimals: int
    own: Sequence[float]
    floors: Mapping[str, Sequence[float]]
    missed: tuple[str, ...] = ()
    bootstrapped: bool = False
    decibels: bool = False

    @property
    def mean(self) -> float:
        """The mean of the model's values."""
        return float(np.mean(self.own))

    @property
    def best(self) -> str | None:
        """The floor whose mean is best; None if there is none."""
        worth = {title: self.sign * float(np.mean(values)) for title, values in self.floors.items()}
        return max(worth, key=worth.__getitem__, default=None)

    @property
    def sign(self) -> int:
        """1 where larger figures are better, -1 where smaller ones are."""
        return -1 if self.better == "smaller" else 1

    @property
    def ahead(self) -> float:
        """By how much the model is better than the best floor, below 0 if it is worse; NaN without a floor."""
        best = self.best
        return math.nan if best is None else self.sign * (self.mean - float(np.mean(self.floors[best])))

    @property
    def times(self) -> float:
        """How many times the model's error goes into that of the best floor, 1 if they are equal; NaN without a floor.

        The error is the figure itself where smaller ones are better, what is missing to 1 of a share, and the squared
        error of decibels.
        """
        best = self.best
        if best is None:
            return math.nan
        if self.decibels:
            return float(10 ** (self.ahead / 10))
        own, floor = self.mean, float(np.mean(self.floors[best]))
        if self.sign > 0:
            own, floor = 1 - own, 1 - floor
        return floor / own if own > 0 and floor > 0 else math.nan

    @property
    def verdict(self) -> int | None:
        """As `compare` with the best floor gives it, 1 if the model is better; 1 if no floor reaches its figure."""
        best = self.best
        if best is None:
            return 1 if self.missed else None
        found = compare(self.own, self.floors[best], self.bootstrapped)
        return found and self.sign * found


def compare(values: Sequence[float], others: Sequence[float], bootstrapped: bool = False) -> int | None:
    """Whether the mean of some values is above that of others, at 5 %.

    Args:
        values, others: Of as many draws they are the same draws, and their differences are tested (Student's t); else
            their means are (Welch's, with the degrees of freedom of the fewer).
        bootstrapped: Whether they are those of a bootstrap, from the same draws: their differences' spread is the error
            itself.

    Returns:
        1 if it is above, -1 if it is below, 0 if that cannot be told apart from chance; None if one was measured once,
        so that no spread is known.
    """
    one, other = np.asarray(values, float), np.asarray(others, float)
    ahead, few = float(one.mean() - other.mean()), min(len(one), len(other))
    if few < 2:
        return None
    if bootstrapped:
        bound = 2 * float(np.std(one - other, ddof=1))
    elif len(one) == len(other):
        bound = STUDENT[min(few - 1, len(STUDENT)) - 1] * _error(one - other)
    else:
        bound = STUDENT[min(few - 1, len(STUDENT)) - 1] * math.hypot(_error(one), _error(other))
    return 0 if abs(ahead) <= bound or not ahead else 1 if ahead > 0 else -1


def _error(values: np.ndarray) -> float:
    """The standard error of a mean."""
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def of_figure(
    measure: Measure,
    rows: Sequence[Row],
    others: Mapping[str, Mapping[str, str]] | None = None,
    bootstrapped: bool = False,
) -> list[Contest]:
    """A model's figure against those of its floors.

    Args:
        measure: The figure.
        rows: The model's own, then those of its floors.
        others: By the kind of a floor, the figures of it that are compared instead of the same one, and what each is
            called.
        bootstrapped: As of `Contest`.

    Returns:
        One contest; none if the model has no such figure.
    """
    own, *below = rows
    if measure.name not in own.figures:
        return []
    floors = {}
    for row in below:
        for name, called in (others or {}).get(row.kind, {measure.name: ""}).items():
            if name in row.figures:
                floors[f"{row.title}, {called}" if called else row.title] = row.figures[name]
    better: Literal["smaller", "larger"] = "smaller" if measure.better == "smaller" else "larger"
    return [Contest(measure.heading, better, measure.decimals, own.figures[measure.name], floors, (), bootstrapped)]


def side_by_side(
    found: Mapping[str, Mapping[str, Sequence[Contest]]], titles: Sequence[str]
) -> dict[str, list[Contest | None]]:
    """The contests of models in rows.

    Args:
        found: By what a use is called, by what a model is called.
        titles: What the models are called, m of them.

    Returns:
        By what is compared, the contest of each model, (m,), None of what was not measured.
    """
    table: dict[str, list[Contest | None]] = {}
    for use, by_model in found.items():
        for i, title in enumerate(titles):
            for contest in by_model.get(title, ()):
                row = table.setdefault(f"{use}: {contest.title}", [None] * len(titles))
                row[i] = contest
    return table


def times(
    table: Mapping[str, Sequence[Contest | None]], titles: Sequence[str]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """How many times as good models are, for `figures.beside`: by model a value for each row, and spreads of 0."""
    columns = [[math.nan if one is None else one.times for one in row] for row in zip(*table.values(), strict=True)]
    return {title: (np.array(column), np.zeros(len(table))) for title, column in zip(titles, columns, strict=True)}
