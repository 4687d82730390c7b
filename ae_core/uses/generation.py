"""Generation: how near what a decoder makes of drawn codes comes to the examples that it learnt from."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition
from typing import Literal

import numpy as np
from cachetools import LRUCache, cached

from ae_core import data, derived, fitting, judges, metrics
from ae_core.data import Dataset, as_float
from ae_core.inference import LoadedRun
from ae_core.judges import Judge
from ae_core.kinds import Measure
from ae_core.latent import densities
from ae_core.latent.densities import Density
from ae_core.uses.base import Subject, Tell, Use, progress
from ae_core.uses.rows import Figures

COUNT = 2000  # of draws, of training and of test examples, at most
LEAST = 50  # of them: fewer say nothing of a covariance
SEEDS = 3
NEIGHBOURS = 3  # k of Kynkäänniemi et al.
SEARCHED = 150  # draws of each seed whose nearest training example is looked for: each is compared with all of them
FOR_EACH = 5  # draws for each principal component that is judged
PART = 500  # examples as floats at a time
# Where codes come from, with what that is called.
WAYS = {"prior": "prior", "mixture": "mixture", "again": "reconstructed"}
LABELS = ("draw", "nearest in<br>the features", "nearest in<br>raw values")  # of a draw and its nearest examples
HELP = {
    "prior": "Codes from the prior, a standard normal; of PCA from a Gaussian fitted to its codes; of raw pixels each "
    "pixel drawn from its own values.",
    "mixture": "Codes from a mixture of up to 10 Gaussians fitted to the codes of test images.",
    "again": "No draws: test images, encoded and decoded; of raw pixels the test images themselves.",
}
SAID: dict[str, tuple[str, str, Literal["smaller", "larger", ""], int]] = {
    "frechet": (
        "Fréchet",
        "Squared Fréchet distance between Gaussians fitted to the features of draws and of training images; 0 is the "
        "same mean and covariance.",
        "smaller",
        2,
    ),
    "precision": ("Precision", "Share of draws that lie among training images.", "larger", 3),
    "recall": ("Recall", "Share of training images that lie among draws.", "larger", 3),
    "coverage": (
        "Coverage",
        "Share of training images to which a draw is nearer than their third nearest neighbour among themselves.",
        "larger",
        3,
    ),
    "nearer": (
        "Nearer, features",
        "Probability that a draw is nearer to its nearest training image than a test image is to its own, in the "
        "features: 0.5 as test images, 1 if draws are copies.",
        "",
        3,
    ),
    "nearer_pixels": (
        "Nearer, pixels",
        "The same, between pixels. What is blurred is nearer to everything: compare with reconstructions.",
        "",
        3,
    ),
}


class Generation(Use):
    """Fréchet distance, precision, recall and coverage of draws in a judge's features, and how new they are.

    All are measured on the same number of draws, at most 2,000, for each of three seeds: the Fréchet distance grows as
    there are fewer. Draws are cut to [0, 1], as pictures are.

    Reference: Heusel et al. 2017, GANs trained by a two time-scale update rule converge to a local Nash equilibrium,
    eq. 6; Kynkäänniemi et al. 2019, Improved precision and recall metric for assessing generative models, eq. 1 and 2;
    Naeem et al. 2020, Reliable fidelity and diversity metrics for generative models, eq. 6, for coverage; Meehan et al.
    2020, A non-parametric test to detect data-copying in generative models, for what is nearer.
    """

    title = "Generation"
    question = "How near does what a decoder makes of drawn codes come to what it learnt from?"
    floors = ("pixels", "pca")  # an untrained decoder draws grey
    headlines = ("frechet_mixture", "frechet_prior")
    order = 60
    figures = tuple(
        Measure(f"{name}_{way}", f"{heading}, {called}", f"{help} {HELP[way]}", better, decimals)
        for name, (heading, help, better, decimals) in SAID.items()
        for way, called in WAYS.items()
    )

    def lacking(self, dataset: Dataset, left_out: Sequence[int] = ()) -> str:
        if found := super().lacking(dataset, left_out):
            return found
        count = min(dataset.sizes.values())
        if count < LEAST:
            return f"Its data set has {count} test or training examples, and {LEAST} of each are needed to judge draws."
        return ""

    def measure(self, subject: Subject, tell: Tell) -> Figures:
        reference, found = of_dataset(subject.dataset.name), Figures()
        ways = _ways(subject, reference)
        tells = progress(tell, [1.0] * len(ways) + [1.0])
        features, pixels = [], []
        for (way, make), tell_of in zip(ways.items(), tells, strict=False):
            for seed in range(SEEDS):
                drawn, some = _looked_at(make(seed), reference.judge)
                features.append(drawn[:SEARCHED])
                pixels.append(some)
                found.setdefault(f"frechet_{way}", []).append(frechet(drawn, reference.moments))
                for name, share in manifolds(reference.real[seed], drawn).items():
                    found.setdefault(f"{name}_{way}", []).append(share)
                tell_of((seed + 1) / SEEDS)
        far = nearest(reference.train, np.concatenate(features))[1]
        far_pixels = nearest(subject.dataset.read("train").images, np.concatenate(pixels), tells[-1])[1]
        for i, (way, seed) in enumerate((way, seed) for way in ways for seed in range(SEEDS)):
            start = sum(map(len, features[:i]))
            rows = slice(start, start + len(features[i]))
            for name, own, test in (
                ("nearer", far[rows], reference.test_far[seed]),
                ("nearer_pixels", far_pixels[rows], reference.test_far_pixels[seed]),
            ):
                found.setdefault(f"{name}_{way}", []).append(share_nearer(own, test))
        return found


@dataclass(frozen=True)
class Reference:
    """What draws are judged by.

    Attributes:
        judge: Whose features they are compared in.
        count: How many are compared.
        train: Features of all training examples, (n, k).
        moments: Their mean (k,) and covariance (k, k).
        rows: Numbers of test examples that are compared for each seed, (count,) each.
        real: Features of as many training examples for each seed, (count, k) each.
        sample: Numbers of those.
        test_far, test_far_pixels: Of the first of the test examples the distance to the nearest training example, for
            each seed, in features and between pixels.
    """

    judge: Judge
    count: int
    train: np.ndarray
    moments: tuple[np.ndarray, np.ndarray]
    rows: list[np.ndarray]
    real: list[np.ndarray]
    sample: list[np.ndarray]
    test_far: list[np.ndarray]
    test_far_pixels: list[np.ndarray]


@cached(LRUCache(2), condition=Condition())
def of_dataset(name: str) -> Reference:
    """What draws of models of a data set are judged by; its training examples must be here."""
    dataset = data.load(name)
    train, test = dataset.read("train").images, dataset.split("test").images
    count = min(COUNT, len(train), len(test))
    judge = judge_of(dataset)
    features = judge.of_kept(train)
    rngs = [np.random.default_rng(seed) for seed in range(SEEDS)]
    rows = [rng.permutation(len(test))[:count] for rng in rngs]
    sample = [rng.permutation(len(train))[:count] for rng in rngs]
    some = np.concatenate([test[r[:SEARCHED]] for r in rows])
    splits = np.cumsum([len(r[:SEARCHED]) for r in rows])[:-1]
    far = nearest(features, judge.of_kept(some))[1]
    far_pixels = nearest(train, as_float(some).reshape(len(some), -1))[1]
    return Reference(
        judge, count, features, moments(features), rows, [features[s] for s in sample], sample,
        np.split(far, splits), np.split(far_pixels, splits),
    )  # fmt: skip


def judge_of(dataset: Dataset) -> Judge:
    """Whose features draws of models of a data set are compared in."""
    return judges.of(dataset, max(2, min(judges.COMPONENTS, min(COUNT, *dataset.sizes.values()) // FOR_EACH)))


def density(run: LoadedRun, way: str, codes: np.ndarray) -> Density:
    """What codes are drawn from.

    Args:
        run: A run.
        way: "prior" or "mixture".
        codes: Of its test examples, (n, d): a mixture is fitted to them unless one is kept, and is kept then.

    Raises:
        OptionError: if the codes are all the same.
    """
    found = densities.prior(run) if way == "prior" else None
    if found is None:
        mixture = fitting.read(run.run)
        if mixture is None:
            mixture = densities.fit_mixture(densities.sample(codes))
            with suppress(OSError):  # no room: it is fitted again
                fitting.write(derived.kept(run.run, fitting.NAME), mixture)
        found = densities.of_mixture(mixture, densities.limits(run))
    return found


def told(kind: str, way: str, noun: str = "image") -> str:
    """Where what is judged comes from, for a table.

    Args:
        kind: Of the coder, as of `Row`.
        way: One of `WAYS`.
        noun: What an example is called.
    """
    if way == "again":
        return f"test {noun}s" + ("" if kind == "pixels" else ", reconstructed")
    if kind == "pixels":
        return "each value drawn on its own"
    if way == "mixture":
        return "draws from a mixture"
    return "draws from the prior" if kind == "run" else "draws from a Gaussian"


def decoded(run: LoadedRun, of: Density, count: int) -> np.ndarray:
    """The first draws that are judged, decoded and cut to [0, 1]: (count, *shape) float32."""
    total = min(COUNT, *run.dataset.sizes.values())
    return np.clip(run.decode(of.draw(total, 0)[:count]), 0, 1)


def training_examples(run: LoadedRun, rows: np.ndarray) -> np.ndarray:
    """Training examples of a run's data set by their numbers, of any shape: (*rows.shape, *shape) float32."""
    return as_float(run.dataset.read("train").images[rows.ravel()]).reshape(*rows.shape, *run.form.shape)


