"""What a lens fetches: tiles that meet, points that can be read, and refusals of nonsense."""

import asyncio
import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

import ae_core
from ae_core import cards, forms, latent, lens, runs
from ae_core.latent import MAIN_PLANE, PlaneSpec
from ae_core.lens import View, cubic, differences, places_of
from pages.serving import lens_tiles
from pages.serving.lens_tiles import ROOT, ROUTES, Scene

REPO = Path(__file__).resolve().parent.parent


def get(path: str, query: str = "", gone: bool = False) -> Response:
    """What the server answers, perhaps to somebody who has gone."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"} if gone else {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": query.encode()}
    for route in ROUTES:
        match, found = route.matches(scope)
        if match is Match.FULL:
            try:
                answer: Response = asyncio.run(route.endpoint(Request(scope | found, receive)))
            except HTTPException as error:
                return Response(error.detail, error.status_code)
            return answer
    return Response(status_code=404)


def body(answer: Response) -> bytes:
    """What the browser reads of it."""
    return gzip.decompress(answer.body)


@pytest.fixture(autouse=True)
def ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digits_runs: dict[str, Path]) -> None:
    """The runs on digits are those that ship."""
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(tmp_path))
    monkeypatch.setattr(runs, "SHIPPED", digits_runs["vanilla"].parent)


def scene_of(name: str, spec: PlaneSpec = MAIN_PLANE) -> Scene:
    run = runs.find(name)
    assert run is not None
    return lens_tiles.scene(run, spec)


@pytest.fixture(params=["vanilla", "variational"])
def scene(request: pytest.FixtureRequest) -> Scene:
    """The main plane of a small run."""
    return scene_of(request.param)


def restored(content: bytes, scene: Scene) -> np.ndarray:
    """The examples of a tile as it is sent, top row first, (places + 2, places + 2, *shape)."""
    side = scene.places + 2
    sent = np.frombuffer(content, np.uint8).reshape(side, side, *scene.run.form.shape)
    return sent.cumsum(axis=0, dtype=np.uint8).cumsum(axis=1, dtype=np.uint8)


def test_tiles_of_larger_examples_have_fewer_places_and_all_take_about_as_much() -> None:
    places = [places_of(form) for form in (forms.image(28, 28), forms.image(32, 32, True), forms.image(64, 64, True))]
    assert places == [48, 29, 13]
    for side, size in zip(places, (28 * 28, 32 * 32 * 3, 64 * 64 * 3), strict=True):
        assert (side + 2) ** 2 * size <= 3_100_000


def test_differences_are_to_the_examples_left_and_above() -> None:
    tile = np.random.default_rng(0).integers(0, 256, (25, 3, 2), np.uint8)
    whole = differences(tile, 5).cumsum(axis=0, dtype=np.uint8).cumsum(axis=1, dtype=np.uint8)
    np.testing.assert_array_equal(whole, tile.reshape(5, 5, -1))
    assert not differences(np.full((25, 4), 7, np.uint8), 5)[1:, 1:].any(), "of equal examples nothing is left"


def test_a_tile_is_what_the_decoder_gives_at_its_places(scene: Scene) -> None:
    x, y, reach = scene.world.x, scene.world.y, scene.world.reach
    level, column, row = 2, 1, 3
    answer = get(f"{scene.path}/tile/{level}/{column}/{row}")
    images = restored(body(answer), scene)
    left, top = x - reach + column * reach / 2, y + reach - row * reach / 2
    corner = scene.plane.codes(np.array([[left, top], [left + reach / 2, top - reach / 2]]))
    exact = scene.run.decode(corner) * 255
    np.testing.assert_allclose(images[1, 1], exact[0], atol=0.51)
    np.testing.assert_allclose(images[-2, -2], exact[1], atol=0.51)
    square = (scene.places + 2, scene.places + 2, -1)
    one, next_one = (scene.tile(1, column, 0).reshape(square).astype(int) for column in (0, 1))
    assert np.abs(one[:, -2] - next_one[:, 1]).max() <= 1, "tiles meet: the same places, but for rounding"


def test_points_are_codes_on_the_plane_and_how_far_they_are_off(scene: Scene) -> None:
    content = body(get(f"{scene.path}/points"))
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
    answer = get(f"{scene.path}/overlay/{name}", f"view={home.x},{home.y},{home.reach}")
    said = json.loads(body(answer))
    values = np.frombuffer(b64decode(said["values"]), "<f4")
    assert len(values) == said["side"] ** 2
    assert np.isfinite(values).all()
    assert np.ptp(values) > 0 or name == "ground"


def test_ground_tells_where_no_image_is(scene: Scene) -> None:
    codes, plane = scene.codes, scene.plane
    place = plane.points(codes[np.argmin(plane.offsets(codes))][None])[0]
    near = scene.overlay("ground", View(float(place[0]), float(place[1]), 1e-3 * scene.home.reach))
    far = scene.overlay("ground", View(scene.world.x + scene.world.reach, scene.world.y, 1e-3 * scene.home.reach))
    if scene.run.latent_dim == 2:
        assert (near == 0).all()
    assert (far > 0).all()


def test_cubic_weights_keep_parabolas() -> None:
    t = np.linspace(0, 1, 11)
    x = np.arange(-1, 3)
    np.testing.assert_allclose(cubic(t).sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(cubic(t) @ (x**2 + x), t**2 + t, atol=1e-12)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("{main}/tile/13/0/0", "", 404),
        ("{main}/tile/2/4/0", "", 404),
        ("{main}/tile/2/-1/0", "", 404),
        ("{main}/tile/" + "1" * 5000 + "/0/0", "", 404),
        ("{main}/overlay/Nothing", "", 404),
        ("{main}/overlay/Density", "view=", 400),
        ("{main}/overlay/Density", "view=0,0,nan", 400),
        ("{main}/overlay/Density", "view=0,0,1e9", 400),
        ("{main}/overlay/Density", "view=0,0,1e-9", 400),
        ("{main}/overlay/Density", "view=0,0", 400),
        ("{root}/vanilla/0123456789abcdef/main/points", "", 404),
        ("{root}/no-such-run/{digest}/main/points", "", 404),
        ("{root}/../{digest}/main/points", "", 404),
        ("{root}/%s/{digest}/main/points" % ("x" * 5000), "", 404),
        ("{root}/\0/{digest}/main/points", "", 404),
        ("{root}/vanilla/{digest}/nothing/points", "", 400),
        ("{root}/vanilla/{digest}/units-1-1-image-0/points", "", 400),
        ("{root}/vanilla/{digest}/units-1-900-image-0/tile/0/0/0", "", 400),
        ("{root}/vanilla/{digest}/directions-1-2-image-99999/points", "", 400),
        ("{root}/vanilla/{digest}/directions-1-2-code-AAAA/points", "", 400),
        ("{root}/vanilla/{digest}/images-0-0-1/overlay/ground", "", 400),
    ],
)
def test_nonsense_is_refused_with_a_sentence(path: str, query: str, status: int) -> None:
    scene = scene_of("vanilla")
    address = path.format(main=scene.path, root=ROOT, digest=scene.of.digest[: lens_tiles.DIGITS])
    answer = get(address, query)
    assert answer.status_code == status
    assert answer.body.endswith(b".") or b"-1" in path.encode() or len(path) > 5000


def test_another_server_gives_the_same_bytes(tmp_path: Path) -> None:
    through = latent.code_text(np.linspace(0, 1, 32))
    specs = (MAIN_PLANE, PlaneSpec("directions", (2, 3), 7), PlaneSpec("units", (1, 4), through))
    paths = [scene_of("vanilla", spec).path for spec in (*specs, PlaneSpec("images", (3, 1, 4)))]
    addresses = [f"{path}/{what}" for path in paths for what in ("points", "tile/2/1/1", "overlay/ground")]
    program = """
