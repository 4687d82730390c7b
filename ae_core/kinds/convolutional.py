from ae_core.errors import OptionError
from ae_core.kinds.base import Kind, Network, feature_map_size


class Convolutional(Kind):
    """Vanilla's objective on convolutions, whose code is a stack of small feature maps.

    Reference: Masci et al. 2011, Stacked convolutional auto-encoders for hierarchical feature extraction.
    """

    title = "Convolutional"
    idea = "Look at neighbourhoods instead of single pixels; the code is a stack of small maps."
    reference = "Masci et al. 2011"
    notice = "Its code keeps places. As large as it is by default, it reconstructs the sharpest of the seven."
    order = 5

    @classmethod
    def default_network(cls, image_shape: tuple[int, int]) -> Network:
        return Network(family="pooling", latent_dim=feature_map_size("pooling", image_shape))

    def fit_network(self, network: Network) -> Network:
        if network.family == "dense":
            raise OptionError("Convolutional needs a convolutional network, got dense: choose pooling or strided.")
        return network
