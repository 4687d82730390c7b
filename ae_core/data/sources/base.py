"""What a source of examples is: something that was looked at, and can be read in one way or another."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from ae_core import texts
from ae_core.data.own import MAX_CLASS_NAME
from ae_core.forms import Form
from ae_core.preparing import Fit

SIDES = (8, 16, 28, 32, 48, 64)  # pixels that are offered
PROPOSED_SIDE = 32  # at most: what trains within minutes
BATCH = 256  # examples read at a time
LOOK_SECONDS = 2.0  # that looking at all examples may take before some have to do
PARTS = {
    "train": "train", "training": "train", "val": "train", "valid": "train", "validation": "train", "dev": "train",
    "test": "test", "testing": "test", "eval": "test",
}  # fmt: skip


@dataclass(frozen=True)
class Choices:
    """How a source is to be read. What is best for it is its `proposal`.

    Attributes:
        medium: One of `forms.MEDIA`.
        side: Pixels of an image's sides; 0 for those that they have.
        colour: Whether images are in colour.
        fit: How pictures of other proportions become images.
        label: The name of the column that holds the class; "" for none.
    """

    medium: str = "image"
    side: int = 0
    colour: bool = False
    fit: Fit = field(default_factory=Fit)
    label: str = ""


@dataclass(frozen=True)
class Batch:
    """Some examples as they were read.

    Attributes:
        values: (k, *shape): uint8 of images, else any floats.
        labels: Name of the class of each; None where there is none.
        parts: "train" or "test" as the source says it; None where it does not.
    """

    values: np.ndarray
    labels: Sequence[str | None]
    parts: Sequence[str | None]


Problems = list[tuple[str, str]]  # what is left out, and why


class Source:
    """Examples that were found.

    Class attributes:
        what: What an example is called before it is known what it becomes, as in "3 pictures".
        fixed: Whether nothing about it can be chosen.

    Attributes:
        title: What they call themselves; "" if they do not.
        layout: How they are arranged, for people.
        count: How many there are; some may turn out to be broken.
        media: What they can be taken for, the likeliest first.
        has_parts: Whether it is said which are for training and which for tests.
        labels: Names of columns that can hold the class.
        proposal: How it would best be read.
        notes: What a person should know, a sentence each.
        names: Of channels or columns.
        classes: Names of the classes that were seen.
    """

    what: ClassVar[str] = "rows"
    fixed: ClassVar[bool] = False

    def __init__(self) -> None:
        self.title = self.layout = ""
        self.count = 0
        self.media: tuple[str, ...] = ()
        self.has_parts = False
        self.labels: tuple[str, ...] = ()
        self.proposal = Choices()
        self.notes: list[str] = []
        self.names: tuple[str, ...] = ()
        self.classes: tuple[str, ...] = ()

    def form(self, choices: Choices) -> Form:
        """What its examples become.

        Raises:
            DatasetError: if they cannot become that.
        """
        raise NotImplementedError

    def batches(self, choices: Choices, problems: Problems, rows: Sequence[int] | None = None) -> Iterator[Batch]:
        """Reads all examples in order, or some of them.

        Args:
            choices: How.
            problems: Takes what is broken: its name, and why.
            rows: Numbers of those that are wanted, rising.

        Raises:
            DatasetError: if all of it cannot be read.
        """
        raise NotImplementedError

    def names_of(self, choices: Choices) -> tuple[str, ...]:
        """Names of the channels or columns that are read."""
        return self.names


def class_name(value: object) -> str | None:
    """What a class is called; None if the value says nothing."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return texts.short(str(value), MAX_CLASS_NAME) or None


def part_of(name: str) -> str | None:
    """The split that a folder's or a file's name stands for."""
    return PARTS.get(name.lower())


def part_in(path: str) -> str | None:
    """The split that a word in a file's name stands for, or else one in that of the nearest folder."""
    words = (word for name in reversed(path.split("/")) for word in re.split(r"[_\-. ]", name))
    return next((part for word in words if (part := part_of(word))), None)


def as_pixels(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values of images as uint8: those in [0, 1] and in [0, 255] as they are meant, others by their range.

    Args:
        values: Any finite numbers.
        low, high: The range of all of the images, not of these alone.
    """
    if looks_like_pixels(low, high):
        low, high = 0.0, 1.0 if high <= 1 else 255.0
    shares = (np.asarray(values, np.float64) - low) / max(high - low, 1e-9)
    return np.round(np.clip(shares, 0, 1) * 255).astype(np.uint8)


def looks_like_pixels(low: float, high: float) -> bool:
    """Whether values of that range are shares of white, or grey levels up to 255."""
    return low >= 0 and (high <= 1 or (high <= 255 and float(high).is_integer()))
