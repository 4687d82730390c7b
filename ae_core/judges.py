"""What examples are judged in: features of a small classifier where one ships, else principal components.

Distances between pixels say little of what an image shows. A classifier's last hidden layer says more, and the smaller
it is, the quicker. ``python -m ae_core.judges [NAME ...]`` trains those that ship anew, in some minutes.
"""

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ae_core import data, locations, pca
from ae_core.data import Dataset, as_float
from ae_core.errors import ExplorerError, OptionError
from ae_core.inference import OnnxNetwork

# Share of the test examples that each classifier tells right, by the name of its data set.
ACCURACIES = {"fashion-mnist": 0.9014}
FEATURES, LOGITS = "features", "logits"
UNITS = 64  # features of a classifier
COMPONENTS = 32  # features, where there is none
EPOCHS, BATCH, RATE = 8, 128, 2e-3
PART = 1000  # examples as floats at a time


@dataclass(frozen=True)
class Judge:
    """Features to judge examples in.

    Attributes:
        key: Names it among all of a data set.
        title: What they are, for a sentence: "features of a classifier, …".
        features: Examples as floats, (n, *shape), to features (n, k) float32.
        learnt: Whether a classifier learnt them.
    """

    key: str
    title: str
    features: Callable[[np.ndarray], np.ndarray]
    learnt: bool

    def of_kept(self, images: np.ndarray) -> np.ndarray:
        """Features of examples as a data set keeps them, (n, *shape) to (n, k) float32, in parts."""
        parts = range(0, len(images), PART)
        return np.concatenate([self.features(as_float(images[i : i + PART])) for i in parts])


def of(dataset: Dataset, most: int = COMPONENTS) -> Judge:
    """The judge of a data set.

    Args:
        dataset: Whose examples are judged.
        most: Principal components, where no classifier ships: covariances need several times as many examples.

    Raises:
        DatasetError: if principal components are needed and the training examples are not here.
    """
    if dataset.name in ACCURACIES:
        network = classifier(dataset.name)
        accuracy = ACCURACIES[dataset.name]
        title = f"the last hidden layer of a small classifier that tells {accuracy:.1%} of the test {{noun}}s right"
        title = title.format(noun=dataset.form.noun).replace("%", " %")
        return Judge("classifier", title, lambda x: network(x)[FEATURES], True)
    mean, directions = pca.directions(dataset.name)
    basis = directions[:, :most]
    count = basis.shape[1]

    def features(x: np.ndarray) -> np.ndarray:
        return np.asarray((x.reshape(len(x), -1) - mean) @ basis, np.float32)

    return Judge(f"pca-{count}", f"the first {count} principal components of the training examples", features, False)


@lru_cache(4)
def classifier(name: str) -> OnnxNetwork:
    """The classifier that ships for a data set: examples (n, *shape) to features (n, 64) and logits (n, classes).

    Raises:
        OptionError: if none ships.
    """
    if name not in ACCURACIES:
        raise OptionError(f"No classifier ships for {name!r}: there is one for {', '.join(ACCURACIES)}.")
    return OnnxNetwork(_path(name))


def _path(name: str) -> Path:
    return locations.PACKAGE / "data" / "shipped" / name.replace("-", "_") / "judge.onnx"


def make(name: str) -> float:
    """Trains the classifier of a data set, writes it where the one that ships is, and gives its accuracy in [0, 1]."""
    from ae_core.backend import keras

    dataset = data.load(name)
    train, test = dataset.read("train"), dataset.split("test")
    keras.utils.set_random_seed(0)
    layers = keras.layers
    given = keras.Input(dataset.form.shape)
    x = layers.Reshape(dataset.form.with_channels)(given)
    x = layers.Conv2D(16, 5, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dropout(0.2)(layers.Flatten()(x))
    features = layers.Dense(UNITS, "relu", name=FEATURES)(x)
    logits = layers.Dense(len(dataset.class_names), name=LOGITS)(layers.Dropout(0.2)(features))
    model = keras.Model(given, logits)
    rate = keras.optimizers.schedules.CosineDecay(RATE, len(train) // BATCH * EPOCHS)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss)
    model.fit(as_float(train.images), train.labels, batch_size=BATCH, epochs=EPOCHS, verbose=2)
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    both = keras.Model(given, {FEATURES: features, LOGITS: logits})
    both(as_float(train.images[:1]))  # Keras exports what has been called
    both.export(_path(name), format="onnx", verbose=False)
    return accuracy(OnnxNetwork(_path(name)), test.images, test.labels)


def accuracy(network: OnnxNetwork, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of examples (n, *shape), as a data set keeps them, whose class number (n,) a classifier tells."""
    parts = [network(as_float(images[i : i + PART]))[LOGITS].argmax(axis=1) for i in range(0, len(images), PART)]
    return float(np.mean(np.concatenate(parts) == labels))


def make_all(names: Sequence[str]) -> None:
    """Makes the classifiers of data sets, all that ship if none is named, and prints their accuracies."""
    for name in names or ACCURACIES:
        print(f"{name}: {make(name):.4f} of the test examples told right", flush=True)


if __name__ == "__main__":
    try:
        make_all(sys.argv[1:])
    except ExplorerError as error:
        sys.exit(str(error))
