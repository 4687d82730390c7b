"""What a lesson can ask for: quantities of runs, computed from their test examples when they are asked for.

A lesson names one as ``code-shift contractive``: the quantity, then what it takes. No answer stands in a file.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ae_core import evaluation, filters, inference, latent, metrics, noise, stability
from ae_core.blurring import blur
from ae_core.data import as_float
from ae_core.errors import OptionError
from ae_core.inference import LoadedRun

Load = Callable[[str], LoadedRun]
FEW = 1000  # test examples, the first ones, for what is decoded many times
ROOM = 40_000_000  # values of examples that are looked at together: of large ones only the first
DETAIL = 1.0  # pixels, the standard deviation of the Gaussian that takes an image's detail away
WIDTHS = tuple((2.0 ** np.arange(-2, 4.01, 0.25)).tolist())  # times the standard deviations of a variational code
NOISY = 0.2  # σ of the noise that makes an anomaly
SEED = 0

# What makes anomalies of images, (n, h, w) or (n, h, w, 3).
DAMAGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "upside-down": lambda x: np.ascontiguousarray(x[:, ::-1]),
    "halves-swapped": lambda x: np.roll(x, x.shape[2] // 2, axis=2),
    "noisy": lambda x: noise.add(x, "gaussian", NOISY, SEED),
    "half-as-bright": lambda x: x / np.float32(2),
}
# By what an example is said to be strange: (x, x_hat) → (n,), larger for a stranger one.
SCORES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "squared-error": metrics.squared_error,
    "bce": metrics.binary_cross_entropy,
    "brightness": lambda x, x_hat: np.asarray(x.reshape(len(x), -1).mean(axis=1)),
}


@dataclass(frozen=True)
class Argument:
    """What a quantity or a picture takes after its name.

    Attributes:
        title: What it is called in documents and errors.
        choices: Its values; empty for a number.
        low, high: The range of a number.
    """

    title: str
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0

    def parse(self, text: str) -> str | float:
        """The value that a text stands for.

        Raises:
            OptionError: if it is none.
        """
        if self.choices:
            if text in self.choices:
                return text
            raise OptionError(f"{self.title} must be one of {', '.join(self.choices)}, got {text!r}")
        if not self.high:
            return text
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not self.low <= value <= self.high:
            raise OptionError(f"{self.title} must be a number from {self.low:g} to {self.high:g}, got {text!r}")
        return value


MODEL = Argument("MODEL")
LEVEL = Argument("LEVEL", low=0.0, high=1.0)
BETA = Argument("BETA", low=0.01, high=20.0)
DAMAGE, SCORE = Argument("DAMAGE", tuple(DAMAGES)), Argument("SCORE", tuple(SCORES))
FILTER = Argument("FILTER", tuple(filters.OF_IMAGES))


@dataclass(frozen=True)
class Quantity:
    """A quantity.

    Attributes:
        compute: Takes a loaded run, then the rest of `takes`, and gives the value.
        meaning: What it is, in a sentence.
        takes: What follows its name, the name of a run first.
        unit: Written after the value, with a space.
        decimals: Digits after the point.
    """

    compute: Callable[..., float]
    meaning: str
    takes: tuple[Argument, ...] = (MODEL,)
    unit: str = ""
    decimals: int = 0

    def written(self, value: float) -> str:
        """A value with its unit, as a sentence has it."""
        return f"{value:,.{self.decimals}f} {self.unit}".rstrip().replace("-", "−")


def examples(run: LoadedRun, most: int | None = None) -> np.ndarray:
    """The first test examples of a run's data set, float32 in [0, 1], (n, *shape)."""
    return as_float(run.dataset.split("test").images[:most])


def _images(run: LoadedRun, most: int | None = None) -> np.ndarray:
    if not run.form.is_image:
        raise OptionError(f"{run.run.name} learnt {run.form.noun}s: a model of images is needed")
    return examples(run, most)


def _variational(run: LoadedRun) -> None:
    if not run.recipe.prior:
        raise OptionError(f"{run.run.name} has no prior: a variational model is needed")


def mse(run: LoadedRun) -> float:
    """Mean squared error per value over all test examples."""
    x = examples(run)
    return float(metrics.squared_error(x, run.reconstruct(x)).mean(dtype=np.float64))


