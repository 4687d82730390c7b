"""Augmentation: images decoded from around the codes of a few labelled ones, added to what a classifier learns from."""

from collections.abc import Callable, Sequence

import numpy as np

from ae_core import metrics
from ae_core.data import Dataset, as_float
from ae_core.forms import Form
from ae_core.kinds import Measure
from ae_core.uses import coders, contests
from ae_core.uses.base import Subject, Tell, Use, progress
from ae_core.uses.beside import Measured, listed
from ae_core.uses.contests import Contest
from ae_core.uses.features import HELD_OUT, PENALTIES, draw, probe
from ae_core.uses.rows import Figures, Row

LABELS = (55, 550)
DRAWS = 3
COPIES = 2  # new examples for each labelled one
SHARE = 0.25  # of the units' spread, by which codes are moved
NOISE = 0.1  # standard deviation of what is added to raw values
SHIFT = 14  # an image moves by up to this part of its height and of its width
NEIGHBOURS = 5
MARGIN = 10.0  # C of the support vector machine
LEAST_VARIANCE = 1e-9  # of raw values
ASKED = 3000  # test examples
CLASSIFIERS = {
    "logistic": "logistic regression",
    "knn": "5 nearest neighbours",
    "svm": "support vector machine",
}
SHORT = {"logistic": "LR", "knn": "5-NN", "svm": "SVM"}
WAYS = {
    "none": "nothing added",
    "noise": "noise",
    "mixed": "mixed",
    "moved": "shifted, mirrored",
}
HELP = {
    "none": "that learnt from the labelled examples alone",
    "noise": "that also learnt from noisy ones: decoded from codes moved by a quarter of the units' spread, or of "
    "raw values with noise of σ = 0.1",
    "mixed": "that also learnt from ones between two of a class, decoded from mixed codes or of mixed raw values",
    "moved": "that also learnt from shifted and mirrored ones",
}


class Augmentation(Use):
    """Accuracy of three classifiers of raw values which learn from few labels and from new examples made of them.

    For each labelled example two new ones of its class: decoded from its code with normal noise of a quarter of each
    unit's standard deviation, or from a code at random between it and another one of its class. Beside them the same of
    raw values: noise of σ = 0.1, cut to [0, 1], mixtures of two, and images shifted by up to a fourteenth and mirrored
    half of the time. The penalty of logistic regression is chosen for each kind of new examples, on a fifth of the
    first draw's labels: a fixed one would weigh less beside more examples, which may look like a gain. The other
    classifiers are the 5 nearest neighbours and a support vector machine with radial basis functions, C = 10.

    References: DeVries & Taylor 2017, Dataset augmentation in feature space; Zhang et al. 2018, mixup.
    """

    title = "Augmentation"
    question = "Does a classifier with few labels learn more if decoded images are added?"
    floors = ("pixels", "pca")
    headlines = tuple(f"noise_logistic_{n}" for n in LABELS)
    needs_classes = True
    order = 8
    figures = tuple(
        Measure(
            f"{way}_{classifier}_{n}",
            f"{SHORT[classifier]}, {n}, {WAYS[way]}",
            f"Accuracy of a {CLASSIFIERS[classifier]} classifier of raw values {HELP[way]}, from {n} labels.",
            "larger",
            3,
        )
        for n in LABELS[::-1]
        for classifier in CLASSIFIERS
        for way in WAYS
    )

    def contest(self, name: str, rows: Sequence[Row]) -> list[Contest]:
        count = name.rpartition("_")[2]
        called = {f"{way}_logistic_{count}": title for way, title in WAYS.items()}
        return contests.of_figure(self.named(name), rows, {"pixels": called, "pca": called})

    def measure(self, subject: Subject, tell: Tell) -> Figures:
        dataset = subject.dataset
        train, test = _known(dataset, "train"), _known(dataset, "test")
        asked, truth = as_float(test[0][:ASKED]).reshape(min(ASKED, len(test[0])), -1), test[1][:ASKED]
        ways = [way for way in WAYS if way in made_by(subject)]
        counts = [n for n in LABELS if n < len(train[1])]
        tells = iter(progress(tell, [float(n) for n in counts for _ in ways]))
        found: Figures = {}
        for n in counts:
            draws = [draw(train[1], n, seed) for seed in range(DRAWS)]
            for way in ways:
                make, penalty, tell_of = made_by(subject)[way], PENALTIES[0], next(tells)
                for seed, some in enumerate(draws):
                    x, y = train[0][some], train[1][some]
                    if seed == 0:
                        penalty = _choose_penalty(make, x, y)
                    learnt = _with_new(make, x, y, seed)
                    for name, accuracy in _accuracies(*learnt, asked, truth, penalty).items():
                        found.setdefault(f"{way}_{name}_{n}", []).append(accuracy)
                    tell_of((seed + 1) / DRAWS)
        return found


