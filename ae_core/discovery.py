"""Finds the classes that the modules of a package define."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def subclasses(package: str, path: Iterable[str], base: type[T]) -> dict[str, type[T]]:
    """Imports every module of a package and collects the subclasses of `base` that it defines.

    Args:
        package: The package's dotted name.
        path: Its `__path__`.
        base: A class with an attribute `order`, by which the result is sorted; it is left out itself.

    Returns:
        Name of the module, with dashes for underscores → class.
    """
    found: dict[str, type[T]] = {}
    for info in pkgutil.iter_modules(path):
        module = importlib.import_module(f"{package}.{info.name}")
        for value in vars(module).values():
            own = inspect.isclass(value) and issubclass(value, base) and value.__module__ == module.__name__
            if own and value is not base:
                found[info.name.replace("_", "-")] = value
    return dict(sorted(found.items(), key=lambda item: (getattr(item[1], "order", 0), item[0])))
