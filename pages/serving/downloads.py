"""Files that are made when somebody asks for them, one at a time for each visitor.

Not by `st.download_button`: Streamlit deletes what it has made on demand once two runs of whomever have ended, which on
a busy server is before the browser comes for it, and tells nobody why a file could not be made.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

import streamlit as st
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from streamlit.delta_generator import DeltaGenerator

from ae_core import logs
from ae_core.errors import ExplorerError
from pages.serving import errors, routes, session, visitor

PATH = "/downloads"
AT_ONCE = 2
TOKENS, OFFERED = "downloads", "downloads-offered"  # in the session: tokens by key; keys of this run
GONE = "This file is no longer offered: go back to the page, reload it and press the button again."
BUSY = "Another file is being made for you: try again when it is ready."
FAILED = (
    "An error in the app kept this file from being made. If it comes back, report it to the people who run this server."
)

_makers = asyncio.Semaphore(AT_ONCE)  # all codes of a large model are 40 MB of text
_lock = Lock()
_offers: dict[str, "Offer"] = {}  # by token
_busy: set[str] = set()  # visitors


@dataclass(frozen=True)
class Offer:
    """A file that can be asked for.

    Attributes:
        make: Makes it, or a temporary file that holds it.
        name: Of the file.
        mime: Its type.
        visitor: Whose it is.
        session: Where it is offered.
    """

    make: Callable[[], bytes | Path]
    name: str
    mime: str
    visitor: str
    session: str | None


def button(
    label: str,
    make: Callable[[], bytes | Path],
    name: str,
    mime: str,
    *,
    key: str,
    place: DeltaGenerator | None = None,
    **about: Any,
) -> None:
    """Shows a button that downloads a file.

    Args:
        label: Of the button.
        make: Makes the file, in a thread without a session; an ExplorerError says why it could not.
        name: Of the file.
        mime: Its type.
        key: Of the button on its page.
        place: Where it stands.
        **about: As of `st.link_button`.
    """
    tokens: dict[str, str] = st.session_state.setdefault(TOKENS, {})
    token = tokens.setdefault(key, secrets.token_urlsafe(16))
    st.session_state.setdefault(OFFERED, set()).add(key)
    with _lock:
        if token not in _offers:
            _forget_the_gone()
        _offers[token] = Offer(make, name, mime, visitor.current(), session.current())
    (place or st).link_button(label, routes.link(f"{PATH}/{token}"), icon=":material/download:", **about)


def free_unused() -> None:
    """Lets go of what this run of a page has not offered: what makes a file may hold all that is in it."""
    offered, tokens = st.session_state.pop(OFFERED, set()), st.session_state.get(TOKENS, {})
    for key in tokens.keys() - offered:
        _offers.pop(tokens.pop(key), None)


def _forget_the_gone() -> None:
    for token, offer in list(_offers.items()):
        if offer.session is not None and not session.is_active(offer.session):
            del _offers[token]


async def _serve(request: Request) -> Response:
    with _lock:
        offer = _offers.get(request.path_params["token"])
        if offer is None:
            return PlainTextResponse(GONE, 404)
        if offer.visitor in _busy:
            return PlainTextResponse(BUSY, 409)
        _busy.add(offer.visitor)
    try:
        async with _makers:
            content = await asyncio.to_thread(offer.make)
    except ExplorerError as error:
        return PlainTextResponse(str(error), 409)
    except Exception as error:
        logs.event("download failed", "error", error=type(error).__name__, where=errors.places(error))
        return PlainTextResponse(FAILED, 500)
    finally:
        _busy.discard(offer.visitor)
    if isinstance(content, Path):
        return FileResponse(
            content, media_type=offer.mime, filename=offer.name, headers={"Cache-Control": "no-store"},
            background=BackgroundTask(content.unlink, missing_ok=True),
        )  # fmt: skip
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(offer.name)}", "Cache-Control": "no-store"}
    return Response(content, media_type=offer.mime, headers=headers)


ROUTE = routes.route(PATH + "/{token}", _serve)
