"""Stability under transforms: what turning, shifting and dimming an example do to its code and to a probe of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ae_core.data import Dataset, as_float
from ae_core.errors import OptionError
from ae_core.forms import Form
from ae_core.kinds import Measure
from ae_core.uses.base import Subject, Tell, Use
from ae_core.uses.features import LABELS, ROUNDS, choose_penalty, draw, standardised
from ae_core.uses.rows import Figures

TESTED = 1000  # test examples of each draw
DRAWS = 3
LEAST_VARIANCE = 1e-6  # of a unit, as a share of the largest: below it is rounding
PART = 500  # examples at a time


@dataclass(frozen=True)
class Transform:
    """A change that leaves what an example shows as it is.

    Attributes:
        name: In the names of figures.
        title: For people, of images.
        across: Its strength with the unit, for an axis.
        strengths: How strong it is tried, rising.
        figured: The strength of the figures in tables.
        apply: Examples (n, *shape) in [0, 1], a strength and a sign of each, (n,), to the same shape.
    """

    name: str
    title: str
    across: str
    strengths: tuple[float, ...]
    figured: float
    apply: Callable[[np.ndarray, float, np.ndarray], np.ndarray]

    def moved(self, strength: float) -> str:
        """Name of the figure of how far codes move."""
        return f"moved_{self.name}_{strength:g}"

    def probe(self, strength: float) -> str:
        """Name of the figure of what a probe tells."""
        return f"probe_{self.name}_{strength:g}"

    def at(self, figure: str) -> dict[str, float]:
        """Where each figure of "moved" or "probe" was measured, by its name, for `beside.lines`."""
        name = {"moved": self.moved, "probe": self.probe}[figure]
        return {name(strength): strength for strength in self.strengths}


def turn(x: np.ndarray, degrees: float, signs: np.ndarray) -> np.ndarray:
    """Turns images (n, h, w[, 3]) about their middle, anticlockwise where the sign (n,) is 1; what comes in is as the
    rim, and between pixels it is interpolated linearly."""
    from scipy.ndimage import rotate

    turned = np.empty_like(x)
    for sign in (-1, 1):
        some = signs == sign
        if some.any():
            turned[some] = rotate(x[some], sign * degrees, (2, 1), reshape=False, order=1, mode="nearest")
    return turned


def shift(x: np.ndarray, pixels: float, signs: np.ndarray) -> np.ndarray:
    """Shifts images (n, h, w[, 3]), every other one along the other axis; what comes in is as the rim."""
    moved, every = np.empty_like(x), np.arange(len(x))
    for axis in (1, 2):
        for sign in (-1, 1):
            some = (signs == sign) & (every % 2 == axis - 1)
            moved[some] = _slid(x[some], int(sign * pixels), axis)
    return moved


def delay(x: np.ndarray, steps: float, signs: np.ndarray) -> np.ndarray:
    """Shifts signals (n, t, c) in time; what comes in is as the end."""
    moved = np.empty_like(x)
    for sign in (-1, 1):
        moved[signs == sign] = _slid(x[signs == sign], int(sign * steps), 1)
    return moved


def _slid(x: np.ndarray, steps: int, axis: int) -> np.ndarray:
    length = x.shape[axis]
    return np.take(x, np.clip(np.arange(length) - steps, 0, length - 1), axis=axis)


def brighten(x: np.ndarray, factor: float, signs: np.ndarray) -> np.ndarray:
    """Multiplies images (n, h, w[, 3]) by a factor, cut to [0, 1]; signs have no meaning."""
    return np.asarray(np.clip(x * np.float32(factor), 0, 1))


def amplify(x: np.ndarray, factor: float, signs: np.ndarray) -> np.ndarray:
    """Multiplies by a factor how far signals (n, t, c) are from their mean over time, cut to [0, 1]."""
    mean = x.mean(axis=1, keepdims=True)
    return np.asarray(np.clip(mean + np.float32(factor) * (x - mean), 0, 1))


FACTORS = (0.5, 0.75, 1.25, 1.5)
OF_IMAGES = (
    Transform("rotation", "Rotation", "turned by, degrees", (5, 10, 20, 30, 45), 20, turn),
    Transform("shift", "Shift", "shifted by, pixels", (1, 2, 3, 4), 2, shift),
    Transform("brightness", "Brightness", "brightness, times", FACTORS, 0.5, brighten),
)
OF_SIGNALS = (
    Transform("time", "Shift in time", "shifted by, steps", (1, 2, 4, 8), 2, delay),
    Transform("amplitude", "Amplitude", "amplitude, times", FACTORS, 0.5, amplify),
)


def of_form(form: Form) -> tuple[Transform, ...]:
    """The transforms of examples of a form; none of rows of a table."""
    return {"image": OF_IMAGES, "signal": OF_SIGNALS}.get(form.medium, ())


def get(name: str) -> Transform:
    """The transform of that name.

    Raises:
        OptionError: if there is none.
    """
    every = {transform.name: transform for transform in (*OF_IMAGES, *OF_SIGNALS)}
    if name not in every:
        raise OptionError(f"Unknown transform {name!r}: must be one of {', '.join(every)}.")
    return every[name]


def _measures() -> tuple[Measure, ...]:
    every = (*OF_IMAGES, *OF_SIGNALS)
    moved = [
        Measure(
            t.moved(t.figured),
            f"Moved, {t.title.lower()} {t.figured:g}",
            f"How far a unit moves at this strength ({t.across}: {t.figured:g}), root mean square, as a share of how "
            "far it varies between images.",
            "smaller",
            3,
        )
        for t in every
    ]
    told = [
        Measure(
            t.probe(t.figured),
            f"Probe, {t.title.lower()} {t.figured:g}",
            f"Accuracy of a linear classifier that learnt from codes of unchanged images ({t.across}: {t.figured:g}), "
            "from 0 to 1.",
            "larger",
            3,
        )
        for t in every
    ]
    clean = Measure("probe", "Probe, unchanged", "Its accuracy on unchanged images, from 0 to 1.", "larger", 3)
    return (*moved, clean, *told)


class Transforms(Use):
    """How far codes move, and what a linear probe that learnt from unchanged examples still tells.

    Each of three draws takes up to 1,000 test examples, a sign for each, and labels for the probe. Figures of the
    strengths that are not in tables are named as `Transform.at` says.

    Reference: Goodfellow et al. 2009, Measuring invariances in deep networks, for the transforms.
    """

    title = "Stability under transforms"
    question = "How far does a code move when an example is turned, shifted or dimmed, and is its class still told?"
    headlines = tuple(t.probe(t.figured) for t in (OF_IMAGES[0], OF_SIGNALS[0]))
    order = 70
    figures = _measures()

    def lacking(self, dataset: Dataset, left_out: Sequence[int] = ()) -> str:
        if found := super().lacking(dataset, left_out):
            return found
        if not of_form(dataset.form):
            return "Its data set is a table: columns have no neighbours, so that nothing can be turned or shifted."
        return ""

    def measure(self, subject: Subject, tell: Tell) -> Figures:
        dataset, encode = subject.dataset, subject.coder.encode
        test = dataset.split("test")
        transforms = of_form(dataset.form)
        has_classes = dataset.classes > 1
        known = np.flatnonzero(dataset.has_class(test.labels)) if has_classes else np.arange(len(test))
        found: Figures = {}
        steps, done = DRAWS * sum(len(t.strengths) for t in transforms), 0
        classify = _classifiers(subject) if has_classes else []
        rngs = [np.random.default_rng(i) for i in range(DRAWS)]
        draws = [rng.permutation(known)[:TESTED] for rng in rngs]
        clean = [encode(test.images[rows]) for rows in draws]
        variances = np.var(np.concatenate(clean), axis=0, dtype=np.float64)
        alive = variances > LEAST_VARIANCE * variances.max()
        for i, (rng, rows, codes) in enumerate(zip(rngs, draws, clean, strict=True)):
            x, labels = as_float(test.images[rows]), test.labels[rows]
            signs = rng.choice([-1, 1], len(rows))
            if classify:
                found.setdefault("probe", []).append(float(np.mean(classify[i](codes) == labels)))
            for transform in transforms:
                for strength in transform.strengths:
                    away = encode(transform.apply(x, strength, signs))
                    found.setdefault(transform.moved(strength), []).append(
                        moved(codes[:, alive], away[:, alive], variances[alive])
                    )
                    if classify:
                        right = float(np.mean(classify[i](away) == labels))
                        found.setdefault(transform.probe(strength), []).append(right)
                    done += 1
                    tell(done / steps)
        return {name: values for name, values in found.items() if np.isfinite(values).all()}


def moved(codes: np.ndarray, away: np.ndarray, variances: np.ndarray) -> float:
    """How far units moved as a share of how far they vary, root mean square over units and examples; NaN of none.

    Args:
        codes, away: Before and after, (n, d).
        variances: Of each unit between examples, (d,), above 0.
    """
    if not len(variances):
        return float("nan")
    return float(np.sqrt(np.mean(np.square(away - codes, dtype=np.float64) / variances)))


def _classifiers(subject: Subject) -> list[Callable[[np.ndarray], np.ndarray]]:
    """A linear classifier of codes for each draw of labels: codes (n, d) to class numbers (n,)."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    # Only what is drawn is encoded: a quarter of Fashion-MNIST.
    train = subject.dataset.read("train")
    known = np.flatnonzero(subject.dataset.has_class(train.labels))
    labels = train.labels[known]
    draws = [known[draw(labels, min(max(LABELS), len(labels)), seed)] for seed in range(DRAWS)]
    drawn = [(subject.coder.encode(train.images[some]), train.labels[some]) for some in draws]
    penalty = choose_penalty(standardised(drawn[0][0])[0], drawn[0][1])
    found = list[Callable[[np.ndarray], np.ndarray]]()
    for codes, truth in drawn:
        (learnt,) = standardised(codes)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # accuracies stand long before the weights do
            fitted = LogisticRegression(C=penalty, max_iter=ROUNDS).fit(learnt, truth)

        def classify(asked: np.ndarray, seen: np.ndarray = codes, by: LogisticRegression = fitted) -> np.ndarray:
            return np.asarray(by.predict(standardised(seen, asked)[1]))

        found.append(classify)
    return found