def nearest_training(run: LoadedRun, drawn: np.ndarray) -> np.ndarray:
    """Numbers of the training examples that are nearest to draws (n, *shape): (2, n), in features and between pixels.

    The training examples of its data set must be here.
    """
    dataset = run.dataset
    judge, train = judge_of(dataset), dataset.read("train").images
    by_features = nearest(judge.of_kept(train), judge.of_kept(drawn))[0]
    return np.stack([by_features, nearest(train, drawn.reshape(len(drawn), -1))[0]])


def _ways(subject: Subject, reference: Reference) -> dict[str, Callable[[int], Iterator[np.ndarray]]]:
    """For each way of drawing what makes examples of a seed, in parts, (n, *shape) floats in [0, 1]."""
    coder, run, count = subject.coder, subject.run, reference.count
    test = subject.dataset.split("test").images

    def parts(n: int) -> Iterator[slice]:
        return (slice(i, min(i + PART, n)) for i in range(0, n, PART))

    if coder.decode is None:

        def apart(seed: int) -> Iterator[np.ndarray]:
            real = subject.dataset.read("train").images[reference.sample[seed]].reshape(count, -1)
            rng, places = np.random.default_rng(seed), np.arange(real.shape[1])
            for part in parts(count):
                picks = rng.integers(count, size=(part.stop - part.start, len(places)), dtype=np.int32)
                yield as_float(real[picks, places]).reshape(-1, *test.shape[1:])

        def same(seed: int) -> Iterator[np.ndarray]:
            rows = reference.rows[seed]
            return (as_float(test[rows[part]]) for part in parts(count))

        return {"prior": apart, "again": same}
    decode = coder.decode

    def from_density(of: Density) -> Callable[[int], Iterator[np.ndarray]]:
        def make(seed: int) -> Iterator[np.ndarray]:
            codes = of.draw(count, seed)
            return (np.clip(decode(codes[part]), 0, 1) for part in parts(count))

        return make

    def again(seed: int) -> Iterator[np.ndarray]:
        rows = reference.rows[seed]
        return (np.clip(decode(coder.encode(test[rows[part]])), 0, 1) for part in parts(count))

    codes, found = coder.encode(test), {}
    if run is None:
        found["prior"] = from_density(gaussian(codes))
        found["mixture"] = from_density(densities.fit_density(codes))
    else:
        if densities.prior(run) is not None:
            found["prior"] = from_density(density(run, "prior", codes))
        found["mixture"] = from_density(density(run, "mixture", codes))
    return found | {"again": again}


