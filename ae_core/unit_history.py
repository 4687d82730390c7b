"""What the units of a code did while they were trained: which carry something, which died, whether the code collapsed.

All functions read `Film.units`, (k, d): a row for each kept epoch, the first of the untrained network.
"""

import math

import numpy as np

ACTIVE_NATS = 0.01  # of KL divergence
LEAST_NATS = math.log(2)  # of a whole code: one bit
SETTLED_EPOCHS = 3
SETTLED_SHARE = 0.1  # of a training


def carrying(kl: np.ndarray) -> np.ndarray:
    """Which units of variational codes carry something: those with a KL divergence above 0.01 nats.

    Burda et al. 2016, Importance weighted autoencoders, section 5.2, call a unit active if the variance of its z_mean
    over the examples is above 0.01. This asks for the divergence instead, which also sees a unit that tells examples
    apart by its variance alone, and is what the loss pays for.

    Args:
        kl: Of each unit in nats, of any shape.

    Returns:
        bool, of the same shape.
    """
    return np.asarray(kl, np.float32) > ACTIVE_NATS


def has_collapsed(kl: np.ndarray) -> bool:
    """Whether a variational code says next to nothing: no unit is active, or all together carry less than one bit.

    The mean KL divergence from the prior is at least as large as what a code says of its example (Hoffman & Johnson
    2016, ELBO surgery). Below ln 2 nats it cannot even tell two halves of the examples apart, however many units it
    has. A share of the units says less: a code of 1,024 may do well with 20.

    Args:
        kl: Of each unit in nats, (d,).
    """
    return bool(not carrying(kl).any() or np.sum(kl, dtype=np.float64) < LEAST_NATS)


def has_settled(epochs: int, planned: int) -> bool:
    """Whether it has been trained for long enough to be judged: for three epochs, and for a tenth of the planned ones.

    Before that the learning rate still rises, and codes often carry nothing at first.

    Args:
        epochs: Finished ones.
        planned: How many there are to be, at least 1.
    """
    return epochs >= SETTLED_EPOCHS and epochs >= SETTLED_SHARE * planned


def are_dead(shares: np.ndarray) -> np.ndarray:
    """Which units are active for none of the examples, given the share for which each is; bool, of the same shape."""
    return np.asarray(shares) == 0
