"""What a lens fetches from the server while it is used: points, tiles of decoded images, overlays.

    ROOT/RUN/DIGEST/PLANE/points
    ROOT/RUN/DIGEST/PLANE/tile/LEVEL/COLUMN/ROW
    ROOT/RUN/DIGEST/PLANE/overlay/NAME?view=X,Y,REACH   of the home view if none is given

An address says all that its answer shows, so any server gives that answer, and browsers and proxies keep it for good.
DIGEST is the run's, followed by the name of an added data set: while that is gone, other examples are shown. What
tiles and points are is told in ae_core/lens/scene.py.
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

from ae_core import derived, disk, latent, lens, runs
from ae_core.errors import ExplorerError, OptionError
from ae_core.inference import LoadedRun
from ae_core.latent import MAIN_PLANE, Plane, PlaneSpec
from ae_core.lens import DEEPEST, View, differences
from ae_core.runs import Run
from pages.serving import caches, routes

VERSION = 3  # raise it with any change of what an address answers
ROOT = f"/assets/lens/v{VERSION}"
DIGITS = 16  # of a run's digest
SCENES_CACHED = 2000  # scenes of some kilobytes
ANSWERS_CACHE = 16 << 20  # bytes in memory, of planes that someone has chosen; those of main planes are kept as files
TILE_PLACE = re.compile("([0-9]{1,2})/([0-9]{1,4})/([0-9]{1,4})")
BINARY, JSON = "application/octet-stream", "application/json"


@dataclass(frozen=True, eq=False)
class Scene(lens.Scene):
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
    def neighbour_distance(self) -> float:
        return caches.neighbour_distance(self.of)

    @property
    def log_variances(self) -> np.ndarray:
        return caches.log_variances(self.of)

    @property
    def path(self) -> str:
        """Its address, below the server's base path."""
        return f"{ROOT}/{quote(self.of.name)}/{quote(version(self.of))}/{self.spec}"

    @property
    def token(self) -> str:
        """A short hash of the address."""
        return hashlib.sha256(self.path.encode()).hexdigest()[:32]


def version(run: Run) -> str:
    """The DIGEST in a run's addresses.

    Raises:
        DatasetError: if there are no examples to show it with.
    """
    return derived.of_examples(run, run.digest[:DIGITS])


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
    _ = main.detail, _compute_and_keep(main, "points")
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
