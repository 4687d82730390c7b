"""Figures of a loaded run, computed from the test images; its card is not read."""

from collections.abc import Callable

import numpy as np

from ae_core import metrics, stability
from ae_core.data import Dataset, as_float
from ae_core.errors import RunError
from ae_core.inference import LoadedRun
from ae_core.kinds import is_active

SEED = 0
DEPENDS_ON_IMAGE = 0.01
LARGEST = 1e9  # of what a network gives: sums of its squares are far from what a float32 can hold


def active(run: LoadedRun, codes: np.ndarray) -> np.ndarray:
    """Which units are active for which image: |z| > 0, of a sigmoid > 0.1.

    A unit of a variational model is active only if its mean depends on the image: Cov_x(E[z|x]) > 0.01. A collapsed
    one has some value for every image, but the same one.

    Reference: Burda, Grosse & Salakhutdinov 2016, Importance weighted autoencoders, on active units.

    Args:
        run: A loaded run.
        codes: Its codes of all test images, (n, d).

    Returns:
        (n, d), boolean.
    """
    found = is_active(codes, run.spec.network)
    if run.recipe.prior:
        found &= np.var(codes, axis=0, dtype=np.float64) > DEPENDS_ON_IMAGE
    return found


def evaluate(
    run: LoadedRun,
    neighbours: bool = True,
    on_progress: Callable[[float], None] = lambda fraction: None,
    dataset: Dataset | None = None,
) -> dict[str, float]:
    """Computes a run's figures on all test images of its data set.

    Args:
        run: A loaded run.
        neighbours: Whether to fit a 5-nearest-neighbour classifier on the training codes and score it on the test
            codes, which takes seconds to a minute.
        on_progress: Called with the share done so far, in [0, 1].
        dataset: The data set, if it is only in memory.

    Returns:
        bce: Mean binary cross-entropy in nats per pixel; above_floor: the same minus the pixels' entropy. Where the
            likelihood is Gaussian instead nll: mean negative log-density in nats per value.
        mse, psnr: Mean squared error per pixel; peak signal-to-noise ratio at that error in dB.
        active_units, dead_units: Mean number of units active for an image; number of units active for none.
        code_shift: How far units move when noise of σ = 0.1 is added to the examples, relative to how far they vary
        between examples: the root of `stability.nudge_curve`.
        knn_accuracy: Accuracy of the classifier; missing where there are no classes, or only the examples that the run
        carries.
        Further figures of the kind's own.

    Raises:
        RunError: if codes or errors are not finite, or larger than `LARGEST`.
    """
    dataset = dataset or run.dataset
    test = dataset.split("test")
    x = as_float(test.images)
    if run.recipe.heads == ("z_mean", "z_log_var"):
        codes, log_variances = run.encode_distribution(x)
        with np.errstate(over="ignore"):
            _check_size("variances of codes", np.exp(log_variances))
        _check_size("log-variances of codes", log_variances)
    else:
        codes = run.encode(x)
    _check_size("codes", codes)
    x_hat = run.decode(codes)
    with np.errstate(over="ignore"):
        errors = metrics.squared_error(x, x_hat)
    _check_size("errors", errors)
    activity = active(run, codes)
    figures = {
        **_likelihood(run, x, x_hat),
        "mse": float(errors.mean(dtype=np.float64)),
        "psnr": metrics.mean_psnr(x, x_hat),
        "active_units": float(activity.sum(axis=1).mean()),
        "dead_units": float(np.sum(~activity.any(axis=0))),
        "code_shift": stability.code_shift(run.encode, x),
    }
    if neighbours and dataset.class_names and dataset.whole:
        train = dataset.split("train")
        on_progress(0.1)
        train_codes = run.encode_kept(train.images)
        on_progress(0.2)
        known, asked = dataset.has_class(train.labels), dataset.has_class(test.labels)
        if known.any() and asked.any():
            figures["knn_accuracy"] = metrics.knn_accuracy(
                train_codes[known],
                train.labels[known],
                codes[asked],
                test.labels[asked],
                on_progress=lambda f: on_progress(0.2 + 0.8 * f),
            )
    return figures | run.recipe.evaluate(run, x, SEED)


def _check_size(name: str, values: np.ndarray) -> None:
    largest = max(float(values.max()), -float(values.min()))
    if not largest <= LARGEST:  # nor is NaN
        raise RunError(
            f"The model's {name} reach {largest:.3g} on the test examples, expected at most {LARGEST:g}: its training "
            "went wrong, or its weights are damaged. Train it again with a lower learning rate."
        )


def _likelihood(run: LoadedRun, x: np.ndarray, x_hat: np.ndarray) -> dict[str, float]:
    """Mean negative log-likelihood of examples in nats per value."""
    surprise = float(metrics.surprise(run.spec.likelihood, x, x_hat).mean(dtype=np.float64))
    if run.spec.likelihood == "gaussian":
        return {"nll": surprise}
    return {"bce": surprise, "above_floor": surprise - float(metrics.pixel_entropy(x).mean(dtype=np.float64))}
