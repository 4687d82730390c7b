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
from ae_core.latent import Index
from ae_core.uses import contests
from ae_core.uses.base import Subject, Tell, Use, progress
from ae_core.uses.contests import Contest
from ae_core.uses.rows import Figures, Row

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
    examples that were damaged, as `damages` says, half of all. A larger score shall mean that an example is odd. Floors
    learn what the run learnt. Each figure has as many values as the bootstrap has draws of odd and of other examples;
    they are moved so that their mean is the figure itself. Draws are the same for all scores, so that differences have
    a spread of their own.

    Reference: Ruff et al. 2021, A unifying review of deep and shallow anomaly detection; for cross-entropy less the
    entropy, Xiao, Yan & Amit 2020, Likelihood regret.
    """

    title = "Anomalies"
    question = "Does a model find strange what it has not learnt, and would simpler scores find it as well?"
    order = 7
    figures = tuple(_measures())
    floors = ("pixels", "pca")
    headlines = ("auroc_mse", "auroc_code_knn")
    by_left_out = True

    def measure(self, subject: Subject, tell: Tell) -> Figures:
        tells = progress(tell, [3.0, 1.0])
        asked = ask(subject.dataset, subject.left_out)
        found = scores(subject, asked, tells[0])
        figures = {name: drawn(values, asked.odd) for name, values in found.items()}
        tells[1](1.0)
        aurocs = {f"auroc_{name}": values[0].tolist() for name, values in figures.items()}
        return aurocs | {f"ap_{name}": values[1].tolist() for name, values in figures.items()}

    def contest(self, name: str, rows: Sequence[Row]) -> list[Contest]:
        others = {kind: {f"auroc_{score}": SCORES[score][0] for score in scores} for kind, scores in FLOORS.items()}
        return contests.of_figure(self.named(name), rows, others, bootstrapped=True)


@dataclass(frozen=True)
class Asked:
    """Examples of which scores shall say which are odd.

    Attributes:
        dataset: Whose test examples they are.
        numbers: Of the test examples that they are, or were before they were damaged, (n,).
        odd: Which of them are odd, bool (n,): some are, and some are not.
        damage: How each was damaged, a place among `damages`, (n,); -1 of those that were not.
    """

    dataset: Dataset
    numbers: np.ndarray
    odd: np.ndarray
    damage: np.ndarray

    def __len__(self) -> int:
        return len(self.odd)

    def x(self, rows: slice | np.ndarray | Sequence[int]) -> np.ndarray:
        """The examples in some rows, damaged if they are to be, (k, *shape) float32 in [0, 1]."""
        test, numbers, damage = self.dataset.split("test").images, self.numbers[rows], self.damage[rows]
        x, form = as_float(test[numbers]), self.dataset.form
        for way in range(len(damages(form))):
            if (these := damage == way).any():
                x[these] = damaged(x[these], way, form, numbers[these], test)
        return x

    @property
    def parts(self) -> list[slice]:
        """Slices of `PART` that cover all rows."""
        return [slice(i, i + PART) for i in range(0, len(self), PART)]

    def means(self) -> np.ndarray:
        """The mean value of each example, (n,) float32."""
        return np.concatenate([self.x(rows).reshape(-1, self.dataset.form.size).mean(axis=1) for rows in self.parts])

    def flat(self) -> np.ndarray:
        """All examples, flattened, (n, size) float32."""
        return np.concatenate([self.x(rows).reshape(-1, self.dataset.form.size) for rows in self.parts])


def ask(dataset: Dataset, left_out: Sequence[int]) -> Asked:
    """At most `MOST` test examples: those of classes that were left out are odd; if none were, every second is damaged.

    Raises:
        OptionError: if none of them is odd, or all are.
    """
    labels = dataset.split("test").labels
    numbers = np.arange(len(labels))
    if left_out:
        numbers = numbers[dataset.has_class(labels) | np.isin(labels, left_out)]
    if len(numbers) > MOST:
        numbers = numbers[np.linspace(0, len(numbers) - 1, MOST).astype(int)]
    damage = np.full(len(numbers), -1)
    if left_out:
        odd = np.isin(labels[numbers], left_out)
    else:
        odd = np.arange(len(numbers)) % 2 == 1
        damage[odd] = np.arange(odd.sum()) % len(damages(dataset.form))
    if odd.all() or not odd.any():
        raise OptionError(
            f"Of the test examples of {dataset.title} {odd.sum()} of {len(odd)} are odd, expected some and not all: "
            "leave out other classes."
        )
    return Asked(dataset, numbers, odd, damage)


def damages(form: Form) -> tuple[str, ...]:
    """The ways in which examples are damaged, in words."""
    turned = {"image": "upside down", "signal": "reversed in time"}.get(form.medium, "columns in reverse order")
    return "halves exchanged", turned, f"the middle of another {form.noun}", f"noise of σ = {SIGMA:g}"


def damaged(x: np.ndarray, way: int, form: Form, numbers: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Damages examples in one way.

    Halves are exchanged, and examples turned round, along the first axis: of images upper and lower half, of signals
    earlier and later one. The middle is half of each side.

    Args:
        x: Examples, (n, *shape) float32 in [0, 1].
        way: A place among `damages`.
        form: What they are.
        numbers: Their places among `others`, (n,); noise is drawn by them.
        others: Of which the next one gives its middle, (m, *shape), as a data set keeps them.
    """
    if way == 0:
        return np.roll(x, form.shape[0] // 2, axis=1)
    if way == 1:
        return x[:, ::-1]
    if way == 2:
        middle = tuple(slice(n // 4, n - n // 4) for n in form.sides or form.shape)
        found = x.copy()
        found[:, *middle] = as_float(others[(numbers + 1) % len(others)])[:, *middle]
        return found
    fields = [noise.draw_field("gaussian", form.shape, int(number)) for number in numbers]
    return np.asarray(noise.corrupt(x, "gaussian", SIGMA, np.stack(fields)), np.float32)


def protocol(dataset: Dataset, left_out: Sequence[int]) -> str:
    """What the odd examples are, in a few words, to stand beside each figure."""
    names = [dataset.class_of(number) for number in left_out]
    if names and len(names) == dataset.classes - 1:
        kept = next(n for i, n in enumerate(dataset.class_names) if i not in left_out)
        return f"one normal: {kept}"
    return f"held out: {', '.join(names)}" if names else f"damaged test {dataset.form.noun}s"


def told(asked: Asked, left_out: Sequence[int]) -> str:
    """What is asked, a sentence or two of images, to stand beside figures."""
    names, odd, noun = asked.dataset.class_names, int(asked.odd.sum()), "image"
    others = len(asked) - odd
    if left_out:
        of = ", ".join(names[number] for number in left_out)
        return (
            f"The odd ones are {odd:,} test {noun}s of what the model has not learnt ({of}), the others {others:,} of "
            "what it has."
        )
    ways = ", ".join(damages(asked.dataset.form))
    return (
        f"The odd ones are {odd:,} test {noun}s that were damaged, in turn: {ways}. The others are {others:,} as they "
        "are."
    )


def scores(subject: Subject, asked: Asked, tell: Tell = lambda fraction: None) -> dict[str, np.ndarray]:
    """How odd examples are, by the names of `SCORES` that apply to a run or a floor; (n,) each."""
    coder, dataset = subject.coder, subject.dataset
    if coder.kind == "pca":
        assert coder.decode is not None
        parts = []
        for rows in asked.parts:
            x = asked.x(rows)
            parts.append(metrics.squared_error(x, coder.decode(coder.encode(x))))
        return {"mse": np.concatenate(parts)}
    known = learnt(dataset, subject.left_out)
    tell(0.2)
    if coder.kind == "pixels":
        from sklearn.ensemble import IsolationForest

        flat, known = asked.flat(), as_float(known).reshape(len(known), -1)
        found = {"brightness": flat.mean(axis=1), "knn": nearest(known, flat)}
        tell(0.7)
        return found | {"isolation": -IsolationForest(random_state=SEED).fit(known).score_samples(flat)}
    assert subject.run is not None, f"a {coder.kind} has no scores"
    return of_run(subject.run, asked, coder.encode(known))


def of_run(run: LoadedRun, asked: Asked, known: np.ndarray) -> dict[str, np.ndarray]:
    """How odd examples are to a run.

    Args:
        run: A loaded run.
        asked: The examples.
        known: Codes of training examples, (k, latent_dim).

    Returns:
        By the names of `SCORES` that apply to the run, in their order, (n,) each.
    """
    rng = np.random.default_rng(SEED)
    parts = [of_examples(run, asked.x(rows), known, rng) for rows in asked.parts]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def of_examples(run: LoadedRun, x: np.ndarray, known: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The same of examples (n, *shape) float32 in [0, 1]; `rng` draws the codes of the ELBO."""
    bernoulli, variational = run.spec.likelihood == "bernoulli", run.recipe.heads == ("z_mean", "z_log_var")
    code, log_variance = run.encode_distribution(x) if variational else (run.encode(x), None)
    x_hat, entropy = run.decode(code), metrics.pixel_entropy(x) if bernoulli else 0.0
    found = {"mse": metrics.squared_error(x, x_hat)}
    if bernoulli:
        found["bce"] = metrics.binary_cross_entropy(x, x_hat)
        found["divergence"] = found["bce"] - entropy
    if log_variance is not None:
        z = code + np.exp(0.5 * log_variance) * rng.standard_normal(code.shape, dtype=np.float32)
        surprise = _surprise(run, x, run.decode(z))
        kl = metrics.kl_to_standard_normal(code, log_variance)
        found["elbo"] = surprise * run.form.size + kl
        if bernoulli:
            found["elbo_divergence"] = (surprise - entropy) * run.form.size + kl
    found["code_knn"] = nearest(known, code)
    return {name: np.asarray(values, np.float32) for name, values in found.items()}


def applying(run: LoadedRun) -> list[str]:
    """The names of `SCORES` that apply to a run, as `of_run` gives them."""
    bernoulli, variational = run.spec.likelihood == "bernoulli", run.recipe.heads == ("z_mean", "z_log_var")
    asked = {
        "bce": bernoulli,
        "divergence": bernoulli,
        "elbo": variational,
        "elbo_divergence": bernoulli and variational,
    }
    return ["mse", *(name for name, applies in asked.items() if applies), "code_knn"]


def _surprise(run: LoadedRun, x: np.ndarray, x_hat: np.ndarray) -> np.ndarray:
    """Negative log-likelihood in nats per value, (n,); a Gaussian's variance is the run's error on all test examples.

    `metrics.surprise` takes the variance of the examples themselves, so that it would say nothing of a single one.
    """
    if run.spec.likelihood == "bernoulli":
        return metrics.binary_cross_entropy(x, x_hat)
    variance = max(run.run.card.figure("mse"), metrics.LEAST_VARIANCE)
    return 0.5 * (np.log(2 * np.pi * variance) + metrics.squared_error(x, x_hat) / variance)


def learnt(dataset: Dataset, left_out: Sequence[int]) -> np.ndarray:
    """Some training examples of the classes that are not left out, as kept, (k, *shape); the same for all models."""
    train = dataset.read("train")  # read anew: the examples are not to stay in memory
    known = np.flatnonzero(~np.isin(train.labels, left_out))
    some = np.sort(np.random.default_rng(SEED).permutation(known)[:TRAINING])
    return np.asarray(train.images[some])


def nearest(known: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Mean Euclidean distance of points (m, d) to the `NEIGHBOURS` nearest known ones (n, d), (m,)."""
    return Index(known).mean_distances(points, NEIGHBOURS).astype(np.float32)


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
        both = [rng.choice(group, len(group)) for group in (np.flatnonzero(odd), np.flatnonzero(~odd))]
        weights.append(np.bincount(np.concatenate(both), minlength=len(odd)))
    own, *each = (curve(values, odd, w) for w in (None, *weights))
    figures = np.array([[c.auroc, c.average_precision] for c in each]).T
    point = np.array([[own.auroc], [own.average_precision]])
    return np.round(point + figures - figures.mean(axis=1, keepdims=True), DECIMALS)
