import math
from dataclasses import replace

from ae_core import networks
from ae_core.bounds import MAX_LATENT_DIM
from ae_core.errors import OptionError
from ae_core.forms import Form
from ae_core.kinds.base import Kind
from ae_core.networks import Network


class Convolutional(Kind):
    """Vanilla's objective on convolutions, whose code is a stack of small feature maps.

    Reference: Masci et al. 2011, Stacked convolutional auto-encoders for hierarchical feature extraction.
    """

    title = "Convolutional"
    idea = "Look at neighbourhoods instead of single pixels; the code is a stack of small maps."
    reference = "Masci et al. 2011"
    notice = (
        "Its code keeps where things are in the image. By default it has the largest code of all kinds and the "
        "sharpest reconstructions."
    )
    order = 5

    @classmethod
    def default_network(cls, form: Form) -> Network:
        if not form.sides:
            raise OptionError("Convolutional needs images or signals: the columns of a table have no order.")
        pooling = networks.get("pooling")
        network = pooling.fit(Network(family="pooling"), form)
        return replace(network, latent_dim=min(MAX_LATENT_DIM, math.prod(pooling.features_shape(network, form))))

    @classmethod
    def propose_network(cls, form: Form) -> Network:
        return cls.default_network(form)  # its code is the relu map itself

    def fit_network(self, network: Network) -> Network:
        if not networks.get(network.family).convolutional:
            known = " or ".join(name for name in networks.names() if networks.get(name).convolutional)
            raise OptionError(f"Convolutional needs a convolutional network, got {network.family}: choose {known}.")
        return network
