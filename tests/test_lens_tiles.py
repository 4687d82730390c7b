"""What a lens fetches: tiles that meet, points that can be read, and refusals of nonsense."""

import asyncio
import gzip
import json
import time
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cachetools import LRUCache
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Match

import ae_core
from ae_core import latent
from pages.serving import lens_tiles
from pages.serving.lens_tiles import ROUTES, TILE, Scene, View


def get(path: str, query: str = "") -> Response:
    """What the server answers."""
    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": query.encode()}
    for route in ROUTES:
        match, found = route.matches(scope)
        if match is Match.FULL:
            answer: Response = asyncio.run(route.endpoint(Request(scope | found)))
            return answer
    return Response(status_code=404)


def body(answer: Response) -> bytes:
    """What the browser reads of it."""
    content = Path(answer.path).read_bytes() if isinstance(answer, FileResponse) else answer.body
    return gzip.decompress(content)


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(tmp_path))


@pytest.fixture(params=["vanilla", "variational"])
def scene(request: pytest.FixtureRequest, digits_runs: dict[str, Path]) -> Scene:
    """The main plane of a small run."""
    run = ae_core.load(digits_runs[request.param])
    codes = run.encode(ae_core.data.as_float(ae_core.data.load("digits").split("test").images))
    return lens_tiles.open_scene(run, latent.main_plane(codes))


def test_a_tile_is_what_the_decoder_gives_at_its_places(scene: Scene) -> None:
    x, y, reach = scene.world.x, scene.world.y, scene.world.reach
    level, column, row = 2, 1, 3
    answer = get(f"{lens_tiles.ROOT}/{scene.token}/tile/{level}/{column}/{row}")
    h, w = scene.run.image_shape
    images = np.frombuffer(body(answer), np.uint8).reshape(TILE + 2, TILE + 2, h, w)
    left, top = x - reach + column * reach / 2, y + reach - row * reach / 2
    corner = scene.plane.codes(np.array([[left, top], [left + reach / 2, top - reach / 2]]))
    exact = scene.run.decode(corner) * 255
    np.testing.assert_allclose(images[1, 1], exact[0], atol=0.51)
    np.testing.assert_allclose(images[-2, -2], exact[1], atol=0.51)


def test_tiles_meet(scene: Scene) -> None:
    left, right = (scene.tile(1, column, 0).reshape(TILE + 2, TILE + 2, -1).astype(int) for column in (0, 1))
    assert np.abs(left[:, -2] - right[:, 1]).max() <= 1  # the same places, but for rounding


def test_points_are_codes_on_the_plane_and_how_far_they_are_off(scene: Scene) -> None:
    content = body(get(f"{lens_tiles.ROOT}/{scene.token}/points"))
    n = len(scene.codes)
    floats = np.frombuffer(content[:-n], "<f4")
    np.testing.assert_array_equal(floats[: 2 * n].reshape(n, 2), scene.plane.points(scene.codes))
    np.testing.assert_array_equal(floats[2 * n : 3 * n], scene.plane.offsets(scene.codes))
    assert len(floats) == (6 * n if scene.has_posteriors else 3 * n)
    np.testing.assert_array_equal(
        np.frombuffer(content[-n:], np.uint8), ae_core.data.load("digits").split("test").labels
    )


@pytest.mark.parametrize("name", ["ground", *latent.OVERLAYS])
def test_every_overlay_is_finite_and_square(scene: Scene, name: str) -> None:
    home = scene.home
    answer = get(f"{lens_tiles.ROOT}/{scene.token}/overlay/{name}", f"view={home.x},{home.y},{home.reach}")
    said = json.loads(body(answer))
    values = np.frombuffer(b64decode(said["values"]), "<f4")
    assert len(values) == said["side"] ** 2
    assert np.isfinite(values).all()
    assert np.ptp(values) > 0 or name == "ground"


