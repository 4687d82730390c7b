"""What the tests of pages share: visits in Streamlit's own test runner, and what the page then shows."""

import html
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from google.protobuf.message import Message
from PIL import Image
from sentences import texts
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button, Expander

from ae_core import runs, tasks
from ae_core.spec import make_spec
from pages.serving import fields, page_state
from pages.widgets import plot, source_code

ROOT = Path(__file__).resolve().parents[2]
NAVIGATION = str(ROOT / "pages" / "navigation.py")
ME = "me"
TITLE = "**Mine** <b> :material/home:"  # a person's words, which are never Markdown


# Visits


def start() -> AppTest:
    """A visit that has begun on an empty home page, the quickest one.

    Before a first run the test runner finds no page whose address differs from its file's name.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "SHIPPED", Path("nowhere"))
        return AppTest.from_file(NAVIGATION, default_timeout=60).run()


def turn(app: AppTest, page: str) -> AppTest:
    """Goes to a page, as by its name at the top."""
    return app.switch_page(f"{page}.py").run()


def open_page(page: str, **query: str | list[str]) -> AppTest:
    """A page with the settings of a link."""
    app = start()
    app.query_params.update(query)
    return turn(app, page)


def visit(page: str, **query: str) -> tuple[str, list[dict], AppTest]:
    """A page with the settings of a link: the code it shows, and its figures."""
    app = open_page(page, **query)
    with figures_of(plot, "_packed") as shown:
        source = code_of(app)  # opening the fold runs the page once more
    return source, shown, app


def choose_image(app: AppTest, number: int, name: str = "image", dataset: str = "fashion-mnist") -> AppTest:
    """As if that test image had been clicked in a chooser."""
    app.session_state[page_state.STORE].touched[f"{name}{fields.OWNER}{dataset}"] = number
    return app.run()


def open_chooser(app: AppTest, of: str = "image") -> AppTest:
    """As if the button below an image had been clicked."""
    app.session_state[f"choose-{of}"] = True
    return app.run()


# What a page shows


def said(app: AppTest) -> str:
    """All that the page says in words."""
    elements = (app.title, app.markdown, app.caption, app.text, app.info, app.warning, app.error, app.success)
    explained = [
        re.sub(r"<style.*?</style>|<div popover.*?</div>|<[^>]+>", "", e.proto.body, flags=re.DOTALL)
        for e in app.get("html")
    ]
    return "\n".join([*(str(e.value) for kind in elements for e in kind), *map(html.unescape, explained)])


def every_text(app: AppTest) -> list[str]:
    """Every text that the page sends to a browser, of labels, hints, tables and figures too, without definitions."""
    return [
        re.sub(r"<style.*?</style>|<div popover.*?</div>|<[^>]+>", "", text, flags=re.DOTALL)
        for block in (app.main, app.sidebar)
        for element in block
        if isinstance(getattr(element, "proto", None), Message)
        for text in texts(element.proto, but={"id", "js_content", "css_content", "url", "imgs"})
    ]


def ids_of(app: AppTest) -> list[str]:
    """The ids of all HTML that the page shows."""
    return re.findall(r' id="([^"]+)"', "".join(e.proto.body for e in app.get("html")))


def link(app: AppTest) -> dict[str, str]:
    """What the page's link says, by name; of several texts the last."""
    return {name: texts[-1] for name, texts in app.session_state[page_state.STORE].link.items()}


def pictures(app: AppTest) -> int:
    """How many figures, images and lenses the page shows."""
    found = [e for kind in ("plotly_chart", "bidi_component", "imgs") for e in app.get(kind)]
    return len([e for e in found if not getattr(e.proto, "id", "").endswith(f"-{page_state.LINK}")])


def progress_texts(app: AppTest) -> list[str]:
    return [p.proto.text for p in app.get("progress")]


def table(app: AppTest) -> dict[str, list[str]]:
    """The columns of the page's table in Markdown, by their titles."""
    (text,) = [m.value for m in app.markdown if m.value.startswith("| ")]
    titles, _, *rows = [line.strip("| ").split(" | ") for line in text.splitlines()]
    return {title: list(cells) for title, *cells in zip(titles, *rows, strict=True)}


def button(app: AppTest, label: str) -> Button:
    (found,) = [b for b in app.button if b.label == label]
    return found


def click_again(start: Button) -> None:
    """Has the browser send one more click on a button, as while the run that it asked for is at work."""
    context = get_script_run_ctx()
    assert context
    assert context.script_requests
    click = WidgetStates(widgets=[WidgetState(id=start.proto.id, trigger_value=True)])
    asked_for = {"page_script_hash": context.page_script_hash, "query_string": context.query_string}
    context.script_requests.request_rerun(RerunData(widget_states=click, **asked_for))


def assert_sound(app: AppTest) -> None:
    assert not app.exception, [e.value for e in app.exception]
    assert "Traceback" not in said(app), said(app)
    assert len(app.title) == 1, [t.value for t in app.title]
    ids = ids_of(app)
    assert len(set(ids)) == len(ids), ids


# Code


def code_fold(app: AppTest) -> Expander:
    """Where the page shows its code, opened."""
    assert not app.exception, [e.value for e in app.exception]
    folds = [e for e in app.expander if e.label == source_code.TITLE]
    assert len(folds) == 1, "a page without code"
    if not app.session_state[source_code.KEY]:
        assert not folds[0].code, "code in a closed fold"
        app.session_state[source_code.KEY] = True
        app.run()
        return code_fold(app)
    return folds[0]


def code_of(app: AppTest) -> str:
    """The code that the page shows."""
    return code_fold(app).code[0].value


@contextmanager
def figures_of(owner: Any, name: str) -> Iterator[list[dict]]:
    """All figures that this function is given while the block lasts, as what they say in JSON."""
    seen: list[dict] = []

    def remembering(original: Callable[..., Any]) -> Callable[..., Any]:
        def remember(figure: go.Figure | bytes, *arguments: Any, **options: Any) -> Any:
            seen.append(json.loads(figure if isinstance(figure, bytes) else figure.to_json()))
            return original(figure, *arguments, **options) if owner is plot else None

        return remember

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, remembering(getattr(owner, name)))
        yield seen


def made_by(source: str) -> tuple[list[dict], dict[str, Any]]:
    """The figures that the code shows, and its names."""
    names: dict[str, Any] = {"__name__": "__main__"}
    with figures_of(go.Figure, "show") as made:
        exec(compile(source, "fold", "exec"), names)
    return made, names


# What is there before a visit


def png(grey: np.ndarray) -> bytes:
    """A file with that picture, uint8 (height, width)."""
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG")
    return file.getvalue()


def job_in_state(state: str, owner: str = ME, title: str = TITLE, **status: Any) -> tasks.Job:
    """A job's folder as a trainer would have left it."""
    job = tasks.folder.create(make_spec("vanilla", "digits", epochs=3), owner, title)
    tasks.Status(state, "", **status).write(job.path)
    return tasks.find(job.id)


def cut(run: Path) -> None:
    (run / "decoder.onnx").unlink()


def alter(run: Path) -> None:
    """Changes a byte of the encoder: seen only when it is loaded."""
    content = bytearray((run / "encoder.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (run / "encoder.onnx").write_bytes(content)
