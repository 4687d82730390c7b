from ae_core.errors import OptionError
from ae_core.forms import Form
from ae_core.kinds.base import Kind
from ae_core.networks import Network


class Undercomplete(Kind):
    """Vanilla's objective with a code much smaller than the image, so that it cannot copy.

    Reference: Goodfellow, Bengio & Courville 2016, Deep Learning, section 14.1.
    """

    title = "Undercomplete"
    idea = "Use a code smaller than vanilla's, so that it keeps only what matters most."
    reference = "Goodfellow, Bengio & Courville 2016"
    notice = "Fine patterns are lost first; the outline stays."
    order = 3

    @classmethod
    def default_network(cls, form: Form) -> Network:
        return Network(latent_dim=16)

    def fit_network(self, network: Network) -> Network:
        if network.latent_dim > 64:
            raise OptionError(
                f"Undercomplete needs a code of at most 64 units, got {network.latent_dim}: "
                "choose a smaller code, or vanilla."
            )
        return network
