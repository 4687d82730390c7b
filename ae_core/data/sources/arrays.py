"""Arrays of NumPy's: .npz as Keras and MedMNIST write them, .npy, and MNIST's own IDX files."""

import gzip
import math
import struct
import time
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, ClassVar

import numpy as np

from ae_core import forms, preparing
from ae_core.data.sources.base import (
    BATCH,
    LOOK_SECONDS,
    PROPOSED_SIDE,
    SIDES,
    Batch,
    Choices,
    Problems,
    Source,
    as_pixels,
    class_name,
    looks_like_pixels,
    part_of,
)
from ae_core.data.sources.bundles import Bundle, Entry
from ae_core.errors import DatasetError
from ae_core.forms import LEAST_STEPS, MOST_CHANNELS, MOST_STEPS, Form

MAX_ARRAY = 4 << 30  # bytes
MAX_EXAMPLES = 2_000_000
MAX_EXAMPLE, CHUNK = 4 << 20, 8 << 20  # bytes of an example, and of what is read at a time
MAX_LABELS = 16 << 20
MAX_HEADER = 10_000
IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
X_NAMES = ("x", "images", "image", "data", "imgs", "samples", "signals", "arr_0")
Y_NAMES = ("y", "labels", "label", "targets", "target", "classes", "arr_1")


def holds_arrays(bundle: Bundle) -> bool:
    """Whether a bundle is one of arrays."""
    return any(entry.suffix == ".npy" or _is_idx(entry.name) for entry in bundle.entries)


def _is_idx(name: str) -> bool:
    last = name.lower().rsplit("/")[-1]
    return "idx1-ubyte" in last or "idx3-ubyte" in last or ".idx" in last


