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
    likelihood: its floor is the pixels' entropy, not zero.

    Reference: Kingma & Welling 2014, Auto-encoding variational Bayes, equation 10; β: Higgins et al. 2017.
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
    unit = "nats per image"
    view = View("sampler", "Sample from it")
    order = 6
    hyperparameters = (
        Hyperparameter(
            "beta",
            1.0,
            "β, the weight of the KL divergence from the prior. A larger value keeps codes closer together and blurs "
            "images; a smaller one sharpens images and leaves holes; 1 is the evidence lower bound.",
            0.0,
            20.0,
            title="Weight of the KL divergence (β)",
        ),
    )
    measures = (
        Measure("negative_elbo", "−ELBO", "At β = 1, the sum of ELBO's BCE and KL, in nats per image.", "smaller", 1),
        Measure("elbo_reconstruction", "ELBO's BCE", "BCE with one sampled code per image, in nats per image.", "", 1),
        Measure("kl", "KL", "KL divergence of the codes from a standard normal, in nats per image.", "", 2),
    )
    beta: float

    @classmethod
    def default_network(cls, form: Form) -> Network:
        return Network(family="strided", latent_dim=2, hidden=(16,), code_activation="linear")

    def fit_network(self, network: Network) -> Network:
        # z_mean and z_log_var range over all numbers.
        return replace(network, code_activation="linear")

    def draw(self, code: dict[str, Any], seed: Any, training: bool) -> Any:
        import keras

        noise = keras.random.normal(keras.ops.shape(code["z_mean"]), seed=seed)
        return code["z_mean"] + keras.ops.exp(0.5 * code["z_log_var"]) * noise

    def loss_terms(self, p: Forward) -> dict[str, Any]:
        from keras import ops

        mean, log_var = p.code["z_mean"], p.code["z_log_var"]
        kl = -0.5 * ops.sum(1 + log_var - mean**2 - ops.exp(log_var), axis=1)
        return {
            "reconstruction": ops.mean(ops.sum(p.surprise(), axis=tuple(range(1, len(p.x.shape))))),
            "kl": self.beta * ops.mean(kl),
        }

    def evaluate(self, run: Any, x: Any, seed: int) -> dict[str, float]:
        """−ELBO at β = 1 and its two terms in nats per example, z drawn once for each example."""
        z_mean, z_log_var = run.encode_distribution(x)
        noise = np.random.default_rng(seed).standard_normal(z_mean.shape, dtype=np.float32)
        x_hat = run.decode(z_mean + np.exp(0.5 * z_log_var) * noise)
        surprise = metrics.surprise(run.spec.likelihood, x, x_hat)
        reconstruction = float(surprise.mean(dtype=np.float64) * run.spec.form.size)
        kl = float(metrics.kl_to_standard_normal(z_mean, z_log_var).mean())
        return {"negative_elbo": reconstruction + kl, "elbo_reconstruction": reconstruction, "kl": kl}
