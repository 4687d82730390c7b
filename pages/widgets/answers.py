"""What models make of one image, a row for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ae_core import figures, images, metrics, runs, thumbnails
from ae_core.figures.maps import density_map
from ae_core.inference import LoadedRun
from ae_core.runs import Run
from pages.serving import caches, routes, scripts
from pages.widgets import counts

NEIGHBOURS = 3
MAP_SIDE = 56
UNSEEN, HARDLY_SEEN = 99.0, 95.0  # percentile ranks


@dataclass(frozen=True)
class RunResult:
    """What one run makes of an image.

    Attributes:
        run: The run.
        reconstruction: Of the run's form.
        error: A picture of its signed error, uint8, of an image RGBA.
        mse: Its mean squared error.
        rank: The share of test images with a smaller error, in per cent.
        place: Where its code lies on the map, across and down, each in [0, 1] or beyond.
        neighbours: The nearest training examples, (NEIGHBOURS, *shape), the nearest first.
        classes: The names of their classes.
    """

    run: LoadedRun
    reconstruction: np.ndarray
    error: np.ndarray
    mse: float
    rank: float
    place: tuple[float, float]
    neighbours: np.ndarray
    classes: tuple[str, ...]


@caches.memoize(32)
def _map(run: Run) -> tuple[str, tuple[float, float, float, float]]:
    picture, extent = density_map(caches.places(run), MAP_SIDE)
    return images.data_uri(np.dstack([np.zeros_like(picture), picture])), extent  # black, the denser the more opaque


def prepare(run: Run) -> None:
    """Computes what `compute` needs and what is the same for every image; takes seconds the first time."""
    caches.errors(run)
    _map(run)
    caches.training_index(run)


def compute(run: LoadedRun, x: np.ndarray) -> RunResult:
    """What a run makes of an example of its form in [0, 1]."""
    (code,) = run.encode(x[None])
    x_hat = run.decode(code[None])
    error = float(metrics.squared_error(x[None], x_hat)[0])
    _, (left, right, bottom, top) = _map(run.run)
    ((across, up),) = caches.plane(run.run).points(code[None])
    near, _ = caches.training_index(run.run).nearest(code, NEIGHBOURS)
    training, names = caches.training_images(run.dataset.name), run.dataset.class_names
    return RunResult(
        run=run,
        reconstruction=x_hat[0],
        error=figures.signed_error(x[None], x_hat)[0]
        if run.form.is_image
        else thumbnails.draw(run.form, x_hat, against=x[None])[0],
        mse=error,
        rank=float(metrics.percentile_rank(error, caches.errors(run.run))),
        place=(float((across - left) / (right - left)), float((top - up) / (top - bottom))),
        neighbours=training.images[near],
        classes=tuple(names[c] if names else "" for c in training.labels[near]),
    )


def words(rank: float, noun: str = "image") -> str:
    """How strange an example is, given the share of test images with a smaller error, in per cent."""
    if rank >= 50:
        # Cut, not rounded: 99.96 % is not all.
        share = "all" if rank >= 100 else f"{np.floor(rank * 10) / 10:.1f} % of the"
        sentence = f"more unusual than {share} test {noun}s"
        if rank >= UNSEEN:
            return f"{sentence}: the model has seen nothing like it"
        return f"{sentence}: the model has hardly seen anything like it" if rank >= HARDLY_SEEN else sentence
    share = "all" if rank <= 0 else f"{np.floor((100 - rank) * 10) / 10:.1f} % of the"
    return f"more usual than {share} test {noun}s"


def show(results: Sequence[RunResult], key: str) -> str | None:
    """Shows the results.

    Returns:
        The name of the run that the visitor wants to see more of, once; None otherwise.
    """
    state = scripts.component("answers.js")(
        key=key,
        data={
            "rows": [_row(result) for result in results],
            "summary": _summary(results),
            "noun": results[0].run.form.noun if results else "image",
            "page": routes.link("/reconstruct"),
        },
        on_opened_change=lambda: None,
    )
    return next((name for result in results if (name := result.run.run.name) == state.opened), None)


def title(run: LoadedRun) -> str:
    """What a run is called here: one that ships by its kind."""
    return run.recipe.title if run.run.path.parent == runs.SHIPPED else run.run.title


def _summary(results: Sequence[RunResult]) -> str:
    """One sentence for those who cannot see the rows change."""
    if not results:
        return ""
    ranked = sorted(results, key=lambda result: result.rank)
    least, most = ranked[0], ranked[-1]
    noun = least.run.form.noun
    return f"To {title(least.run)} it is {words(least.rank, noun)}; to {title(most.run)} {words(most.rank, noun)}."


def _row(result: RunResult) -> dict[str, Any]:
    form = result.run.form
    shown = [thumbnails.draw(form, examples) for examples in (result.reconstruction[None], result.neighbours)]
    greys = np.concatenate(shown)
    return {
        "name": result.run.run.name,
        "title": title(result.run),
        "words": words(result.rank, result.run.form.noun),
        "unseen": result.rank >= UNSEEN,
        "units": counts.units(result.run.latent_dim),
        "mse": metrics.written(result.mse),
        "place": result.place,
        "classes": result.classes,
        "size": thumbnails.size(form),
        "greys": images.data_uri(images.mosaic(greys, len(greys), gap=0)),
        "error": images.data_uri(result.error),
        "map": _map(result.run.run)[0],
    }
