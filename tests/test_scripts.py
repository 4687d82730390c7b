"""The JavaScript modules of components, as a browser gets them."""

import json
import re
from urllib.parse import urljoin

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from pages.serving import routes, scripts

COMPONENTS = [
    path.relative_to(scripts.FOLDER).as_posix()
    for path in sorted(scripts.FOLDER.rglob("*.js"))
    if "export default component(" in path.read_text("utf-8")
]


def get(url: str) -> Response:
    scope = {"type": "http", "method": "GET", "path": url, "headers": []}
    match, found = scripts.ROUTE.matches(scope)
    assert match is Match.FULL
    return scripts.ROUTE.endpoint(Request(scope | found))


def urls_in(loader: str) -> list[str]:
    (base,), (names,) = re.findall(r'URL\("(.+?)"', loader), re.findall(r"all\((\[.+?\])", loader)
    return [base + name for name in json.loads(names)]


@pytest.mark.parametrize("module", COMPONENTS)
def test_a_component_loads_at_once_its_module_and_all_that_this_imports(module: str) -> None:
    loader = scripts.loader(module)
    assert len(loader) < 600, "it goes with every message"
    first, *others = urls_in(loader)
    assert first == f"{scripts.PATH}/{module}"
    imported = set()
    for url in (first, *others):
        answer = get(url)
        assert answer.status_code == 200, url
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
        source = bytes(answer.body).decode()
        assert source.count("export default") == (url == first)
        imported |= {urljoin(url, name) for name in re.findall(r' from "(.+)"', source)}
    assert imported == set(others)


@pytest.mark.parametrize("path", ["plot.py", "../plot.js", "lens.js", ""])
def test_what_is_no_module_is_not_served(path: str) -> None:
    assert get(f"{scripts.PATH}/{path}").status_code == 404


def test_the_urls_are_below_the_base_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "link", lambda path="": f"/below{path}")
    assert urls_in(scripts.loader("film.js"))[0] == f"/below{scripts.PATH}/film.js"
