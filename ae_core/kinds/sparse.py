from dataclasses import replace
from typing import Any

from ae_core.forms import Form
from ae_core.kinds.base import Forward, Hyperparameter, Kind, View
from ae_core.networks import Network


class Sparse(Kind):
    """Allow many units, but let few of them speak for any one image.

    Three ways: an L1 penalty λ Σ|h| on each image's code; β Σ_j KL(ρ ‖ ρ̂_j), which pulls each
    unit's mean activity ρ̂_j over the batch to a target ρ (Ng 2011, section on sparsity) and needs
    a code in (0, 1), hence a sigmoid; or dropout on the code (Srivastava et al. 2014).

    Reference: Ng 2011, CS294A lecture notes: Sparse autoencoder.
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
            "What makes units inactive: a penalty on the size of the code, a penalty on how often units are active, or "
            "setting units to 0 at random.",
            choices=("l1", "kl", "dropout"),
            title="Sparsity method",
            titles=("L1 penalty", "KL penalty", "Dropout"),
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
    )
    method: str
    l1: float
    target: float
    kl_weight: float
    rate: float

    @classmethod
    def propose_network(cls, form: Form) -> Network:
        return replace(super().propose_network(form), code_activation="relu")  # only a relu gives true zeros

    def fit_network(self, network: Network) -> Network:
        # Elsewhere a mean activity can lie outside (0, 1), where KL(ρ ‖ ρ̂) is not defined.
        return replace(network, code_activation="sigmoid") if self.method == "kl" else network

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
        return terms
