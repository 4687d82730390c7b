import math
from itertools import chain
from typing import Any, ClassVar

from ae_core.forms import Form
from ae_core.networks.families.base import Family, bricks, cut_to, halvings
from ae_core.networks.layers import Dense, Identity, Layer, Reshape, output_shape
from ae_core.networks.network import Network

FIRST, LAST = 16, 8  # filters


class Pooling(Family):
    """Convolutions with max-pooling; a relu code as large as the last feature map is that map itself.

    Reference: Masci et al. 2011, Stacked convolutional auto-encoders for hierarchical feature extraction.
    """

    title = "Convolutional, pooling"
    help = "Convolutions with max-pooling, mirrored by upsampling."
    training: ClassVar[dict[str, Any]] = {"epochs": 8, "batch_size": 64, "learning_rate": 1e-2, "compile": False}
    convolutional = True
    order = 1

    def filters(self, form: Form, depth: int | None = None) -> tuple[int, ...]:
        return (FIRST,) * ((depth or halvings(form)) - 1) + (LAST,)

    def encoder(self, network: Network, form: Form) -> tuple[Layer, ...]:
        of = bricks(form)
        blocks = ((of.convolution(n), of.pooling()) for n in network.filters)
        return Reshape(form.with_channels), *chain.from_iterable(blocks)

    def head(self, network: Network, form: Form, heads: tuple[str, ...]) -> Layer:
        return Identity() if self._is_code(network, form, heads) else super().head(network, form, heads)

    def decoder(self, network: Network, form: Form, heads: tuple[str, ...]) -> tuple[Layer, ...]:
        features, of = self.features_shape(network, form), bricks(form)
        blocks = ((of.convolution(n), of.upsampling()) for n in reversed(network.filters))
        layers = (
            *(() if self._is_code(network, form, heads) else (Dense(math.prod(features), "relu"),)),
            Reshape(features),
            *chain.from_iterable(blocks),
            of.convolution(form.channels, activation=None),
        )
        return *layers, *cut_to(form, output_shape(layers, features))

    def _is_code(self, network: Network, form: Form, heads: tuple[str, ...]) -> bool:
        """Whether the code is the last feature map itself, with no dense layer around it."""
        return (
            not network.hidden
            and not network.active
            and not network.decoder_hidden
            and network.code_activation == "relu"
            and len(heads) == 1
            and network.latent_dim == math.prod(self.features_shape(network, form))
        )
