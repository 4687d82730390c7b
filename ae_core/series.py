"""Reads signals, or rows of a table, that a person brings to a model: a file, or numbers that were pasted.

They become examples of the data set that the model learnt: of its length, and on its scale. Whatever is done to them on
the way is said; what could be meant in two ways is refused.
"""

import re
from dataclasses import dataclass

import numpy as np

from ae_core import texts
from ae_core.data.dataset import Dataset
from ae_core.data.sources import arrays, bundles, tables
from ae_core.errors import DatasetError, ExplorerError

MAX_BYTES = 5_000_000  # of a file
MAX_VALUES = 250_000  # of a table
MOST = 100  # examples that are read of it
READ = ".csv, .tsv, .txt, .ts or .npy"
SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".ts", ".npy")
UNEVEN = 1.5  # times the usual step in time
# What Python and NumPy print around numbers.
AROUND = re.compile(r"\b(?:np|numpy)\.\w+(?=\()|\barray(?=\()|,?\s*\bdtype=[\w.']+|[()]")
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
BETWEEN = re.compile(r"[\s,;\[\]]+")


@dataclass(frozen=True)
class Found:
    """What a file held.

    Attributes:
        examples: float32 (n, *shape) of the data set's form in [0, 1].
        notes: What a person should know, a sentence each.
        count: How many there were; only the first `MOST` are read.
    """

    examples: np.ndarray
    notes: list[str]
    count: int


def read(content: bytes, name: str, dataset: Dataset) -> Found:
    """Reads signals or rows of a table.

    A table's row is an example, and for signals also the whole table, if it has a column for each channel, with a
    column for the time before them or not; columns of the data set's names are found by these. Columns of text, and one
    of classes, are left out. A .txt may also hold arrays as Python and NumPy print them.

    Args:
        content: Of a file.
        name: Of the file; its ending says what it is.
        dataset: Which they are to be like.

    Raises:
        DatasetError: if it holds nothing of that kind.
    """
    if len(content) > MAX_BYTES:
        raise DatasetError(f"{name} has {len(content) / 1e6:.1f} MB, more than {MAX_BYTES // 1_000_000}: cut it.")
    if dataset.form.is_image:
        raise DatasetError(f"{dataset.title} holds images: give an image, not {name}.")
    called = texts.clean(name) or "data"
    try:
        if called.lower().endswith(".txt") and b"[" in content:
            content = _printed(content.decode("utf-8", "replace"), called).encode()
        return _Reader(called, dataset).read(content)
    except ExplorerError:
        raise
    except Exception as error:  # whatever a library makes of a file that nobody has seen
        raise DatasetError(f"{called} cannot be read ({type(error).__name__}): is it damaged?") from error


def expected(dataset: Dataset) -> str:
    """What a file should hold, for people."""
    form = dataset.form
    if not form.sides:
        return f"rows of {form.size:,} values, as those of {dataset.title}"
    steps, channels = form.shape
    if channels == 1:
        return f"a row for each signal, of about {steps:,} values, or a column with one signal"
    return f"a column for each of the {channels} channels and a row for each step, or an array (n, steps, {channels})"


def named_values(dataset: Dataset) -> list[tuple[str, float, float]]:
    """The channels of signals, or the columns of a table: what each is called, and what 0 and 1 stand for."""
    assert dataset.scale, "images have none"
    fallback = "column" if not dataset.form.sides else "channel" if dataset.form.channels > 1 else ""
    names = [name or f"{fallback} {i}" * bool(fallback) for i, name in enumerate(dataset.scale.names, 1)]
    return list(zip(names, dataset.scale.low, dataset.scale.high, strict=True))


def _printed(text: str, name: str) -> str:
    """Rows of numbers of what Python or NumPy have printed."""
    if "..." in text:
        raise DatasetError(
            f"{name} was printed in short, with '...' for what is left out: save the array with numpy.savetxt or "
            "numpy.save."
        )
    depth = most = 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        most = max(most, depth)
    if most > 2:
        raise DatasetError(f"{name} holds lists in lists in lists: save the array with numpy.save.")
    text = AROUND.sub(" ", text)
    for word in BETWEEN.split(text):
        if word and not NUMBER.fullmatch(word):
            raise DatasetError(f"{name} holds {texts.short(word, 40)!r}, where numbers are expected: correct it.")
    rows = [",".join(NUMBER.findall(part)) for part in text.split("]")]
    return "\n".join(row for row in rows if row)


