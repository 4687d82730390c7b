"""Layers as plain records: fields named like the arguments of the Keras layer of the same name, which imports late.

A record knows the shape that its layer gives and the shapes of its weights, without building it. Shapes are those of
one example: a feature map is (h, w, channels), or (t, channels) of a signal; a flat vector is (n,).
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ae_core.forms import Form

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """Base of all layers: gives the shape that it takes, and has no weights."""

    @classmethod
    def saved_name(cls) -> str:
        """What Keras calls the layer's group in a file of weights: its class name in snake case."""
        words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", cls.__name__)
        return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def weights(self, shape: Shape) -> tuple[Shape, ...]:
        """Shapes of the weights, in Keras's order, for inputs of that shape."""
        return ()

    def build(self, encoder: Any = None, name: str | None = None) -> Any:
        """Makes the Keras layer.

        Args:
            encoder: The Keras encoder, for a layer of the decoder that shares its weights.
            name: Name of the layer.
        """
        from ae_core.backend import keras

        return getattr(keras.layers, type(self).__name__)(**asdict(self), name=name)


@dataclass(frozen=True)
class Identity(Layer):
    pass


@dataclass(frozen=True)
class Flatten(Layer):
    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)


@dataclass(frozen=True)
class Reshape(Layer):
    target_shape: Shape

    def output_shape(self, shape: Shape) -> Shape:
        return self.target_shape


@dataclass(frozen=True)
class Dense(Layer):
    units: int
    activation: str | None = None

    def output_shape(self, shape: Shape) -> Shape:
        return (*shape[:-1], self.units)

    def weights(self, shape: Shape) -> tuple[Shape, ...]:
        return (shape[-1], self.units), (self.units,)


@dataclass(frozen=True)
class LayerNormalization(Layer):
    """Gives the values of each example mean 0 and variance 1, then scales and shifts each by what it learns.

    Reference: Ba, Kiros & Hinton 2016, Layer normalization.
    """

    def weights(self, shape: Shape) -> tuple[Shape, ...]:
        return (shape[-1],), (shape[-1],)


@dataclass(frozen=True)
class Activation(Layer):
    activation: str = "relu"


@dataclass(frozen=True)
class TopDense(Dense):
    """Dense, of whose values all but the `active` largest of an example are set to 0.

    Reference: Makhzani & Frey 2014, k-Sparse autoencoders.
    """

    activation: str | None = "relu"
    active: int = 1

    def build(self, encoder: Any = None, name: str | None = None) -> Any:
        from ae_core.networks.building import TopDense

        return TopDense(self.units, self.active, self.activation, name=name)


@dataclass(frozen=True)
class TiedDense(Layer):
    """Dense with the transposed kernel of the encoder's layer `to`; only the bias is its own."""

    units: int
    to: str

    def output_shape(self, shape: Shape) -> Shape:
        return (self.units,)

    def weights(self, shape: Shape) -> tuple[Shape, ...]:
        return ((self.units,),)

    def build(self, encoder: Any = None, name: str | None = None) -> Any:
        from ae_core.networks.building import TiedDense

        return TiedDense(encoder.get_layer(self.to), name=name)


@dataclass(frozen=True)
class Convolution(Layer):
    """Base of the convolutions, along all axes but the last."""

    filters: int
    kernel_size: int = 3
    strides: int = 1
    activation: str | None = "relu"
    padding: str = "same"

    def output_shape(self, shape: Shape) -> Shape:
        return (*(math.ceil(side / self.strides) for side in shape[:-1]), self.filters)

    def weights(self, shape: Shape) -> tuple[Shape, ...]:
        return (*self._kernel(shape), shape[-1], self.filters), (self.filters,)

    def _kernel(self, shape: Shape) -> Shape:
        return (self.kernel_size,) * (len(shape) - 1)


@dataclass(frozen=True)
class Conv2D(Convolution):
    pass


@dataclass(frozen=True)
class Conv1D(Convolution):
    kernel_size: int = 5


@dataclass(frozen=True)
class Transposed(Convolution):
    """Base of the transposed convolutions."""

    def output_shape(self, shape: Shape) -> Shape:
        return (*(side * self.strides for side in shape[:-1]), self.filters)

    def weights(self, shape: Shape) -> tuple[Shape, ...]:
        return (*self._kernel(shape), self.filters, shape[-1]), (self.filters,)


