"""Reads signals, or rows of a table, that a person brings to a model: a file, or numbers that were pasted.

They become examples of the data set that the model learnt: of its length, and on its scale.
"""

import re
from dataclasses import dataclass, field

import numpy as np

from ae_core import texts
from ae_core.data.dataset import Dataset, Scale
from ae_core.data.sources import arrays, bundles, tables
from ae_core.errors import DatasetError, ExplorerError

MAX_BYTES = 5_000_000  # of a file
MAX_VALUES = 1_000_000
MOST = 100  # examples that are read of it
READ = ".csv, .tsv, .txt, .ts, .parquet or .npy"
SUFFIXES = ("csv", "tsv", "txt", "dat", "ts", "parquet", "pq", "npy")
BEYOND = 0.005  # share of values outside the data set's range that is not worth a word
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|nan", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """What a file held.

    Attributes:
        examples: float32 (n, *shape) of the data set's form in [0, 1].
        notes: What a person should know, a sentence each.
    """

    examples: np.ndarray
    notes: list[str] = field(default_factory=list)


def read(content: bytes, name: str, dataset: Dataset) -> Found:
    """Reads signals or rows of a table.

    A table's row is an example, and for signals also the whole table, if it has a column for each channel, with a
    column for the time before them or not. Columns of text, and one of classes, are left out.

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
    bundle = bundles.Held(content, texts.clean(name) or "data")
    try:
        return _read(bundle, dataset)
    except ExplorerError:
        raise
    except Exception as error:  # whatever a library makes of a file that nobody has seen
        raise DatasetError(f"{bundle.name} cannot be read ({type(error).__name__}): is it damaged?") from error


def read_text(text: str, dataset: Dataset) -> Found:
    """Reads numbers that were pasted: rows as in a file, or as Python and NumPy print them; otherwise as `read`."""
    if "[" in text:
        rows = [NUMBER.findall(part) for part in text.split("]")]
        text = "\n".join(",".join(row) for row in rows if row)
    return read(text.encode(), "pasted.txt", dataset)


def fitted(values: np.ndarray, dataset: Dataset) -> Found:
    """Makes examples of values that are as the data set's own were before they were scaled.

    Args:
        values: Signals (n, steps, c), of as many steps as they have; or rows of a table (n, d).
        dataset: Of the same channels or columns.
    """
    notes = []
    values = np.asarray(values, np.float64)
    if dataset.form.sides and values.shape[1] != dataset.form.shape[0]:
        steps = dataset.form.shape[0]
        notes.append(
            f"It has {values.shape[1]:,} steps and is stretched to {steps:,}, as those that the models learnt."
        )
        values = _stretched(values, steps)
    if (scale := dataset.scale) is None:
        return Found(np.clip(values, 0, 1).astype(np.float32), notes)
    low, high = np.array(scale.low), np.array(scale.high)
    beyond = float(((values < low) | (values > high)).mean())
    if beyond > BEYOND:
        notes.append(
            f"{beyond * 100:.0f} % of the values lie outside the range of {dataset.title} ({_range(low, high)}) and "
            "are cut: are they in the same unit?"
        )
    return Found(scale.store(values), notes)


def _read(bundle: bundles.Held, dataset: Dataset) -> Found:
    (entry,) = bundle.entries
    if entry.suffix.removeprefix(".") not in SUFFIXES or entry.name.lower().endswith(".gz"):
        raise DatasetError(f"{bundle.name} is none of {READ}: save it as CSV.")
    if entry.suffix == ".npy":
        found = _of_array(arrays.NpyFile(bundle, entry).all(), bundle.name, dataset)
    else:
        found = _of_rows(tables.reader(bundle, entry), dataset)
    if not np.isfinite(found).all():
        raise DatasetError(f"{bundle.name} holds values that are no numbers (NaN or infinite): fill or remove them.")
    result = fitted(found[:MOST], dataset)
    if len(found) > MOST:
        result.notes.append(f"The first {MOST} of {len(found):,} are read.")
    return result


def _of_array(array: np.ndarray, name: str, dataset: Dataset) -> np.ndarray:
    """Values of an array: (n, steps, c) or (n, d)."""
    if array.dtype.kind not in "biuf":
        raise DatasetError(f"{name} holds values of the type {array.dtype}: numbers are needed.")
    array, form = array.astype(np.float64), dataset.form
    if not form.sides:
        array = array[None] if array.ndim == 1 else array
        if array.ndim == 2 and array.shape[1] == form.size:
            return array
    else:
        channels = form.channels
        if array.ndim == 1 and channels == 1:
            return array[None, :, None]
        if array.ndim == 2:
            return _signals(array, name, dataset)
        if array.ndim == 3 and array.shape[2] == channels:
            return array
    raise DatasetError(f"{name} holds an array of shape {array.shape}: expected {expected(dataset)}.")


