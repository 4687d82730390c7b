"""Serves the JavaScript modules of our components: Streamlit would send them again with every message."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pages.serving import routes

FOLDER = Path(__file__).resolve().parents[1] / "widgets"
_modules = {path.relative_to(FOLDER).as_posix(): path.read_text("utf-8") for path in sorted(FOLDER.rglob("*.js"))}
# Modules import each other by relative address, so a change of one gives all of them a new one.
PATH = f"/assets/scripts/{hashlib.sha256(repr(_modules).encode()).hexdigest()[:12]}"

_IMPORT = re.compile(r'^.*\bfrom "(\..+)";$', re.MULTILINE)


def _with_imports(module: str, found: tuple[str, ...] = ()) -> tuple[str, ...]:
    """A module and all that it imports, after those that were found before."""
    if module in found:
        return found
    found += (module,)
    for name in _IMPORT.findall(_modules[module]):
        found = _with_imports(normpath(PurePosixPath(module).parent / name), found)
    return found


def loader(module: str) -> str:
    """The script of a component: it passes on the default export of a module, which browsers keep.

    All that the module imports is fetched at once, not when the module that needs it has come.

    Args:
        module: Its path in the folder of widgets.
    """
    names, base = json.dumps(_with_imports(module)), json.dumps(routes.link(f"{PATH}/"))
    return f"""const load = (name) => import(new URL({base} + name, document.baseURI));
const [{{ default: show }}] = await Promise.all({names}.map(load));
export default show;
"""


def _texts(paths: Iterable[Path]) -> list[str]:
    return [path.read_text("utf-8") for path in paths if path.exists()]


@cache
def component(module: str, *styles: str, **options: Any) -> Callable[..., Any]:
    """A component of Streamlit's, from a module and the .html and .css beside it, if it shows anything.

    Args:
        module: Its path in the folder of widgets.
        *styles: Stylesheets there that it shares with others; its own comes after them.
        **options: As of `st.components.v2.component`.

    Returns:
        What shows it: as what that returns, but with data that are bytes or an object for JSON.
    """
    path = FOLDER / module
    html = "".join(_texts([path.with_suffix(".html")])) or None
    css = "".join(_texts([*(FOLDER / style for style in styles), path.with_suffix(".css")])) or None
    mount = st.components.v2.component(path.stem, html=html, css=css, js=loader(module), **options)

    def show(data: bytes | dict[str, Any], **about: Any) -> Any:
        # In a list, which component.js opens: Streamlit looks for tables in an object, and imports Pandas to know one.
        return mount(data=data if isinstance(data, bytes) else [data], **about)

    return show


def _serve(request: Request) -> Response:
    source = _modules.get(request.path_params["module"])
    if source is None:
        return PlainTextResponse("There is no such script.", 404)
    return Response(source, media_type="text/javascript", headers=routes.CACHED)  # Streamlit compresses it


ROUTE = routes.route(PATH + "/{module:path}", _serve)