@dataclass(frozen=True)
class Conv2DTranspose(Transposed):
    pass


@dataclass(frozen=True)
class Conv1DTranspose(Transposed):
    kernel_size: int = 5


@dataclass(frozen=True)
class MaxPooling2D(Layer):
    pool_size: int = 2
    padding: str = "same"

    def output_shape(self, shape: Shape) -> Shape:
        return (*(math.ceil(side / self.pool_size) for side in shape[:-1]), shape[-1])


@dataclass(frozen=True)
class MaxPooling1D(MaxPooling2D):
    pass


@dataclass(frozen=True)
class UpSampling2D(Layer):
    size: int = 2

    def output_shape(self, shape: Shape) -> Shape:
        return (*(side * self.size for side in shape[:-1]), shape[-1])


@dataclass(frozen=True)
class UpSampling1D(UpSampling2D):
    pass


@dataclass(frozen=True)
class Cropping2D(Layer):
    """Cuts (top, bottom) rows and (left, right) columns."""

    cropping: tuple[tuple[int, int], tuple[int, int]]

    def output_shape(self, shape: Shape) -> Shape:
        return (*(side - sum(cut) for side, cut in zip(shape, self.cropping, strict=False)), shape[2])


@dataclass(frozen=True)
class Cropping1D(Layer):
    """Cuts steps from the beginning and from the end."""

    cropping: tuple[int, int]

    def output_shape(self, shape: Shape) -> Shape:
        return shape[0] - sum(self.cropping), shape[1]


def output_shape(layers: Sequence[Layer], shape: Shape) -> Shape:
    """Shape that a chain of layers gives for inputs of that shape."""
    for layer in layers:
        shape = layer.output_shape(shape)
    return shape


UNSEEN = (Flatten, Reshape, Cropping1D, Cropping2D, Identity, LayerNormalization, Activation)


@dataclass(frozen=True)
class Architecture:
    """All layers of an encoder and a decoder.

    Attributes:
        form: Of the examples.
        latent_dim: Number of units in the code.
        encoder: Layers from an example to what the heads see, (n,).
        heads: Names of the encoder's outputs; each is a layer `head` of its own, the first gives the code.
        head: From there to (latent_dim,).
        decoder: Layers from the code to an example, before the last activation.
    """

    form: Form
    latent_dim: int
    encoder: tuple[Layer, ...]
    heads: tuple[str, ...]
    head: Layer
    decoder: tuple[Layer, ...]

    @property
    def weights(self) -> dict[str, Shape]:
        """Shapes of all weights by their names in Keras's file of weights, "decoder/dense_1/0", in Keras's order."""
        shapes: dict[str, Shape] = {}
        seen: Counter[str] = Counter()
        for model, layer, shape in self._inputs():
            place = f"{model}/{layer.saved_name()}"
            name = f"{place}_{seen[place]}" if seen[place] else place
            seen[place] += 1
            shapes |= {f"{name}/{i}": weight for i, weight in enumerate(layer.weights(shape))}
        return shapes

    @property
    def steps(self) -> dict[str, list[tuple[str, Shape]]]:
        """What happens to an example on its way, without layers that only arrange numbers anew.

        Returns:
            For "encoder" and "decoder" each layer's kind, as "Conv2D", with the shape that it gives; the encoder's last
            one is the code, (latent_dim,).
        """
        found: dict[str, list[tuple[str, Shape]]] = {"encoder": [], "decoder": []}
        for model, layer, shape in self._inputs():
            if not isinstance(layer, UNSEEN):
                found[model].append((type(layer).__name__, layer.output_shape(shape)))
        found["encoder"][-len(self.heads) :] = [("Code", (self.latent_dim,))]
        return found

    def _inputs(self) -> Iterator[tuple[str, Layer, Shape]]:
        """Each layer with its model's name and the shape that it takes."""
        shape = self.form.shape
        for layer in self.encoder:
            yield "encoder", layer, shape
            shape = layer.output_shape(shape)
        for _ in self.heads:
            yield "encoder", self.head, shape
        shape = (self.latent_dim,)
        for layer in self.decoder:
            yield "decoder", layer, shape
            shape = layer.output_shape(shape)
