"""Takes the files that a browser sends for a data set, straight to the disk.

Not by `st.file_uploader`, which keeps them in memory: they may have gigabytes.
"""

import contextlib
import re
import secrets
import shutil
from pathlib import Path

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from ae_core import logs, settings
from ae_core.data.sources import bundles
from ae_core.tasks import datasets
from pages.serving import routes

PATH = "/incoming"
NUMBER = re.compile("[0-9]{1,6}")
SPARE = 500_000_000  # bytes that uploads leave free
GONE = "There is no place for this file any more: reload the page and choose it again."


def link(token: str) -> str:
    """The path below which a browser puts files 0, 1, …"""
    return routes.link(f"{PATH}/{token}")


# Bytes at each place, those that are on their way included; counted anew when a server has started.
_sizes: dict[str, int] = {}


def _size(place: Path) -> int:
    size = 0
    for file in place.iterdir():
        with contextlib.suppress(OSError):  # renamed by now
            size += file.stat().st_size
    return size


def _count(place: Path, size: int) -> bool:
    """Counts bytes that have come to a place, or were removed; whether they are allowed."""
    if place.name not in _sizes:
        for gone in [token for token in _sizes if not (datasets.incoming() / token).exists()]:
            del _sizes[gone]
        _sizes[place.name] = _size(place)
    _sizes[place.name] += size
    return _sizes[place.name] <= settings.current().data_mb * 1_000_000


async def _receive(request: Request) -> Response:
    number = request.path_params["number"]
    place = datasets.place_of(request.path_params["token"])  # whoever knows it was given it
    if place is None or not NUMBER.fullmatch(number) or int(number) >= bundles.MAX_FILES:
        return PlainTextResponse(GONE, 404)
    refusal = PlainTextResponse(
        f"Files for a data set may have {settings.current().data_mb:,} MB together on this server: choose fewer or "
        "smaller ones.",
        413,
    )
    promised = request.headers.get("content-length", "0")
    expected = int(promised) if promised.isdigit() and len(promised) < 16 else 0
    _count(place, 0)
    if _sizes[place.name] + expected > settings.current().data_mb * 1_000_000:
        logs.event("upload refused", bytes=expected, status=413)
        return refusal
    part = place / f"{number}-{secrets.token_hex(4)}.part"  # the same file may come twice at a time
    came = 0
    try:
        if shutil.disk_usage(place).free < expected + SPARE:
            return PlainTextResponse("The server's disk is almost full: try again later.", 507)
        with part.open("wb") as file:
            async for piece in request.stream():
                came += len(piece)
                if not _count(place, len(piece)):
                    return refusal
                file.write(piece)
        before = (place / number).stat().st_size if (place / number).exists() else 0
        part.replace(place / number)
        came = before
    except ClientDisconnect:
        return Response(status_code=499)
    except OSError as error:
        return PlainTextResponse(f"The file cannot be kept ({error.strerror}): try again later.", 507)
    finally:
        _count(place, -came)
        part.unlink(missing_ok=True)
    return Response(status_code=204)


ROUTE = routes.put(PATH + "/{token}/{number}", _receive)
