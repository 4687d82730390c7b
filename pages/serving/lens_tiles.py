"""What a lens fetches from the server while it is used: points, tiles of decoded images, overlays.

A scene is a plane of a run. Showing a lens opens its scene under a token that nobody can guess without having the
run; the browser then asks for what the view needs, by links that it may keep. Decoded images come in tiles as those
of a map do: one covers all of the plane at level 0, and each level halves their side.
"""

import asyncio
import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from cachetools import LRUCache, cached
from cachetools.keys import hashkey
from isal import igzip
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ae_core import data, disk, latent, runs
from ae_core.errors import ExplorerError
from ae_core.inference import LoadedRun
from ae_core.latent import Plane
from ae_core.runs import Run
from pages.serving import caches, routes

ROOT = "/assets/lens"
KEPT = 2000  # scenes of some kilobytes; what is gone is opened again by the next run of a page
TILE = 48  # decoded images along each side of a tile, without those beyond its rim
DEEPEST = 12
COARSEST, FINEST = 2, 3  # for all of the plane at once: 4 or 16 tiles of two megabytes each in the browser
TOLERANCE = 0.012  # of the 99th percentile of what the browser shows between decoded images
PROBES = 128  # places at which that is tried
ANSWERS_KEPT = 16 << 20  # bytes in memory, of planes that someone has chosen; those of main planes are kept as files
PART = 256  # images of a tile that are decoded at a time
OVERLAY_SIDE = 64  # places along each side of an overlay
STRETCH_SIDE = 32  # costs four decoded images a place
HOUR = 3600
BINARY, JSON = "application/octet-stream", "application/json"
HEADERS = {"Content-Encoding": "gzip", "Cache-Control": f"private, max-age={HOUR}"}


@dataclass(frozen=True)
class View:
    """A square piece of a plane: its middle and half its side."""

    x: float
    y: float
    reach: float

    def places(self, side: int, margin: int = 0) -> np.ndarray:
        """A grid of side × side places in reading order, (side², 2); the outer `margin` of them lie beyond the view."""
        step = 2 * self.reach / (side - 1 - 2 * margin)
        along = (np.arange(side) - (side - 1) / 2) * step
        return latent.grid(self.x + along, self.y + along)

    def is_like(self, other: "View") -> bool:
        """Whether nobody could tell it from the other."""
        differences = (self.x - other.x, self.y - other.y, self.reach - other.reach)
        return max(map(abs, differences)) <= 1e-5 * other.reach  # a link has seven digits

    def holds(self, x: float, y: float, reach: float = 0.0) -> bool:
        """Whether a place, or the middle of a view that is not much larger, lies in it."""
        slack = 1.001 * self.reach  # a link has seven digits
        return all(size <= slack for size in (reach, abs(x - self.x), abs(y - self.y)))


