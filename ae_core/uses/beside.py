"""Figures of models beside one another and beside their floors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ae_core.uses.coders import SEEN
from ae_core.uses.rows import Row

Measured = Mapping[str, Sequence[Row]]  # by what models are called: each one's own row, then those of its floors


@dataclass(frozen=True)
class Line:
    """What was measured of a code over what varies.

    Attributes:
        title: What the code is called.
        kind: Of its coder: "run", or of a floor.
        model: The number of the model whose floor it is, or which it is; None of a floor of all.
        x: Where it was measured, (k,).
        means: What was measured there, (k,).
        spreads: Its standard deviation, (k,); NaN where it was measured once.
    """

    title: str
    kind: str
    model: int | None
    x: Sequence[float]
    means: Sequence[float]
    spreads: Sequence[float]


def listed(measured: Measured) -> list[tuple[str, int | None, Row]]:
    """All rows, models first, then each floor once.

    Returns:
        Of each what it is called, the number of its model, None of a floor that all share, and its row.
    """
    found: list[tuple[str, int | None, Row]] = [(title, i, rows[0]) for i, (title, rows) in enumerate(measured.items())]
    shared = set[str]()
    for i, (title, (_, *floors)) in enumerate(measured.items()):
        for floor in floors:
            if floor.kind == "untrained":
                found.append((f"{title}, untrained" if len(measured) > 1 else floor.title, i, floor))
            elif floor.title not in shared:
                shared.add(floor.title)
                found.append((floor.title, i if floor.kind in ("pca", SEEN) else None, floor))
    return found


def lines(measured: Measured, at: Mapping[str, float]) -> list[Line]:
    """What was measured over what varies, for `figures.over`.

    Args:
        measured: Of the models.
        at: Where each figure was measured, by its name.
    """
    found = []
    for title, model, row in listed(measured):
        there = [name for name in at if name in row.figures]
        x, means, spreads = [at[n] for n in there], [row.mean(n) for n in there], [row.spread(n) for n in there]
        found.append(Line(title, row.kind, model, x, means, spreads))
    return found


def by_way(measured: Measured, ways: Mapping[str, str]) -> tuple[list[str], dict[str, tuple[np.ndarray, np.ndarray]]]:
    """What was measured of codes in several ways, for `figures.beside`.

    Args:
        measured: Of the models.
        ways: By what a way is called: the name of its figure.

    Returns:
        What the codes are called, r of them, and by way the means (r,), NaN of what was not measured, and spreads (r,).
    """
    rows = listed(measured)
    series = {
        way: (np.array([row.mean(name) for *_, row in rows]), np.array([row.spread(name) for *_, row in rows]))
        for way, name in ways.items()
    }
    return [title for title, *_ in rows], series