class NpyFile:
    """An array in a .npy or IDX file that is read from its beginning to its end.

    Attributes:
        shape: Of the array.
        dtype: Of its values.
    """

    def __init__(self, bundle: Bundle, entry: Entry) -> None:
        self._bundle, self._entry = bundle, entry
        with self._opened() as file:
            self.shape, self.dtype = self._header(file)
        if not self.shape or min(self.shape) < 1 or not self.dtype.itemsize:
            raise DatasetError(f"{entry.name} holds an array of shape {self.shape}: it has no examples.")
        if self.shape[0] > MAX_EXAMPLES or self._row > MAX_EXAMPLE:
            raise DatasetError(
                f"{entry.name} holds {self.shape[0]:,} examples of {self._row:,} bytes: at most {MAX_EXAMPLES:,} of "
                f"{MAX_EXAMPLE:,} are read."
            )
        if math.prod(self.shape) * self.dtype.itemsize > MAX_ARRAY:
            raise DatasetError(
                f"{entry.name} holds an array of shape {self.shape}, over {MAX_ARRAY >> 30} GB: give fewer examples."
            )

    def _opened(self) -> BinaryIO:
        file = self._bundle.open(self._entry)
        return gzip.open(file) if self._entry.name.lower().endswith(".gz") else file  # type: ignore[return-value]

    def _header(self, file: BinaryIO) -> tuple[tuple[int, ...], np.dtype]:
        name = self._entry.name
        if _is_idx(name):
            beginning = _exactly(file, 4, name)
            kind, dimensions = beginning[2], beginning[3]
            if beginning[:2] != b"\0\0" or kind not in IDX_TYPES or not 1 <= dimensions <= 4:
                raise DatasetError(f"{name} is not an IDX file as those of MNIST: it begins with {beginning.hex()}.")
            shape = struct.unpack(f">{dimensions}I", _exactly(file, 4 * dimensions, name))
            return tuple(shape), np.dtype(IDX_TYPES[kind])
        try:
            version = np.lib.format.read_magic(file)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
            shape, by_columns, dtype = read(file, max_header_size=MAX_HEADER)
        except DatasetError:
            raise
        except Exception:  # whatever NumPy makes of a damaged header
            raise DatasetError(f"{name} is not a .npy file that can be read: save it with numpy.save.") from None
        if dtype.hasobject:
            raise DatasetError(f"{name} holds Python objects, which could run code: save an array of numbers.")
        if dtype.kind not in "biufUS" or dtype.itemsize > 400:
            raise DatasetError(f"{name} holds values of the type {dtype}: numbers are needed.")
        if by_columns and len(shape) > 1:
            raise DatasetError(f"{name} is stored column by column: save numpy.ascontiguousarray of it.")
        return shape, dtype

    @property
    def _row(self) -> int:
        """Bytes of an example."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def name(self) -> str:
        return self._entry.name.rsplit("/")[-1].lower().removesuffix(".gz").removesuffix(".npy")

    def chunks(self, most: int = BATCH) -> Iterator[np.ndarray]:
        """The rows, some at a time."""
        row = self._row
        most = max(1, min(most, CHUNK // row))
        with self._opened() as file:
            self._header(file)
            for start in range(0, self.shape[0], most):
                count = min(most, self.shape[0] - start)
                content = _exactly(file, count * row, self._entry.name)
                yield np.frombuffer(content, self.dtype).reshape(count, *self.shape[1:])

    def all(self) -> np.ndarray:
        """All of it; for labels."""
        if math.prod(self.shape) * self.dtype.itemsize > MAX_LABELS:
            raise DatasetError(f"{self._entry.name} is too large to be labels: it has the shape {self.shape}.")
        return np.concatenate([*self.chunks(1 << 16), np.empty((0, *self.shape[1:]), self.dtype)])


def _exactly(file: BinaryIO, size: int, name: str) -> bytes:
    try:
        content = file.read(size)
    except DatasetError:
        raise
    except Exception:
        raise DatasetError(f"{name} is damaged: it cannot be unpacked.") from None
    if len(content) != size:
        raise DatasetError(f"{name} is cut short: it holds less than it says.")
    return content


class Arrays(Source):
    """Examples in arrays, with labels in others."""

    what: ClassVar[str] = "examples"

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        entries = [entry for entry in bundle.entries if entry.suffix == ".npy" or _is_idx(entry.name)]
        arrays = [NpyFile(bundle, entry) for entry in entries]
        pairs = _paired(arrays, bundle.name)
        self._pairs = [(x, None if y is None else _labels(y, x, self.notes), part) for x, y, part in pairs]
        self.count = sum(x.shape[0] for x, _, _ in self._pairs)
        found = {label for _, labels, _ in self._pairs for label in labels or () if label is not None}
        self.classes = tuple(sorted(found))
        self.has_parts = {part for _, _, part in self._pairs} == {"train", "test"}
        first = self._pairs[0][0]
        for x, _, _ in self._pairs:
            if x.shape[1:] != first.shape[1:]:
                raise DatasetError(
                    f"The arrays {first.name} and {x.name} hold examples of different shapes, {first.shape[1:]} and "
                    f"{x.shape[1:]}: they must be the same."
                )
        self._example = first.shape[1:]
        self.layout = f"arrays of shape {first.shape[1:]}: " + ", ".join(a.name for a in arrays[:6])
        self._low, self._high = _range(first)
        self.media = self._possible(first)
        self.proposal = self._propose()

    def _possible(self, first: NpyFile) -> tuple[str, ...]:
        shape = self._example
        grid = _grid(shape)
        small = max(grid[0][:2]) <= 4 * min(grid[0][:2]) if grid else False
        like_image = grid is not None and min(grid[0][:2]) >= SIDES[0] and small
        steps = _steps(shape)
        found = []
        if like_image:
            found.append("image")
        if steps is not None:
            found.append("signal")
        if (
            like_image
            and steps is not None
            and first.dtype.kind == "f"
            and not looks_like_pixels(self._low, self._high)
        ):
            found.reverse()
        if len(shape) == 1:
            square = math.isqrt(shape[0])
            if square * square == shape[0] and square >= SIDES[0] and first.dtype == np.uint8:
                found = ["image", *found]
            found.append("table")
        if not found:
            raise DatasetError(
                f"Examples of shape {shape} are neither images (h, w) or (h, w, 3), nor signals (t,) or (t, channels): "
                "reshape them."
            )
        return tuple(dict.fromkeys(found))

    def _propose(self) -> Choices:
        grid = _grid(self._example)
        if self.media[0] != "image" or grid is None:
            return Choices(self.media[0])
        height, width, channels = grid[0]
        fits = all(forms.LEAST_SIDE <= n <= SIDES[-1] for n in (height, width))
        return Choices("image", 0 if fits else PROPOSED_SIDE, channels == 3)

    def form(self, choices: Choices) -> Form:
        grid = _grid(self._example)
        if choices.medium == "image" and grid is not None:
            height, width, _ = grid[0]
            if choices.side:
                height = width = choices.side
            return Form.from_json(forms.image(height, width, choices.colour).to_json())
        if choices.medium == "signal" and (steps := _steps(self._example)) is not None:
            return Form.from_json({"medium": "signal", "shape": list(steps[0])})
        if choices.medium == "table" and len(self._example) == 1:
            return Form.from_json({"medium": "table", "shape": list(self._example)})
        raise DatasetError(f"Examples of shape {self._example} cannot be taken for {choices.medium}s.")

    def batches(self, choices: Choices, problems: Problems, rows: Sequence[int] | None = None) -> Iterator[Batch]:
        form = self.form(choices)
        wanted = None if rows is None else np.asarray(rows)
        first = 0  # number of the first example of a pair
        for x, labels, part in self._pairs:
            done = 0
            for chunk in x.chunks():
                own = np.arange(done, done + len(chunk))
                done += len(chunk)
                if wanted is not None:
                    picked = np.isin(own + first, wanted)
                    chunk, own = chunk[picked], own[picked]
                    if not len(own):
                        continue
                _check_finite(chunk, own, x.name)
                values = self._pixels(chunk, form, choices) if form.is_image else _floats(chunk, form)
                yield Batch(values, [None if labels is None else labels[n] for n in own], [part] * len(own))
            first += x.shape[0]

    def _pixels(self, chunk: np.ndarray, form: Form, choices: Choices) -> np.ndarray:
        grid = _grid(self._example)
        assert grid is not None
        (height, width, channels), channels_first = grid
        if channels_first:
            chunk = np.moveaxis(chunk, 1, -1)
        chunk = chunk.reshape(len(chunk), height, width, *((channels,) if channels == 3 else ()))
        if chunk.dtype != np.uint8 or self._high <= 1:
            chunk = as_pixels(chunk, self._low, self._high)
        if chunk.shape[1:] == form.shape:
            return chunk
        return np.stack([preparing.fitted(picture, form, choices.fit) for picture in chunk])


def _floats(chunk: np.ndarray, form: Form) -> np.ndarray:
    """Examples of signals or tables."""
    values = np.asarray(chunk, np.float32)
    if form.medium == "table":
        return values
    if values.ndim == 2:
        return values[..., None]
    return np.moveaxis(values, 1, -1) if values.shape[1:] != form.shape else values


def _check_finite(values: np.ndarray, numbers: np.ndarray, name: str) -> None:
    if values.dtype.kind != "f":
        return
    finite = np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if not finite.all():
        raise DatasetError(
            f"Example {int(numbers[np.argmin(finite)]):,} of {name} holds values that are not numbers (NaN or "
            "infinite): leave it out, or fill them."
        )


def _grid(shape: tuple[int, ...]) -> tuple[tuple[int, int, int], bool] | None:
    """Examples as images: height, width and channels, and whether the channels come first; None if they are none."""
    if len(shape) == 1:
        side = math.isqrt(shape[0])
        return ((side, side, 1), False) if side * side == shape[0] and side >= SIDES[0] else None
    if len(shape) == 2:
        return (shape[0], shape[1], 1), False
    if len(shape) == 3 and shape[2] in (1, 3):
        return (shape[0], shape[1], shape[2]), False
    if len(shape) == 3 and shape[0] in (1, 3):
        return (shape[1], shape[2], shape[0]), True
    return None


def _steps(shape: tuple[int, ...]) -> tuple[tuple[int, int], bool] | None:
    """Examples as signals: steps and channels, and whether the channels come first; None if they are none."""
    if len(shape) == 1 and LEAST_STEPS <= shape[0] <= MOST_STEPS:
        return (shape[0], 1), False
    if len(shape) != 2:
        return None
    if shape[1] <= MOST_CHANNELS and LEAST_STEPS <= shape[0] <= MOST_STEPS:
        return (shape[0], shape[1]), False
    if shape[0] <= MOST_CHANNELS and LEAST_STEPS <= shape[1] <= MOST_STEPS:
        return (shape[1], shape[0]), True
    return None


def _range(array: NpyFile) -> tuple[float, float]:
    """The smallest and the largest value, of as many examples as there is time for."""
    if array.dtype.kind not in "biuf":
        raise DatasetError(f"{array.name} holds texts: numbers are needed.")
    end, low, high = time.monotonic() + LOOK_SECONDS, math.inf, -math.inf
    for chunk in array.chunks():
        finite = chunk[np.isfinite(chunk)] if chunk.dtype.kind == "f" else chunk
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
        if time.monotonic() > end:
            break
    return (low, high) if low <= high else (0.0, 1.0)


def _paired(arrays: Sequence[NpyFile], name: str) -> list[tuple[NpyFile, NpyFile | None, str | None]]:
    """Arrays of examples, each with that of its labels and its split, by their names."""
    examples: dict[str | None, NpyFile] = {}
    labels: dict[str | None, NpyFile] = {}
    for array in arrays:
        what, part = _role(array)
        (examples if what == "x" else labels)[part] = array
    if not examples and len(arrays) == 1:
        examples = {None: arrays[0]}
    if not examples:
        raise DatasetError(f"{name} holds no array of examples: name one x_train, train_images or x.")
    order = {"train": 0, "validation": 1, None: 2, "test": 3}
    return [
        (examples[part], labels.get(part), "train" if part == "validation" else part)
        for part in sorted(examples, key=lambda part: order[part])
    ]


def _role(array: NpyFile) -> tuple[str, str | None]:
    """Whether an array holds examples, "x", or labels, "y", and of which split, "validation" among them."""
    words = array.name.replace("-", "_").replace(".", "_").split("_")
    part = next((part_of(word) for word in words if part_of(word)), "test" if words[0] == "t10k" else None)
    if any(word in ("val", "valid", "validation", "dev") for word in words):
        part = "validation"
    if "idx1" in words or any(word in Y_NAMES for word in words):
        return "y", part
    if "idx3" in words or any(word in X_NAMES for word in words):
        return "x", part
    is_label = len(array.shape) == 1 or (len(array.shape) == 2 and array.shape[1] == 1)
    return ("y" if is_label else "x"), part


def _labels(y: NpyFile, x: NpyFile, notes: list[str]) -> list[str | None] | None:
    """Names of classes, one for each example; None if the array holds none."""
    if y.shape[0] != x.shape[0]:
        raise DatasetError(f"{y.name} has {y.shape[0]:,} labels for the {x.shape[0]:,} examples of {x.name}.")
    values: Any = y.all()
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2 and values.dtype.kind in "biuf" and (values.sum(axis=1) == 1).all():
        values = values.argmax(axis=1)  # one of several is 1
    if values.ndim != 1:
        notes.append(f"{y.name} has several labels for each example: it is taken without classes.")
        return None
    return [class_name(value) for value in values.tolist()]
