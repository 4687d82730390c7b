import math
from itertools import chain
from typing import Any, ClassVar

from ae_core.networks.families.base import Family, cut_to, with_channels
from ae_core.networks.layers import (
    Conv2D,
    Dense,
    Identity,
    Layer,
    MaxPooling2D,
    Reshape,
    Shape,
    UpSampling2D,
    output_shape,
)
from ae_core.networks.network import Network

FILTERS = (16, 8)


class Pooling(Family):
    """Convolutions with max-pooling; a relu code as large as the last feature map is that map itself.

    Reference: Masci et al. 2011, Stacked convolutional auto-encoders for hierarchical feature extraction.
    """

    title = "Convolutional, pooling"
    help = "3 × 3 convolutions with max-pooling, mirrored by upsampling."
    training: ClassVar[dict[str, Any]] = {"epochs": 8, "batch_size": 64, "learning_rate": 1e-2, "compile": False}
    order = 1

    def encoder(self, image_shape: Shape) -> tuple[Layer, ...]:
        blocks = ((Conv2D(n), MaxPooling2D()) for n in FILTERS)
        return Reshape(with_channels(image_shape)), *chain.from_iterable(blocks)

    def head(self, network: Network, image_shape: Shape, heads: tuple[str, ...]) -> Layer:
        return Identity() if self._is_code(network, image_shape, heads) else super().head(network, image_shape, heads)

    def decoder(self, network: Network, image_shape: Shape, heads: tuple[str, ...]) -> tuple[Layer, ...]:
        features = self.features_shape(image_shape)
        blocks = ((Conv2D(n), UpSampling2D()) for n in reversed(FILTERS))
        layers = (
            *(() if self._is_code(network, image_shape, heads) else (Dense(math.prod(features), "relu"),)),
            Reshape(features),
            *chain.from_iterable(blocks),
            Conv2D(with_channels(image_shape)[2], activation=None),
        )
        return *layers, *cut_to(image_shape, output_shape(layers, features))

    def _is_code(self, network: Network, image_shape: Shape, heads: tuple[str, ...]) -> bool:
        """Whether the code is the last feature map itself, with no dense layer around it."""
        return (
            not network.hidden
            and not network.decoder_hidden
            and network.code_activation == "relu"
            and len(heads) == 1
            and network.latent_dim == math.prod(self.features_shape(image_shape))
        )
