"""The data sets that come with the app: each module in this package is one, and holds it as ``DATASET``."""

import importlib
import pkgutil
from functools import cache

from ae_core.data.dataset import Dataset


@cache
def datasets() -> dict[str, Dataset]:
    """All of them by name, in their order."""
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found: list[tuple[int, Dataset]] = [(m.ORDER, m.DATASET) for m in modules]
    return {dataset.name: dataset for _, dataset in sorted(found, key=lambda pair: pair[0])}
