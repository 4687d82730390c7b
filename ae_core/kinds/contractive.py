from typing import Any

from ae_core import networks
from ae_core.kinds.base import Forward, Hyperparameter, Kind, View

# Up to this many units the Jacobian is taken unit by unit; beyond it, it is estimated.
EXACT_UNITS = 16
PROJECTIONS = 4


class Contractive(Kind):
    """Penalise how much the code moves when the image moves: λ ‖∂h/∂x‖²_F, mean over the batch.

    Exact in closed form for a one-layer encoder, ‖J‖²_F = Σ_i φ'(a_i)² Σ_j W_ji²; exact by
    automatic differentiation for deeper encoders with codes up to 16 units; for larger ones
    Hutchinson's unbiased estimate E‖vᵀJ‖² with v of random signs.

    Reference: Rifai et al. 2011, Contractive auto-encoders, equations 2 and 3.
    """

    title = "Contractive"
    idea = "Keep the code nearly the same when the image changes a little."
    reference = "Rifai et al. 2011"
    notice = "Its code moves little when an image changes a little. Compare the places of its codes with vanilla's."
    view = View("lens", "See its plane beside vanilla's", {"run": "contractive-2d", "beside": "vanilla-2d"})
    order = 4
    hyperparameters = (
        Hyperparameter(
            "contraction",
            1e-4,
            "λ, the weight of ‖∂h/∂x‖²_F. With a larger value the code changes less and the reconstructions are more "
            "blurred; 0 is vanilla.",
            0.0,
            1.0,
            log=True,
            title="Weight of the contraction penalty",
        ),
    )
    contraction: float

    def loss_terms(self, p: Forward) -> dict[str, Any]:
        from keras import ops

        terms = super().loss_terms(p)
        terms["contraction"] = self.contraction * ops.mean(squared_jacobian_norm(p))
        return terms


def squared_jacobian_norm(p: Forward) -> Any:
    """‖∂h/∂x‖²_F for each image, shape (batch,), at the encoder's input."""
    if not p.network.hidden and not networks.get(p.network.family).convolutional:
        return one_layer_norm(p.code["z"], p.encoder.get_layer("z").kernel, p.network.code_activation)
    return differentiated_norm(p.encoder, p.x_in, p.network.latent_dim, p.seed)


def one_layer_norm(h: Any, kernel: Any, activation: str) -> Any:
    """Closed form for h = φ(xW + b): Σ_i φ'(a_i)² Σ_j W_ji², shape (batch,)."""
    from keras import ops

    slope = {
        "relu": lambda: ops.cast(h > 0, h.dtype),
        "sigmoid": lambda: h * (1 - h),
        "tanh": lambda: 1 - h**2,
        "linear": lambda: ops.ones_like(h),
    }[activation]()
    return ops.sum(slope**2 * ops.sum(kernel**2, axis=0), axis=1)


def differentiated_norm(encoder: Any, x: Any, units: int, seed: Any) -> Any:
    """By automatic differentiation: exact up to `EXACT_UNITS` units, else Hutchinson's estimate."""
    import keras
    import tensorflow as tf

    exact = units <= EXACT_UNITS
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        h = encoder(x)["z"]
        if exact:
            scalars = [h[:, i] for i in range(units)]
        else:
            signs = [
                tf.cast(2 * keras.random.randint(tf.shape(h), 0, 2, seed=seed) - 1, h.dtype) for _ in range(PROJECTIONS)
            ]
            scalars = [tf.reduce_sum(h * v, axis=1) for v in signs]
    axes = range(1, len(x.shape))
    total = sum(tf.reduce_sum(tf.square(tape.gradient(s, x)), axis=tuple(axes)) for s in scalars)
    return total if exact else total / PROJECTIONS
