"""What one example of a data set is: an image, a signal or a row of a table, with the shape of its array."""

import math
from dataclasses import dataclass
from typing import Any

from ae_core.errors import DatasetError

NOUNS = {"image": "image", "signal": "signal", "table": "row"}
MEDIA = tuple(NOUNS)
RGB = 3
LEAST_SIDE, MOST_SIDE = 8, 96  # pixels
LEAST_STEPS, MOST_STEPS, MOST_CHANNELS = 8, 2048, 16
LEAST_COLUMNS, MOST_COLUMNS = 2, 1024


@dataclass(frozen=True)
class Form:
    """What an example is.

    Attributes:
        medium: One of `MEDIA`.
        shape: Of its array: (h, w) of a grey image and (h, w, 3) of one in colour, red first; (t, c) of a signal of t
            steps and c channels; (d,) of a row of a table with d columns.
    """

    medium: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def sides(self) -> tuple[int, ...]:
        """Lengths of the axes along which neighbours are alike: (h, w), (t,), or none of a table."""
        return self.shape[: {"image": 2, "signal": 1}.get(self.medium, 0)]

    @property
    def channels(self) -> int:
        """How many numbers there are at each place: 1 of a grey image, 3 of one in colour."""
        return self.shape[-1] if len(self.shape) > len(self.sides) else 1

    @property
    def with_channels(self) -> tuple[int, ...]:
        """Its shape with the axis of the channels also where there is but one: (h, w, c), (t, c) or (d,)."""
        return (*self.sides, self.channels)

    @property
    def is_image(self) -> bool:
        return self.medium == "image"

    @property
    def is_colour(self) -> bool:
        return self.is_image and self.channels == RGB

    @property
    def noun(self) -> str:
        """What an example is called: "image", "signal" or "row"."""
        return NOUNS[self.medium]

    @property
    def value(self) -> str:
        """What one of its numbers is called: "pixel" or "value"."""
        return "pixel" if self.is_image else "value"

    def __str__(self) -> str:
        if self.is_image:
            return f"{self.shape[0]} × {self.shape[1]}{' in colour' if self.is_colour else ''}"
        if self.medium == "signal":
            steps, channels = self.shape
            return f"{steps:,} steps" + (f" of {channels} channels" if channels > 1 else "")
        return f"{self.shape[0]:,} columns"

    def to_json(self) -> dict[str, Any]:
        return {"medium": self.medium, "shape": list(self.shape)}

    @classmethod
    def from_json(cls, value: Any) -> "Form":
        """Validates what `to_json` gave, as untrusted input.

        Raises:
            DatasetError: if it is no form, or larger than any may be.
        """
        medium, shape = (value.get(name) for name in ("medium", "shape")) if isinstance(value, dict) else (None, None)
        sides = tuple(shape) if isinstance(shape, list) else ()
        whole = all(isinstance(n, int) and not isinstance(n, bool) for n in sides)
        if medium not in MEDIA or not whole or not _fits(medium, sides):
            raise DatasetError(
                f"An example must be an image of {LEAST_SIDE} to {MOST_SIDE} pixels a side, a signal of {LEAST_STEPS} "
                f"to {MOST_STEPS:,} steps and up to {MOST_CHANNELS} channels, or a row of {LEAST_COLUMNS} to "
                f"{MOST_COLUMNS:,} columns; got {medium!r} of shape {shape!r}."[:400]
            )
        return cls(medium, sides)


def _fits(medium: str, shape: tuple[int, ...]) -> bool:
    if medium == "image":
        return (
            len(shape) in (2, 3) and shape[2:] in ((), (RGB,)) and all(LEAST_SIDE <= n <= MOST_SIDE for n in shape[:2])
        )
    if medium == "signal":
        return len(shape) == 2 and LEAST_STEPS <= shape[0] <= MOST_STEPS and 1 <= shape[1] <= MOST_CHANNELS
    return len(shape) == 1 and LEAST_COLUMNS <= shape[0] <= MOST_COLUMNS


def image(height: int, width: int, colour: bool = False) -> Form:
    """The form of an image."""
    return Form("image", (height, width, RGB) if colour else (height, width))
