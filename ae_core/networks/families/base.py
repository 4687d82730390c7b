"""What a family of networks declares."""

from typing import Any, ClassVar

from ae_core.networks.layers import (
    Architecture,
    Conv2D,
    Cropping2D,
    Dense,
    Flatten,
    Layer,
    Reshape,
    Shape,
    output_shape,
)
from ae_core.networks.network import Network


class Family:
    """A way of building encoders and decoders: the layers between images and features, for subclasses to give.

    Between features and code lie the same dense layers in every family.

    Class attributes:
        title, help: What it is called, and what it does in a sentence.
        training: Fields of `TrainingConfig` that differ from its defaults, chosen on the held-out part of
            Fashion-MNIST's training images; tests/benchmarks/train_speed.py measures them. Adam's usual beta_2 of 0.999
            averages over more steps than two epochs have: 0.98 learns as much in fewer, but on strided convolutions.
        can_tie: Whether its decoder can use the encoder's transposed weights.
        order: Place in lists.
    """

    title: ClassVar[str]
    help: ClassVar[str]
    training: ClassVar[dict[str, Any]] = {}
    can_tie: ClassVar[bool] = False
    order: ClassVar[int] = 100

    def encoder(self, image_shape: Shape) -> tuple[Layer, ...]:
        """Layers from an image to its features, of any shape."""
        return ()

    def decoder(self, network: Network, image_shape: Shape, heads: tuple[str, ...]) -> tuple[Layer, ...]:
        """Layers from the last hidden layer after the code, (n,), to the logits of an image."""
        raise NotImplementedError

    def head(self, network: Network, image_shape: Shape, heads: tuple[str, ...]) -> Layer:
        """The layer that gives one output of the encoder, (latent_dim,)."""
        return Dense(network.latent_dim, network.code_activation)

    def features_shape(self, image_shape: Shape) -> Shape:
        return output_shape(self.encoder(image_shape), image_shape)

    @property
    def convolutional(self) -> bool:
        return any(isinstance(layer, Conv2D) for layer in self.encoder((28, 28)))

    def describe(self, network: Network, image_shape: Shape, heads: tuple[str, ...]) -> Architecture:
        """All layers of a network for images of that shape, (h, w) or (h, w, channels)."""
        return Architecture(
            image_shape,
            network.latent_dim,
            (*self.encoder(image_shape), Flatten(), *(Dense(width, "relu") for width in network.hidden)),
            heads,
            self.head(network, image_shape, heads),
            (
                *(Dense(width, "relu") for width in network.decoder_hidden),
                *self.decoder(network, image_shape, heads),
            ),
        )


def with_channels(image_shape: Shape) -> Shape:
    """(h, w) as (h, w, 1); other shapes as they are."""
    return (*image_shape, 1) if len(image_shape) == 2 else image_shape


def cut_to(image_shape: Shape, shape: Shape) -> tuple[Layer, ...]:
    """Layers that cut a feature map (h, w, channels) of that shape to the image's: halvings round odd sides up."""
    bottom, right = shape[0] - image_shape[0], shape[1] - image_shape[1]
    return Cropping2D(((0, bottom), (0, right))), Reshape(image_shape)
