"""The weights of a unit in a dense network as examples: what it looks for, and what it draws."""

from dataclasses import dataclass
from functools import reduce

import numpy as np

from ae_core import networks, runs
from ae_core.runs import Run


@dataclass(frozen=True)
class UnitWeights:
    """The weights between one unit and each value of an example.

    Attributes:
        looks_for: Of the encoder, of the run's form: where examples make the unit larger.
        draws: Of the decoder, likewise, before its last activation.
        layers: How many hidden layers lie between, in the encoder and in the decoder. Where there are some, the weights
            are products of their matrices: what the layers would do if none of their units were ever off, and, where
            they are normalised, if nothing were normalised.
    """

    looks_for: np.ndarray
    draws: np.ndarray
    layers: tuple[int, int]


def of_units(run: Run, units: np.ndarray) -> list[UnitWeights] | None:
    """Weights of some units, whose numbers count from 0; None unless the network is dense.

    Raises:
        RunError: if the run's weights cannot be read.
    """
    network, form = run.spec.network, run.spec.form
    if networks.get(network.family).convolutional:
        return None
    kernels = {name: array for name, array in runs.weights(run).items() if array.ndim == 2}
    encoder = [array for name, array in kernels.items() if name.startswith("encoder/")]
    heads = run.spec.recipe().heads  # Keras sorts the outputs of a network by name, and so its weights
    encoder = [*encoder[: len(network.hidden)], encoder[len(network.hidden) + sorted(heads).index(heads[0])]]
    decoder = [array for name, array in kernels.items() if name.startswith("decoder/")]
    decoder = decoder or [encoder[-1].T]  # tied
    looks_for = reduce(np.matmul, [*encoder[:-1], encoder[-1][:, units]])
    draws = reduce(np.matmul, [decoder[0][units], *decoder[1:]])
    layers = len(network.hidden), len(network.decoder_hidden)
    return [
        UnitWeights(looks_for[:, k].reshape(form.shape), draws[k].reshape(form.shape), layers)
        for k in range(len(units))
    ]