import sys
from pathlib import Path
from ae_core import runs
runs.SHIPPED = Path(sys.argv[1])
from tests.test_lens_tiles import get
for address in sys.argv[2:]:
    print(get(address).body.hex())
"""
    other = os.environ | {"LATENT_EXPLORER_DATA": str(tmp_path / "other")}
    command = [sys.executable, "-c", program, str(runs.SHIPPED), *addresses]
    given = subprocess.run(command, env=other, cwd=REPO, capture_output=True, text=True, check=True).stdout.split()
    for address, content in zip(addresses, given, strict=True):
        answer = get(address)
        assert (answer.status_code, bytes(answer.body).hex()) == (200, content), address


def test_what_ships_is_kept_by_proxies_and_a_visitors_run_by_their_browser(tmp_path: Path) -> None:
    shipped = scene_of("vanilla")
    own = tmp_path / "runs" / runs.new_name("vanilla")
    guessed = tmp_path / "runs" / "mine"
    for path in (own, guessed):
        shutil.copytree(shipped.of.path, path)
        cards.write(path, cards.unchecked(path) | {"owner": "somebody"})
    for name, status, control in (("vanilla", 200, "public"), (own.name, 200, "private"), ("mine", 404, "")):
        answer = get(f"{ROOT}/{name}/{shipped.of.digest[: lens_tiles.DIGITS]}/main/points")
        assert answer.status_code == status
        assert answer.headers.get("cache-control", "") == (f"{control}, max-age=31536000, immutable" if control else "")


def test_who_asks_at_once_gets_one_answer_that_is_computed_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, computed, tile = [], [], Scene.tile

    def ask(path: str) -> Response:
        asked.append(path)
        return get(path)

    def compute_once_all_have_asked(scene: Scene, *place: int) -> np.ndarray:
        computed.append(place)
        while len(asked) < 8:
            time.sleep(0.001)
        return tile(scene, *place)

    monkeypatch.setattr(Scene, "tile", compute_once_all_have_asked)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, 8 * [f"{scene.path}/tile/3/5/6"]))
    assert computed == [(3, 5, 6)]
    assert len({body(answer) for answer in answers}) == 1


def test_nothing_is_computed_for_somebody_who_has_gone(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.delattr(lens.Scene, "tile")
        assert [get(f"{scene.path}/tile/{place}", gone=True).status_code for place in ("3/5/6", "4/1/1")] == [499, 499]
    assert get(f"{scene.path}/tile/4/1/1").status_code == 200


def test_what_most_look_at_is_kept_as_files_and_deep_zooms_are_not(scene: Scene, tmp_path: Path) -> None:
    for question in ("points", "tile/0/0/0", "tile/3/5/6", "tile/4/1/1"):
        assert get(f"{scene.path}/{question}").status_code == 200
    get(f"{scene.path}/overlay/ground")
    home = scene.home
    get(f"{scene.path}/overlay/ground", f"view={home.x:.7g},{home.y:.7g},{home.reach / 2:.7g}")
    assert get(f"{scene_of(scene.of.name, PlaneSpec('images', (1, 2, 3))).path}/points").status_code == 200
    kept = sorted(path.name for path in (tmp_path / "derived").rglob("*") if path.is_file())
    assert kept == ["overlay-ground", "points", "tile-0-0-0", "tile-3-5-6"]
