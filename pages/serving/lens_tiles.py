"""What a lens fetches from the server while it is used: points, tiles of decoded images, overlays.

    ROOT/RUN/DIGEST/PLANE/points
    ROOT/RUN/DIGEST/PLANE/tile/LEVEL/COLUMN/ROW
    ROOT/RUN/DIGEST/PLANE/overlay/NAME?view=X,Y,REACH   of the home view if none is given

An address says all that its answer shows, so any server gives that answer, and browsers and proxies keep it for good.
DIGEST is the run's, followed by the name of an added data set: while that is gone, other examples are shown.
The tile at level 0 covers all of the plane; each further level halves the side of its tiles. A tile is sent as
differences to the examples left of and above each one, which packs to half.
"""

import asyncio
import hashlib
import json
import math
import re
from base64 import b64encode
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

import numpy as np
from cachetools import LRUCache, cached
from isal import igzip
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ae_core import derived, disk, images, latent, runs
from ae_core.errors import ExplorerError, OptionError
from ae_core.forms import Form
from ae_core.inference import LoadedRun
from ae_core.latent import MAIN_PLANE, Plane, PlaneSpec
from ae_core.runs import Run
from pages.serving import caches, routes

VERSION = 3  # raise it with any change of what an address answers
ROOT = f"/assets/lens/v{VERSION}"
DIGITS = 16  # of a run's digest
SCENES_CACHED = 2000  # scenes of some kilobytes
MOST_PLACES = 48  # decoded examples along each side of a tile, without those beyond its rim
TILE_BYTES = 3_100_000  # of a tile in the browser: larger examples have fewer places
DEEPEST = 12
LARGE = 1024  # values of an example above which a coarse plane is tried first
COARSE, MEDIUM, FINE = 48, 192, 384  # examples along all of the plane
TOLERANCE = 0.012  # of the 99th percentile of what the browser shows between decoded images
PROBES = 128  # test examples at whose places that is tried
ANSWERS_CACHE = 16 << 20  # bytes in memory, of planes that someone has chosen; those of main planes are kept as files
PART = 256  # images of a tile that are decoded at a time
OVERLAY_SIDE = 64  # places along each side of an overlay
STRETCH_SIDE = 32  # costs four decoded images a place
TILE_PLACE = re.compile("([0-9]{1,2})/([0-9]{1,4})/([0-9]{1,4})")
BINARY, JSON = "application/octet-stream", "application/json"


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