class _Reader:
    """Reads one file for a data set.

    Attributes:
        notes: What a person should know.
    """

    def __init__(self, name: str, dataset: Dataset) -> None:
        self.name, self.dataset, self.form = name, dataset, dataset.form
        self.notes: list[str] = []

    def read(self, content: bytes) -> Found:
        bundle = bundles.Held(content, self.name)
        (entry,) = bundle.entries
        if entry.suffix not in SUFFIXES or self.name.lower().endswith(".gz"):
            raise DatasetError(f"{self.name} is none of {READ}: save it as CSV.")
        if entry.suffix == ".npy":
            values = self._array(arrays.NpyFile(bundle, entry).all())
        else:
            file = tables.reader(bundle, entry)
            values = self._table(file)
            self.notes[:0] = file.notes
        if not np.isfinite(values).all():
            raise DatasetError(f"{self.name} holds values that are no numbers (NaN or infinite): fill or remove them.")
        return Found(self._fitted(values[:MOST]), self.notes, len(values))

    def _refuse(self, what: str) -> DatasetError:
        return DatasetError(f"{self.name} has {what}: expected {expected(self.dataset)}.")

    # Each gives values as they are, (n, steps, c) of signals and (n, d) of tables.

    def _array(self, array: np.ndarray) -> np.ndarray:
        if array.dtype.kind not in "biuf":
            raise DatasetError(f"{self.name} holds values of the type {array.dtype}: numbers are needed.")
        array = array.astype(np.float64)
        if not self.form.sides:
            rows = array[None] if array.ndim == 1 else array
            if rows.ndim == 2 and rows.shape[1] == self.form.size:
                return rows
        elif array.ndim == 1 and self.form.channels == 1:
            return array[None, :, None]
        elif array.ndim == 2:
            return self._signals(array)
        elif array.ndim == 3 and array.shape[2] == self.form.channels:
            return array
        raise self._refuse(f"an array of shape {array.shape}")

    def _table(self, file: tables.File) -> np.ndarray:
        count, width = file.count, len(file.columns)
        if count * width > MAX_VALUES:
            raise DatasetError(
                f"{self.name} has {count:,} rows of {width:,} values, more than {MAX_VALUES:,} together: cut it."
            )
        rows = list(file.rows())
        if not rows:
            raise DatasetError(f"{self.name} holds no row of numbers.")
        columns = [i for i, name in enumerate(file.columns) if name != file.label]
        for end in (0, -1) if self.form.sides else ():  # a text among the steps of a signal is a mistake
            while len(columns) > 1 and tables.is_text(rows, columns[end]):
                del columns[end]
        if not self.form.sides:
            columns = [i for i in columns if not tables.is_text(rows, i)]
        named = self._by_name(file, columns)
        values = np.stack([file.numbers(row, named or columns, at) for at, row in enumerate(rows, 1)])
        if file.channels > 1:
            return self._array(np.moveaxis(values.reshape(len(values), file.channels, file.steps), 1, -1))
        if named:
            return values[None] if self.form.sides else values
        names = [file.columns[i] for i in columns] if file.has_header else []
        if self.form.sides:
            return self._signals(values, names)
        if values.shape == (self.form.size, 1):
            return values.T
        values = self._without_class(values, self.form.size, names)
        if values.shape[1] != self.form.size:
            raise self._refuse(f"{texts.some(len(values), 'row')} of {texts.some(values.shape[1], 'value')}")
        return values

    def _by_name(self, file: tables.File, columns: list[int]) -> list[int]:
        """The columns that are called as those of the data set, in its order; none unless all are there."""
        names = self.dataset.scale.names if self.dataset.scale else ()
        wanted = [name.lower() for name in names]
        there = {file.columns[i].lower(): i for i in columns}
        if not file.has_header or not all(wanted) or len({*wanted}) < len(wanted):
            return []
        if {*wanted} <= {*there}:
            return [there[name] for name in wanted]
        if len(there) == len(wanted) > 1:
            self.notes.append(
                f"Its columns are taken in their order for {', '.join(names)[:200]}: they are called otherwise."
            )
        return []

    def _signals(self, values: np.ndarray, names: list[str] | None = None) -> np.ndarray:
        """Signals of a table of numbers: rows of it, or all of it."""
        steps, channels = self.form.shape
        rows, width = values.shape
        if width == channels and (channels > 1 or rows > 1):
            return values[None]
        if width == channels + 1 and rows > 1 and ((between := np.diff(values[:, 0])) > 0).all():
            self.notes.append("Its first column rises all the way: it is taken for the time and left out.")
            if between.max() > UNEVEN * np.median(between):
                self.notes.append("Its steps in time are not even, and are taken as if they were.")
            return values[None, :, 1:]
        if channels > 1 or width < min(steps, tables.LEAST_STEPS):
            raise self._refuse(f"{texts.some(rows, 'row')} of {texts.some(width, 'value')}")
        return self._without_class(values, steps, names or [])[..., None]

    def _without_class(self, values: np.ndarray, size: int, names: list[str]) -> np.ndarray:
        """Rows without the column of their class, if they have one value more than they should."""
        if values.shape[1] != size + 1:
            return values
        called = [i for i, name in enumerate(names) if name.lower() in tables.LABEL_COLUMNS]
        whole = [at for at in (0, size) if (values[:, at] == np.round(values[:, at])).all()]
        found = called or whole
        if len(found) > 1:
            raise DatasetError(
                f"{self.name} has {size + 1:,} values in a row, one more than {size:,}, and both ends may be a class: "
                "leave the class out."
            )
        if not found:
            return values
        self.notes.append(f"Column {found[0] + 1:,} is taken for a class and left out.")
        return np.delete(values, found[0], axis=1)

    def _fitted(self, values: np.ndarray) -> np.ndarray:
        """Values as examples of the data set: of its length, on its scale."""
        if self.form.sides and values.shape[1] != self.form.shape[0]:
            steps = self.form.shape[0]
            self.notes.append(
                f"It has {values.shape[1]:,} steps and is stretched to {steps:,}, as those that the models learnt."
            )
            values = _stretched(values, steps)
        scale = self.dataset.scale
        assert scale, "images have none"
        low, high = np.array(scale.low), np.array(scale.high)
        outside = (values < low) | (values > high)
        if outside.any():
            span = f" ({low[0]:.3g} to {high[0]:.3g})" if len(low) == 1 else ""
            self.notes.append(
                f"{outside.sum():,} of {outside.size:,} values lie outside the range of {self.dataset.title}{span} and "
                "are cut: are they in the same unit?"
            )
        return scale.store(values)


def _stretched(values: np.ndarray, steps: int) -> np.ndarray:
    """Signals (n, t, c) with another number of steps, on straight lines between their values."""
    known, places = np.arange(values.shape[1]), np.linspace(0, values.shape[1] - 1, steps)
    curves = np.moveaxis(values, 1, -1).reshape(-1, values.shape[1])
    found = np.stack([np.interp(places, known, curve) for curve in curves])
    return np.moveaxis(found.reshape(len(values), values.shape[2], steps), -1, 1)
