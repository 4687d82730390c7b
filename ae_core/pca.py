"""Principal component analysis of the training examples of a data set: the best linear code, and so a floor."""

from collections.abc import Iterator
from threading import Condition

import numpy as np
from cachetools import LRUCache, cached

from ae_core import data
from ae_core.data import as_float
from ae_core.errors import DatasetError

PART = 1000  # examples in memory as floats at a time
EXACT = 1024  # values of an example up to which all principal components are computed
COMPONENTS, SPARE, ROUNDS = 512, 16, 5  # of subspace iteration
SAMPLE = 20_000  # training examples that it looks at


@cached(LRUCache(2), key=lambda dataset, left_out=(): (dataset, left_out), condition=Condition())
def directions(dataset: str, left_out: tuple[int, ...] = ()) -> tuple[np.ndarray, np.ndarray]:
    """Mean and principal directions of the training examples of a data set, those of the largest variance first.

    For Fashion-MNIST in a second and with 60 MB. Of examples with more than 1,024 values only the first 512 directions,
    by subspace iteration.

    Args:
        dataset: Its name.
        left_out: Numbers of classes whose examples do not count.

    Returns:
        Mean (size,) and directions (size, k), orthonormal columns; float32, read-only.

    Raises:
        DatasetError: if there is no such data set, or only what a run carries of it.
    """
    found = data.load(dataset)
    if not found.whole:
        raise DatasetError(f"The data set {found.title!r} is not here: PCA needs the examples to learn from.")
    # Read anew: the training examples are not to stay in memory.
    split = found.read("train")
    train = split.images[~np.isin(split.labels, left_out)] if left_out else split.images
    mean, basis = _leading(train[:SAMPLE]) if found.form.size > EXACT else _all(train)
    mean.flags.writeable = basis.flags.writeable = False
    return mean, basis


@cached(LRUCache(8), condition=Condition())
def errors(dataset: str) -> np.ndarray:
    """Mean squared error per value of test examples of a data set, reconstructed from their principal components.

    Computed once for each data set.

    Returns:
        float64 of shape (size + 1,): at [k] the error of a code of k principal components; NaN where it is not known.

    Raises:
        DatasetError: as `directions`.
    """
    mean, basis = directions(dataset)
    found = data.load(dataset)
    size, test = found.form.size, found.split("test").images
    squares, total, count = np.zeros(basis.shape[1]), 0.0, 0
    for i in range(0, len(test), PART):
        away = as_float(test[i : i + PART]).reshape(-1, size) - mean
        squares += np.sum((away @ basis) ** 2, axis=0, dtype=np.float64)
        total += float(np.sum(away**2, dtype=np.float64))
        count += len(away)
    left = np.clip(total - np.concatenate([[0.0], np.cumsum(squares)]), 0, None) / (count * size)
    found_errors = np.full(size + 1, np.nan if basis.shape[1] == COMPONENTS else left[-1])
    found_errors[: len(left)] = left
    found_errors.flags.writeable = False
    return found_errors


def _all(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (size,) and principal directions (size, size) of examples, the largest variance first."""
    first, second = 0.0, 0.0
    for i in range(0, len(images), PART):
        x = as_float(images[i : i + PART]).reshape(-1, images[0].size)
        first, second = first + x.sum(axis=0, dtype=np.float64), second + (x.T @ x).astype(np.float64)
    mean = np.asarray(first) / len(images)
    _, directions = np.linalg.eigh(np.asarray(second) / len(images) - np.outer(mean, mean))
    return mean.astype(np.float32), directions[:, ::-1].astype(np.float32)


def _leading(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (size,) and the first up to 512 principal directions (size, k) of examples, the largest variance first.

    Reference: Halko, Martinsson & Tropp 2011, Finding structure with randomness, algorithm 4.4.
    """
    n, size = len(images), images[0].size
    k = min(COMPONENTS, n - 1, size)

    def chunks() -> Iterator[np.ndarray]:
        for i in range(0, n, PART):
            yield as_float(images[i : i + PART]).reshape(-1, size)

    mean = np.sum([chunk.sum(axis=0, dtype=np.float64) for chunk in chunks()], axis=0) / n
    mean = mean.astype(np.float32)
    wide = min(k + SPARE, n - 1, size)
    basis = np.random.default_rng(0).standard_normal((size, wide), dtype=np.float32)
    for _ in range(ROUNDS):
        through = np.zeros((size, wide), np.float32)
        for chunk in chunks():
            chunk -= mean
            through += chunk.T @ (chunk @ basis)
        basis, _ = np.linalg.qr(through)
    inner = np.zeros((wide, wide))
    for chunk in chunks():
        along = (chunk - mean) @ basis
        inner += along.T @ along
    _, rotation = np.linalg.eigh(inner)
    return mean, (basis @ rotation[:, ::-1][:, :k].astype(np.float32)).astype(np.float32)
