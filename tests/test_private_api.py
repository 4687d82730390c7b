"""The product stands on documented API: what it uses of other libraries' private parts is counted, and stays little."""

import ast
import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MOST = 6
SOURCES = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py")), *sorted((ROOT / "ae_core").rglob("*.py"))]
PRIVATE_MODULES = ("streamlit.runtime", "streamlit.elements", "streamlit.components.v2.bidi", "unittest.mock")
DOCUMENTED = {"_asdict", "_fields", "_make", "_replace", "_exit"}  # of named tuples, and of os
LIBRARIES = "streamlit uvicorn starlette numpy plotly keras tensorflow onnxruntime pyarrow sklearn".replace(" ", "|")
DOTTED = re.compile(rf"({LIBRARIES})[.:]\S{{3,}}")  # as for `import_module`, a patch or a logger


def own_names(tree: ast.AST) -> Iterator[str]:
    """The names of functions, classes, variables and attributes that a module defines."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name


def private_uses(tree: ast.AST, own: set[str]) -> Iterator[tuple[int, str]]:
    """The line and the name of each private part of another library that a module uses."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name, lineno=line) if re.match(r"_(?!_)", name) and name not in own | DOCUMENTED:
                yield line, f".{name}"
            case ast.ImportFrom(module=str(name), lineno=line) if name.startswith(PRIVATE_MODULES):
                yield line, f"from {name}"
            case ast.Import(names=aliases, lineno=line):
                yield from ((line, f"import {a.name}") for a in aliases if a.name.startswith(PRIVATE_MODULES))
            case ast.Constant(value=str(text), lineno=line) if DOTTED.fullmatch(text):
                yield line, repr(text)


def test_at_most_six_private_parts_of_other_libraries_are_used(record_property: Callable[..., None]) -> None:
    trees = {path.relative_to(ROOT): ast.parse(path.read_text()) for path in SOURCES}
    own = set(chain.from_iterable(map(own_names, trees.values())))
    found = [f"{path}:{line} {name}" for path, tree in trees.items() for line, name in private_uses(tree, own)]
    report = "\n".join([*found, f"{len(found)} private parts of other libraries are used, at most {MOST} may be."])
    record_property("report", report)
    assert len(found) <= MOST, report


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("session._private", ["._private"]),
        ("import streamlit.runtime.caching", ["import streamlit.runtime.caching"]),
        ("from unittest.mock import patch", ["from unittest.mock"]),
        ("import_module('uvicorn.protocols.http')", ["'uvicorn.protocols.http'"]),
        ("def _mine(): ...\nmodule._mine()", []),
        ("point._replace(x=1)", []),
        ("'streamlit.'", []),
    ],
)
def test_a_private_part_is_found_and_an_own_one_is_not(source: str, found: list[str]) -> None:
    tree = ast.parse(source)
    assert [name for _, name in private_uses(tree, set(own_names(tree)))] == found
