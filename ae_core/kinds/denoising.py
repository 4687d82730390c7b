from typing import Any

from ae_core import noise as noises
from ae_core.forms import Form
from ae_core.kinds.base import Hyperparameter, Kind, Measure, View

GENTLE_LEVEL = 0.1  # on signals and tables, whose values fill the range from 0 to 1


class Denoising(Kind):
    """Rebuild the clean image from a noisy one; new noise is drawn at every step.

    Reference: Vincent et al. 2008, Extracting and composing robust features with denoising
    autoencoders, section 2.3.
    """

    title = "Denoising"
    idea = "Add noise to the input, and reconstruct the clean image."
    reference = "Vincent et al. 2008"
    notice = "It returns what an image should look like, not what it was shown."
    view = View("denoise", "Denoise with it")
    order = 2
    denoises = True
    hyperparameters = (
        Hyperparameter(
            "noise",
            "gaussian",
            "What is added to the input during training.",
            choices=tuple(noises.NOISES),
            titles=tuple(noise.title for noise in noises.NOISES.values()),
        ),
        Hyperparameter(
            "level",
            0.5,
            "The standard deviation of Gaussian noise, or the share of pixels that are changed. With a larger "
            "value the model removes more noise and more detail; 0 is vanilla.",
            low=0.0,
            high=1.0,
            title="Noise level",
        ),
    )
    measures = (
        Measure(
            "bce_denoised",
            "BCE denoised",
            "BCE of test images reconstructed from noisy ones, with the noise of the training, in nats per pixel; do "
            "not compare models of different noise or level.",
            "smaller",
        ),
    )
    noise: str
    level: float

    @classmethod
    def defaults(cls, form: Form) -> dict[str, Any]:
        return {} if form.is_image else {"level": GENTLE_LEVEL}

    def corrupt(self, x: Any, seed: Any) -> Any:
        import keras

        draw = keras.random.normal if noises.get(self.noise).field == "normal" else keras.random.uniform
        return noises.corrupt(x, self.noise, self.level, draw(keras.ops.shape(x), seed=seed), keras.ops)

    def evaluate(self, run: Any, x: Any, seed: int) -> dict[str, float]:
        """PSNR in dB before and after, under its own noise; and the BCE of its objective."""
        from ae_core import metrics

        noisy = noises.add(x, self.noise, self.level, seed)
        denoised = run.reconstruct(noisy)
        figures = {"psnr_noisy": metrics.mean_psnr(x, noisy), "psnr_denoised": metrics.mean_psnr(x, denoised)}
        if run.spec.likelihood == "bernoulli":
            figures["bce_denoised"] = float(metrics.binary_cross_entropy(x, denoised).mean())
        return figures
