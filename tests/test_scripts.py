"""The scripts of components, which a browser gets once."""

import gzip
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.responses import Response

from pages.serving import routes, scripts
from pages.widgets import comparison, film, lens, pad, plot


def link_in(script: str) -> str:
    (found,) = re.findall(r'"(/[^"]+\.js)"', script)
    return found


def get(link: str) -> Response:
    assert link.startswith(f"{scripts.PATH}/")
    return scripts._serve(SimpleNamespace(path_params={"file": link.rpartition("/")[2]}))  # type: ignore[arg-type]


def text_of(link: str) -> str:
    return gzip.decompress(bytes(get(link).body)).decode()


@pytest.mark.parametrize("component", [comparison, film, lens, pad, plot])
def test_a_component_says_where_its_script_is_and_there_it_is(component: object) -> None:
    script: str = component.SCRIPT  # type: ignore[attr-defined]
    assert len(script) < 300, "it goes with every message"
    assert text_of(link_in(script)).count("export default function") == 1
    answer = get(link_in(script))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]


def test_all_parts_come_in_their_order_and_another_content_has_another_link(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.js").write_text(f"// {name} é\n")
    script = scripts.of("made-up", tmp_path / "one.js", tmp_path / "two.js")
    assert text_of(link_in(script)) == "// one é\n\n// two é\n"
    (tmp_path / "two.js").write_text("// three\n")
    assert link_in(scripts.of("made-up", tmp_path / "one.js", tmp_path / "two.js")) != link_in(script)


@pytest.mark.parametrize("file", ["plot-000000000000.js", "../plot.py", "plot.js", ""])
def test_what_is_no_script_of_ours_is_not_there(file: str) -> None:
    assert scripts._serve(SimpleNamespace(path_params={"file": file})).status_code == 404  # type: ignore[arg-type]


def test_the_link_is_below_the_base_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "link", lambda path="": f"/below{path}")
    assert link_in(scripts.of("film", film.HERE / "film.js")).startswith("/below/assets/scripts/film-")
