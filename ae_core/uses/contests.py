"""A figure of a model against those of what one would use in its place, and by how much it is better."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ae_core.kinds import Measure
from ae_core.uses.rows import Row


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
        return math.nan if best is None else self.sign * float(np.mean(self.own) - np.mean(self.floors[best]))

    @property
    def times(self) -> float:
        """How many times as good the model is as the best floor, 1 if they are equal; NaN without a floor.

        The ratio of two figures; of decibels the ratio of the squared errors.
        """
        best = self.best
        if best is None:
            return math.nan
        if self.decibels:
            return float(10 ** (self.ahead / 10))
        own, floor = float(np.mean(self.own)), float(np.mean(self.floors[best]))
        better, other = (own, floor) if self.sign > 0 else (floor, own)
        return better / other if better > 0 and other > 0 else math.nan

    @property
    def verdict(self) -> int:
        """1 if the model is better than the best floor, -1 if it is worse, 0 if they differ by less than their spread.

        Twice the standard error of the difference; what was measured once has none. 1 if no floor reaches the model's
        figure.
        """
        best = self.best
        if best is None:
            return 1 if self.missed else 0
        if self.bootstrapped:
            noise = float(np.std(np.subtract(self.own, self.floors[best]), ddof=1))
        else:
            noise = math.hypot(_error(self.own), _error(self.floors[best]))
        return 0 if abs(self.ahead) <= 2 * noise or not self.ahead else 1 if self.ahead > 0 else -1


def _error(values: Sequence[float]) -> float:
    """The standard error of a mean; 0 of one value."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


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
