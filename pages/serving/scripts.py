"""Serves the scripts of our components: Streamlit would send them anew with each figure of each rerun."""

import gzip
import hashlib
import json
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from pages.serving import routes

PATH = "/assets/scripts"

_packed: dict[str, bytes] = {}


def of(name: str, *parts: Path) -> str:
    """The script of a component: it loads those parts, as one module, which a browser keeps.

    Args:
        name: Of the component.
        parts: Files, one of which exports what shows it.
    """
    content = "\n".join(part.read_text() for part in parts).encode()
    file = f"{name}-{hashlib.sha256(content).hexdigest()[:12]}.js"  # another content has another link
    _packed[file] = gzip.compress(content)
    link = json.dumps(routes.link(f"{PATH}/{file}"))
    return f"const {{ default: show }} = await import(new URL({link}, document.baseURI));\nexport default show;\n"


def _serve(request: Request) -> Response:
    content = _packed.get(request.path_params["file"])
    if content is None:
        return Response("There is no such script.", 404, media_type="text/plain")
    return Response(content, media_type="text/javascript", headers=routes.PACKED)


ROUTE = routes.route(PATH + "/{file}", _serve)
