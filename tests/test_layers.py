"""The house has one direction: a module imports only from rooms before its own."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = """
    errors bounds texts forms locations processes settings disk images thumbnails preparing
    data series noise blurring metrics packing stability filters animation epoch_film unit_history
    discovery backend networks kinds spec logs cards
    runs derived kept_directions archive inference evaluation latent keras_model events training __init__
    fitting projecting pca untrained judges published comparison uses exporting tasks sweeps figures lessons lens
    shipping cli __main__ sklearn
""".split()  # noqa: SIM905
SOURCES = [p.relative_to(ROOT) for top in ("ae_core", "pages") for p in sorted((ROOT / top).rglob("*.py"))]
SOURCES += [Path("app.py")] * (ROOT / "app.py").exists()


# A notebook finds it on the run that it holds. Only a call imports it.
SHORTCUTS = {"ae_core/inference.py": {"latent", "lens"}}  # run.lens()

# What each room of pages/ may import of pages/.
BEFORE = {"serving": [["serving"]], "widgets": [["serving"], ["widgets"]], "": [["serving"], ["widgets"]]}


def room_of_pages(path: Path) -> str:
    """The room that a file of pages/ is in; "" for a page."""
    return path.parts[1] if len(path.parts) > 2 else ""


def imports(tree: ast.AST) -> set[str]:
    """Dotted names of all that is imported in that tree."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def at_import(tree: ast.Module) -> set[str]:
    """What importing the module imports: all but what stands in functions or under TYPE_CHECKING."""

    class Outside(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None: ...
        def visit_If(self, node: ast.If) -> ast.If | None:
            return None if "TYPE_CHECKING" in ast.unparse(node.test) else node

    return imports(Outside().visit(tree))


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_imports_go_one_way(path: Path) -> None:
    tree = ast.parse((ROOT / path).read_text())
    room = path.parts[1].removesuffix(".py") if path.parts[0] == "ae_core" else None
    for name in imports(tree):
        top, *rest = name.split(".")
        if room is not None:
            assert top not in ("streamlit", "pages", "app"), f"{path} must know no Streamlit, got {name}"
        if room is not None and top == "ae_core":
            other = rest[0] if rest and rest[0] in ROOMS else "__init__"  # as in `from ae_core import train`
            if other in SHORTCUTS.get(path.as_posix(), ()):
                assert name not in at_import(tree), f"{path} must import {name} inside functions"
                continue
            assert other in ROOMS[: ROOMS.index(room) + 1], f"{path} must not import {name}"
        if path.parts[0] == "pages" and top == "pages":
            assert rest[:1] in BEFORE[room_of_pages(path)], f"{path} must not import {name}"
    if path.name not in ("backend.py", "building.py", "keras_model.py"):
        heavy = {n for n in at_import(tree) if n.split(".")[0] in ("keras", "tensorflow")}
        assert not heavy, f"{path} must import {heavy} inside functions"


@pytest.mark.parametrize("name", ["fields", "store"])
def test_what_a_page_can_be_asked_for_knows_no_streamlit(name: str) -> None:
    found = imports(ast.parse((ROOT / f"pages/serving/{name}.py").read_text()))
    assert not [one for one in found if one.startswith("streamlit")]
    assert {one for one in found if one.startswith("pages")} <= {
        "pages.serving.fields.Field",
        "pages.serving.fields.Values",
    }


def test_every_module_has_a_room() -> None:
    modules = {
        p.stem if p.suffix else p.name for p in (ROOT / "ae_core").iterdir() if not p.name.startswith(("__", "."))
    }
    assert modules <= set(ROOMS)
