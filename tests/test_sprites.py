"""Sheets of test images, as a browser gets them."""

import io

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ae_core import data
from pages.widgets import sprites


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(Starlette(routes=[sprites.ROUTE]))


@pytest.mark.parametrize(("dataset", "numbers"), [("fashion-mnist", (0, 49, 50, 999, 1000, 9_999)), ("digits", (359,))])
def test_every_image_is_at_its_place(client: TestClient, dataset: str, numbers: tuple[int, ...]) -> None:
    h, w = data.load(dataset).image_shape
    for n in numbers:
        answer = client.get(sprites.link(dataset, n // sprites.SHEET))
        assert answer.headers["content-type"] == "image/png"
        assert "immutable" in answer.headers["cache-control"]
        with Image.open(io.BytesIO(answer.content)) as image:
            assert image.mode == "L"
            row, column = divmod(n % sprites.SHEET, sprites.COLUMNS)
            tile = np.asarray(image)[row * h : (row + 1) * h, column * w : (column + 1) * w]
        np.testing.assert_array_equal(tile, data.load(dataset).split("test").images[n])


def test_the_links_hold_all_images() -> None:
    assert len(sprites.links("fashion-mnist")) == 10
    assert len(sprites.links("digits")) == 1


@pytest.mark.parametrize("path", ["fashion-mnist/10", "nothing/0", "..%2f..%2fetc/0", "fashion-mnist/x"])
def test_what_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(f"/assets/sprites/{path}.png").status_code == 404
