"""Anomalies: whether a model finds strange what is not like the examples that it learnt."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ae_core import metrics, noise
from ae_core.data import Dataset, as_float
from ae_core.errors import OptionError
from ae_core.forms import Form
from ae_core.inference import LoadedRun
from ae_core.kinds import Measure
from ae_core.uses import coders
from ae_core.uses.base import Figures, Subject, Tell, Use, progress

SEED = 0
MOST = 10_000  # test examples
TRAINING = 6000  # training examples that neighbours and the forest know
NEIGHBOURS = 5
DRAWS = 20  # of the bootstrap
DECIMALS = 5  # of a figure that is kept
SIGMA = 0.2  # of the noise that damages
PART = 1000  # examples at a time
SCORES = {
    "mse": ("squared error", "mean squared error of the reconstruction"),
    "bce": ("cross-entropy", "binary cross-entropy of the reconstruction"),
    "divergence": (
        "cross-entropy less entropy",
        "binary cross-entropy of the reconstruction less the entropy of the pixels themselves",
    ),
    "elbo": ("−ELBO", "negative evidence lower bound, with one code drawn for each image"),
    "elbo_divergence": ("−ELBO less entropy", "negative evidence lower bound less the entropy of the pixels"),
    "code_knn": ("nearest codes", f"mean distance to the {NEIGHBOURS} nearest of {TRAINING:,} training codes"),
    "brightness": ("mean value", "mean value of the pixels, by which alone much is told apart"),
    "knn": ("nearest raw values", f"mean distance to the {NEIGHBOURS} nearest of {TRAINING:,} training images"),
    "isolation": ("isolation forest", f"isolation forest of {TRAINING:,} training images (Liu, Ting & Zhou 2008)"),
}
FLOORS = {"pca": ("mse",), "pixels": ("brightness", "knn", "isolation")}


def _measures() -> list[Measure]:
    found = []
    for name, (title, what) in SCORES.items():
        about = f"AUROC of the {what}: how often an odd image has more of it than one that is not."
        found.append(Measure(f"auroc_{name}", f"AUROC, {title}", about, "larger", 3))
    for name, (title, what) in SCORES.items():
        about = f"Average precision of the {what}; by chance it is the share of odd images."
        found.append(Measure(f"ap_{name}", f"AP, {title}", about, "larger", 3))
    return found


class Anomalies(Use):
    """How well a score of examples tells odd ones from those that are like what was learnt.

    Of a run that left classes out, the odd ones are the test examples of those classes. Of any other run they are test
    examples that were damaged, as `damaged` says, half of all. A larger score shall mean that an example is odd. Floors
    learn what the run learnt. Each figure has as many values as the bootstrap has draws of odd and of other examples;
    they are moved so that their mean is the figure itself. Draws are the same for all scores, so that differences have
    a spread of their own.

    Reference: Ruff et al. 2021, A unifying review of deep and shallow anomaly detection; for cross-entropy less the
    entropy, Xiao, Yan & Amit 2020, Likelihood regret.
    """

    title = "Anomalies"
    question = "Does a model find strange what it has not learnt, and would simpler scores find it as well?"
    order = 4
    figures = tuple(_measures())
    floors = ("pixels", "pca")
    by_left_out = True

    def measure(self, subject: Subject, tell: Tell) -> Figures:
        tells = progress(tell, [3.0, 1.0])
        asked = ask(subject.dataset, subject.left_out)
        found = scores(subject, asked, tells[0])
        figures = {name: drawn(values, asked.odd) for name, values in found.items()}
        tells[1](1.0)
        aurocs = {f"auroc_{name}": values[0].tolist() for name, values in figures.items()}
        return aurocs | {f"ap_{name}": values[1].tolist() for name, values in figures.items()}


@dataclass(frozen=True)
class Asked:
    """Examples of which scores shall say which are odd.

    Attributes:
        x: Examples, (n, *shape) float32 in [0, 1].
        odd: Which of them are odd, bool (n,): some are, and some are not.
        numbers: Of the test examples that they are, or were before they were damaged, (n,).
        damage: How each was damaged, a place among `damages`, (n,); -1 of those that were not.
    """

    x: np.ndarray
    odd: np.ndarray
    numbers: np.ndarray
    damage: np.ndarray


def ask(dataset: Dataset, left_out: Sequence[int]) -> Asked:
    """At most `MOST` test examples: those of classes that were left out are odd; if none were, every second is damaged.

    Raises:
        OptionError: if none of them is odd, or all are.
    """
    test = dataset.split("test")
    every = np.arange(len(test))
    if left_out:
        every = every[dataset.has_class(test.labels) | np.isin(test.labels, left_out)]
    if len(every) > MOST:
        every = every[np.linspace(0, len(every) - 1, MOST).astype(int)]
    x, damage = as_float(test.images[every]), np.full(len(every), -1)
    if left_out:
        odd = np.isin(test.labels[every], left_out)
    else:
        odd = np.arange(len(every)) % 2 == 1
        x = x.copy()
        x[odd], damage[odd] = damaged(x[odd], dataset.form)
    if odd.all() or not odd.any():
        raise OptionError(
            f"Of the test examples of {dataset.title} {odd.sum()} of {len(odd)} are odd, expected some and not all: "
            "leave out other classes."
        )
    return Asked(x, odd, every, damage)


def damages(form: Form) -> tuple[str, ...]:
    """The ways in which examples are damaged, in words."""
    turned = {"image": "upside down", "signal": "reversed in time"}.get(form.medium, "columns in reverse order")
    return "halves exchanged", turned, f"the middle of another {form.noun}", f"noise of σ = {SIGMA:g}"


def damaged(x: np.ndarray, form: Form) -> tuple[np.ndarray, np.ndarray]:
    """Damages examples in all ways in turn.

    Halves are exchanged, and examples turned round, along the first axis: of images upper and lower half, of signals
    earlier and later one. The middle is half of each side.

    Args:
        x: Examples, (n, *shape) float32 in [0, 1].
        form: What they are.

    Returns:
        Damaged ones, and the place of each one's damage among `damages`, (n,).
    """
    way = np.arange(len(x)) % len(damages(form))
    middle = tuple(slice(n // 4, n - n // 4) for n in form.sides or form.shape)
    pieced = x.copy()
    pieced[:, *middle] = np.roll(x, 1, axis=0)[:, *middle]
    noisy = noise.add(x, "gaussian", SIGMA, SEED)
    ways = (np.roll(x, form.shape[0] // 2, axis=1), x[:, ::-1], pieced, noisy)
    found = x.copy()
    for i, each in enumerate(ways):
        found[way == i] = each[way == i]
    return found, way


def protocol(dataset: Dataset, left_out: Sequence[int]) -> str:
    """What the odd examples are, in a few words, to stand beside each figure."""
    names = [dataset.class_of(number) for number in left_out]
    if names and len(names) == len(dataset.class_names) - dataset.unlabelled - 1:
        kept = next(n for i, n in enumerate(dataset.class_names) if i not in left_out)
        return f"one normal: {kept}"
    return f"held out: {', '.join(names)}" if names else f"damaged test {dataset.form.noun}s"


def scores(subject: Subject, asked: Asked, tell: Tell = lambda fraction: None) -> dict[str, np.ndarray]:
    """How odd examples are, by the names of `SCORES` that apply to a run or a floor; (n,) each."""
    kind, dataset = subject.coder.kind, subject.dataset
    if kind == "pca":
        pca = coders.pca(dataset, subject.coder.units, subject.left_out)
        assert pca.decode is not None
        return {"mse": metrics.squared_error(asked.x, pca.decode(pca.encode(asked.x)))}
    learnt = _learnt(subject)
    tell(0.2)
    if kind == "pixels":
        from sklearn.ensemble import IsolationForest

        flat, known = (each.reshape(len(each), -1) for each in (asked.x, as_float(learnt)))
        found = {"brightness": flat.mean(axis=1), "knn": nearest(known, flat)}
        tell(0.7)
        return found | {"isolation": -IsolationForest(random_state=SEED).fit(known).score_samples(flat)}
    assert subject.run is not None, f"a {kind} has no scores"
    found = of_run(subject.run, asked.x)
    tell(0.7)
    return found | {"code_knn": nearest(subject.run.encode_kept(learnt), subject.run.encode(asked.x))}


def of_run(run: LoadedRun, x: np.ndarray) -> dict[str, np.ndarray]:
    """How badly a run reconstructs examples (n, *shape), by the names of `SCORES`; (n,) each."""
    rng, parts = np.random.default_rng(SEED), []
    for i in range(0, len(x), PART):
        parts.append(_of_part(run, x[i : i + PART], rng))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _of_part(run: LoadedRun, x: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    drawn = None
    if run.recipe.heads == ("z_mean", "z_log_var"):
        code, log_variance = run.encode_distribution(x)
        drawn = run.decode(code + np.exp(0.5 * log_variance) * rng.standard_normal(code.shape, dtype=np.float32))
    else:
        code = run.encode(x)
    x_hat, bernoulli = run.decode(code), run.spec.likelihood == "bernoulli"
    found = {"mse": metrics.squared_error(x, x_hat)}
    if bernoulli:
        found["bce"] = metrics.binary_cross_entropy(x, x_hat)
        found["divergence"] = found["bce"] - metrics.pixel_entropy(x)
    if drawn is not None:
        surprise = metrics.surprise(run.spec.likelihood, x, drawn) * run.form.size
        found["elbo"] = surprise + metrics.kl_to_standard_normal(code, log_variance)
        if bernoulli:
            found["elbo_divergence"] = found["elbo"] - metrics.pixel_entropy(x) * run.form.size
    return found


def _learnt(subject: Subject) -> np.ndarray:
    """Some of the training examples that the run learnt, as kept; at random, the same for all."""
    train = subject.dataset.read("train")  # read anew: the examples are not to stay in memory
    known = np.flatnonzero(~np.isin(train.labels, subject.left_out))
    some = np.sort(np.random.default_rng(SEED).permutation(known)[:TRAINING])
    return np.asarray(train.images[some])


def nearest(known: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Mean Euclidean distance of points (m, d) to the `NEIGHBOURS` nearest known ones (n, d), (m,)."""
    from sklearn.neighbors import NearestNeighbors

    count = min(NEIGHBOURS, len(known))
    distances, _ = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(known).kneighbors(points)
    return np.asarray(distances.mean(axis=1), np.float32)


