from dataclasses import replace
from typing import Any

import numpy as np

from ae_core.errors import OptionError
from ae_core.forms import Form
from ae_core.kinds.base import Forward, Hyperparameter, Kind, View
from ae_core.networks import Network

LEAST = 1e-3  # of a mean value: below it a logit would be far from 0


class Sparse(Kind):
    """Allow many units, but let few of them speak for any one image.

    Four ways: an L1 penalty λ Σ|h| on each image's code; β Σ_j KL(ρ ‖ ρ̂_j), which pulls each
    unit's mean activity ρ̂_j over the batch to a target ρ (Ng 2011, section on sparsity) and needs
    a code in (0, 1), hence a sigmoid; dropout on the code (Srivastava et al. 2014); or the top k:
    all but the k largest values of a code are set to 0 (Makhzani & Frey 2014). Units that are never
    among them would learn nothing, so an auxiliary loss asks the units that no image of a batch
    uses to draw what the others leave out (Gao et al. 2024, section 2.3, where a unit is dead after
    some millions of examples; here it is silent in one batch, which needs no memory of its own).

    Reference: Ng 2011, CS294A lecture notes: Sparse autoencoder; Makhzani & Frey 2014, k-Sparse autoencoders; Gao et
    al. 2024, Scaling and evaluating sparse autoencoders.
    """

    title = "Sparse"
    idea = "Use many units, but only a few of them for any one image."
    reference = "Ng 2011; Makhzani & Frey 2014"
    notice = "It uses few of its units for any one image. Count the active ones."
    view = View("sparsity", "Count its units", run="sparse-visible")  # with a light penalty most units are active
    order = 1
    hyperparameters = (
        Hyperparameter(
            "method",
            "l1",
            "What makes units inactive: a penalty on the size of the code, a penalty on how often units are active, "
            "setting units to 0 at random, or setting all but the largest few to 0.",
            choices=("l1", "kl", "dropout", "topk"),
            title="Sparsity method",
            titles=("L1 penalty", "KL penalty", "Dropout", "Top k"),
        ),
        Hyperparameter(
            "l1",
            1e-5,
            "λ, the weight of Σ|h|, the sum of the code's absolute values. A larger value makes more units inactive "
            "and blurs the reconstructions; 0 is vanilla.",
            0.0,
            0.1,
            log=True,
            only_if={"method": "l1"},
            title="Weight of the L1 penalty",
        ),
        Hyperparameter(
            "target",
            0.05,
            "ρ, how active each unit should be on average, from 0 to 1. With a smaller value, each unit is active for "
            "fewer and more similar images.",
            0.01,
            0.5,
            only_if={"method": "kl"},
            title="Target activity",
        ),
        Hyperparameter(
            "kl_weight",
            1e-3,
            "β, the weight of Σ KL(ρ ‖ ρ̂). A larger value brings units closer to the target activity; 0 is vanilla.",
            0.0,
            1.0,
            log=True,
            only_if={"method": "kl"},
            title="Weight of the KL penalty",
        ),
        Hyperparameter(
            "rate",
            0.2,
            "The share of units that are set to 0 at each training step. A larger value makes several units learn the "
            "same thing; 0 is vanilla.",
            0.0,
            0.9,
            only_if={"method": "dropout"},
            title="Dropout rate",
        ),
        Hyperparameter(
            "k",
            16,
            "k, how many units are active for an image at most. With a smaller value each unit stands for more of the "
            "image, and the reconstructions are more blurred.",
            1,
            256,
            only_if={"method": "topk"},
            title="Active units (k)",
        ),
        Hyperparameter(
            "revival",
            0.03,
            "α, the weight of the loss by which units that no image uses learn to draw what the others leave out. With "
            "0, units die and stay dead.",
            0.0,
            1.0,
            log=True,
            only_if={"method": "topk"},
            title="Weight of the revival of dead units",
        ),
    )
    method: str
    l1: float
    target: float
    kl_weight: float
    rate: float
    k: int
    revival: float

    @classmethod
    def propose_network(cls, form: Form) -> Network:
        return replace(super().propose_network(form), code_activation="relu")  # only a relu gives true zeros

    @classmethod
    def defaults(cls, form: Form) -> dict[str, Any]:
        return {"k": max(1, min(16, cls.propose_network(form).latent_dim // 4))}

    def fit_network(self, network: Network) -> Network:
        network = replace(network, active=0)
        if self.method == "kl":  # elsewhere a mean activity can lie outside (0, 1), where KL(ρ ‖ ρ̂) is not defined
            return replace(network, code_activation="sigmoid")
        if self.method == "topk":
            if self.k >= network.latent_dim:
                raise OptionError(
                    f"Of {network.latent_dim} units, {self.k} may be active: choose fewer active units, or a larger "
                    "code."
                )
            return replace(network, code_activation="relu", active=self.k)
        return network

    def begin(self, model: Any, x: Any) -> None:
        """Centres the code, and the image of an empty code, on the examples.

        Else a few units carry the mean image, are active for every example, and leave no place for others.
        """
        if self.method == "topk":
            head = model.encoder.get_layer("z")
            features = np.asarray(features_of(model.encoder, head)(x))
            head.bias.assign(-features.mean(axis=0) @ np.asarray(head.kernel))
            bias = model.decoder.trainable_variables[-1]  # of each value, or of each channel
            mean = np.clip(x.reshape(-1, *bias.shape).mean(axis=0), LEAST, 1 - LEAST)
            bias.assign(np.log(mean / (1 - mean)) if model.likelihood == "bernoulli" else mean)

    def draw(self, code: dict[str, Any], seed: Any, training: bool) -> Any:
        import keras

        z = code["z"]
        return keras.random.dropout(z, self.rate, seed=seed) if training and self.method == "dropout" else z

    def loss_terms(self, p: Forward) -> dict[str, Any]:
        from keras import ops

        terms = super().loss_terms(p)
        h = p.code["z"]
        if self.method == "l1":
            terms["sparsity"] = self.l1 * ops.mean(ops.sum(ops.abs(h), axis=1))
        elif self.method == "kl":
            rho, activity = self.target, ops.clip(ops.mean(h, axis=0), 1e-6, 1 - 1e-6)
            kl = rho * ops.log(rho / activity) + (1 - rho) * ops.log((1 - rho) / (1 - activity))
            terms["sparsity"] = self.kl_weight * ops.sum(kl)
        elif self.method == "topk":
            terms["revival"] = self.revival * self._surprise_with_silent_units(p)
        return terms

    def _surprise_with_silent_units(self, p: Forward) -> Any:
        """Mean surprise once units that the batch does not use draw as well; 0 if it uses them all.

        The code itself is held, so that only silent units, and the decoder, learn from it. Their biases are raised
        until they are as active as others for the image that each fits best, since a unit that is 0 everywhere has no
        slope, and a second term pulls them up to there.
        """
        from keras import ops

        h, head = p.code["z"], p.encoder.get_layer("z")
        features = ops.stop_gradient(features_of(p.encoder, head)(p.x_in))
        silent = ops.cast(ops.logical_not(ops.any(h > 0, axis=0)), features.dtype)
        usual = ops.sum(h) / ops.maximum(ops.cast(ops.count_nonzero(h), h.dtype), 1)
        values = head.before_activation(features)
        raised = ops.stop_gradient(usual - ops.max(values, axis=0))
        woken = head.largest(ops.relu(values + raised) * silent)
        surprise = ops.mean(p.instead(ops.stop_gradient(h) + woken).surprise())
        gap = ops.relu(ops.stop_gradient(usual) - ops.max(values, axis=0)) * silent
        return surprise * ops.max(silent) + ops.mean(gap)


def features_of(encoder: Any, head: Any) -> Any:
    """The part of an encoder before its last layer, as a Keras model."""
    import keras

    (x,) = encoder.inputs
    return keras.Model(x, head.input)
