"""The autoencoders: each module in this package that holds a `Kind` subclass is one.

``get("sparse")`` is the class, ``get("sparse")(l1=1e-3)`` a recipe with its hyperparameters.
A kind's name is its module's name.
"""

import importlib
import inspect
import pkgutil
from functools import cache

from ae_core.errors import OptionError
from ae_core.kinds.base import FAMILIES, Forward, Hyperparameter, Kind, Network

__all__ = ["FAMILIES", "Forward", "Hyperparameter", "Kind", "Network", "get", "names"]


@cache
def _kinds() -> dict[str, type[Kind]]:
    found: dict[str, type[Kind]] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for value in vars(module).values():
            own = inspect.isclass(value) and issubclass(value, Kind) and value.__module__ == module.__name__
            if own and value is not Kind:
                found[info.name.replace("_", "-")] = value
    return dict(sorted(found.items(), key=lambda item: (item[1].order, item[0])))


def names() -> list[str]:
    """The names that `get` knows, in the order of a first lesson."""
    return list(_kinds())


def get(name: str) -> type[Kind]:
    """The kind of that name.

    Raises:
        OptionError: if there is none.
    """
    try:
        return _kinds()[name]
    except KeyError:
        raise OptionError(f"Unknown kind {name!r}: must be one of {', '.join(names())}.") from None
