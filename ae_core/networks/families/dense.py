from typing import Any, ClassVar

from ae_core.forms import Form
from ae_core.networks import layers
from ae_core.networks.families.base import Family
from ae_core.networks.layers import Layer, Reshape, TiedDense
from ae_core.networks.network import Network


class Dense(Family):
    """Fully connected layers.

    Reference: Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks.
    """

    title = "Dense"
    help = "Fully connected layers: every value to every unit."
    training: ClassVar[dict[str, Any]] = {
        "epochs": 9,
        "batch_size": 96,
        "learning_rate": 4e-3,
        "warmup": 0.1,
        "compile": True,
    }
    can_tie = True
    order = 0

    def decoder(self, network: Network, form: Form, heads: tuple[str, ...]) -> tuple[Layer, ...]:
        return TiedDense(form.size, heads[0]) if network.tied else layers.Dense(form.size), Reshape(form.shape)
