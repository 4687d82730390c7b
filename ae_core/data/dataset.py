"""The data set record that the rest of the library works with."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ae_core.errors import DatasetError

SPLITS = ("train", "test")


@dataclass(frozen=True)
class Split:
    """Images, uint8 of shape (n, h, w), and their class numbers, uint8 of shape (n,)."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """A named set of grey images in classes.

    Attributes:
        name: Identifier on the command line and in links.
        title: Display name.
        class_names: One for each class number.
        image_shape: (height, width) of every image.
        sizes: Number of images in each split.
        source: Origin and licence.
        thing: What an image shows, as in "a garment".
        read: Function that reads one split.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int]
    sizes: dict[str, int]
    source: str
    read: Callable[[str], Split]
    thing: str = "image"
    _cache: dict[str, Split] = field(default_factory=dict, repr=False, compare=False)

    @property
    def pixels(self) -> int:
        return self.image_shape[0] * self.image_shape[1]

    def split(self, which: str) -> Split:
        """Returns the "train" or "test" split, cached; its arrays are read-only."""
        if which not in SPLITS:
            raise DatasetError(f"Unknown split {which!r}: must be one of {', '.join(SPLITS)}.")
        if which not in self._cache:
            split = self.read(which)
            split.images.flags.writeable = split.labels.flags.writeable = False
            self._cache[which] = split
        return self._cache[which]


def as_float(images: np.ndarray) -> np.ndarray:
    """Converts uint8 images to float32 in [0, 1]."""
    return images.astype(np.float32) / np.float32(255)