@dataclass(frozen=True, eq=False)
class Scene:
    """A plane of a run, with what is needed to answer questions about it; the run itself stays in the cache of runs."""

    of: Run
    plane: Plane

    @property
    def run(self) -> LoadedRun:
        return caches.load(self.of)

    @property
    def codes(self) -> np.ndarray:
        return caches.codes(self.of)

    @cached_property
    def token(self) -> str:
        parts = (self.of.digest.encode(), self.plane.origin.tobytes(), self.plane.axes.tobytes())
        return hashlib.sha256(b"|".join(parts)).hexdigest()[:32]

    @cached_property
    def is_main(self) -> bool:
        """Whether it is the plane that the run is shown on first."""
        main = caches.plane(self.of)
        return np.array_equal(main.origin, self.plane.origin) and np.array_equal(main.axes, self.plane.axes)

    @cached_property
    def home(self) -> View:
        """The view that holds all but the outermost codes."""
        left, right, bottom, top = latent.extent(self.plane.points(self.codes))
        return View((left + right) / 2, (bottom + top) / 2, max(right - left, top - bottom) / 2)

    def points(self) -> bytes:
        """float32 (n, 2) places, (n,) offsets, for distributions (n, 3) covariances; then uint8 (n,) classes."""
        parts = [self.plane.points(self.codes), self.plane.offsets(self.codes)]
        if self.has_posteriors:
            parts.append(latent.plane_covariances(self.plane, caches.log_variances(self.of)))
        labels = data.load(self.run.spec.dataset).split("test").labels
        return b"".join(np.ascontiguousarray(p, "<f4").tobytes() for p in parts) + labels.astype(np.uint8).tobytes()

    @property
    def has_posteriors(self) -> bool:
        return self.run.recipe.heads == ("z_mean", "z_log_var")

    @cached_property
    def world(self) -> View:
        """All that can be looked at: twice the home view."""
        return View(self.home.x, self.home.y, 2 * self.home.reach)

    def tile(self, level: int, column: int, row: int) -> np.ndarray:
        """Decoded images of a tile and one place beyond it on each side, uint8 ((TILE + 2)², h, w), top row first.

        At level 0 one tile is the world; at each further level four take the place of one.
        """
        x, y, reach = self.world.x, self.world.y, self.world.reach
        half = reach / 2**level
        view = View(x - reach + (2 * column + 1) * half, y + reach - (2 * row + 1) * half, half)
        codes = self.plane.codes(view.places(TILE + 2, margin=1))
        # All at once they would take ten times the memory for a moment, and many ask at the same time.
        parts = (self.run.decode(codes[i : i + PART]) for i in range(0, len(codes), PART))
        return np.concatenate([np.round(part * 255).astype(np.uint8) for part in parts])

    @cached_property
    def level(self) -> int:
        """The first level at which interpolated images are within TOLERANCE of decoded ones, or the finest."""
        rng = np.random.default_rng(0)
        places = self.home.x, self.home.y
        p = (np.array(places) + self.home.reach * rng.uniform(-1, 1, (PROBES, 2))).astype(np.float32)
        exact = self.run.decode(self.plane.codes(p))
        t = rng.uniform(0, 1, (PROBES, 2)).astype(np.float32)
        weights = cubic(t[:, 1])[:, :, None] * cubic(t[:, 0])[:, None]
        for level in range(COARSEST, FINEST):
            step = 2 * self.world.reach / (TILE - 1) / 2**level
            corners = np.stack(np.meshgrid(np.arange(-1, 3), np.arange(-1, 3)), axis=-1)
            around = p[:, None, None] + step * (corners[None] - t[:, None, None])
            decoded = self.run.decode(self.plane.codes(around.reshape(-1, 2))).reshape(PROBES, 4, 4, -1)
            shown = np.clip(np.einsum("nij,nijp->np", weights, decoded), 0, 1).reshape(exact.shape)
            seen = (exact > 1 / 255) | (shown > 1 / 255)  # background is easy
            if not seen.any() or np.quantile(np.abs(shown - exact)[seen], 0.99) <= TOLERANCE:
                return level
        return FINEST

    def overlay(self, name: str, view: View) -> np.ndarray:
        """Values over a view, square, top row first: of latent.OVERLAYS, or the "ground"."""
        side = STRETCH_SIDE if name == "Stretch" else OVERLAY_SIDE
        about = self.run, self.plane, view.places(side), self.codes, caches.neighbour_distance(self.of)
        values = latent.ground(*about) if name == "ground" else latent.overlay(name, *about)
        return values.reshape(side, side)


def cubic(t: np.ndarray) -> np.ndarray:
    """Weights of four values in a row at a share t of the way from the second to the third; (n,) → (n, 4).

    Reference: Keys 1981, Cubic convolution interpolation for digital image processing, with a = −1/2.
    """
    return np.stack(
        [((-t + 2) * t - 1) * t / 2, (3 * t - 5) * t * t / 2 + 1, ((-3 * t + 4) * t + 1) * t / 2, (t - 1) * t * t / 2],
        axis=1,
    )


_scenes: LRUCache[str, Scene] = LRUCache(KEPT)
_opening = Lock()


def prepare(run: LoadedRun, plane: Plane) -> None:
    """Computes what a lens asks for first."""
    scene = open_scene(run, plane)
    _ = scene.level, _compute_and_keep(scene, "points")


def open_scene(run: LoadedRun, plane: Plane) -> Scene:
    """The scene of a plane, which the browser can ask about from now on."""
    scene = Scene(run.run, plane)
    with _opening:
        known = _scenes.setdefault(scene.token, scene)
    _ = known.is_main, known.world  # here, where it may take its time
    return known


def _find(request: Request) -> Scene | None:
    with _opening:
        return _scenes.get(request.path_params["token"])


# Several at once would take no less time on few cores, but all their memory, and hold up the pages.
_computing = ThreadPoolExecutor(1, "lens")


