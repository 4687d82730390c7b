"""Transfer: whether a code tells apart classes that its encoder never saw."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ae_core import inference, runs
from ae_core.data import Dataset
from ae_core.errors import OptionError
from ae_core.inference import LoadedRun
from ae_core.kinds import Measure
from ae_core.runs import Run
from ae_core.uses import coders, contests, features
from ae_core.uses.base import Subject, Tell, Use
from ae_core.uses.coders import SEEN, Coder
from ae_core.uses.contests import Contest
from ae_core.uses.features import LABELS
from ae_core.uses.rows import Figures, Row

PREFIX = "unseen_"
KNOWN = {  # by the figures of Features: their headings, and what classifies
    **{f"probe_{n}": (f"{n:,} labels", f"a linear classifier of codes that learnt from {n:,} labels") for n in LABELS},
    "probe_all": ("all labels", "a linear classifier of codes that learnt from all labels"),
    "knn_550": ("5-NN, 550 labels", "a 5-nearest-neighbours classifier of codes that knows 550 labels"),
    "knn_all": ("5-NN, all labels", "a 5-nearest-neighbours classifier of codes that knows all labels"),
}


class Transfer(Use):
    """Accuracy of classifiers of codes of those classes alone that the encoder left out, as `features.accuracies`.

    Labels and test examples are of these classes only. Floors learn what the run learnt. Beside them stands what learnt
    all classes: PCA of the same size and, if there is one, the run that differs in nothing else. Neither is a floor.

    Reference: Yosinski et al. 2014, How transferable are features in deep neural networks?, for the question.
    """

    title = "Transfer"
    question = "Does a code tell apart classes that its encoder never saw?"
    needs_classes = True
    by_left_out = True
    headlines = tuple(f"{PREFIX}probe_{n}" for n in (55, 550, "all"))
    order = 2
    figures = tuple(
        Measure(
            PREFIX + name,
            f"Unseen, {heading}",
            f"Accuracy of {what} of the classes that the encoder never saw, among these alone. From 0 to 1.",
            "larger",
            3,
        )
        for name, (heading, what) in KNOWN.items()
    )

    def lacking(self, dataset: Dataset, left_out: Sequence[int] = ()) -> str:
        if found := super().lacking(dataset, left_out):
            return found
        if len(left_out) < 2:
            return "It saw all classes, or all but one: two that it never saw are needed to tell them apart."
        return ""

    def beside(self, run: LoadedRun) -> list[Coder]:
        twin = of_all_classes(run.run)
        size = coders.pca(run.dataset, run.latent_dim)
        seen = [replace(size, kind=SEEN, key=f"{size.key}-seen", title=f"{size.title}, of all classes")]
        if twin is not None:
            of_twin = coders.of_run(inference.load(twin.path))
            seen.append(replace(of_twin, kind=SEEN, title=f"{twin.title}, of all classes"))
        return [*super().beside(run), *seen]

    def measure(self, subject: Subject, tell: Tell) -> Figures:
        codes, labels = among(subject.left_out, *subject.train)
        asked, truth = among(subject.left_out, *subject.test)
        if not len(asked):
            raise OptionError("There is no test example of the classes that it never saw: nothing can be asked.")
        found = features.accuracies(codes, labels, asked, truth, tell)
        return {PREFIX + name: values for name, values in found.items()}

    def contest(self, name: str, rows: Sequence[Row]) -> list[Contest]:
        return contests.of_figure(self.named(name), [row for row in rows if row.kind != SEEN])


def among(classes: Sequence[int], codes: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Those of codes (n, d) and class numbers (n,) that are of some classes."""
    some = np.isin(labels, classes)
    return codes[some], labels[some]


def of_all_classes(run: Run) -> Run | None:
    """A run beside this one, or one that ships, that differs from it only in having left out no class.

    Of other owners' runs none is taken.
    """
    spec, owner = replace(run.spec, left_out=()), runs.owner_of(run)
    for other in (*runs.scan(run.path.parent), *runs.shipped()):
        if isinstance(other, Run) and other.spec == spec and runs.visible(other, owner):
            return other
    return None
