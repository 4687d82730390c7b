"""What makes codes of examples: a run, and what one would use in its place."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ae_core import pca as principal
from ae_core import untrained
from ae_core.data import Dataset, as_float
from ae_core.inference import LoadedRun

PART = 1000  # examples as floats at a time
SEED = 0  # of untrained weights
MOST_NAMED = 2  # classes that were left out
SEEN = "seen"  # kind of what learnt all classes, beside what did not: no floor


@dataclass(frozen=True)
class Coder:
    """Makes codes of examples, and maybe examples of codes.

    Attributes:
        kind: "run", or of a floor: "pixels", "pca", "untrained"; or `SEEN`.
        key: Names it among all coders of a data set, in letters, digits and dashes.
        title: For people.
        units: Numbers in a code.
        encode: Examples as a data set keeps them, (n, *shape), to codes, (n, units) float32.
        decode: Codes (n, units) to examples, (n, *shape) float32; None if it cannot.
    """

    kind: str
    key: str
    title: str
    units: int
    encode: Callable[[np.ndarray], np.ndarray]
    decode: Callable[[np.ndarray], np.ndarray] | None = None


def of_run(run: LoadedRun) -> Coder:
    """A trained encoder and decoder; a variational run's code is z_mean."""
    return Coder("run", f"run-{run.run.digest[:16]}", run.run.title, run.latent_dim, run.encode_kept, run.decode)


def pixels(dataset: Dataset) -> Coder:
    """Examples as they are, flattened."""
    noun = {"image": "pixels", "signal": "values"}.get(dataset.form.medium, "columns")
    return Coder("pixels", "pixels", f"raw {noun}", dataset.form.size, _flat, None)


def pca(dataset: Dataset, units: int, left_out: tuple[int, ...] = ()) -> Coder:
    """Principal component analysis of the training examples, with at most so many units.

    Args:
        dataset: Whose.
        units: How many.
        left_out: Numbers of classes that it does not learn.

    Raises:
        DatasetError: if the training examples are not here.
    """
    mean, directions = principal.directions(dataset.name, left_out)
    basis = directions[:, :units]
    shape = dataset.form.shape

    def encode(images: np.ndarray) -> np.ndarray:
        return _in_parts(lambda x: (x - mean) @ basis, images)

    def decode(codes: np.ndarray) -> np.ndarray:
        return np.asarray(codes @ basis.T + mean, np.float32).reshape(-1, *shape)

    count = basis.shape[1]
    key = f"pca-{count}{without(left_out)}"
    return Coder("pca", key, pca_title(count) + _told_without(dataset, left_out), count, encode, decode)


def pca_title(units: int) -> str:
    """What principal component analysis of all classes is called."""
    return f"PCA, {units} unit{'s' * (units != 1)}"


def _told_without(dataset: Dataset, left_out: tuple[int, ...]) -> str:
    if len(left_out) > MOST_NAMED:
        return f", without classes {', '.join(map(str, left_out))}"
    return "".join(f", without {dataset.class_names[number]}" for number in left_out)


def without(left_out: tuple[int, ...]) -> str:
    """What ends the key of what did not learn some classes; "" if it learnt all."""
    return f"-without-{sum(1 << number for number in left_out):x}" if left_out else ""


def untrained_network(run: LoadedRun) -> Coder:
    """The run's encoder with random weights."""
    architecture = run.spec.architecture
    layers = (*architecture.encoder, architecture.head)

    def encode(images: np.ndarray) -> np.ndarray:
        return np.concatenate(
            [untrained.encode(layers, as_float(images[i : i + PART]), SEED) for i in range(0, len(images), PART)]
        )

    key = f"untrained-{untrained.digest(layers)}"
    return Coder("untrained", key, "the untrained network", run.latent_dim, encode, None)


def floors(run: LoadedRun) -> dict[str, Coder]:
    """What a run is measured against, by kind: raw values, PCA of its size, the same network untrained.

    PCA learns what the run learnt, without the classes that it left out.
    """
    dataset = run.dataset
    found = (pixels(dataset), pca(dataset, run.latent_dim, run.spec.left_out), untrained_network(run))
    return {coder.kind: coder for coder in found}


def _flat(images: np.ndarray) -> np.ndarray:
    return as_float(images).reshape(len(images), -1)


def _in_parts(encode: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    return np.concatenate([encode(_flat(images[i : i + PART])) for i in range(0, len(images), PART)])
