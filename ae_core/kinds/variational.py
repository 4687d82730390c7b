from dataclasses import replace
from typing import Any

import numpy as np

from ae_core import metrics
from ae_core.forms import Form
from ae_core.kinds.base import Forward, Hyperparameter, Kind, Measure, View
from ae_core.networks import Network


class Variational(Kind):
    """Encode to a cloud instead of a point, and keep the clouds near a standard normal.

    Minimises −ELBO = −log p(x|z) summed over values + β KL(q(z|x) ‖ N(0, I)) summed over dims, mean over
    the batch; z = z_mean + exp(z_log_var / 2) ε. BCE on grey pixels is not a normalised
    likelihood: its floor is the pixels' entropy, not zero. While it trains, β may rise from 0, once or
    in cycles, and the first nats of each dim may be free.

    Reference: Kingma & Welling 2014, Auto-encoding variational Bayes, equation 10; β: Higgins et al. 2017; rising:
    Bowman et al. 2016; cycles: Fu et al. 2019, Cyclical annealing schedule, equations 6 and 7; free bits: Kingma et
    al. 2016, Improved variational inference with inverse autoregressive flow, equation 15.
    """

    title = "Variational"
    idea = "Encode an image to a cloud of codes and keep the clouds together, so that every place means something."
    reference = "Kingma & Welling 2014; Higgins et al. 2017"
    notice = (
        "Its training keeps codes close together, so that codes between two classes give sensible images. Look for "
        "holes."
    )
    heads = ("z_mean", "z_log_var")
    prior = True
    watched = "kl"
    unit = "nats per image"
    view = View("sampler", "Sample from it")
    order = 6
    hyperparameters = (
        Hyperparameter(
            "beta",
            1.0,
            "β, the weight of the KL divergence from the prior. A larger value keeps codes closer together and blurs "
            "images; a smaller one sharpens images and leaves holes; 1 is the evidence lower bound. The KL divergence "
            "is summed over the units; where others take its mean over d units, their β counts 1/d of this one.",
            0.0,
            20.0,
            title="Weight of the KL divergence (β)",
            sign="β",
        ),
        Hyperparameter(
            "schedule",
            "constant",
            "β while it trains: the same from the beginning, rising from 0 in the first part, or rising from 0 in "
            "cycles. With a β that rises, units learn to carry something before they have to pay for it.",
            choices=("constant", "warm-up", "cyclical"),
            title="β over the training",
            titles=("Constant", "Warm-up", "Cyclical"),
        ),
        Hyperparameter(
            "rise",
            0.3,
            "The share of the training over which β rises from 0.",
            0.01,
            1.0,
            only_if={"schedule": "warm-up"},
            title="Rise of β, share of the training",
        ),
        Hyperparameter(
            "cycles",
            4,
            "How often β rises from 0: over half of each cycle, and stays for the other half.",
            1,
            20,
            only_if={"schedule": "cyclical"},
            title="Cycles of β",
        ),
        Hyperparameter(
            "free_bits",
            0.0,
            "How many nats each unit may carry for free: its KL divergence, a mean over the batch, counts at least "
            "that. With more, fewer units collapse; with 0, units that pay off too little carry nothing.",
            0.0,
            2.0,
            title="Free bits (nats per unit)",
        ),
    )
    measures = (
        Measure("negative_elbo", "−ELBO", "At β = 1, the sum of ELBO's BCE and KL, in nats per image.", "smaller", 1),
        Measure("elbo_reconstruction", "ELBO's BCE", "BCE with one sampled code per image, in nats per image.", "", 1),
        Measure("kl", "KL", "KL divergence of the codes from a standard normal, in nats per image.", "", 2),
    )
    beta: float
    schedule: str
    rise: float
    cycles: int
    free_bits: float

    @classmethod
    def default_network(cls, form: Form) -> Network:
        return Network(family="strided", latent_dim=2, hidden=(16,), code_activation="linear")

    def fit_network(self, network: Network) -> Network:
        # z_mean and z_log_var range over all numbers.
        return replace(network, code_activation="linear")

    def notes(self, network: Network) -> dict[str, str]:
        # reconstruction + w · (1/d) Σ KL is reconstruction + β Σ KL with β = w / d.
        d = network.latent_dim
        if d == 1:
            return {}
        trap = (
            "It weights a sum over units. Programs that average the KL divergence over d units train with β/d in these "
            f"terms: with {d:,} units, their β = 1 is β = {1 / d:.2g} here, and β = {self.beta:g} here is their β = "
            f"{self.beta * d:.4g}."
        )
        return {"beta": trap}

    def draw(self, code: dict[str, Any], seed: Any, training: bool) -> Any:
        import keras

        noise = keras.random.normal(keras.ops.shape(code["z_mean"]), seed=seed)
        return code["z_mean"] + keras.ops.exp(0.5 * code["z_log_var"]) * noise

    def loss_terms(self, p: Forward) -> dict[str, Any]:
        from keras import ops

        mean, log_var = p.code["z_mean"], p.code["z_log_var"]
        kl = ops.mean(-0.5 * (1 + log_var - mean**2 - ops.exp(log_var)), axis=0)  # of each dim
        if self.free_bits:
            kl = ops.maximum(kl, self.free_bits)
        return {
            "reconstruction": ops.mean(ops.sum(p.surprise(), axis=tuple(range(1, len(p.x.shape))))),
            "kl": self.beta * self.risen(p.progress) * ops.sum(kl),
        }

    def risen(self, progress: Any) -> Any:
        """The share of β that counts after a share of all steps, both in [0, 1]."""
        from keras import ops

        if self.schedule == "warm-up":
            return ops.minimum(progress / self.rise, 1.0)
        if self.schedule == "cyclical":  # the last step is the end of a cycle, not the beginning of one
            return ops.where(progress < 1, ops.minimum(2 * ((progress * self.cycles) % 1), 1.0), 1.0)
        return 1.0

    def watch_units(self, code: dict[str, np.ndarray], network: Network) -> np.ndarray:
        """The KL divergence of each dim in nats, mean over the examples, (latent_dim,)."""
        return metrics.kl_by_dim(code["z_mean"], code["z_log_var"])

    def evaluate(self, run: Any, x: Any, seed: int) -> dict[str, float]:
        """−ELBO at β = 1 and its two terms in nats per example, z drawn once for each example."""
        z_mean, z_log_var = run.encode_distribution(x)
        noise = np.random.default_rng(seed).standard_normal(z_mean.shape, dtype=np.float32)
        x_hat = run.decode(z_mean + np.exp(0.5 * z_log_var) * noise)
        surprise = metrics.surprise(run.spec.likelihood, x, x_hat)
        reconstruction = float(surprise.mean(dtype=np.float64) * run.spec.form.size)
        kl = float(metrics.kl_to_standard_normal(z_mean, z_log_var).mean())
        return {"negative_elbo": reconstruction + kl, "elbo_reconstruction": reconstruction, "kl": kl}
