"""Selection: how few units of a code say what there is to know of the class."""

import numpy as np

from ae_core.kinds import Measure
from ae_core.uses.base import Subject, Tell, Use
from ae_core.uses.beside import Line, Measured, listed
from ae_core.uses.features import draw, probe, standardised
from ae_core.uses.rows import Figures

LABELS = 5500
COUNTS = (1, 2, 4, 8, 16, 32, 64, 128)
DRAWS = 3  # of random units
PENALTY = 0.1  # C of scikit-learn, the same for all
RANDOM = ("run", "pixels")  # kinds of coders whose units are also drawn at random


class Selection(Use):
    """Accuracy of a linear probe that is given k units of a code, k = 1, 2, 4, …, all, from 5,500 labels.

    Those with the largest F of a one-way analysis of variance over the classes, each unit for itself, among the
    examples that the probe learns from; beside them k units at random. Of PCA it is the first k directions, whose order
    needs no labels.

    Reference: Guyon & Elisseeff 2003, An introduction to variable and feature selection, section 2.
    """

    title = "Selection"
    question = "How few units of a code say what there is to know of the class?"
    needs_classes = True
    headlines = ("chosen_4", "chosen_8", "chosen_16")
    order = 3
    figures = (
        *(
            Measure(
                f"chosen_{k}",
                f"{k} chosen unit{'s' * (k > 1)}",
                f"Accuracy of a linear probe of the {k} units that differ most between classes by analysis of "
                "variance; of PCA, the first ones. From 0 to 1.",
                "larger",
                3,
            )
            for k in COUNTS
        ),
        Measure("chosen_all", "All units", "The same of all units.", "larger", 3),
        *(
            Measure(
                f"random_{k}",
                f"{k} random unit{'s' * (k > 1)}",
                "Accuracy of a linear probe of units at random.",
                "larger",
                3,
            )
            for k in COUNTS
        ),
    )

    def measure(self, subject: Subject, tell: Tell) -> Figures:
        (codes, labels), (asked, truth) = subject.train, subject.test
        some = draw(labels, min(LABELS, len(labels)), 0)
        codes, labels = codes[some], labels[some]
        codes, asked = standardised(codes, asked)
        units = codes.shape[1]
        ranked = np.arange(units) if subject.coder.kind == "pca" else by_usefulness(codes, labels)

        def accuracy(of: np.ndarray) -> float:
            return probe(codes[:, of], labels, asked[:, of], truth, PENALTY)

        counts = [k for k in COUNTS if k < units]
        found: Figures = {}
        for i, k in enumerate(counts):
            found[f"chosen_{k}"] = [accuracy(ranked[:k])]
            if subject.coder.kind in RANDOM:
                draws = [np.random.default_rng(seed).permutation(units)[:k] for seed in range(DRAWS)]
                found[f"random_{k}"] = [accuracy(of) for of in draws]
            tell((i + 1) / (len(counts) + 1))
        return found | {"chosen_all": [accuracy(ranked)]}


def by_usefulness(codes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Numbers of the units of codes (n, d), by falling F of a one-way analysis of variance over classes (n,)."""
    import warnings

    from sklearn.feature_selection import f_classif

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", UserWarning)  # units that never change have no F
        ratios = f_classif(codes, labels)[0]
    return np.argsort(-np.nan_to_num(ratios, nan=-1.0, posinf=np.inf), kind="stable")


def by_count(measured: Measured) -> list[Line]:
    """What was measured over the number of units, for `figures.over`: each code's chosen ones, then those drawn."""
    found = []
    for title, model, row in listed(measured):
        chosen = {f"chosen_{k}": float(k) for k in COUNTS if k < row.units} | {"chosen_all": float(row.units)}
        ways = {row.kind: (title, chosen), "random": (f"{title}, at random", {f"random_{k}": float(k) for k in COUNTS})}
        for kind, (called, at) in ways.items():
            there = [name for name in at if name in row.figures]
            x, means, spreads = [at[n] for n in there], [row.mean(n) for n in there], [row.spread(n) for n in there]
            if there:
                found.append(Line(called, kind, model, x, means, spreads))
    return found


def largest(measured: Measured, most: int) -> str:
    """The figure of the largest number of chosen units up to `most` that was measured of every model."""
    own = [rows[0].figures for rows in measured.values()]
    found = [f"chosen_{k}" for k in COUNTS if k <= most and all(f"chosen_{k}" in figures for figures in own)]
    return found[-1] if found else "chosen_all"