def gaussian(codes: np.ndarray) -> Density:
    """A Gaussian of the mean and covariance of codes (n, d)."""
    mean, covariance = moments(codes)
    values, vectors = np.linalg.eigh(np.atleast_2d(covariance))
    root = vectors * np.sqrt(np.clip(values, 0, None))

    def draw(n: int, seed: int) -> np.ndarray:
        noise = np.random.default_rng(seed).standard_normal((n, len(mean)))
        return np.asarray(mean + noise @ root.T, np.float32)

    return Density("a Gaussian fitted to the codes of test images", draw)


def _looked_at(parts: Iterator[np.ndarray], judge: Judge) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, k) of examples in parts, and the first of them as they are, flattened."""
    features, first = list[np.ndarray](), list[np.ndarray]()
    for part in parts:
        features.append(judge.features(np.ascontiguousarray(part, np.float32)))
        if sum(map(len, first)) < SEARCHED:
            first.append(part[:SEARCHED].reshape(len(part[:SEARCHED]), -1))
    return np.concatenate(features), np.concatenate(first)[:SEARCHED].astype(np.float32)


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (k,) and covariance (k, k) of features (n, k), float64."""
    mean = features.mean(axis=0, dtype=np.float64)
    away = features - mean
    return mean, away.T @ away / max(1, len(features) - 1)


