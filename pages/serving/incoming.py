"""Takes the files that a browser sends for a data set, straight to the disk.

Not by `st.file_uploader`, which keeps them in memory: they may have gigabytes.
"""

import re
from pathlib import Path

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from ae_core import logs, settings
from ae_core.tasks import datasets
from pages.serving import routes

PATH = "/incoming"
NUMBER = re.compile("[0-9]{1,6}")
GONE = "There is no place for this file any more: reload the page and choose it again."


def link(token: str) -> str:
    """The path below which a browser puts files 0, 1, …"""
    return routes.link(f"{PATH}/{token}")


def _size(place: Path) -> int:
    return sum(file.stat().st_size for file in place.iterdir())


async def _receive(request: Request) -> Response:
    number = request.path_params["number"]
    place = datasets.place_of(request.path_params["token"])  # whoever knows it was given it
    if place is None or not NUMBER.fullmatch(number):
        return PlainTextResponse(GONE, 404)
    most = settings.current().data_mb * 1_000_000
    refusal = PlainTextResponse(
        f"Files for a data set may have {settings.current().data_mb:,} MB together on this server: choose fewer or "
        "smaller ones.",
        413,
    )
    left = most - _size(place)
    promised = request.headers.get("content-length", "0")
    if promised.isdigit() and int(promised) > left:
        logs.event("upload refused", bytes=int(promised), status=413)
        return refusal
    part = place / f"{number}.part"
    try:
        with part.open("wb") as file:
            async for piece in request.stream():
                left -= len(piece)
                if left < 0:
                    return refusal
                file.write(piece)
        part.replace(place / number)
    except ClientDisconnect:
        return Response(status_code=499)
    except OSError as error:
        return PlainTextResponse(f"The file cannot be kept ({error.strerror}): try again later.", 507)
    finally:
        part.unlink(missing_ok=True)
    return Response(status_code=204)


ROUTE = routes.put(PATH + "/{token}/{number}", _receive)
