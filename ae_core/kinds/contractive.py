from typing import Any

from ae_core import networks
from ae_core.kinds.base import Forward, Hyperparameter, Kind, View

# Up to this many units the Jacobian is taken unit by unit; beyond it, it is estimated.
EXACT_UNITS = 16
PROJECTIONS = 4
LEAST_VARIANCE = 1e-12  # of a unit that is the same for all of a batch


class Contractive(Kind):
    """Penalise how far the code moves when the image is nudged.

    Two ways. By nudges: λ/σ² times the mean over units of E(f_j(x + σε) − f_j(x))² / Var f_j, with ε of standard normal
    values and nudged examples clipped to [0, 1]. Each unit is measured by its own variance over the batch, so that
    neither a smaller code nor one unit that varies more than all others pays for anything. Or by
    the derivative at the image, λ ‖∂h/∂x‖²_F: exact in closed form for a one-layer encoder, ‖J‖²_F = Σ_i φ'(a_i)² Σ_j
    W_ji²; by automatic differentiation for deeper encoders with codes up to 16 units; for larger ones Hutchinson's
    unbiased estimate E‖vᵀJ‖² with v of random signs. A derivative sees nothing of the kinks that max-pooling and relu
    have at images with black ground, so it may be small where nothing contracts.

    Reference: Rifai et al. 2011, Contractive auto-encoders, equations 2 and 3; nudges: Rifai et al. 2011, Higher order
    contractive auto-encoder, equation 7, for a σ that is not small.
    """

    title = "Contractive"
    idea = "Keep the code nearly the same when the image changes a little."
    reference = "Rifai et al. 2011"
    notice = "Its code moves little when an image changes a little. Nudge images, and see how far codes move."
    view = View("stability", "Nudge its images")
    order = 4
    hyperparameters = (
        Hyperparameter(
            "method",
            "nudge",
            "What is penalised: how far the code moves when noise is added to the image, or the derivative of the "
            "code at the image. The derivative sees no kinks, and convolutions with max-pooling have one at nearly "
            "every black pixel.",
            choices=("nudge", "jacobian"),
            title="What is penalised",
            titles=("Nudged images", "Derivative"),
            before="jacobian",
        ),
        Hyperparameter(
            "stillness",
            0.003,
            "λ, the weight of the squared distance that each unit moves, relative to σ² and to its own variance "
            "between images. With a larger value the code moves less; 0 is vanilla.",
            0.0,
            10.0,
            log=True,
            only_if={"method": "nudge"},
            title="Weight of the penalty",
        ),
        Hyperparameter(
            "nudge",
            0.1,
            "σ, the standard deviation of the noise that nudges the images, whose values range from 0 to 1.",
            0.01,
            0.5,
            only_if={"method": "nudge"},
            title="Size of the nudge (σ)",
        ),
        Hyperparameter(
            "contraction",
            1e-4,
            "λ, the weight of ‖∂h/∂x‖²_F. With a larger value the code changes less and the reconstructions are more "
            "blurred; 0 is vanilla.",
            0.0,
            1.0,
            log=True,
            only_if={"method": "jacobian"},
            title="Weight of the contraction penalty",
        ),
    )
    method: str
    stillness: float
    nudge: float
    contraction: float

    def nudge_examples(self, x: Any, seed: Any) -> Any:
        import keras
        from keras import ops

        if self.method != "nudge":
            return x
        return ops.clip(x + self.nudge * keras.random.normal(ops.shape(x), seed=seed), 0, 1)

    def loss_terms(self, p: Forward) -> dict[str, Any]:
        from keras import ops

        terms = super().loss_terms(p)
        if self.method == "nudge":
            terms["contraction"] = self.stillness * relative_movement(p, self.nudge)
        else:
            terms["contraction"] = self.contraction * ops.mean(squared_jacobian_norm(p))
        return terms


def relative_movement(p: Forward, sigma: float) -> Any:
    """Mean over units of E(f_j(clip(x + σε)) − f_j(x))² / (σ² Var f_j) over a batch, a scalar; at most 4/σ².

    The variance is that of images and nudged ones together: a unit that only noise makes active has one as well.
    """
    from keras import ops

    codes, near = p.code["z"], p.encoder(p.x_near, training=p.training)["z"]
    variance = ops.var(ops.concatenate([codes, near]), axis=0)
    return ops.mean(ops.mean((near - codes) ** 2, axis=0) / ops.maximum(variance, LEAST_VARIANCE)) / sigma**2


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