@dataclass(frozen=True)
class Curve:
    """What is found for each threshold of a score, from the largest value to the smallest.

    Attributes:
        thresholds: Values of the score: what reaches one is called odd, (k,).
        found: Share of the odd examples that are called odd (recall), (k,).
        alarms: Share of the others that are, (k,).
        precision: Share of those called odd that are odd, (k,).
    """

    thresholds: np.ndarray
    found: np.ndarray
    alarms: np.ndarray
    precision: np.ndarray

    @property
    def auroc(self) -> float:
        """Area under `found` over `alarms`: how often an odd example has the larger score; ties count half."""
        found, alarms = (np.concatenate([[0.0], each]) for each in (self.found, self.alarms))
        return float(np.sum(np.diff(alarms) * (found[1:] + found[:-1]) / 2))

    @property
    def average_precision(self) -> float:
        """Mean of `precision` over the odd examples as they are found."""
        return float(np.sum(np.diff(self.found, prepend=0.0) * self.precision))


def curve(values: np.ndarray, odd: np.ndarray, weights: np.ndarray | None = None) -> Curve:
    """Counts what is found for each threshold.

    Args:
        values: A score, (n,).
        odd: Which examples are odd, bool (n,).
        weights: How often each example counts, (n,); once by default.
    """
    order = np.argsort(-values, kind="stable")
    value, is_odd = values[order], odd[order]
    weight = np.ones(len(value)) if weights is None else weights[order].astype(float)
    ends = np.append(np.flatnonzero(np.diff(value)), len(value) - 1)  # of equal values the last
    found, alarms = (np.cumsum(weight * of)[ends] for of in (is_odd, ~is_odd))
    called = found + alarms
    precision = np.divide(found, called, out=np.ones_like(found), where=called > 0)
    return Curve(value[ends], found / found[-1], alarms / alarms[-1], precision)


def drawn(values: np.ndarray, odd: np.ndarray) -> np.ndarray:
    """AUROC and average precision in bootstrap draws of odd and of other examples, moved to the figures' own mean.

    Reference: Efron & Tibshirani 1993, An introduction to the bootstrap, chapter 8 on two samples.

    Returns:
        (2, `DRAWS`).
    """
    rng, weights = np.random.default_rng(SEED), []
    for _ in range(DRAWS):
        drawn = np.zeros(len(odd), int)
        for group in (np.flatnonzero(odd), np.flatnonzero(~odd)):
            np.add.at(drawn, rng.choice(group, len(group)), 1)
        weights.append(drawn)
    own, *each = (curve(values, odd, w) for w in (None, *weights))
    figures = np.array([[c.auroc, c.average_precision] for c in each]).T
    point = np.array([[own.auroc], [own.average_precision]])
    return np.round(point + figures - figures.mean(axis=1, keepdims=True), DECIMALS)
