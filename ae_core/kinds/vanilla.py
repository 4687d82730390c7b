from ae_core.kinds.base import Kind


class Vanilla(Kind):
    """The plain autoencoder: reconstruct the input through a narrow code, and nothing else.

    Reference: Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks.
    """

    title = "Vanilla"
    idea = "Squeeze an image through a few numbers and rebuild it."
    reference = "Hinton & Salakhutdinov 2006"
    notice = "Nothing but reconstruction shapes its code. Look for gaps between the classes."
    order = 0
