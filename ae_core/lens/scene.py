"""What a lens shows of a plane: points, tiles of decoded examples, overlays.

The tile at level 0 covers all of the plane; each further level halves the side of its tiles. A tile is sent as
differences to the examples left of and above each one, which packs to half.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ae_core import images, latent, thumbnails
from ae_core.data import as_float
from ae_core.errors import OptionError
from ae_core.figures.style import CLASS_COLOURS, edge
from ae_core.forms import Form
from ae_core.inference import LoadedRun
from ae_core.latent import MAIN_PLANE, Plane, PlaneSpec

MOST_PLACES = 48  # decoded examples along each side of a tile, without those beyond its rim
TILE_BYTES = 3_100_000  # of a tile in the browser: larger examples have fewer places
DEEPEST = 12
LARGE = 1024  # values of an example above which a coarse plane is tried first
COARSE, MEDIUM, FINE = 48, 192, 384  # examples along all of the plane
REFINED = 3  # levels by which the tile under a pointer that rests may be finer
TOLERANCE = 0.012  # of the 99th percentile of what the browser shows between decoded images
PROBES = 128  # test examples at whose places that is tried
PART = 256  # examples that are decoded, or encoded, at a time
OVERLAY_SIDE = 64  # places along each side of an overlay
STRETCH_SIDE = 32  # costs four decoded images a place


@dataclass(frozen=True)
class View:
    """A square piece of a plane: its centre and half its side."""

    x: float
    y: float
    reach: float

    def places(self, side: int, margin: int = 0) -> np.ndarray:
        """A grid of side × side places in reading order, (side², 2), `margin` of them beyond each edge of the view."""
        step = 2 * self.reach / (side - 1 - 2 * margin)
        along = (np.arange(side) - (side - 1) / 2) * step
        return latent.grid(self.x + along, self.y + along)

    def holds(self, x: float, y: float, reach: float = 0.0) -> bool:
        """Whether it contains a place, or the centre of a view that is not larger."""
        slack = 1.001 * self.reach  # links round to seven digits
        return all(size <= slack for size in (reach, abs(x - self.x), abs(y - self.y)))


class Scene(ABC):
    """A plane of a run, and what a lens shows of it."""

    @property
    @abstractmethod
    def run(self) -> LoadedRun: ...

    @property
    @abstractmethod
    def codes(self) -> np.ndarray:
        """Codes of all test examples, (n, d)."""

    @property
    @abstractmethod
    def plane(self) -> Plane: ...

    @property
    @abstractmethod
    def neighbour_distance(self) -> float:
        """As `latent.neighbour_distance` gives it for the codes."""

    @property
    @abstractmethod
    def log_variances(self) -> np.ndarray:
        """z_log_var of all test examples of a variational run, (n, d)."""

    @cached_property
    def home(self) -> View:
        """The view of all codes."""
        left, right, bottom, top = latent.extent(self.plane.points(self.codes), outside=0)
        return View((left + right) / 2, (bottom + top) / 2, max(right - left, top - bottom) / 2)

    @cached_property
    def places(self) -> int:
        """Decoded examples along each side of a tile, without those beyond its rim."""
        return places_of(self.run.form)

    @property
    def coarsest(self) -> int:
        """The first level that is tried."""
        return self.level_of(COARSE if self.run.form.size > LARGE else MEDIUM)

    @property
    def finest(self) -> int:
        """The level that is fine enough for all of the plane, whatever is decoded."""
        return self.level_of(FINE)

    def level_of(self, along: int) -> int:
        """The first level with so many examples along all of the plane."""
        return max(0, math.ceil(math.log2(along / self.places)))

    def points(self, every: int = 1) -> bytes:
        """float32 (n, 2) places, (n,) offsets, of a variational run (n, 3) covariances; then uint8 (n,) classes.

        Args:
            every: Whether each test example counts, or only each second, third …
        """
        codes = self.codes[::every]
        parts = [self.plane.points(codes), self.plane.offsets(codes)]
        if self.has_posteriors:
            parts.append(latent.plane_covariances(self.plane, self.log_variances[::every]))
        labels = self.run.dataset.split("test").labels[::every]
        return b"".join(np.ascontiguousarray(p, "<f4").tobytes() for p in parts) + labels.astype(np.uint8).tobytes()

    @property
    def has_posteriors(self) -> bool:
        return self.run.recipe.heads == ("z_mean", "z_log_var")

    @cached_property
    def world(self) -> View:
        """The largest view: twice the home view."""
        return View(self.home.x, self.home.y, 2 * self.home.reach)

    def view_of(self, level: int, column: int, row: int) -> View:
        """What a tile covers."""
        x, y, reach = self.world.x, self.world.y, self.world.reach
        half = reach / 2**level
        return View(x - reach + (2 * column + 1) * half, y + reach - (2 * row + 1) * half, half)

    def tile(self, level: int, column: int, row: int) -> np.ndarray:
        """Decoded examples of a tile with a margin of one place, uint8 ((places + 2)², *shape), top row first."""
        codes = self.plane.codes(self.view_of(level, column, row).places(self.places + 2, margin=1))
        # In parts: all at once would take ten times the memory.
        parts = (self.run.decode(codes[i : i + PART]) for i in range(0, len(codes), PART))
        return np.concatenate([images.as_uint8(part) for part in parts])

    @property
    def level(self) -> int:
        """The first level at which interpolated examples are within TOLERANCE of decoded ones, or the finest."""
        return self._levels[0]

    @property
    def detail(self) -> int:
        """The same for the one tile in which a pointer rests, which may be finer than the finest of a whole view."""
        return self._levels[1]

    @cached_property
    def _levels(self) -> tuple[int, int]:
        last = min(self.finest + REFINED, DEEPEST)
        detail = self._first_fine(self.coarsest, last)
        return min(detail, self.finest), detail

    def _first_fine(self, first: int, last: int) -> int:
        """The first of some levels that is fine enough where codes lie, or the last."""
        rng = np.random.default_rng(0)
        # Where codes lie: a few that lie far out make the plane large, and most of it is empty and smooth.
        p = self.plane.points(self.codes[rng.integers(len(self.codes), size=PROBES)])
        exact = self.run.decode(self.plane.codes(p))
        t = rng.uniform(0, 1, (PROBES, 2)).astype(np.float32)
        weights = cubic(t[:, 1])[:, :, None] * cubic(t[:, 0])[:, None]
        for level in range(first, last):
            step = 2 * self.world.reach / (self.places - 1) / 2**level
            corners = np.stack(np.meshgrid(np.arange(-1, 3), np.arange(-1, 3)), axis=-1)
            around = p[:, None, None] + step * (corners[None] - t[:, None, None])
            decoded = self.run.decode(self.plane.codes(around.reshape(-1, 2))).reshape(PROBES, 4, 4, -1)
            shown = np.clip(np.einsum("nij,nijp->np", weights, decoded), 0, 1).reshape(exact.shape)
            seen = (exact > 1 / 255) | (shown > 1 / 255)  # background is easy
            if not seen.any() or np.quantile(np.abs(shown - exact)[seen], 0.99) <= TOLERANCE:
                return level
        return last

    def overlay(self, name: str, view: View | None = None) -> np.ndarray:
        """Values over a view, square, top row first: of latent.OVERLAYS, or the "ground".

        Raises:
            OptionError: if the view is not on the plane, or there is no such overlay.
        """
        view = view or self.home
        if view.reach < self.world.reach / 2**DEEPEST or not self.world.holds(view.x, view.y, view.reach):
            raise OptionError("The view must lie on the plane, and not be too small.")
        side = STRETCH_SIDE if name == "Stretch" else OVERLAY_SIDE
        about = self.run, self.plane, view.places(side), self.codes, self.neighbour_distance
        values = latent.ground(*about) if name == "ground" else latent.overlay(name, *about)
        return values.reshape(side, side)

    def about(self) -> dict[str, Any]:
        """What a browser is told of it, wherever it gets the rest; the types are in pages/widgets/lens/lens.js."""
        dataset, form = self.run.dataset, self.run.form
        colours = [CLASS_COLOURS[i % len(CLASS_COLOURS)] for i in range(max(len(dataset.class_names), 1))]
        return {
            "home": [self.home.x, self.home.y, self.home.reach],
            "tile": self.places,
            "level": self.level,
            "detail": self.detail,
            "world": 2,
            "count": len(self.codes),
            "every": 1,
            "posteriors": self.has_posteriors,
            "neighbour_distance": self.neighbour_distance,
            "form": form.to_json(),
            "image": thumbnails.size(form),
            "noun": form.noun,
            "classes": list(dataset.class_names),
            "colours": colours,
            "edges": [edge(colour) for colour in colours],
        }


class OwnScene(Scene):
    """A scene that computes what it needs and keeps it for as long as it lives.

    Its tiles have `most_places` decoded examples along each side at most.

    Raises:
        OptionError: by `plane`, if the codes have no such plane.
        DatasetError: by `codes`, if there are no test examples.
    """

    def __init__(self, run: LoadedRun, spec: PlaneSpec = MAIN_PLANE, most_places: int = MOST_PLACES) -> None:
        self._run = run
        self._spec = spec
        self._most_places = most_places

    @property
    def run(self) -> LoadedRun:
        return self._run

    @cached_property
    def places(self) -> int:
        return min(places_of(self.run.form), self._most_places)

    @cached_property
    def codes(self) -> np.ndarray:
        return self.run.encode_kept(self.run.dataset.split("test").images)

    @cached_property
    def plane(self) -> Plane:
        return self._spec.plane(self.codes)

    @cached_property
    def neighbour_distance(self) -> float:
        return float(latent.neighbour_distance(self.codes))

    @cached_property
    def log_variances(self) -> np.ndarray:
        every = self.run.dataset.split("test").images
        parts = (as_float(every[i : i + PART]) for i in range(0, len(every), PART))
        return np.concatenate([self.run.encode_distribution(part)[1] for part in parts])


def places_of(form: Form) -> int:
    """Decoded examples along each side of a tile, without those beyond its rim, so that it has `TILE_BYTES` at most."""
    return max(2, min(MOST_PLACES, math.isqrt(TILE_BYTES // form.size) - 2))


def differences(tile: np.ndarray, side: int) -> np.ndarray:
    """What is left of a square tile's examples, uint8 (side², *shape), without the ones left of and above each."""
    square = tile.reshape(side, side, -1).copy()
    square[:, 1:] -= tile.reshape(square.shape)[:, :-1]
    along = square.copy()
    square[1:] -= along[:-1]
    return square


def cubic(t: np.ndarray) -> np.ndarray:
    """Weights of four values in a row at a share t of the way from the second to the third; (n,) → (n, 4).

    Reference: Keys 1981, Cubic convolution interpolation for digital image processing, with a = −1/2.
    """
    return np.stack(
        [((-t + 2) * t - 1) * t / 2, (3 * t - 5) * t * t / 2 + 1, ((-3 * t + 4) * t + 1) * t / 2, (t - 1) * t * t / 2],
        axis=1,
    )