def _explained(x: np.ndarray, x_hat: np.ndarray) -> float:
    """Share of the variance of x over the examples that x_hat explains, in per cent: 100 · R²."""
    error = np.sum(metrics.squared_error(x, x_hat), dtype=np.float64)
    varied = np.sum(
        metrics.squared_error(x, np.broadcast_to(x.mean(axis=0, dtype=np.float64), x.shape)), dtype=np.float64
    )
    return float(100 * (1 - error / varied))


def outline_kept(run: LoadedRun) -> float:
    """100 · R² of reconstructed test images, both blurred."""
    x = _images(run, ROOM // run.form.size)
    return _explained(blur(x, DETAIL), blur(run.reconstruct(x), DETAIL))


def detail_kept(run: LoadedRun) -> float:
    """100 · R² of what blurring takes away from test images."""
    x = _images(run, ROOM // run.form.size)
    x_hat = run.reconstruct(x)
    return _explained(x - blur(x, DETAIL), x_hat - blur(x_hat, DETAIL))


def psnr_noisy(run: LoadedRun, level: float) -> float:
    """PSNR of test examples with Gaussian noise, in dB."""
    x = examples(run, FEW)
    return metrics.mean_psnr(x, noise.add(x, "gaussian", level, SEED))


def psnr_denoised(run: LoadedRun, level: float) -> float:
    """PSNR of what a model reconstructs from noisy test examples, in dB."""
    x = examples(run, FEW)
    return metrics.mean_psnr(x, run.reconstruct(noise.add(x, "gaussian", level, SEED)))


def psnr_filtered(run: LoadedRun, name: str, level: float) -> float:
    """PSNR of noisy test images after a filter at its best width, in dB."""
    x = _images(run, FEW)
    return metrics.mean_psnr(x, filters.at_best_width(name, x, noise.add(x, "gaussian", level, SEED))[1])


def active_units(run: LoadedRun) -> float:
    """Units that are active for a test example, on average."""
    return float(evaluation.active(run, run.encode(examples(run))).sum(axis=1).mean())


def code_shift(run: LoadedRun) -> float:
    """As `stability.code_shift`."""
    return stability.code_shift(run.encode, examples(run))


def hole_share(run: LoadedRun) -> float:
    """Share of 1,000 codes drawn from the prior that lie farther than one gap from all test codes, in per cent."""
    _variational(run)
    codes = run.encode(examples(run))
    prior = latent.standard_normal(run.latent_dim)
    return 100 * latent.off_manifold_share(prior, codes, latent.neighbour_distance(codes))


def rates_and_distortions(run: LoadedRun) -> tuple[np.ndarray, np.ndarray]:
    """Rate and distortion of a variational run when the widths of its codes are multiplied and nothing else changes.

    Distortion is the reconstruction term with z drawn once for each example, with the same random numbers at each
    factor. Reference: Alemi et al. 2018, Fixing a broken ELBO, section 2.

    Returns:
        In nats per example, over the first FEW test examples: for each of WIDTHS, (k,) twice.
    """
    _variational(run)
    x = examples(run, FEW)
    mean, log_var = run.encode_distribution(x)
    drawn = np.random.default_rng(SEED).standard_normal(mean.shape, dtype=np.float32)
    rates, distortions = [], []
    for width in WIDTHS:
        wider = log_var + np.float32(2 * math.log(width))
        surprise = metrics.surprise(run.spec.likelihood, x, run.decode(mean + np.exp(wider / 2) * drawn))
        distortions.append(float(surprise.mean(dtype=np.float64)) * run.form.size)
        rates.append(float(metrics.kl_to_standard_normal(mean, wider).mean(dtype=np.float64)))
    return np.array(rates), np.array(distortions)


def _best(run: LoadedRun, beta: float) -> tuple[float, float, float]:
    """The factor of WIDTHS that makes distortion + β · rate least, with its rate and distortion."""
    rates, distortions = rates_and_distortions(run)
    i = int(np.argmin(distortions + beta * rates))
    return WIDTHS[i], float(rates[i]), float(distortions[i])


def auroc(run: LoadedRun, score: str, damage: str) -> float:
    """Probability that a damaged test image has a larger score than an undamaged one; ties count half."""
    x = _images(run, FEW)
    scores = [SCORES[score](each, run.reconstruct(each)) for each in (x, DAMAGES[damage](x))]
    return float(metrics.auroc(np.concatenate(scores), np.arange(2 * len(x)) >= len(x)))


QUANTITIES = {
    "values": Quantity(lambda run: float(run.form.size), "How many values an example has, as the pixels of an image."),
    "code-size": Quantity(lambda run: float(run.latent_dim), "How many units the code has."),
    "mse": Quantity(mse, "Mean squared error per value of reconstructed test examples.", decimals=4),
    "outline-kept": Quantity(
        outline_kept, "Share of the variance of blurred test images (σ = 1 pixel) that survives.", unit="%"
    ),
    "detail-kept": Quantity(detail_kept, "The same of their detail, which that blur takes away.", unit="%"),
    "psnr-noisy": Quantity(
        psnr_noisy,
        "PSNR of test examples with Gaussian noise of σ = LEVEL; the model says of which data.",
        (MODEL, LEVEL),
        "dB",
        1,
    ),
    "psnr-denoised": Quantity(
        psnr_denoised, "PSNR of what the model reconstructs from those noisy examples.", (MODEL, LEVEL), "dB", 1
    ),
    "psnr-filtered": Quantity(
        psnr_filtered,
        "PSNR of those noisy images after a filter, at the width at which it does best.",
        (MODEL, FILTER, LEVEL),
        "dB",
        1,
    ),
    "active-units": Quantity(active_units, "Units that are active for a test example, on average.", decimals=1),
    "code-shift": Quantity(
        code_shift, "How far units move when noise of σ = 0.1 is added, as a share of how far they vary.", decimals=2
    ),
    "hole-share": Quantity(
        hole_share,
        "Share of 1,000 codes drawn from a variational model's prior that are more than one gap from every test code.",
        unit="%",
    ),
    "best-width": Quantity(
        lambda run, beta: _best(run, beta)[0],
        "The factor by which the standard deviations of a variational model's codes must be multiplied for distortion "
        "+ BETA · rate to be least, when nothing else changes.",
        (MODEL, BETA),
        decimals=2,
    ),
    "rate-at": Quantity(
        lambda run, beta: _best(run, beta)[1],
        "The rate at that factor: KL divergence from the prior, in nats per example.",
        (MODEL, BETA),
        "nats",
        2,
    ),
    "distortion-at": Quantity(
        lambda run, beta: _best(run, beta)[2],
        "The distortion at that factor: the reconstruction term, in nats per example.",
        (MODEL, BETA),
        "nats",
        1,
    ),
    "auroc": Quantity(
        auroc,
        "Area under the ROC curve when damaged test images are told from undamaged ones by SCORE: 0.5 is chance, and "
        "below 0.5 the damaged ones look less strange.",
        (MODEL, SCORE, DAMAGE),
        decimals=2,
    ),
}


@dataclass(frozen=True)
class Asked:
    """A quantity or a picture as a lesson names it.

    Attributes:
        text: As it is written, with single spaces.
        name: Of the quantity or picture.
        models: Names of the runs it takes.
        rest: What else it takes.
    """

    text: str
    name: str
    models: tuple[str, ...]
    rest: tuple[str | float, ...] = ()


def parse(text: str) -> Asked:
    """Reads what a lesson asks for.

    Raises:
        OptionError: if there is no such quantity, or it takes something else; a sentence without its full stop.
    """
    name, *given = text.split() or [""]
    if name not in QUANTITIES:
        raise OptionError(f"unknown quantity {name!r}, expected one of {', '.join(QUANTITIES)}")
    takes = QUANTITIES[name].takes
    return Asked(" ".join([name, *given]), name, *arguments(name, takes, given))


def arguments(
    name: str, takes: Sequence[Argument], given: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str | float, ...]]:
    """The names of runs, and the rest, of what follows a name.

    Raises:
        OptionError: if it is something else than it takes.
    """
    if len(given) != len(takes):
        expected = " ".join(argument.title for argument in takes)
        raise OptionError(f"{name} takes {expected}, got {' '.join(given) or 'nothing'}")
    values = [argument.parse(each) for argument, each in zip(takes, given, strict=True)]
    models = tuple(str(v) for v, argument in zip(values, takes, strict=True) if argument is MODEL)
    return models, tuple(v for v, argument in zip(values, takes, strict=True) if argument is not MODEL)


def value(text: str, load: Load = inference.load) -> float:
    """Computes a quantity, as ``value("code-shift contractive")``.

    Args:
        text: As a lesson names it.
        load: Gives the loaded run of a name.

    Raises:
        OptionError: as `parse`, or if the run is of another kind than it needs.
        RunError: if there is no such run.
    """
    asked = parse(text)
    return float(QUANTITIES[asked.name].compute(*map(load, asked.models), *asked.rest))


def written(text: str, found: float) -> str:
    """A value of a quantity with its unit."""
    return QUANTITIES[parse(text).name].written(found)
