"""What was measured of one coder."""

from dataclasses import dataclass

import numpy as np

Figures = dict[str, list[float]]


@dataclass(frozen=True)
class Row:
    """What was measured of one coder.

    Attributes:
        kind, title, units: Of the coder.
        figures: By the names of `Use.figures`, in the units that these say, a value for each draw or start.
    """

    kind: str
    title: str
    units: int
    figures: Figures

    def mean(self, name: str) -> float:
        """The mean of a figure's values; NaN if it was not measured."""
        found = self.figures.get(name)
        return float(np.mean(found)) if found else float("nan")

    def spread(self, name: str) -> float:
        """The standard deviation of a figure's values, as of a sample; NaN of fewer than two."""
        found = self.figures.get(name, [])
        return float(np.std(found, ddof=1)) if len(found) > 1 else float("nan")