@dataclass(frozen=True, eq=False)
class Scene:
    """A plane of a run and the answers about it; the run and its codes stay in the caches that all pages share."""

    of: Run
    spec: PlaneSpec

    @property
    def run(self) -> LoadedRun:
        return caches.load(self.of)

    @property
    def codes(self) -> np.ndarray:
        return caches.codes(self.of)

    @property
    def plane(self) -> Plane:
        return caches.plane(self.of, self.spec)

    @property
    def path(self) -> str:
        """Its address, below the server's base path."""
        return f"{ROOT}/{quote(self.of.name)}/{quote(version(self.of))}/{self.spec}"

    @property
    def token(self) -> str:
        """A short hash of the address."""
        return hashlib.sha256(self.path.encode()).hexdigest()[:32]

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
        return self._level_of(COARSE if self.run.form.size > LARGE else MEDIUM)

    @property
    def finest(self) -> int:
        """The level that is fine enough for all of the plane, whatever is decoded."""
        return self._level_of(FINE)

    def _level_of(self, along: int) -> int:
        """The first level with so many examples along all of the plane."""
        return max(0, math.ceil(math.log2(along / self.places)))

    def points(self) -> bytes:
        """float32 (n, 2) places, (n,) offsets, of a variational run (n, 3) covariances; then uint8 (n,) classes."""
        parts = [self.plane.points(self.codes), self.plane.offsets(self.codes)]
        if self.has_posteriors:
            parts.append(latent.plane_covariances(self.plane, caches.log_variances(self.of)))
        labels = caches.test_labels(self.run.dataset.name)
        return b"".join(np.ascontiguousarray(p, "<f4").tobytes() for p in parts) + labels.astype(np.uint8).tobytes()

    @property
    def has_posteriors(self) -> bool:
        return self.run.recipe.heads == ("z_mean", "z_log_var")

    @cached_property
    def world(self) -> View:
        """The largest view: twice the home view."""
        return View(self.home.x, self.home.y, 2 * self.home.reach)

    def tile(self, level: int, column: int, row: int) -> np.ndarray:
        """Decoded examples of a tile with a margin of one place, uint8 ((places + 2)², *shape), top row first."""
        x, y, reach = self.world.x, self.world.y, self.world.reach
        half = reach / 2**level
        view = View(x - reach + (2 * column + 1) * half, y + reach - (2 * row + 1) * half, half)
        codes = self.plane.codes(view.places(self.places + 2, margin=1))
        # In parts: all at once would take ten times the memory.
        parts = (self.run.decode(codes[i : i + PART]) for i in range(0, len(codes), PART))
        return np.concatenate([images.as_uint8(part) for part in parts])

    @cached_property
    def level(self) -> int:
        """The first level at which interpolated examples are within TOLERANCE of decoded ones, or the finest."""
        rng = np.random.default_rng(0)
        # Where codes lie: a few that lie far out make the plane large, and most of it is empty and smooth.
        p = self.plane.points(self.codes[rng.integers(len(self.codes), size=PROBES)])
        exact = self.run.decode(self.plane.codes(p))
        t = rng.uniform(0, 1, (PROBES, 2)).astype(np.float32)
        weights = cubic(t[:, 1])[:, :, None] * cubic(t[:, 0])[:, None]
        for level in range(self.coarsest, self.finest):
            step = 2 * self.world.reach / (self.places - 1) / 2**level
            corners = np.stack(np.meshgrid(np.arange(-1, 3), np.arange(-1, 3)), axis=-1)
            around = p[:, None, None] + step * (corners[None] - t[:, None, None])
            decoded = self.run.decode(self.plane.codes(around.reshape(-1, 2))).reshape(PROBES, 4, 4, -1)
            shown = np.clip(np.einsum("nij,nijp->np", weights, decoded), 0, 1).reshape(exact.shape)
            seen = (exact > 1 / 255) | (shown > 1 / 255)  # background is easy
            if not seen.any() or np.quantile(np.abs(shown - exact)[seen], 0.99) <= TOLERANCE:
                return level
        return self.finest

    def overlay(self, name: str, view: View | None = None) -> np.ndarray:
        """Values over a view, square, top row first: of latent.OVERLAYS, or the "ground".

        Raises:
            OptionError: if the view is not on the plane.
        """
        view = view or self.home
        if view.reach < self.world.reach / 2**DEEPEST or not self.world.holds(view.x, view.y, view.reach):
            raise OptionError("The view must lie on the plane, and not be too small.")
        side = STRETCH_SIDE if name == "Stretch" else OVERLAY_SIDE
        about = self.run, self.plane, view.places(side), self.codes, caches.neighbour_distance(self.of)
        values = latent.ground(*about) if name == "ground" else latent.overlay(name, *about)
        return values.reshape(side, side)


def version(run: Run) -> str:
    """The DIGEST in a run's addresses.

    Raises:
        DatasetError: if there are no examples to show it with.
    """
    return derived.of_examples(run, run.digest[:DIGITS])


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


@caches.memoize(SCENES_CACHED)
def scene(run: Run, spec: PlaneSpec) -> Scene:
    """The scene of a plane of a run; nothing of it is computed yet."""
    return Scene(run, spec)


# One thread: several would need several times the memory, and slow the pages down.
_computing = ThreadPoolExecutor(1, "lens")


def _compute(scene: Scene, what: str, *which: Any) -> bytes:
    """An answer's content, gzipped."""
    if what == "points":
        content = scene.points()
    elif what == "tile":
        content = differences(scene.tile(*which), scene.places + 2).tobytes()
    else:
        values = scene.overlay(*which).astype("<f4")
        content = json.dumps({"side": len(values), "values": b64encode(values.tobytes()).decode()}).encode()
    return bytes(igzip.compress(content, 1, mtime=0))


@cached(LRUCache(ANSWERS_CACHE, getsizeof=len), key=lambda scene, *what: (scene.token, what), lock=Lock())
def _compute_unless_known(scene: Scene, *what: Any) -> bytes:
    return _compute(scene, *what)


def _file(scene: Scene, *what: Any) -> Path:
    name = f"lens-{VERSION}-{version(scene.of)}"
    return derived.folder(scene.of) / name / "-".join(map(str, what))


