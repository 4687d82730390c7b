"""Features: what a simple classifier reads out of a code, by the number of labels that it learns from."""

from collections.abc import Sequence

import numpy as np

from ae_core import metrics
from ae_core.errors import OptionError
from ae_core.kinds import Measure
from ae_core.uses.base import Subject, Tell, Use, progress
from ae_core.uses.rows import Figures

LABELS = (55, 550, 5500)
DRAWS = {55: 5, 550: 5, 5500: 3}
PENALTIES = (0.01, 0.1, 1.0)  # C of scikit-learn: the inverse of the weight of the squared weights
ROUNDS = 100  # of L-BFGS
HELD_OUT = 0.2  # of the labels, to choose the penalty
NEIGHBOURS = 5


class Features(Use):
    """Accuracy of a linear probe and of nearest neighbours on the codes of test examples.

    The probe is logistic regression on codes of mean 0 and variance 1, its penalty chosen on a fifth of the first draw
    of labels. A draw takes training examples at random, the same for all that is compared.

    Reference: Alain & Bengio 2017, Understanding intermediate layers using linear classifier probes.
    """

    title = "Features"
    question = "How much does a classifier know of an example from its code alone, and how many labels does it need?"
    needs_classes = True
    headlines = ("probe_55", "probe_550", "probe_all")
    order = 1
    figures = (
        *(
            Measure(
                f"probe_{n}",
                f"Probe, {n:,} labels",
                f"Accuracy of a linear classifier of codes that learnt from {n:,} labels, from 0 to 1.",
                "larger",
                3,
            )
            for n in LABELS
        ),
        Measure("probe_all", "Probe, all labels", "The same, from the labels of all training examples.", "larger", 3),
        Measure(
            "knn_550",
            "5-NN, 550 labels",
            "Accuracy of a 5-nearest-neighbours classifier of codes that knows 550 labels, from 0 to 1.",
            "larger",
            3,
        ),
        Measure("knn_all", "5-NN, all labels", "The same, with the labels of all training examples.", "larger", 3),
    )

    def measure(self, subject: Subject, tell: Tell) -> Figures:
        return accuracies(*subject.train, *subject.test, tell)


def accuracies(codes: np.ndarray, labels: np.ndarray, asked: np.ndarray, truth: np.ndarray, tell: Tell) -> Figures:
    """What classifiers that learn from codes (n, d) and class numbers (n,) reach on others, (m, d) and (m,).

    Returns:
        The figures of `Features` for which there are labels enough.
    """
    scaled, asked_scaled = standardised(codes, asked)
    counts = [n for n in LABELS if n < len(labels)]
    tells = progress(tell, [*(n * DRAWS[n] for n in counts), len(labels), len(labels)])
    found: Figures = {}
    penalty = PENALTIES[len(PENALTIES) // 2]
    for n, tell_of in zip(counts, tells, strict=False):
        draws = [draw(labels, n, seed) for seed in range(DRAWS[n])]
        penalty = choose_penalty(scaled[draws[0]], labels[draws[0]])
        reached = found[f"probe_{n}"] = []
        for i, some in enumerate(draws):
            reached.append(probe(scaled[some], labels[some], asked_scaled, truth, penalty))
            tell_of((i + 1) / len(draws))
    if len(labels) <= max(LABELS):
        penalty = choose_penalty(scaled, labels)
    found["probe_all"] = [probe(scaled, labels, asked_scaled, truth, penalty)]
    tells[-2](1.0)
    # Distances are those of the codes as they are: a unit that varies little says little.
    if 550 in counts:
        draws = [draw(labels, 550, seed) for seed in range(DRAWS[550])]
        found["knn_550"] = [metrics.knn_accuracy(codes[d], labels[d], asked, truth, NEIGHBOURS) for d in draws]
    found["knn_all"] = [metrics.knn_accuracy(codes, labels, asked, truth, NEIGHBOURS, tells[-1])]
    return found


def draw(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Numbers of so many examples (count,), at random, with at least two classes among them.

    Raises:
        OptionError: if all examples are of one class.
    """
    if len(np.unique(labels)) < 2:
        raise OptionError(f"The {len(labels):,} training examples with a class are all of one: two are needed.")
    rng = np.random.default_rng(seed)
    while True:
        some = rng.permutation(len(labels))[:count]
        if len(np.unique(labels[some])) > 1:
            return some


def standardised(codes: np.ndarray, *others: np.ndarray) -> Sequence[np.ndarray]:
    """Codes (n, d), and others, with mean 0 and variance 1 over the first; units that never change become 0."""
    mean, spread = codes.mean(axis=0), codes.std(axis=0)
    scale = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1), 0).astype(np.float32)
    return [(some - mean) * scale for some in (codes, *others)]


def probe(
    codes: np.ndarray, labels: np.ndarray, test_codes: np.ndarray, test_labels: np.ndarray, penalty: float
) -> float:
    """Accuracy on test codes (m, d) of logistic regression fitted to codes (n, d), in [0, 1]."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # accuracies stand long before the weights do
        classifier = LogisticRegression(C=penalty, max_iter=ROUNDS).fit(codes, labels)
    return float(classifier.score(test_codes, test_labels))


def choose_penalty(codes: np.ndarray, labels: np.ndarray) -> float:
    """The one of `PENALTIES` whose probe is best on a fifth of the examples that it did not learn from."""
    order = np.random.default_rng(0).permutation(len(labels))[: max(LABELS)]
    held = max(1, int(HELD_OUT * len(order)))
    out, into = order[:held], order[held:]
    if len(np.unique(labels[into])) < 2:
        return PENALTIES[len(PENALTIES) // 2]
    accuracies = [probe(codes[into], labels[into], codes[out], labels[out], penalty) for penalty in PENALTIES]
    return PENALTIES[int(np.argmax(accuracies))]
