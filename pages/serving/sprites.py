"""Sprite sheets of test examples: a browser fetches one when it needs it, and keeps it."""

import io
from functools import lru_cache
from typing import Any

from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from ae_core import data, images, thumbnails
from ae_core.errors import DatasetError
from pages.serving import routes

SHEET = 1000  # images on a sheet, in reading order
COLUMNS = 50
PATH = "/assets/sprites"


def link(dataset: str, sheet: int | str) -> str:
    """The path of a sheet, which holds the images from number sheet · SHEET on."""
    return routes.link(f"{PATH}/{dataset}/{sheet}.png")


def links(dataset: str) -> list[str]:
    """The paths of all sheets of a data set."""
    return [link(dataset, sheet) for sheet in range(-(-data.load(dataset).sizes["test"] // SHEET))]


def about(dataset: str) -> dict[str, Any]:
    """What a component is told of them."""
    count = data.load(dataset).sizes["test"]
    return {"links": links(dataset), "size": SHEET, "columns": COLUMNS, "count": count}


@lru_cache(maxsize=32)
def sheet(dataset: str, number: int) -> bytes:
    """A sheet without gaps, as a PNG.

    Raises:
        DatasetError: if there is no such data set.
    """
    first = number * SHEET
    of = data.load(dataset)
    shown = thumbnails.draw(of.form, of.split("test").images[first : first + SHEET])
    file = io.BytesIO()
    Image.fromarray(images.mosaic(shown, COLUMNS, gap=0)).save(file, "PNG")
    return file.getvalue()


def _serve(request: Request) -> Response:
    dataset, number = request.path_params["dataset"], request.path_params["sheet"]
    try:
        if link(dataset, number) not in links(dataset):
            raise DatasetError
        content = sheet(dataset, int(number))
    except DatasetError:
        return Response("There is no such sheet.", 404, media_type="text/plain")
    return Response(content, media_type="image/png", headers=routes.CACHED)


ROUTE = routes.route(PATH + "/{dataset}/{sheet}.png", _serve)