def _compute(scene: Scene, what: str, *about: Any) -> bytes:
    """What the browser gets, gzipped."""
    if what == "points":
        content = scene.points()
    elif what == "tile":
        content = scene.tile(*about).tobytes()
    else:
        name, view = about if len(about) > 1 else (*about, scene.home)
        values = scene.overlay(name, view).astype("<f4")
        content = json.dumps({"side": len(values), "values": b64encode(values.tobytes()).decode()}).encode()
    return bytes(igzip.compress(content, 1))


@cached(LRUCache(ANSWERS_KEPT, getsizeof=len), key=lambda scene, *what: hashkey(scene.token, *what), lock=Lock())
def _compute_unless_known(scene: Scene, *what: Any) -> bytes:
    return _compute(scene, *what)


def _file(scene: Scene, *what: Any) -> Path:
    return runs.data_folder() / "derived" / f"lens-{TILE}-{scene.token}" / "-".join(map(str, what))


def _compute_and_keep(scene: Scene, *what: Any) -> bytes:
    path = _file(scene, *what)
    if path.is_file():  # someone asked just before
        return path.read_bytes()
    content = _compute(scene, *what)
    with suppress(OSError):  # a full disk keeps nobody from looking
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.write_bytes(path, content)
    return content


async def _answer(scene: Scene, *what: Any, media_type: str = BINARY, often: bool = True) -> Response:
    """What the browser asks for; from a file if it is of the run's main plane, which most visitors look at.

    Who waits for what is still to be computed waits outside the threads that all other answers need.
    """
    loop = asyncio.get_running_loop()
    if not (often and scene.is_main):
        content = await loop.run_in_executor(_computing, _compute_unless_known, scene, *what)
        return Response(content, media_type=media_type, headers=HEADERS)
    try:
        content = _file(scene, *what).read_bytes()  # so little that to have a thread read it would take longer
    except OSError:
        content = await loop.run_in_executor(_computing, _compute_and_keep, scene, *what)
    return Response(content, media_type=media_type, headers=HEADERS)


def _opened(run: Run) -> Scene:
    scene = open_scene(caches.load(run), caches.plane(run))
    _ = scene.level
    return scene


async def keep_main_planes(of: Iterable[Run]) -> None:
    """Computes, one after another, what the lenses of these runs' main planes show first, unless it is kept already."""
    for run in of:
        with suppress(ExplorerError):  # a damaged run: its pages say so themselves
            scene = await asyncio.to_thread(_opened, run)
            level = scene.level
            middle = range(2 ** (level - 2), 3 * 2 ** (level - 2))  # the home view is the middle half of the world
            tiles = [("tile", level, column, row) for row in middle for column in middle]
            for what in [("points",), ("overlay", "ground"), ("tile", 0, 0, 0), *tiles]:
                await _answer(scene, *what)


async def _serve_points(request: Request) -> Response:
    scene = _find(request)
    return _GONE if scene is None else await _answer(scene, "points")


async def _serve_tile(request: Request) -> Response:
    scene = _find(request)
    if scene is None:
        return _GONE
    level, column, row = (request.path_params[name] for name in ("level", "column", "row"))
    if level > DEEPEST or max(column, row) >= 2**level:
        return PlainTextResponse(f"There is no such tile: levels go to {DEEPEST}.", 404)
    # Of deeper ones there is no end.
    return await _answer(scene, "tile", level, column, row, often=level <= FINEST)


async def _serve_overlay(request: Request) -> Response:
    scene = _find(request)
    if scene is None:
        return _GONE
    try:
        view = _view(request.query_params.get("view", ""), scene.world)
    except ValueError:
        return PlainTextResponse("view must be three numbers x,y,reach on the plane.", 400)
    name = request.path_params["name"]
    if name not in ("ground", *latent.OVERLAYS):
        return PlainTextResponse("There is no such overlay.", 404)
    if view.is_like(scene.home):
        return await _answer(scene, "overlay", name, media_type=JSON)
    return await _answer(scene, "overlay", name, view, media_type=JSON, often=False)


def _view(text: str, world: View) -> View:
    x, y, reach = (float(part) for part in text.split(","))
    if not world.reach / 2**DEEPEST <= reach or not world.holds(x, y, reach):
        raise ValueError
    return View(x, y, reach)


_GONE = PlainTextResponse("This plane is not open here: reload the page.", 404)
ROUTES = [
    routes.route(ROOT + "/{token}/points", _serve_points),
    routes.route(ROOT + "/{token}/tile/{level:number}/{column:number}/{row:number}", _serve_tile),
    routes.route(ROOT + "/{token}/overlay/{name}", _serve_overlay),
]
