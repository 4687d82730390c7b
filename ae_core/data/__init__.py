"""Image data sets; each module in this package that holds a ``DATASET`` is one.

``load("fashion-mnist").split("test").images`` is a uint8 array of shape (n, h, w).
"""

import importlib
import pkgutil
from functools import cache

from ae_core.data.dataset import Dataset, Split, as_float
from ae_core.errors import DatasetError

__all__ = ["Dataset", "Split", "as_float", "load", "names"]


@cache
def _datasets() -> dict[str, Dataset]:
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found = [m.DATASET for m in modules if hasattr(m, "DATASET")]
    return {d.name: d for d in sorted(found, key=lambda d: -d.pixels)}


def names() -> list[str]:
    """The names that `load` knows, the largest images first."""
    return list(_datasets())


def load(name: str) -> Dataset:
    """The data set of that name; its images are read when first asked for.

    Raises:
        DatasetError: if no data set has that name.
    """
    try:
        return _datasets()[name]
    except KeyError:
        raise DatasetError(f"Unknown data set {name!r}: must be one of {', '.join(names())}.") from None
