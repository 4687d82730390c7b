from ae_core.kinds.base import Kind


class Vanilla(Kind):
    """The plain autoencoder: reconstruct the input through a narrow code, and nothing else.

    Reference: Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks.
    """

    title = "Vanilla"
    idea = "Squeeze an image through a few numbers and reconstruct it."
    reference = "Hinton & Salakhutdinov 2006"
    notice = "Only the reconstruction error shapes its code. Look for holes between the classes."
    order = 0
