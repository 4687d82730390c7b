"""The pinned place, the view and the class of a lens, in the link."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ae_core.latent import Plane
from pages.widgets import link
from pages.widgets.lens import Look


def from_link(plane: Plane, start: np.ndarray, classes: Sequence[str], prefix: str = "") -> Look:
    """Where a lens begins: at what the link says of this plane, else at a code (d,) with all of the plane in view.

    A class stays from plane to plane.
    """
    of = plane.origin.tobytes() + plane.axes.tobytes()
    x, y = plane.points(start[None])[0].tolist()
    pin = link.read(f"{prefix}pin", _numbers(2), "pin", of)
    view = link.read(f"{prefix}view", _numbers(3), "view", of)
    return Look(pin or (x, y), view, link.read(f"{prefix}class", link.one_of(classes), "class"))


def to_link(look: Look, prefix: str = "") -> None:
    """Puts a place, a view and a class into the link."""
    for name, numbers in {"pin": look.pin, "view": look.view}.items():
        link.write(prefix + name, ",".join(f"{n:.7g}" for n in numbers or ()))
    link.write(f"{prefix}class", look.alone)


def _numbers(count: int) -> Callable[[str], Any]:
    """Reads that many finite numbers, of which a third, half of a view's side, is positive."""

    def parse(text: str) -> tuple[float, ...]:
        numbers = tuple(map(float, text.split(",")))
        if len(numbers) != count or not all(map(math.isfinite, numbers)) or not all(n > 0 for n in numbers[2:]):
            raise ValueError
        return numbers

    return parse
