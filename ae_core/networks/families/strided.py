import math
from typing import Any, ClassVar

from ae_core.networks.families.base import Family, cut_to, with_channels
from ae_core.networks.layers import Conv2D, Conv2DTranspose, Dense, Layer, Reshape, Shape, output_shape
from ae_core.networks.network import Network

FILTERS = (32, 64)


class Strided(Family):
    """Convolutions of stride 2.

    Reference: Springenberg et al. 2015, Striving for simplicity: the all convolutional net.
    """

    title = "Convolutional, strided"
    help = "3 × 3 convolutions of stride 2, mirrored by transposed ones."
    training: ClassVar[dict[str, Any]] = {
        "epochs": 11,
        "batch_size": 64,
        "learning_rate": 4e-3,
        "beta_2": 0.999,
        "compile": False,
    }
    order = 2

    def encoder(self, image_shape: Shape) -> tuple[Layer, ...]:
        return Reshape(with_channels(image_shape)), *(Conv2D(n, strides=2) for n in FILTERS)

    def decoder(self, network: Network, image_shape: Shape, heads: tuple[str, ...]) -> tuple[Layer, ...]:
        features = self.features_shape(image_shape)
        layers = (
            Dense(math.prod(features), "relu"),
            Reshape(features),
            *(Conv2DTranspose(n, strides=2) for n in reversed(FILTERS)),
            Conv2DTranspose(with_channels(image_shape)[2], activation=None),
        )
        return *layers, *cut_to(image_shape, output_shape(layers, (network.latent_dim,)))
