import math
from typing import Any, ClassVar

from ae_core.forms import Form
from ae_core.networks.families.base import Family, bricks, cut_to, halvings
from ae_core.networks.layers import Dense, Layer, Reshape, output_shape
from ae_core.networks.network import Network

FIRST, OTHERS = 32, 64  # filters


class Strided(Family):
    """Convolutions of stride 2.

    Reference: Springenberg et al. 2015, Striving for simplicity: the all convolutional net.
    """

    title = "Convolutional, strided"
    help = "Convolutions of stride 2, mirrored by transposed ones."
    training: ClassVar[dict[str, Any]] = {
        "epochs": 11,
        "batch_size": 64,
        "learning_rate": 4e-3,
        "beta_2": 0.999,
        "compile": False,
    }
    convolutional = True
    order = 2

    def filters(self, form: Form, depth: int | None = None) -> tuple[int, ...]:
        return (FIRST,) + (OTHERS,) * ((depth or halvings(form)) - 1)

    def encoder(self, network: Network, form: Form) -> tuple[Layer, ...]:
        of = bricks(form)
        return Reshape(form.with_channels), *(of.convolution(n, strides=2) for n in network.filters)

    def decoder(self, network: Network, form: Form, heads: tuple[str, ...]) -> tuple[Layer, ...]:
        features, of = self.features_shape(network, form), bricks(form)
        layers = (
            Dense(math.prod(features), "relu"),
            Reshape(features),
            *(of.transposed(n, strides=2) for n in reversed(network.filters)),
            of.transposed(form.channels, activation=None),
        )
        return *layers, *cut_to(form, output_shape(layers, (network.latent_dim,)))
