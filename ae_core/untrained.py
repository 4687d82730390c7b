"""The floor under what training adds: an encoder with random weights, and the best linear decoder of it.

An untrained autoencoder draws grey, because its decoder knows nothing. Its encoder, though, loses little of an example
in enough random units, and how much can be read out of them needs no training but least squares. Only what a trained
model does better than that was learnt by its encoder and by what its decoder adds to a linear one.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from threading import Condition

import numpy as np
from cachetools import LRUCache, cached

from ae_core import data
from ae_core.data import as_float
from ae_core.errors import DatasetError, OptionError
from ae_core.networks.layers import (
    Activation,
    Convolution,
    Dense,
    Flatten,
    Identity,
    Layer,
    LayerNormalization,
    MaxPooling2D,
    Reshape,
    TopDense,
    Transposed,
    output_shape,
)
from ae_core.spec import Spec

PART = 500  # examples in memory as floats at a time
EXAMPLES = 20  # of the training set for each unit, to fit a decoder to: with fewer it would fit those alone
LEAST = 5000  # of them
MOST_WEIGHTS = 1 << 23  # of a decoder: solving for more would take gigabytes
TESTED = 10_000
RIDGE = 1e-6  # times the mean variance of the code's units: keeps the solution finite where units are alike or dead
EPSILON = 1e-3  # of Keras's layer normalisation
WINDOWS = 1 << 22  # values of the neighbourhoods that a convolution lays out at a time


def can_encode(spec: Spec) -> bool:
    """Whether the error of an untrained network is computed: of one whose linear decoder has at most 8 M weights."""
    return spec.network.latent_dim * spec.form.size <= MOST_WEIGHTS


def digest(layers: Sequence[Layer]) -> str:
    """Sixteen letters that tell chains of layers apart."""
    return hashlib.sha256(repr(tuple(layers)).encode()).hexdigest()[:16]


def encode(layers: Sequence[Layer], x: np.ndarray, seed: int = 0) -> np.ndarray:
    """Codes of examples by layers with fresh weights: Glorot's uniform distribution and biases of 0, as Keras begins.

    Args:
        layers: Of the encoder, its head the last.
        x: Examples, (n, *shape).
        seed: Of the weights.

    Returns:
        (n, d) float32.

    Raises:
        OptionError: if there is a layer that is not evaluated here, such as a transposed convolution.

    Reference: Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward networks, equation 16.
    """
    rng = np.random.default_rng(seed)

    def fresh(shape: tuple[int, ...]) -> np.ndarray:
        limit = math.sqrt(6 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
        return rng.uniform(-limit, limit, shape).astype(np.float32)

    for layer in layers:
        if isinstance(layer, Flatten):
            x = x.reshape(len(x), -1)
        elif isinstance(layer, Reshape):
            x = x.reshape(len(x), *layer.target_shape)
        elif isinstance(layer, LayerNormalization):
            x = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + EPSILON)
        elif isinstance(layer, Activation):
            x = _activated(x, layer.activation)
        elif isinstance(layer, Dense):
            x = _activated(x @ fresh((x.shape[-1], layer.units)), layer.activation)
            if isinstance(layer, TopDense):
                least = np.partition(x, -layer.active, axis=-1)[..., -layer.active, None]
                x = np.where(x >= least, x, 0)
        elif isinstance(layer, Convolution) and not isinstance(layer, Transposed):
            kernel, _ = layer.weights(x.shape[1:])
            x = _activated(_convolved(x, fresh(kernel), layer.strides), layer.activation)
        elif isinstance(layer, MaxPooling2D):
            x = _windows(x, layer.pool_size, layer.pool_size, -np.inf).max(axis=tuple(range(x.ndim, 2 * x.ndim - 2)))
        elif not isinstance(layer, Identity):
            raise OptionError(f"An untrained encoder must be of layers that encode, got {type(layer).__name__}.")
    return np.asarray(x, np.float32)


def _windows(x: np.ndarray, size: int, strides: int, edge: float) -> np.ndarray:
    """The neighbourhoods along all axes of x (n, *sides, c) but the outer ones, as with Keras's padding "same".

    Returns:
        (n, *sides / strides, c, size, …), with as many axes of `size` as there are sides.
    """
    axes = tuple(range(1, x.ndim - 1))
    lacking = [max((math.ceil(x.shape[i] / strides) - 1) * strides + size - x.shape[i], 0) for i in axes]
    x = np.pad(x, [(0, 0), *((more // 2, more - more // 2) for more in lacking), (0, 0)], constant_values=edge)
    found = np.lib.stride_tricks.sliding_window_view(x, (size,) * len(axes), axes)
    return found[:, *(slice(None, None, strides) for _ in axes)]


def _convolved(x: np.ndarray, kernel: np.ndarray, strides: int) -> np.ndarray:
    """x (n, *sides, c) by a kernel (k, …, c, filters), some examples at a time: windows take k² times their memory."""
    *sides, inner, filters = kernel.shape
    flat = np.moveaxis(kernel, -2, 0).reshape(-1, filters)  # as windows lie: channels first
    part = max(1, WINDOWS // (math.prod(x.shape[1:]) * math.prod(sides)))

    def of(some: np.ndarray) -> np.ndarray:
        found = _windows(some, sides[0], strides, 0)
        places = found.shape[: x.ndim - 1]
        return np.asarray((found.reshape(-1, inner * math.prod(sides)) @ flat).reshape(*places, filters))

    return np.concatenate([of(x[i : i + part]) for i in range(0, len(x), part)])


def _activated(x: np.ndarray, activation: str | None) -> np.ndarray:
    if activation == "relu":
        return np.maximum(x, 0)
    if activation == "sigmoid":
        return 1 / (1 + np.exp(-x))
    return np.tanh(x) if activation == "tanh" else x


def fit_decoder(parts: Iterable[tuple[np.ndarray, np.ndarray]], ridge: float = RIDGE) -> tuple[np.ndarray, np.ndarray]:
    """The linear decoder with the least squared error, as x ≈ codes @ weights + bias.

    Args:
        parts: Codes (n, d) and what to decode them to (n, values), some examples at a time.
        ridge: Weight of the squared weights, times the examples and the mean variance of the units; the bias is free.

    Returns:
        Weights (d, values) and bias (values,), float64.

    Reference: Hoerl & Kennard 1970, Ridge regression.
    """
    count, zero = 0, np.zeros(())
    sum_z = sum_x = squares = products = zero
    for codes, x in parts:
        z, target = codes.astype(np.float64), x.astype(np.float64)
        count += len(z)
        sum_z, sum_x = sum_z + z.sum(axis=0), sum_x + target.sum(axis=0)
        squares, products = squares + z.T @ z, products + z.T @ target
    mean_z, mean_x = sum_z / count, sum_x / count
    covariance = squares / count - np.outer(mean_z, mean_z)
    weight = max(ridge * float(np.trace(covariance)) / len(mean_z), np.finfo(float).tiny)
    covariance[np.diag_indices_from(covariance)] += weight
    weights = np.linalg.solve(covariance, products / count - np.outer(mean_z, mean_x))
    return weights, mean_x - mean_z @ weights


def errors(specs: Sequence[Spec], seed: int = 0) -> list[float]:
    """Mean squared error per value of test examples, by the untrained encoder of each spec and its best linear decoder.

    The decoders are fitted to the codes of 20 training examples for each unit, at least 5,000. Computed once for each
    network.

    Args:
        specs: Whose networks they are, of one data set.
        seed: Of their weights.

    Returns:
        NaN where the decoder would have too many weights, and for all if the data set is not here.
    """

    @cache
    def examples(units: int) -> tuple[np.ndarray, np.ndarray]:
        found = data.load(specs[0].dataset)
        # Read anew: the training examples are not to stay in memory.
        learnt = _spread(found.read("train").images, max(LEAST, EXAMPLES * units))
        return learnt, _spread(found.split("test").images, TESTED)

    def error(spec: Spec) -> float:
        try:
            if not can_encode(spec) or not data.load(spec.dataset).whole:
                return math.nan
        except DatasetError:
            return math.nan
        architecture = spec.architecture
        return _error(spec.dataset, (*architecture.encoder, architecture.head), seed, examples)

    return [error(spec) for spec in specs]


@cached(LRUCache(256), key=lambda dataset, layers, seed, examples: (dataset, layers, seed), condition=Condition())
def _error(
    dataset: str, layers: tuple[Layer, ...], seed: int, examples: Callable[[int], tuple[np.ndarray, np.ndarray]]
) -> float:
    (units,) = output_shape(layers, data.load(dataset).form.shape)
    learnt, test = examples(units)

    def pairs(images: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for i in range(0, len(images), PART):
            x = as_float(images[i : i + PART])
            yield encode(layers, x, seed), x.reshape(len(x), -1)

    weights, bias = fit_decoder(pairs(learnt))
    squared = [np.sum((x - (codes @ weights + bias)) ** 2) for codes, x in pairs(test)]
    return float(np.sum(squared)) / test.size


def _spread(images: np.ndarray, most: int) -> np.ndarray:
    """So many of them, evenly spread; all if there are fewer."""
    return images[np.linspace(0, len(images) - 1, min(most, len(images))).astype(int)]
