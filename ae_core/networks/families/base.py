"""What a family of networks declares."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ae_core.errors import OptionError
from ae_core.forms import Form
from ae_core.networks import layers
from ae_core.networks.layers import (
    Activation,
    Architecture,
    Dense,
    Flatten,
    Layer,
    LayerNormalization,
    Reshape,
    Shape,
    TopDense,
    output_shape,
)
from ae_core.networks.network import MAX_DEPTH, Network

SMALL_SIDE = {"image": 8, "signal": 32}  # what halvings lead down to
FEWEST_HALVINGS = 2


class Family:
    """A way of building encoders and decoders: the layers between examples and features, for subclasses to give.

    Between features and code lie the same dense layers in every family.

    Class attributes:
        title, help: What it is called, and what it does in a sentence.
        training: Fields of `TrainingConfig` that differ from its defaults, chosen on the held-out part of
            Fashion-MNIST's training images; tests/benchmarks/train_speed.py measures them. Adam's usual beta_2 of 0.999
            averages over more steps than two epochs have: 0.98 learns as much in fewer, but on strided convolutions.
        can_tie: Whether its decoder can use the encoder's transposed weights.
        convolutional: Whether it looks at neighbourhoods, which a table's columns do not have.
        order: Place in lists.
    """

    title: ClassVar[str]
    help: ClassVar[str]
    training: ClassVar[dict[str, Any]] = {}
    can_tie: ClassVar[bool] = False
    convolutional: ClassVar[bool] = False
    order: ClassVar[int] = 100

    def filters(self, form: Form, depth: int | None = None) -> tuple[int, ...]:
        """The filters of so many halvings, or of as many as fit a form; none unless it is convolutional."""
        return ()

    def depths(self, form: Form) -> range:
        """How many halvings there can be."""
        return range(1, min(MAX_DEPTH, int(math.log2(min(form.sides)))) + 1) if self.convolutional else range(0)

    def fit(self, network: Network, form: Form) -> Network:
        """Gives a network the filters that fit a form, if it has none.

        Raises:
            OptionError: if its layers do not fit the form.
        """
        if not self.convolutional:
            return network
        if not form.sides:
            raise OptionError(
                f"The columns of a table have no order that a {self.title.lower()} network could use: choose dense."
            )
        filters = network.filters or self.filters(form)
        if 2 ** len(filters) > min(form.sides):
            raise OptionError(
                f"{len(filters)} halvings are too many for {form}: choose at most {int(math.log2(min(form.sides)))}."
            )
        return replace(network, filters=filters)

    def encoder(self, network: Network, form: Form) -> tuple[Layer, ...]:
        """Layers from an example to its features, of any shape."""
        return ()

    def decoder(self, network: Network, form: Form, heads: tuple[str, ...]) -> tuple[Layer, ...]:
        """Layers from the last hidden layer after the code, (n,), to an example, before the last activation."""
        raise NotImplementedError

    def head(self, network: Network, form: Form, heads: tuple[str, ...]) -> Layer:
        """The layer that gives one output of the encoder, (latent_dim,)."""
        if network.active:
            return TopDense(network.latent_dim, network.code_activation, network.active)
        return Dense(network.latent_dim, network.code_activation)

    def features_shape(self, network: Network, form: Form) -> Shape:
        return output_shape(self.encoder(network, form), form.shape)

    def describe(self, network: Network, form: Form, heads: tuple[str, ...]) -> Architecture:
        """All layers of a network for examples of that form."""
        network = self.fit(network, form)
        return Architecture(
            form,
            network.latent_dim,
            (*self.encoder(network, form), Flatten(), *_dense(network.hidden, network.normalised)),
            heads,
            self.head(network, form, heads),
            (
                *_dense(network.decoder_hidden, network.normalised),
                *self.decoder(network, form, heads),
            ),
        )


def _dense(widths: tuple[int, ...], normalised: bool) -> Iterator[Layer]:
    for width in widths:
        if normalised:
            yield from (Dense(width), LayerNormalization(), Activation("relu"))
        else:
            yield Dense(width, "relu")


@dataclass(frozen=True)
class Bricks:
    """The layers that look at neighbourhoods, along as many axes as an example has."""

    convolution: type[layers.Convolution]
    transposed: type[layers.Transposed]
    pooling: type[layers.MaxPooling2D]
    upsampling: type[layers.UpSampling2D]


BRICKS = {
    "image": Bricks(layers.Conv2D, layers.Conv2DTranspose, layers.MaxPooling2D, layers.UpSampling2D),
    "signal": Bricks(layers.Conv1D, layers.Conv1DTranspose, layers.MaxPooling1D, layers.UpSampling1D),
}


def bricks(form: Form) -> Bricks:
    """Those for examples of a form that has sides."""
    return BRICKS[form.medium]


def halvings(form: Form) -> int:
    """How often the sides of an example are halved by default: twice for 28 or 32 pixels, three times for 64."""
    if not form.sides:
        return 0
    wanted = math.ceil(math.log2(min(form.sides) / SMALL_SIDE[form.medium]))
    return min(max(wanted, FEWEST_HALVINGS), int(math.log2(min(form.sides))))


def cut_to(form: Form, shape: Shape) -> tuple[Layer, ...]:
    """Layers that cut a feature map of that shape to an example's: halvings round odd sides up."""
    cuts = tuple((0, given - side) for given, side in zip(shape, form.sides, strict=False))
    cut: Layer = layers.Cropping1D(cuts[0]) if len(cuts) == 1 else layers.Cropping2D((cuts[0], cuts[1]))
    return cut, Reshape(form.shape)
