"""What a use declares, and what it is measured on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from ae_core.data import Dataset, Split
from ae_core.inference import LoadedRun
from ae_core.kinds import Measure
from ae_core.uses import contests
from ae_core.uses.coders import Coder, floors
from ae_core.uses.contests import Contest
from ae_core.uses.rows import Figures, Row

Tell = Callable[[float], None]


@dataclass(frozen=True)
class Subject:
    """A coder and the examples that it codes; each split is coded once, whatever is measured.

    Attributes:
        coder: What makes the codes.
        dataset: Whose examples they are; the training examples must be here.
        run: The run, for what a trained model alone can do; None of a floor.
        left_out: Numbers of the classes that the run did not learn; of a floor those that it shall not learn either.
    """

    coder: Coder
    dataset: Dataset
    run: LoadedRun | None = None
    left_out: tuple[int, ...] = ()

    @cached_property
    def train(self) -> tuple[np.ndarray, np.ndarray]:
        """Codes (n, d) and class numbers (n,) of the training examples that have a class, of all if none has."""
        return self._coded(self.dataset.read("train"))  # read anew: the examples are not to stay in memory

    @cached_property
    def test(self) -> tuple[np.ndarray, np.ndarray]:
        """The same of the test examples."""
        return self._coded(self.dataset.split("test"))

    def _coded(self, split: Split) -> tuple[np.ndarray, np.ndarray]:
        known = self.dataset.has_class(split.labels)
        some = slice(None) if known.all() or not known.any() else known
        return self.coder.encode(split.images[some]), split.labels[some]


class Use:
    """Something that autoencoders are said to be good for, measured; a subclass in a file of its own is all it needs.

    Class attributes:
        title: What it is called.
        question: What its figures answer, a sentence.
        figures: What it measures, the one that says most first.
        headlines: Names of the figures by which a model is set against its floors.
        floors: Kinds of coders beside the run on which it is measured.
        decibels: Whether its figures are peak signal-to-noise ratios.
        needs_classes: Whether it needs at least two classes.
        by_left_out: Whether floors depend on the classes that a run left out.
        version: Another one when figures are measured in another way: kept ones are measured anew.
        order: Place in lists.
    """

    title: ClassVar[str]
    question: ClassVar[str]
    figures: ClassVar[tuple[Measure, ...]]
    headlines: ClassVar[tuple[str, ...]]
    floors: ClassVar[tuple[str, ...]] = ("pixels", "pca", "untrained")
    decibels: ClassVar[bool] = False
    needs_classes: ClassVar[bool] = False
    by_left_out: ClassVar[bool] = False
    version: ClassVar[int] = 1
    order: ClassVar[int] = 100

    def lacking(self, dataset: Dataset, left_out: Sequence[int] = ()) -> str:
        """What a data set, or what a run left out of it, lacks for this use, a sentence; "" if nothing."""
        if not dataset.whole:
            return "Its data set is not here: only the examples that the model carries are."
        if self.needs_classes and dataset.classes < 2:
            return "Its data set has no classes, and this is measured by classes."
        return ""

    def beside(self, run: LoadedRun) -> list[Coder]:
        """What a run is measured against: its `floors`, unless a use has others as well."""
        found = floors(run)
        return [found[kind] for kind in self.floors]

    def measure(self, subject: Subject, tell: Tell) -> Figures:
        """Measures a coder.

        Args:
            subject: What.
            tell: Called with the share that is done, in [0, 1].

        Returns:
            By the names of `figures`, in the units that these say, a value for each draw or start; those that cannot be
            measured are missing.
        """
        raise NotImplementedError

    def contest(self, name: str, rows: Sequence[Row]) -> list[Contest]:
        """One figure of a model against the same of its floors.

        Args:
            name: Of the figure.
            rows: The model's own, then those of its floors.

        Returns:
            One contest; none if the model has no such figure.
        """
        found = contests.of_figure(self.named(name), rows)
        if not self.decibels:
            return found
        return [replace(one, title=f"PSNR in dB, {one.title}", decibels=True) for one in found]

    def contests(self, rows: Sequence[Row]) -> list[Contest]:
        """A model's headlines against those of its floors; `rows` as of `contest`."""
        return [contest for name in self.headlines for contest in self.contest(name, rows)]

    def named(self, name: str) -> Measure:
        """What a figure means."""
        return next(measure for measure in self.figures if measure.name == name)


def progress(tell: Tell, parts: Sequence[float]) -> list[Tell]:
    """A `tell` for each of several parts of the work, if there are any, by the share of each."""
    if not parts:
        return []
    ends = np.cumsum(parts) / np.sum(parts)
    starts = [0.0, *ends[:-1]]

    def of(start: float, end: float) -> Tell:
        return lambda fraction: tell(float(start + (end - start) * fraction))

    return [of(start, end) for start, end in zip(starts, ends, strict=True)]
