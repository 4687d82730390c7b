"""Families of networks: every module of this package that defines a `Family` subclass, named like the module."""

from functools import cache

from ae_core import discovery
from ae_core.errors import OptionError
from ae_core.networks.families.base import Family

__all__ = ["Family", "get", "names"]


@cache
def _families() -> dict[str, Family]:
    return {name: family() for name, family in discovery.subclasses(__name__, __path__, Family).items()}


def names() -> list[str]:
    """Names of all families, the simplest first."""
    return list(_families())


def get(name: str) -> Family:
    """Returns the family of that name.

    Raises:
        OptionError: if there is none.
    """
    try:
        return _families()[name]
    except KeyError:
        raise OptionError(f"Unknown network {name!r}: must be one of {', '.join(names())}.") from None
