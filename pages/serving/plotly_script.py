"""Serves the plotly.js that belongs to the installed Plotly, compressed once."""

import gzip
from functools import cache

import plotly
from plotly.offline import get_plotlyjs
from starlette.requests import Request
from starlette.responses import Response

from pages.serving import routes

PATH = f"/assets/plotly-{plotly.__version__}.min.js"


@cache
def content() -> bytes:
    """The script of 4.8 MB, gzipped to a third."""
    return gzip.compress(get_plotlyjs().encode(), 6)


def link() -> str:
    """The path of the script."""
    return routes.link(PATH)


def _serve(request: Request) -> Response:
    return Response(content(), media_type="text/javascript", headers=routes.PACKED)


ROUTE = routes.route(PATH, _serve)