def test_ground_tells_where_no_image_is(scene: Scene) -> None:
    codes, plane = scene.codes, scene.plane
    place = plane.points(codes[np.argmin(plane.offsets(codes))][None])[0]
    near = scene.overlay("ground", View(float(place[0]), float(place[1]), 1e-3 * scene.home.reach))
    far = scene.overlay("ground", View(scene.home.x + 50 * scene.home.reach, scene.home.y, scene.home.reach))
    if scene.run.latent_dim == 2:
        assert (near == 0).all()
    assert (far > 0).all()


def test_cubic_weights_keep_parabolas() -> None:
    t = np.linspace(0, 1, 11)
    x = np.arange(-1, 3)
    np.testing.assert_allclose(lens_tiles.cubic(t).sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(lens_tiles.cubic(t) @ (x**2 + x), t**2 + t, atol=1e-12)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("{token}/tile/13/0/0", "", 404),
        ("{token}/tile/2/4/0", "", 404),
        ("{token}/tile/2/-1/0", "", 404),
        ("{token}/tile/" + "1" * 5000 + "/0/0", "", 404),
        ("{token}/overlay/Nothing", "view={home}", 404),
        ("{token}/overlay/Density", "", 400),
        ("{token}/overlay/Density", "view=0,0,nan", 400),
        ("{token}/overlay/Density", "view=0,0,1e9", 400),
        ("{token}/overlay/Density", "view=0,0", 400),
        ("0123456789abcdef/points", "", 404),
    ],
)
def test_nonsense_is_refused(scene: Scene, path: str, query: str, status: int) -> None:
    home = f"{scene.home.x},{scene.home.y},{scene.home.reach}"
    answer = get(f"{lens_tiles.ROOT}/{path.format(token=scene.token)}", query.format(home=home))
    assert answer.status_code == status


def test_only_the_latest_planes_stay_open(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lens_tiles, "_scenes", LRUCache(3))
    planes = [replace(scene.plane, origin=scene.plane.origin + np.float32(i)) for i in range(5)]
    tokens = [lens_tiles.open_scene(scene.run, plane).token for plane in planes]
    codes = [get(f"{lens_tiles.ROOT}/{token}/points").status_code for token in tokens]
    assert codes == [404, 404, 200, 200, 200]


def test_who_asks_at_once_gets_one_answer_that_is_computed_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    computed, tile = [], Scene.tile

    def slowly(scene: Scene, *place: int) -> np.ndarray:
        computed.append(place)
        time.sleep(0.2)
        return tile(scene, *place)

    monkeypatch.setattr(Scene, "tile", slowly)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(get, 8 * [f"{lens_tiles.ROOT}/{scene.token}/tile/3/5/6"]))
    assert computed == [(3, 5, 6)]
    assert len({body(answer) for answer in answers}) == 1


def test_what_most_look_at_is_kept_as_files_and_deep_zooms_are_not(scene: Scene, tmp_path: Path) -> None:
    for question in ("points", "tile/0/0/0", "tile/3/5/6", "tile/4/1/1"):
        assert get(f"{lens_tiles.ROOT}/{scene.token}/{question}").status_code == 200
    home = scene.home
    get(f"{lens_tiles.ROOT}/{scene.token}/overlay/ground", f"view={home.x:.7g},{home.y:.7g},{home.reach:.7g}")
    get(f"{lens_tiles.ROOT}/{scene.token}/overlay/ground", f"view={home.x:.7g},{home.y:.7g},{home.reach / 2:.7g}")
    kept = sorted(path.name for path in (tmp_path / "derived").rglob("*") if path.is_file())
    assert kept == ["overlay-ground", "points", "tile-0-0-0", "tile-3-5-6"]
    other = lens_tiles.open_scene(scene.run, replace(scene.plane, origin=scene.plane.origin + np.float32(1)))
    assert get(f"{lens_tiles.ROOT}/{other.token}/points").status_code == 200
    assert len(list(tmp_path.rglob("points"))) == 1
