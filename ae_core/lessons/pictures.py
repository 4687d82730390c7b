"""What a lesson can show beside its words: figures of runs, made of their test examples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from ae_core import evaluation, figures, filters, inference, latent, metrics, noise, stability
from ae_core.blurring import blur
from ae_core.errors import OptionError
from ae_core.figures import Row
from ae_core.inference import LoadedRun
from ae_core.lessons import quantities
from ae_core.lessons.quantities import (
    DAMAGE,
    DAMAGES,
    DETAIL,
    FEW,
    LEVEL,
    MODEL,
    SEED,
    WIDTHS,
    Argument,
    Asked,
    Load,
    examples,
)

SHOWN = 8  # examples
TILE = 64  # pixels
BETAS = (1.0, 4.0, 16.0)


@dataclass(frozen=True)
class Picture:
    """A picture.

    Attributes:
        draw: Takes loaded runs, then the rest of `takes`, and `wrap`: examples beside one another, 0 for all.
        meaning: What it shows, for those who cannot see it and for documents.
        takes: What follows its name.
        many: Whether several names of runs may follow in place of one.
    """

    draw: Callable[..., go.Figure]
    meaning: str
    takes: tuple[Argument, ...] = (MODEL,)
    many: bool = False


def _few(run: LoadedRun) -> np.ndarray:
    """The first test example of each of the first classes; without classes the first examples."""
    split = run.dataset.split("test")
    found = [int(np.flatnonzero(split.labels == c)[0]) for c in range(SHOWN) if np.any(split.labels == c)]
    which = found if run.dataset.class_names else list(range(min(SHOWN, len(split))))
    return examples(run)[which]


def _errors(x: np.ndarray, x_hat: np.ndarray) -> list[str]:
    return [f"MSE {metrics.written(e)}" for e in metrics.squared_error(x, x_hat)]


def _reconstructions(run: LoadedRun, wrap: int = 0) -> go.Figure:
    x = _few(run)
    x_hat = run.reconstruct(x)
    rows = [Row("original", x), Row("reconstruction", x_hat, _errors(x, x_hat))]
    return figures.image_rows(rows, tile=TILE, wrap=wrap, form=run.form)


def _code(run: LoadedRun, wrap: int = 0) -> go.Figure:
    codes = run.encode(examples(run))
    ranges = np.quantile(codes, (0.01, 0.99), axis=0).T.astype(np.float32)
    return figures.code_profile(codes[0], ranges)


def _detail(run: LoadedRun, wrap: int = 0) -> go.Figure:
    x = _few(run)
    x_hat = run.reconstruct(x)
    rows = [Row("original", x), Row("its detail", figures.signed_error(blur(x, DETAIL), x))]
    rows += [Row("reconstruction", x_hat), Row("its detail", figures.signed_error(blur(x_hat, DETAIL), x_hat))]
    return figures.image_rows(rows, tile=TILE, wrap=wrap)


def _denoised(run: LoadedRun, level: float, wrap: int = 0) -> go.Figure:
    # As for the quantities: the width of the filter is the best one for all of these.
    x = examples(run, FEW)
    noisy = noise.add(x, "gaussian", level, SEED)
    cleaned = {"noisy": noisy[:SHOWN], run.run.title: run.reconstruct(noisy[:SHOWN])}
    for name, chosen in filters.of(run.form).items():
        cleaned[chosen.title] = filters.at_best_width(name, x, noisy)[1][:SHOWN]
    x = x[:SHOWN]
    rows = [Row("clean", x)]
    rows += [
        Row(figures.wrapped(name), y, [f"PSNR {d:.1f} dB" for d in metrics.psnr(x, y)]) for name, y in cleaned.items()
    ]
    return figures.image_rows(rows, tile=TILE, wrap=wrap, form=run.form)


def _active(*runs: LoadedRun, wrap: int = 0) -> go.Figure:
    counts = {r.run.title: evaluation.active(r, r.encode(examples(r))).sum(axis=1) for r in runs}
    return figures.units_per_image(counts, runs[0].form.noun)


def _nudged(*runs: LoadedRun, wrap: int = 0) -> go.Figure:
    curves = {r.run.title: np.sqrt(stability.nudge_curve(r.encode, examples(r, FEW))) for r in runs}
    return figures.nudge_curves(stability.SIGMAS, curves, stability.SIGMA)


def _draws(run: LoadedRun, wrap: int = 0) -> go.Figure:
    codes = run.encode(examples(run))
    drawn = latent.standard_normal(run.latent_dim).draw(1000, 0)
    far = latent.distances(codes, drawn)
    holes, near = np.argsort(-far)[:SHOWN], np.argsort(far)[:SHOWN]
    rows = [Row("near a test code", run.decode(drawn[near])), Row("farthest from all", run.decode(drawn[holes]))]
    return figures.image_rows(rows, tile=TILE, wrap=wrap, form=run.form)


def _widths(run: LoadedRun, wrap: int = 0) -> go.Figure:
    rates, distortions = quantities.rates_and_distortions(run)
    best = [int(np.argmin(distortions + beta * rates)) for beta in BETAS]
    titles = [f"width × {WIDTHS[i]:.3g}" for i in best]
    return figures.rate_distortion(
        titles, [run.run.title] * len(best), BETAS, rates[best].tolist(), distortions[best].tolist()
    )


def _damaged(run: LoadedRun, damage: str, wrap: int = 0) -> go.Figure:
    x = _few(run)
    y = DAMAGES[damage](x)
    rows = []
    for name, each in (("undamaged", x), (damage.replace("-", " "), y)):
        x_hat = run.reconstruct(each)
        rows += [Row(name, each), Row("reconstruction", x_hat, _errors(each, x_hat))]
    return figures.image_rows(rows, tile=TILE, wrap=wrap)


PICTURES = {
    "reconstructions": Picture(_reconstructions, "Test examples and their reconstructions."),
    "code": Picture(_code, "The code of the first test example, unit by unit."),
    "detail": Picture(_detail, "Test images and reconstructions, and the detail of both: what a blur takes away."),
    "denoised": Picture(
        _denoised,
        "Noisy test examples, what the model makes of them, and what filters at their best widths do.",
        (MODEL, LEVEL),
    ),
    "active": Picture(_active, "How many units are active for a test example, for each model.", many=True),
    "nudged": Picture(_nudged, "How far units move, over the size of the noise, for each model.", many=True),
    "draws": Picture(_draws, "Codes from the prior, decoded: the nearest to test codes, and the farthest from them."),
    "widths": Picture(_widths, "Rate and distortion of a variational model at the best widths for three values of β."),
    "damaged": Picture(_damaged, "Test images, damaged ones, and the reconstructions of both.", (MODEL, DAMAGE)),
}


def parse(text: str) -> Asked:
    """Reads which picture a lesson shows.

    Raises:
        OptionError: if there is no such picture, or it takes something else; a sentence without its full stop.
    """
    name, *given = text.split() or [""]
    if name not in PICTURES:
        raise OptionError(f"unknown picture {name!r}, expected one of {', '.join(PICTURES)}")
    picture = PICTURES[name]
    takes: Sequence[Argument] = (MODEL,) * max(len(given), 1) if picture.many else picture.takes
    return Asked(" ".join([name, *given]), name, *quantities.arguments(name, takes, given))


def draw(text: str, load: Load = inference.load, wrap: int = 0) -> go.Figure:
    """Draws a picture, as ``draw("reconstructions vanilla")``.

    Args:
        text: As a lesson names it.
        load: Gives the loaded run of a name.
        wrap: The most examples beside one another; 0 for all.

    Raises:
        OptionError: as `parse`, or if the run is of another kind than it needs.
        RunError: if there is no such run.
    """
    asked = parse(text)
    if asked.name in ("detail", "damaged") and not load(asked.models[0]).form.is_image:
        raise OptionError(f"{asked.models[0]} did not learn images: a model of images is needed")
    return PICTURES[asked.name].draw(*map(load, asked.models), *asked.rest, wrap=wrap)