def _compute_and_keep(scene: Scene, *what: Any) -> bytes:
    path = _file(scene, *what)
    with suppress(OSError):  # computed while this waited for the thread
        return path.read_bytes()
    content = _compute(scene, *what)
    with suppress(OSError):  # a full disk
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.write_bytes(path, content)
    return content


async def _content(scene: Scene, *what: Any, request: Request | None = None) -> bytes:
    """An answer's content: from a file if most visitors ask for it, else from memory, else computed.

    Raises:
        ClientDisconnect: if nobody waits for the request's answer any more when its turn has come.
    """
    often = not (what[0] == "tile" and what[1] > scene.finest) and not isinstance(what[-1], View)
    kept = scene.spec == MAIN_PLANE and often
    if kept:
        with suppress(OSError):
            return _file(scene, *what).read_bytes()  # faster than handing so little to a thread
    loop = asyncio.get_running_loop()

    def compute() -> bytes:
        if request and asyncio.run_coroutine_threadsafe(request.is_disconnected(), loop).result():
            raise ClientDisconnect
        return _compute_and_keep(scene, *what) if kept else _compute_unless_known(scene, *what)

    return await loop.run_in_executor(_computing, compute)


def prepare(run: Run) -> Scene:
    """Computes what a lens on the run's main plane needs first."""
    main = scene(run, MAIN_PLANE)
    _ = main.level, _compute_and_keep(main, "points")
    return main


async def keep_main_planes(of: Iterable[Run]) -> None:
    """Computes the home views of these runs' main planes, unless they are kept already."""
    for run in of:
        with suppress(ExplorerError):  # a damaged run, which its pages report
            main = await asyncio.to_thread(prepare, run)
            # The home view is the middle half of the world.
            middle = range(2**main.level // 4, -(-3 * 2**main.level // 4))
            tiles = [("tile", main.level, column, row) for row in middle for column in middle]
            for what in [("overlay", "ground"), ("tile", 0, 0, 0), *tiles]:
                await _content(main, *what)


async def _answer(request: Request, *what: Any, media_type: str = BINARY) -> Response:
    name, digest, plane = (request.path_params[part] for part in ("run", "digest", "plane"))
    run = runs.find(name)
    if run is None:
        raise HTTPException(404, "There is no such run.")
    try:
        if version(run) != digest:
            raise HTTPException(404, "The run has been trained again, or its data set was deleted or added.")
        content = await _content(scene(run, PlaneSpec.parse(plane)), *what, request=request)
    except ClientDisconnect:
        return Response(status_code=499)  # nobody reads it
    except OptionError as error:
        raise HTTPException(400, str(error)) from None
    except ExplorerError as error:
        raise HTTPException(404, str(error)) from None
    # Proxies keep what everybody may see.
    shared = routes.PACKED if run.path.parent == runs.SHIPPED else routes.PRIVATE
    return Response(content, media_type=media_type, headers=shared)


async def _serve_points(request: Request) -> Response:
    return await _answer(request, "points")


async def _serve_tile(request: Request) -> Response:
    match = TILE_PLACE.fullmatch(request.path_params["place"])
    level, column, row = map(int, match.groups()) if match else (0, 1, 1)
    if level > DEEPEST or max(column, row) >= 2**level:
        raise HTTPException(404, f"There is no such tile: expected LEVEL/COLUMN/ROW with a level of up to {DEEPEST}.")
    return await _answer(request, "tile", level, column, row)


async def _serve_overlay(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in ("ground", *latent.OVERLAYS):
        raise HTTPException(404, "There is no such overlay.")
    view = _view(request.query_params["view"]) if "view" in request.query_params else ()
    return await _answer(request, "overlay", name, *view, media_type=JSON)


def _view(text: str) -> tuple[View]:
    try:
        x, y, reach = (float(part) for part in text.split(","))
        if not all(map(math.isfinite, (x, y, reach))):
            raise ValueError
    except ValueError:
        raise HTTPException(400, "view must be three numbers x,y,reach on the plane.") from None
    return (View(x, y, reach),)


PLANE = ROOT + "/{run}/{digest}/{plane}"
ROUTES = [
    routes.route(PLANE + "/points", _serve_points),
    routes.route(PLANE + "/tile/{place:path}", _serve_tile),
    routes.route(PLANE + "/overlay/{name}", _serve_overlay),
]
