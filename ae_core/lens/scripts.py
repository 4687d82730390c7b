"""The page's JavaScript for a file that stands alone: its modules, joined into one.

They are those of the dashboard's components, which stay where they are, since they share modules with other components;
they are read as files, as runs that ship are.
"""

import re
from functools import cache
from posixpath import dirname, join, normpath

from ae_core import locations

WIDGETS = locations.ROOT / "pages" / "widgets"
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "(\..+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=((?:async )?(?:class|function|const) (\w+))|default )", re.MULTILINE)


def read(name: str) -> str:
    """A file of the folder of widgets."""
    return (WIDGETS / name).read_text("utf-8")


@cache
def joined(module: str) -> str:
    """A module with all that it imports as one script: each in a function of its own, since names repeat.

    Args:
        module: Its path in the folder of widgets.
    """
    sources: dict[str, str] = {}
    _add(module, sources)
    return "const modules = {};\n" + "\n".join(sources.values())


def _add(module: str, sources: dict[str, str]) -> None:
    """Adds a module after those that it imports."""
    source = read(module)

    def address(name: str) -> str:
        return normpath(join(dirname(module), name))

    for _, name in _IMPORT.findall(source):
        if address(name) not in sources:
            _add(address(name), sources)
    names = [name for _, name in _EXPORT.findall(source) if name]
    source = _IMPORT.sub(lambda match: f'const {match[1]} = modules["{address(match[2])}"];', source)
    source = re.sub(r"^export (?:default )?", "", source, flags=re.MULTILINE)
    sources[module] = f'modules["{module}"] = (() => {{\n{source}\nreturn {{ {", ".join(names)} }};\n}})();'
