"""Noise: how near to the clean example models and filters come, over the level and the kind of noise."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ae_core import filters, metrics
from ae_core import noise as kinds_of_noise
from ae_core.data import as_float
from ae_core.inference import LoadedRun
from ae_core.kinds import Measure
from ae_core.noise import NOISES
from ae_core.uses.base import Subject, Tell, Use
from ae_core.uses.coders import Coder
from ae_core.uses.rows import Figures

LEVELS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
EXAMPLES = 1_000  # test examples at most
CHOSEN_BY = 100  # of them, by which a filter's width is chosen
DRAWS = 3  # of noise; of a slow filter one
NLM = "nl-means"
STRENGTHS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8)  # h of non-local means, in grey values


def named(kind: str, level: float) -> str:
    """The name of a figure: a kind of `NOISES` and a level of `LEVELS`."""
    return f"{kind.replace('-', '_')}_{level * 100:.0f}"


class Noise(Use):
    """Peak signal-to-noise ratio of what comes back of noisy examples, against the clean ones.

    Each kind of noise at each level, three draws of it, the same for all that is compared. Filters have, at each level,
    the width that is best for a hundred of the clean examples, which in use one does not know. PCA of the same size
    encodes and decodes, as the run does; the untrained network has no decoder.
    """

    title = "Unseen noise"
    question = "How much noise does a model take away, also of a kind or a level that it was not trained on?"
    floors = ("pca",)
    decibels = True
    headlines = (named("gaussian", 0.1), named("gaussian", 0.5))
    order = 6
    figures = tuple(
        Measure(
            named(kind, level),
            f"{NOISES[kind].title}, {level:g}",
            f"PSNR in dB of what comes back of examples with noise; level: {NOISES[kind].level_help}.",
            "larger",
            2,
        )
        for kind in NOISES
        for level in LEVELS
    )

    def beside(self, run: LoadedRun) -> list[Coder]:
        found = [*super().beside(run), Coder("noisy", "noisy", "nothing done", 0, as_float)]
        for name, chosen in filters.of(run.form).items():
            found.append(Coder(name, name, chosen.title, 0, as_float))
        if run.form.is_image:
            found.append(Coder(NLM, NLM, "Non-local means", 0, as_float))
        return found

    def measure(self, subject: Subject, tell: Tell) -> Figures:
        clean = as_float(subject.dataset.split("test").images[:EXAMPLES])
        coder, found = subject.coder, Figures()
        for i, kind in enumerate(NOISES):
            for k, level in enumerate(LEVELS):
                cleaned = _cleaner(coder, clean, kind, level)
                found[named(kind, level)] = [
                    metrics.mean_psnr(clean, np.clip(cleaned(kinds_of_noise.add(clean, kind, level, seed)), 0, 1))
                    for seed in range(1 if coder.kind == NLM else DRAWS)
                ]
                tell((i + (k + 1) / len(LEVELS)) / len(NOISES))
        # A little noise may hit none of a few values, and nothing is then infinitely near.
        return {name: values for name, values in found.items() if np.isfinite(values).all()}


def _cleaner(coder: Coder, clean: np.ndarray, kind: str, level: float) -> Callable[[np.ndarray], np.ndarray]:
    """What takes noise away: a code and its decoder, or a filter at its best width."""
    if coder.kind == "noisy":
        return lambda noisy: noisy
    few = clean[:CHOSEN_BY]
    if coder.kind == NLM:
        noisy = kinds_of_noise.add(few, kind, level, DRAWS)
        best = max(STRENGTHS, key=lambda h: metrics.mean_psnr(few, non_local_means(noisy, h)))
        return lambda noisy: non_local_means(noisy, best)
    if coder.kind in filters.FILTERS:
        width, _ = filters.at_best_width(coder.kind, few, kinds_of_noise.add(few, kind, level, DRAWS))
        return lambda noisy: filters.FILTERS[coder.kind].apply(noisy, width)
    assert coder.decode is not None
    decode = coder.decode
    return lambda noisy: decode(coder.encode(noisy))


def non_local_means(x: np.ndarray, strength: float) -> np.ndarray:
    """Each pixel as a mean of those in patches that look alike, by scikit-image.

    Reference: Buades, Coll & Morel 2005, A non-local algorithm for image denoising.

    Args:
        x: float32 (n, h, w) or (n, h, w, 3) in [0, 1].
        strength: How different patches may be, h of the paper, in grey values; above 0.
    """
    from skimage.restoration import denoise_nl_means

    axis = -1 if x.ndim == 4 else None
    return np.stack(
        [denoise_nl_means(image, patch_size=3, patch_distance=5, h=strength, channel_axis=axis) for image in x]
    ).astype(np.float32)


@dataclass(frozen=True)
class Trained:
    """The noise that a run was trained on.

    Attributes:
        kind: One of `NOISES`.
        level: In [0, 1].
    """

    kind: str
    level: float


def trained_on(run: LoadedRun) -> Trained | None:
    """The noise that a run's training added to its input; None if it added none, or none of `NOISES`."""
    about = run.spec.hyperparameters
    if not run.recipe.denoises or about.get("noise") not in NOISES:
        return None
    return Trained(str(about["noise"]), float(about.get("level", 0)))
