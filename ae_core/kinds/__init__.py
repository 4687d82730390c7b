"""Kinds of autoencoder: every module of this package that defines a `Kind` subclass, named like the module.

``get("sparse")`` is the class, ``get("sparse")(l1=1e-3)`` an instance with its hyperparameters.
"""

from functools import cache

from ae_core import discovery
from ae_core.errors import OptionError
from ae_core.kinds.base import Forward, Hyperparameter, Kind, Measure, View, is_active

__all__ = ["Forward", "Hyperparameter", "Kind", "Measure", "View", "get", "is_active", "names"]


@cache
def _kinds() -> dict[str, type[Kind]]:
    return discovery.subclasses(__name__, __path__, Kind)


def names() -> list[str]:
    """Names of all kinds, in teaching order."""
    return list(_kinds())


def get(name: str) -> type[Kind]:
    """Returns the kind of that name.

    Raises:
        OptionError: if there is none.
    """
    try:
        return _kinds()[name]
    except (KeyError, TypeError):  # the latter of a list
        raise OptionError(f"Unknown kind {name!r}: must be one of {', '.join(names())}.") from None