Make = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def made_by(subject: Subject) -> dict[str, Make]:
    """How a coder makes new examples, by the names of `WAYS`.

    Each takes labelled examples as a data set keeps them, (n, *shape), their class numbers (n,) and a generator, and
    gives `COPIES` times as many, (COPIES n, *shape) float32 in [0, 1], in the same order again and again; none, for
    "none".
    """
    form, coder = subject.dataset.form, subject.coder
    if coder.kind == "pixels":
        ways: dict[str, Make] = {
            "none": lambda x, y, rng: np.empty((0, *form.shape), np.float32),
            "noise": lambda x, y, rng: _noisy(_repeated(as_float(x)), np.float32(NOISE), rng),
            "mixed": lambda x, y, rng: mixed(as_float(x), y, rng),
        }
        return ways | ({"moved": lambda x, y, rng: moved(_repeated(as_float(x)), form, rng)} if form.is_image else {})
    decode = coder.decode
    if decode is None:
        return {}

    def around(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        codes = coder.encode(x)
        spread = SHARE * codes.std(axis=0)
        moves = spread * rng.standard_normal((COPIES * len(codes), codes.shape[1]), np.float32)
        return np.clip(decode(np.asarray(_repeated(codes) + moves, np.float32)), 0, 1)

    return {"noise": around, "mixed": lambda x, y, rng: np.clip(decode(mixed(coder.encode(x), y, rng)), 0, 1)}


def mixed(values: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mixtures of each of some values (n, …) with another one of its class, at random, (COPIES n, …) float32."""
    found = []
    for _ in range(COPIES):
        partners = np.arange(len(labels))
        for number in np.unique(labels):
            members = np.flatnonzero(labels == number)
            partners[members] = rng.permutation(members)
        share = rng.random((len(labels), *[1] * (values.ndim - 1)), np.float32)
        found.append(share * values + (1 - share) * values[partners])
    return np.concatenate(found)


def moved(images: np.ndarray, form: Form, rng: np.random.Generator) -> np.ndarray:
    """Images (n, h, w) or (n, h, w, 3), each shifted by up to a fourteenth, what was at its edge drawn out, and half of
    them mirrored left to right."""
    down, right = (max(1, size // SHIFT) for size in form.shape[:2])
    found = np.empty_like(images)
    rows, columns = np.arange(form.shape[0]), np.arange(form.shape[1])
    for i, image in enumerate(images):
        at = np.clip(rows - rng.integers(-down, down + 1), 0, len(rows) - 1)
        along = np.clip(columns - rng.integers(-right, right + 1), 0, len(columns) - 1)
        shifted = image[at][:, along]
        found[i] = shifted[:, ::-1] if rng.random() < 0.5 else shifted
    return found


def gains(measured: Measured, labels: int) -> tuple[list[str], dict[str, tuple[np.ndarray, np.ndarray]]]:
    """How much more accurate classifiers are with new examples than with none, for `figures.beside`.

    Args:
        measured: Of the models.
        labels: One of `LABELS`.

    Returns:
        What is added, r kinds of it, and by what classifiers are called the mean gain (r,) and its standard deviation
        (r,) over the draws, which are the same with and without.
    """
    rows = listed(measured)
    none = next(row for *_, row in rows if row.kind == "pixels").figures
    added = [(title, row.figures, way) for title, _, row in rows for way in WAYS if way != "none"]
    added = [(title, has, way) for title, has, way in added if f"{way}_knn_{labels}" in has]
    series = {}
    for classifier, called in CLASSIFIERS.items():
        more = [
            np.subtract(has[f"{way}_{classifier}_{labels}"], none[f"none_{classifier}_{labels}"])
            for _, has, way in added
        ]
        series[called] = np.array([gain.mean() for gain in more]), np.array([gain.std(ddof=1) for gain in more])
    return [f"{title}: {WAYS[way]}" for title, _, way in added], series


def shown(labels: np.ndarray, count: int) -> np.ndarray:
    """Numbers of some examples to look at, at most `count`, of as many classes (n,) as there are."""
    order = np.argsort(labels, kind="stable")
    turn = np.concatenate([np.arange((labels == number).sum()) for number in np.unique(labels)])
    return np.asarray(order[np.argsort(turn, kind="stable")][:count])


def pictures(subject: Subject, picks: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """Test examples and what is made of them, to look at.

    Args:
        subject: What makes new ones, beside what is made of raw values.
        picks: Numbers of those that are looked at, (k,), below `count`.
        count: How many test examples there are to mix them with.

    Returns:
        By what they are called, (k, *shape) each.
    """
    split = subject.dataset.split("test")
    x, y = split.images[:count], split.labels[:count]
    found = {"as they are": as_float(x[picks])}
    for maker in (Subject(coders.pixels(subject.dataset), subject.dataset), subject):
        for way, make in made_by(maker).items():
            if way != "none":
                new = make(x, y, np.random.default_rng(0))
                found[f"{maker.coder.title}: {WAYS[way]}"] = new[picks]
    return found


def _known(dataset: Dataset, which: str) -> tuple[np.ndarray, np.ndarray]:
    """Examples that have a class, and their class numbers."""
    split = dataset.read(which) if which == "train" else dataset.split(which)
    known = dataset.has_class(split.labels)
    some = slice(None) if known.all() else known
    return split.images[some], split.labels[some]


def _repeated(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values] * COPIES)


def _noisy(x: np.ndarray, sigma: np.float32, rng: np.random.Generator) -> np.ndarray:
    return np.clip(x + sigma * rng.standard_normal(x.shape, np.float32), 0, 1)


def _with_new(make: Make, x: np.ndarray, y: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labelled examples, flattened, and the new ones made of them, with their classes."""
    new = make(x, y, np.random.default_rng(seed))
    both = np.concatenate([as_float(x), new]).reshape(len(x) + len(new), -1)
    return both, np.resize(y, len(both))


def _choose_penalty(make: Make, x: np.ndarray, y: np.ndarray) -> float:
    """The one of `PENALTIES` that is best on a fifth of the labelled examples, of which nothing new was made."""
    held = max(1, int(HELD_OUT * len(y)))
    if len(np.unique(y[held:])) < 2:
        return PENALTIES[len(PENALTIES) // 2]
    learnt = _with_new(make, x[held:], y[held:], 0)
    asked = as_float(x[:held]).reshape(held, -1)
    return PENALTIES[int(np.argmax([probe(*learnt, asked, y[:held], penalty) for penalty in PENALTIES]))]


def _accuracies(x: np.ndarray, y: np.ndarray, asked: np.ndarray, truth: np.ndarray, penalty: float) -> dict[str, float]:
    """Accuracies on (m, d) of classifiers that learnt from (n, d), by the names of `CLASSIFIERS`."""
    from sklearn.metrics.pairwise import rbf_kernel
    from sklearn.svm import SVC

    # As SVC(C=MARGIN) would, in a quarter of the time: it would compute the kernel number by number.
    gamma = 1 / (x.shape[1] * max(float(x.var()), LEAST_VARIANCE))
    machine = SVC(C=MARGIN, kernel="precomputed").fit(rbf_kernel(x, x, gamma), y)
    return {
        "logistic": probe(x, y, asked, truth, penalty),
        "knn": metrics.knn_accuracy(x, y, asked, truth, NEIGHBOURS),
        "svm": float(machine.score(rbf_kernel(asked, x, gamma), truth)),
    }
