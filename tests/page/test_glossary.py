"""Terms of the field: what a sentence marks is explained, there and on the page of all terms."""

import ast
import base64
import re
import time
from xml.etree import ElementTree

import pytest
from visiting import ROOT, assert_sound, open_page, said

from pages.widgets import glossary
from pages.widgets.glossary import MARKED, TERMS


def marked() -> set[str]:
    """Every term that a string of the pages marks."""
    found = set()
    for path in (ROOT / "pages").rglob("*.py"):
        if path.name == "glossary.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {name or word.lower() for word, name in MARKED.findall(node.value)}
    return found


def test_the_page_explains_every_term() -> None:
    app = open_page("glossary")
    assert_sound(app)
    for term in TERMS.values():
        assert term.meaning in said(app)
        assert term.title in [header.value for header in app.header]


def test_what_is_marked_is_explained_where_it_stands() -> None:
    assert {"autoencoder", "code", "plane"} <= marked() <= set(TERMS)
    app = open_page("home")
    (intro,) = [block.proto.body for block in app.get("html") if 'class="said"' in block.proto.body]
    places = re.findall(r'popovertarget="([^"]+)"', intro)
    assert len(places) == len(set(places)) == 3
    assert all(f'id="{place}"' in intro for place in places)
    assert "makes of an image" in intro


def test_a_sentence_is_text_and_never_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(glossary.st, "html", shown.append)
    glossary.say("a < b & **c** [[gap]]")
    assert shown[0].startswith('<p class="said">a &lt; b &amp; <b>c</b> <button')


@pytest.mark.parametrize("name", [name for name, term in TERMS.items() if term.picture])
def test_a_picture_is_sound_svg(name: str) -> None:
    kind, content = glossary.picture(TERMS[name]).split(",")
    assert kind == "data:image/svg+xml;base64"
    assert ElementTree.fromstring(base64.b64decode(content)).tag == "{http://www.w3.org/2000/svg}svg"


def test_endless_brackets_are_read_at_once() -> None:
    begun = time.process_time()
    assert glossary.unknown("[[" * 30_000) == glossary.unknown("[[a|" * 30_000) == []
    assert time.process_time() - begun < 2, "each opening bracket would otherwise look through all that follow"
    assert glossary.unknown("[[code]] [[a [[nowhere]] [[word|elsewhere]]") == ["nowhere", "elsewhere"]
