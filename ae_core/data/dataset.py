"""The data set record that the rest of the library works with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ae_core.errors import DatasetError
from ae_core.forms import Form

SPLITS = ("train", "test")
OUTLIERS = 0.001  # share of values that may lie beyond a scale, on either side
ROOM = 0.125  # of a scale's range, beyond it on either side: noise and unusual examples have a place


@dataclass(frozen=True)
class Split:
    """Examples and their class numbers.

    Attributes:
        images: Examples of the data set's form, (n, *shape): uint8 of images, float32 in [0, 1] of all else.
        labels: uint8 of shape (n,); all 0 where the data set has no classes.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Scale:
    """What stored values in [0, 1] mean: x of a channel or column stands for low + x · (high − low).

    Attributes:
        low, high: One for each channel of a signal or each column of a table.
        names: Of the channels or columns; "" of those that have none.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, values: np.ndarray, form: Form, names: Sequence[str] = ()) -> "Scale":
        """The scale of signals' channels or of a table's columns: the range of most values, with some room."""
        flat = np.asarray(values, np.float64).reshape(-1, form.with_channels[-1])
        low, high = np.quantile(flat, [OUTLIERS, 1 - OUTLIERS], axis=0)
        spread = high - low
        spread[spread <= 0] = 1.0
        low, high = low - ROOM * spread, low + (1 + ROOM) * spread
        given = tuple(names) if len(names) == len(low) else ("",) * len(low)
        return cls(tuple(map(float, low)), tuple(map(float, high)), given)

    def to_json(self) -> dict[str, Any]:
        return {"low": list(self.low), "high": list(self.high), "names": list(self.names)}

    @classmethod
    def from_json(cls, value: Any, form: Form) -> "Scale":
        """Validates what `to_json` gave, as untrusted input, for examples of a form.

        Raises:
            ValueError: if it is no scale of theirs.
        """
        low, high = (np.array(value[name], np.float64) for name in ("low", "high"))
        count, names = form.with_channels[-1], value["names"]
        sound = low.shape == high.shape == (count,) and np.isfinite([low, high]).all() and (low < high).all()
        if not sound or not all(isinstance(name, str) for name in names) or len(names) != count:
            raise ValueError("its scale makes no sense")
        return cls(tuple(low.tolist()), tuple(high.tolist()), tuple(names))

    def restore(self, x: np.ndarray) -> np.ndarray:
        """Stored values (..., c) as they were given."""
        low, high = np.array(self.low, np.float32), np.array(self.high, np.float32)
        return low + np.asarray(x, np.float32) * (high - low)

    def store(self, values: np.ndarray) -> np.ndarray:
        """Given values (..., c) as they are stored, cut to [0, 1]; the inverse of `restore`."""
        low, high = np.array(self.low, np.float32), np.array(self.high, np.float32)
        return np.clip((np.asarray(values, np.float32) - low) / (high - low), 0, 1)


@dataclass(frozen=True)
class About:
    """What there is to know of a data set without reading it.

    Attributes:
        name: Identifier on the command line and in links; of one that was added, the beginning of its digest.
        title: Display name.
        form: What an example is.
        class_names: One for each class number; none if the data set has no classes.
        sizes: Number of examples in each split.
    """

    name: str
    title: str
    form: Form
    class_names: tuple[str, ...]
    sizes: dict[str, int] = field(hash=False)


@dataclass(frozen=True)
class Dataset:
    """A named set of examples, maybe in classes.

    Attributes:
        about: What there is to know without reading it.
        source: Origin and licence.
        read: Function that reads one split.
        thing: What an example shows, as in "a garment".
        is_tuned: Whether the defaults of kinds and networks were chosen on it, or on data very like it.
        unlabelled: Whether the last class holds the examples that came without a class.
        scale: What the values of signals and tables mean.
        path: The folder of one that was added.
        owner: Owner's id; None for one that everyone sees.
        details: How it was made, as its card says it.
        whole: Whether all of it is there; if not, a model has carried some test examples of it.
    """

    about: About
    source: str
    read: Callable[[str], Split]
    thing: str = "image"
    is_tuned: bool = False
    unlabelled: bool = False
    scale: Scale | None = None
    path: Path | None = None
    owner: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    whole: bool = True
    _cache: dict[str, Split] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        return self.about.name

    @property
    def title(self) -> str:
        return self.about.title

    @property
    def form(self) -> Form:
        return self.about.form

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.about.class_names

    @property
    def sizes(self) -> dict[str, int]:
        return self.about.sizes

    def split(self, which: str) -> Split:
        """Returns the "train" or "test" split, cached; its arrays are read-only."""
        if which not in SPLITS:
            raise DatasetError(f"Unknown split {which!r}: must be one of {', '.join(SPLITS)}.")
        if which not in self._cache:
            split = self.read(which)
            split.images.flags.writeable = split.labels.flags.writeable = False
            self._cache[which] = split
        return self._cache[which]

    @property
    def a_thing(self) -> str:
        """What an example shows, with its article."""
        return f"a{'n' * (self.thing[0] in 'aeiou')} {self.thing}"

    def class_of(self, label: int) -> str:
        """The name of a class; "" where there are none."""
        return self.class_names[label] if self.class_names else ""

    def called(self, number: int) -> str:
        """What a test example is called: its class, if it has one, and its number."""
        of = self.class_of(self.split("test").labels[number])
        return f"{of}, test {self.form.noun} {number:,}" if of else f"Test {self.form.noun} {number:,}"

    @property
    def classes(self) -> int:
        """The number of classes, without the one that holds what came without a class."""
        return len(self.class_names) - self.unlabelled

    def has_class(self, labels: np.ndarray) -> np.ndarray:
        """Which of some examples came with a class, bool (n,), by their class numbers."""
        return labels < self.classes


def as_float(images: np.ndarray) -> np.ndarray:
    """Converts examples to float32 in [0, 1], which those of signals and tables are already."""
    return images.astype(np.float32) / np.float32(255) if images.dtype == np.uint8 else np.asarray(images, np.float32)