def _of_rows(file: tables.File, dataset: Dataset) -> np.ndarray:
    """Values of a table: (n, steps, c) or (n, d)."""
    if file.count * len(file.columns) > MAX_VALUES:
        raise DatasetError(
            f"{file.name} has {file.count:,} rows of {len(file.columns):,} values, more than {MAX_VALUES:,} together: "
            "cut it."
        )
    rows = list(file.rows())
    if not rows:
        raise DatasetError(f"{file.name} holds no row of numbers.")
    columns = [i for i, name in enumerate(file.columns) if name != file.label and not tables.is_text(rows, i)]
    names = [file.columns[i] for i in columns]
    wanted = dataset.scale.names if dataset.scale and not dataset.form.sides else ()
    if wanted and all(wanted) and set(wanted) <= {*names}:
        columns = [file.columns.index(name) for name in wanted]
    values = np.stack([file.numbers(row, columns, at) for at, row in enumerate(rows, 1)])
    if file.channels > 1:
        signals = np.moveaxis(values.reshape(len(values), file.channels, file.steps), 1, -1)
        return _of_array(signals, file.name, dataset)
    if dataset.form.sides:
        return _signals(values, file.name, dataset)
    if values.shape[1] == dataset.form.size:
        return values
    if values.shape == (dataset.form.size, 1):
        return values.T
    return _without_class(values, dataset.form.size, file.name, dataset)


def _signals(values: np.ndarray, name: str, dataset: Dataset) -> np.ndarray:
    """Signals (n, steps, c) of a table of numbers: rows of it, or all of it."""
    steps, channels = dataset.form.shape
    rows, width = values.shape
    if width == channels and (channels > 1 or rows > 1):
        return values[None]
    if width == channels + 1 and rows > 1 and (np.diff(values[:, 0]) > 0).all():  # the time
        return values[None, :, 1:]
    if channels == 1 and width >= min(steps, tables.LEAST_STEPS):
        if width == steps + 1:
            return _without_class(values, steps, name, dataset)[..., None]
        return values[..., None]
    raise DatasetError(f"{name} has {rows:,} rows of {width:,} values: expected {expected(dataset)}.")


def _without_class(values: np.ndarray, size: int, name: str, dataset: Dataset) -> np.ndarray:
    """Rows of one value more, without the whole numbers at one end, which are classes."""
    if values.shape[1] == size + 1:
        for at in (0, size):
            if (values[:, at] == np.round(values[:, at])).all():
                return np.delete(values, at, axis=1)
    raise DatasetError(f"{name} has {len(values):,} rows of {values.shape[1]:,} values: expected {expected(dataset)}.")


def _stretched(values: np.ndarray, steps: int) -> np.ndarray:
    """Signals (n, t, c) with another number of steps, on straight lines between their values."""
    known, places = np.arange(values.shape[1]), np.linspace(0, values.shape[1] - 1, steps)
    curves = np.moveaxis(values, 1, -1).reshape(-1, values.shape[1])
    found = np.stack([np.interp(places, known, curve) for curve in curves])
    return np.moveaxis(found.reshape(len(values), values.shape[2], steps), -1, 1)


def expected(dataset: Dataset) -> str:
    """What a file should hold, for people."""
    form = dataset.form
    if not form.sides:
        return f"rows of {form.size:,} values, as those of {dataset.title}"
    steps, channels = form.shape
    if channels == 1:
        return f"a row for each signal, of about {steps:,} values, or a column with one signal"
    return f"a column for each of the {channels} channels and a row for each step, or an array (n, steps, {channels})"


def _range(low: np.ndarray, high: np.ndarray) -> str:
    if len(low) > 1:
        return "each by its own"
    return f"{low[0]:.3g} to {high[0]:.3g}"


def named_values(dataset: Dataset) -> list[tuple[str, float, float]]:
    """The channels of signals, or the columns of a table: what each is called, and what 0 and 1 stand for."""
    form = dataset.form
    count = form.channels if form.sides else form.size
    scale = dataset.scale or Scale((0.0,) * count, (1.0,) * count, ("",) * count)
    fallback = "column" if not form.sides else "channel" if count > 1 else ""
    names = [name or (f"{fallback} {i}" if fallback else "") for i, name in enumerate(scale.names, 1)]
    return list(zip(names, scale.low, scale.high, strict=True))
