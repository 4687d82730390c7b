"""Sheets of test images, as a browser gets them."""

import io

import numpy as np
import pytest
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from ae_core import data
from pages.serving import sprites


def get(path: str) -> Response | None:
    """What the server answers; None if that is no path of a sheet."""
    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    match, found = sprites.ROUTE.matches(scope)
    return sprites.ROUTE.endpoint(Request(scope | found)) if match is Match.FULL else None


@pytest.mark.parametrize(("dataset", "numbers"), [("fashion-mnist", (0, 49, 50, 999, 1000, 9_999)), ("digits", (359,))])
def test_every_image_is_at_its_place(dataset: str, numbers: tuple[int, ...]) -> None:
    h, w = data.load(dataset).form.shape
    for n in numbers:
        answer = get(sprites.link(dataset, n // sprites.SHEET))
        assert answer
        assert answer.headers["content-type"] == "image/png"
        assert "immutable" in answer.headers["cache-control"]
        with Image.open(io.BytesIO(answer.body)) as image:
            assert image.mode == "L"
            row, column = divmod(n % sprites.SHEET, sprites.COLUMNS)
            tile = np.asarray(image)[row * h : (row + 1) * h, column * w : (column + 1) * w]
        np.testing.assert_array_equal(tile, data.load(dataset).split("test").images[n])


def test_the_links_hold_all_images() -> None:
    assert len(sprites.links("fashion-mnist")) == 10
    assert len(sprites.links("digits")) == 1


@pytest.mark.parametrize("name", ["10", "9" * 5000, "x", "-1", "1.5", "01", "١"])
def test_what_is_not_there_is_not_found(name: str) -> None:
    for dataset in ("fashion-mnist", "nothing", "..", "../../etc"):
        answer = get(f"/assets/sprites/{dataset}/{name}.png")
        assert answer is None or answer.status_code == 404