def frechet(drawn: np.ndarray, real: tuple[np.ndarray, np.ndarray]) -> float:
    """Squared Fréchet distance between Gaussians, ‖μ − μ'‖² + tr(C + C' − 2 (C C')^½); 0 if they are the same.

    Args:
        drawn: Features of draws, (n, k).
        real: Mean (k,) and covariance (k, k), as `moments` gives them.

    Reference: Heusel et al. 2017, eq. 6.
    """
    (mean, covariance), (other, of_other) = moments(drawn), real
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    # C C' has the eigenvalues of C^½ C' C^½, which is symmetric.
    both = np.sqrt(np.clip(np.linalg.eigvalsh(root @ of_other @ root), 0, None)).sum()
    distance = np.square(mean - other).sum() + np.trace(covariance) + np.trace(of_other) - 2 * both
    return float(max(distance, 0.0))


def manifolds(real: np.ndarray, drawn: np.ndarray, k: int = NEIGHBOURS) -> dict[str, float]:
    """Improved precision and recall: shares of draws among real examples, and the other way round; and coverage.

    A point is among others if it is no farther from one of them than that is from its k-th nearest neighbour. Around an
    outlier that is very far, so that precision alone may take noise for real. Coverage, the share of real examples that
    have a draw as near, is not fooled so.

    Args:
        real: Features of real examples, (n, d).
        drawn: Of draws, (m, d).
        k: Of the neighbours that a point has among its own.

    Returns:
        "precision", "recall" and "coverage", in [0, 1].

    Reference: Kynkäänniemi et al. 2019, eq. 1 and 2; Naeem et al. 2020, eq. 6.
    """
    apart, of_real, of_drawn = _squared(real, drawn), _radii(real, k), _radii(drawn, k)
    near = apart <= of_real[:, None]
    shares = {"precision": near.any(axis=0), "recall": (apart <= of_drawn).any(axis=1), "coverage": near.any(axis=1)}
    return {name: float(inside.mean()) for name, inside in shares.items()}


def _radii(points: np.ndarray, k: int) -> np.ndarray:
    """Squared distances of points (n, d) to their k-th nearest neighbours, (n,)."""
    apart = _squared(points, points)
    k = min(k, len(points) - 1)
    return np.asarray(np.partition(apart, k, axis=1)[:, k])  # the nearest is the point itself


def _squared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared distances between points (n, d) and (m, d): (n, m) float64."""
    middle = a.mean(axis=0, dtype=np.float64)  # differences of squares lose less near zero
    a, b = a - middle, b - middle
    found = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1)
    found -= 2 * (a @ b.T)
    return np.clip(found, 0, None, out=found)


def nearest(
    examples: np.ndarray, places: np.ndarray, tell: Tell = lambda fraction: None
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of many examples to each of some places, by Euclidean distance, in parts.

    Args:
        examples: (n, *shape), as a data set keeps them, or features (n, k).
        places: (m, size) floats.
        tell: Called with the share of the examples that was looked at.

    Returns:
        Their numbers and their distances, (m,) each.
    """
    places = np.ascontiguousarray(places, np.float32)
    rows, best = np.zeros(len(places), np.intp), np.full(len(places), np.inf, np.float32)
    for start in range(0, len(examples), PART):
        part = as_float(examples[start : start + PART]).reshape(-1, places.shape[1])
        apart = places @ part.T
        apart *= -2
        apart += np.einsum("nd,nd->n", part, part)
        found = apart.argmin(axis=1)
        far = apart[np.arange(len(places)), found]
        closer = far < best
        rows[closer], best[closer] = found[closer] + start, far[closer]
        tell(min(1.0, (start + PART) / len(examples)))
    near = np.stack([as_float(examples[row]).ravel() for row in rows]) if len(rows) else places
    return rows, np.linalg.norm(places.astype(np.float64) - near, axis=1)


def share_nearer(distances: np.ndarray, others: np.ndarray) -> float:
    """Probability that one of some distances (n,) is smaller than one of others (m,), ties half, in [0, 1]."""
    both = np.concatenate([distances, others])
    return float(metrics.auroc(-both, np.arange(len(both)) < len(distances)))
