"""Rows of numbers: CSV and the like, Parquet, the UCR archive's .tsv and .ts.

A row is a signal, a row of a table, or an image.
"""

import contextlib
import csv
import gzip
import io
import math
import re
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ae_core import forms, preparing, texts
from ae_core.data.own import MAX_CLASSES, MAX_NAME
from ae_core.data.sources.base import BATCH, SIDES, Batch, Choices, Problems, Source, as_pixels, class_name, part_in
from ae_core.data.sources.bundles import MAX_FILE, Bundle, Entry
from ae_core.data.sources.parquet_check import MOST_SECONDS
from ae_core.errors import DatasetError
from ae_core.forms import LEAST_STEPS, MOST_CHANNELS, MOST_COLUMNS, MOST_STEPS, Form
from ae_core.locations import PACKAGE

TEXT = (".csv", ".tsv", ".txt", ".ts", ".dat")
PARQUET = (".parquet", ".pq")
MAX_COLUMNS = 4200
MAX_ROWS = 2_000_000
FEW_CLASSES, MANY_CLASSES = 30, 50  # that a column of whole numbers has, beside whole numbers and beside others
OF_TABLES = 50.0  # times the widest column may be wider than others in a signal
TRIED = 400  # rows that are looked at to propose something
LONGEST_LINE = 1 << 20
LABEL_COLUMNS = ("label", "class", "category", "target", "y", "species", "diagnosis", "type")
STEP_NAME = re.compile(r"([a-zA-Z]*[ _.-]?)(\d+(?:\.\d+)?)")
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
MISSING = ("", "nan", "na", "n/a", "null", "none", "?")


def holds_tables(bundle: Bundle) -> bool:
    """Whether a bundle holds rows of numbers."""
    return any(entry.suffix in (*TEXT, *PARQUET) for entry in bundle.entries)


class Rows(Source):
    """Rows of numbers in one file, or in two for training and tests."""

    what: ClassVar[str] = "rows"

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        entries = [entry for entry in bundle.entries if entry.suffix in (*TEXT, *PARQUET)]
        self._files = [reader(bundle, entry) for entry in _chosen(entries, bundle.name)]
        first = self._files[0]
        if isinstance(first, _Ts):
            steps = max(file.steps for file in self._files)
            for file in self._files:
                assert isinstance(file, _Ts)
                file.stretch(steps)
        for file in self._files[1:]:
            if len(file.columns) != len(first.columns) or file.channels != first.channels:
                raise DatasetError(
                    f"{first.name} has {len(first.columns)} columns and {file.name} has {len(file.columns)}: they must "
                    "have the same."
                )
        self.notes += [note for file in self._files for note in file.notes]
        self.count = sum(file.count for file in self._files)
        self.has_parts = {file.part for file in self._files} == {"train", "test"}
        self._some_rows = first.some()
        self.labels = tuple(first.columns) if first.channels == 1 and len(first.columns) <= MAX_COLUMNS else ()
        label = (
            first.label if first.label is not None else _label_column(first.columns, first.has_header, self._some_rows)
        )
        if label:
            at = first.columns.index(label)
            self.classes = tuple(sorted({name for row in self._some_rows if (name := _class_of(row[at])) is not None}))
        self.layout = f"{first.kind} of {texts.some(self.count, 'row')} and {texts.some(len(first.columns), 'column')}"
        self._numeric = [i for i, name in enumerate(first.columns) if name != label]
        self.media = self._possible(first, len(self._numeric))
        self.proposal = Choices(self.media[0], 0, False, label=label)

    def _possible(self, first: "File", width: int) -> tuple[str, ...]:
        if first.channels > 1:
            return ("signal",)
        found = []
        if LEAST_STEPS <= width <= MOST_STEPS:
            found.append("signal")
        if forms.LEAST_COLUMNS <= width <= MOST_COLUMNS:
            found.append("table")
        if self._scales() > OF_TABLES:
            found = found[::-1]
        named = first.has_header and not _are_steps([first.columns[i] for i in self._numeric])
        if named and "table" in found:
            found = ["table", *(medium for medium in found if medium != "table")]
        side = math.isqrt(width)
        if side * side == width and side >= SIDES[0]:
            values = [_as_number(row[i]) for row in self._some_rows[:50] for i in self._numeric]
            whole = all(v is not None and v == v and 0 <= v <= 255 and v == int(v) for v in values)
            found = ["image", *found] if whole and max(v for v in values if v is not None) > 1 else [*found, "image"]
        if not found:
            raise DatasetError(
                f"{first.name} has {texts.some(width, 'column')} of numbers: a signal has {LEAST_STEPS} to "
                f"{MOST_STEPS:,} steps, and a table {forms.LEAST_COLUMNS} to {MOST_COLUMNS:,} columns."
            )
        return tuple(found)

    def _scales(self) -> float:
        """How many times wider the widest column's range is than that of half of the columns; steps are alike."""
        rows = [[_as_number(row[i]) for i in self._numeric] for row in self._some_rows]
        values = np.array([[np.nan if v is None else v for v in row] for row in rows], np.float64)
        spread = np.ptp(values, axis=0) if len(values) else np.zeros(1)
        spread = spread[np.isfinite(spread) & (spread > 0)]
        return float(spread.max() / np.median(spread)) if len(spread) else 1.0

    @cached_property
    def _range(self) -> tuple[float, float]:
        """The smallest and the largest value of the rows that were looked at."""
        values = [_as_number(row[i]) for row in self._some_rows for i in self._numeric]
        known = [v for v in values if v is not None and math.isfinite(v)]
        return min(known, default=0.0), max(known, default=1.0)

    def _columns(self, choices: Choices) -> list[int]:
        """Numbers of the columns that hold values."""
        columns = self._files[0].columns
        if choices.label and choices.label not in columns:
            raise DatasetError(f"There is no column {choices.label!r}: must be one of {', '.join(columns)[:200]}.")
        return [i for i, name in enumerate(columns) if name != choices.label]

    def form(self, choices: Choices) -> Form:
        first, width = self._files[0], len(self._columns(choices))
        if choices.medium == "signal":
            if first.channels > 1:
                return Form.from_json({"medium": "signal", "shape": [first.steps, first.channels]})
            return Form.from_json({"medium": "signal", "shape": [width, 1]})
        if choices.medium == "table" and first.channels == 1:
            return Form.from_json({"medium": "table", "shape": [width]})
        side = math.isqrt(width)
        if choices.medium == "image" and side * side == width and first.channels == 1:
            return Form.from_json(forms.image(choices.side or side, choices.side or side).to_json())
        raise DatasetError(f"Rows of {width:,} numbers cannot be taken for {choices.medium}s.")

    def names_of(self, choices: Choices) -> tuple[str, ...]:
        first = self._files[0]
        if choices.medium == "table":
            return tuple(first.columns[i] for i in self._columns(choices))
        return ("",) * self.form(choices).channels

    def batches(self, choices: Choices, problems: Problems, rows: Sequence[int] | None = None) -> Iterator[Batch]:
        form = self.form(choices)
        columns = self._columns(choices)
        wanted = None if rows is None else set(rows)
        last = max(wanted, default=-1) if wanted is not None else math.inf
        number = 0
        values: list[np.ndarray] = []
        labels: list[str | None] = []
        parts: list[str | None] = []
        for file in self._files:
            label = file.columns.index(choices.label) if choices.label else None
            for at, row in enumerate(file.rows(), 1):
                if number > last:
                    break
                if wanted is None or number in wanted:
                    values.append(file.numbers(row, columns, at))
                    labels.append(None if label is None else _class_of(row[label]))
                    parts.append(file.part)
                number += 1
                if len(values) == BATCH:
                    yield self._batch(values, labels, parts, form, choices)
                    values, labels, parts = [], [], []
        if values:
            yield self._batch(values, labels, parts, form, choices)

    def _batch(self, values: list, labels: list, parts: list, form: Form, choices: Choices) -> Batch:
        first = self._files[0]
        array = np.array(values, np.float64)
        if form.is_image:
            side = math.isqrt(array.shape[1])
            pixels = as_pixels(array, *self._range).reshape(-1, side, side)
            if pixels.shape[1:] != form.shape:
                pixels = np.stack([preparing.fitted(picture, form, choices.fit) for picture in pixels])
            return Batch(pixels, labels, parts)
        if first.channels > 1:
            array = np.moveaxis(array.reshape(len(array), first.channels, first.steps), 1, -1)
        return Batch(array.reshape(len(array), *form.shape), labels, parts)


def _class_of(cell: Any) -> str | None:
    """The class that a cell names, if it names one."""
    return None if cell is None or str(cell).strip().lower() in MISSING else class_name(_plain(cell))


def _plain(cell: Any) -> Any:
    """A cell of a label column: a whole number that was written as 1.0 is that number."""
    number = _as_number(cell)
    return number if number is not None and number == number else cell


def _as_number(cell: Any) -> float | None:
    """A cell as a number, NaN if it is missing; None if it is no number."""
    if isinstance(cell, int | float):
        return float(cell)
    if cell is None:
        return math.nan
    text = str(cell).strip()
    if text.lower() in MISSING:
        return math.nan
    try:
        return float(text)
    except ValueError:
        return float(text.replace(",", ".")) if DECIMAL_COMMA.fullmatch(text) else None


def is_text(rows: Sequence[Sequence[Any]], column: int) -> bool:
    """Whether a column holds texts and no number; some of it may be missing, but not all."""
    cells = [row[column] for row in rows]
    are_texts = [_as_number(cell) is None for cell in cells]
    missing = [str(cell).strip().lower() in MISSING for cell in cells]
    return any(are_texts) and all(text or gone for text, gone in zip(are_texts, missing, strict=True))


def _distinct(names: Sequence[str]) -> list[str]:
    """Names of at most `MAX_NAME` letters, of which no two are the same."""
    found: dict[str, None] = {}
    for name in names:
        number, called = 1, name
        while called in found:
            number += 1
            ending = f" ({number})"
            called = name[: MAX_NAME - len(ending)] + ending
        found[called] = None
    return [*found]


def _are_steps(names: list[str]) -> bool:
    """Whether names of columns count on, such as t0, t1, …: steps of a signal, and not things of their own."""
    found = [STEP_NAME.fullmatch(name) for name in names]
    if not all(found):
        return False
    counted = [float(match[2]) for match in found if match]
    return len({match[1] for match in found if match}) == 1 and counted == sorted(set(counted))


def _label_column(columns: Sequence[str], has_header: bool, rows: Sequence[Sequence[Any]]) -> str:
    """The column that holds the class; "" if none does."""
    if not rows:
        return ""

    def distinct(i: int) -> set[str]:
        return {str(row[i]).strip() for row in rows}

    def whole(i: int) -> bool:
        numbers = [_as_number(row[i]) for row in rows]
        return all(n is not None and (n != n or n == int(n)) for n in numbers)

    few = min(MAX_CLASSES, max(2, len(rows) // 4))
    if has_header:
        named = {name.lower(): i for i, name in enumerate(columns)}
        for name in LABEL_COLUMNS:
            if name in named and len(distinct(named[name])) <= MAX_CLASSES:
                return columns[named[name]]
    for i in (*range(len(columns) - 1, -1, -1),):
        if is_text(rows, i) and 2 <= len(distinct(i)) <= few:
            return columns[i]
    ends = (0, len(columns) - 1)
    if not has_header or not all(STEP_NAME.fullmatch(columns[i]) for i in ends):
        others_whole = whole(min(1, len(columns) - 1)) and whole(max(len(columns) - 2, 0))
        for i in ends:
            most = min(few, FEW_CLASSES if others_whole else MANY_CLASSES)
            if whole(i) and 2 <= len(distinct(i)) <= most:
                return columns[i]
    return ""


def _chosen(entries: Sequence[Entry], name: str) -> list[Entry]:
    """The file to read, or that for training and that for tests."""
    if not entries:
        raise DatasetError(f"{name} holds no table.")
    if len(entries) == 1:
        return list(entries)
    by_part: dict[str, list[Entry]] = {}
    for entry in entries:
        if part := part_in(entry.name):
            by_part.setdefault(part, []).append(entry)
    if len(by_part) == 2 and all(by_part.values()):
        suffix = by_part["train"][0].suffix
        test = [entry for entry in by_part["test"] if entry.suffix == suffix]
        if test:
            return [by_part["train"][0], test[0]]
    raise DatasetError(
        f"{name} holds {len(entries)} tables, as {entries[0].name} and {entries[1].name}: give one, or two of which "
        "one is called train and the other test."
    )


class File:
    """A file of rows.

    Attributes:
        name, kind: What it is called, and what it is, for people.
        columns: Names of the columns; of a signal of several channels those of all of its values.
        has_header: Whether the file names them.
        count: Of its rows.
        part: The split that its name says.
        channels, steps: Of a signal, where the file says so; 1 and 0 else.
        label: The column of the class, where the file says so; "" if it says that there is none.
        notes: What a person should know.
    """

    def __init__(self, name: str, kind: str) -> None:
        self.name, self.kind = name, kind
        self.columns: list[str] = []
        self.has_header = False
        self.count = 0
        self.part = part_in(name)
        self.channels, self.steps = 1, 0
        self.label: str | None = None
        self.notes: list[str] = []

    def rows(self) -> Iterator[Sequence[Any]]:
        raise NotImplementedError

    def some(self) -> list[Sequence[Any]]:
        """Some rows, evenly spread: a file may be sorted by class."""
        step = max(1, -(-self.count // TRIED))
        return list(islice(self.rows(), 0, None, step))[:TRIED]

    def numbers(self, row: Sequence[Any], columns: Sequence[int], at: int) -> np.ndarray:
        """The values of a row.

        Raises:
            DatasetError: if one is missing or no number.
        """
        with contextlib.suppress(ValueError, TypeError):  # a text or a comma: looked at one by one
            quick = np.array([row[i] for i in columns], np.float64)
            if np.isfinite(quick).all():
                return quick
        found = []
        for i in columns:
            value = _as_number(row[i])
            if value is None:
                raise DatasetError(
                    f"Row {at:,} of {self.name} holds {texts.short(str(row[i]), 40)!r} in column {self.columns[i]!r}, "
                    "where numbers are expected: correct it, or leave the column out."
                )
            if not math.isfinite(value):
                raise DatasetError(
                    f"Row {at:,} of {self.name} has no number in column {self.columns[i]!r} (empty, NaN or infinite): "
                    "fill it, or leave the row out."
                )
            found.append(value)
        return np.array(found)


def reader(bundle: Bundle, entry: Entry) -> File:
    """Opens a file of rows by its ending.

    Raises:
        DatasetError: if it cannot be read.
    """
    if entry.suffix in PARQUET:
        return _Parquet(bundle, entry)
    return _Ts(bundle, entry) if entry.suffix == ".ts" else _Text(bundle, entry)


def _lines(bundle: Bundle, entry: Entry) -> Iterator[str]:
    """The lines of a text file, without empty ones."""
    packed = entry.name.lower().endswith(".gz")
    try:
        with bundle.open(entry) as opened, gzip.open(opened) if packed else opened as file:
            encoding, first = "utf-8", True
            count = size = 0
            while line := file.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise DatasetError(f"{entry.name} has a line of more than {LONGEST_LINE:,} bytes: is it a table?")
                count, size = count + 1, size + len(line)
                if count > 2 * MAX_ROWS or size > MAX_FILE:
                    raise DatasetError(f"{entry.name} has too many lines: at most {MAX_ROWS:,} rows are read.")
                if first:
                    if line[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in line:
                        raise DatasetError(f"{entry.name} is not text in UTF-8: save it as CSV in UTF-8.")
                    line, first = line.removeprefix(b"\xef\xbb\xbf"), False
                try:
                    text = line.decode(encoding)
                except UnicodeDecodeError:
                    encoding = "latin-1"
                    text = line.decode(encoding)
                if text.strip():
                    yield text.rstrip("\r\n")
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{entry.name} is damaged: it cannot be unpacked.") from error


class _Text(File):
    """CSV, TSV, or numbers with blanks between."""

    def __init__(self, bundle: Bundle, entry: Entry) -> None:
        super().__init__(entry.name, "a table")
        self._bundle, self._entry = bundle, entry
        head = [line for _, line in zip(range(30), _lines(bundle, entry), strict=False)]
        if not head:
            raise DatasetError(f"{entry.name} is empty: put a row of numbers for each example into it.")
        self._delimiter = _delimiter(head)
        cells = [self._split(line) for line in head]
        self._skip = 0
        if len(cells) > 1 and len(cells[0]) < len(cells[1]):
            self._skip = 1
            self.notes.append(f"The first line of {entry.name}, with {len(cells[0])} values, is left out.")
            cells = cells[1:]
        width = len(cells[0])
        if width > MAX_COLUMNS:
            raise DatasetError(f"{entry.name} has {width:,} columns: at most {MAX_COLUMNS:,} are read.")
        counted = [cell.strip() for cell in cells[0]] == [str(i) for i in range(width)] and width > 2
        texts_in_first = sum(_as_number(cell) is None for cell in cells[0])
        # A line by itself is a heading only if it holds no number.
        texts_in_next = sum(_as_number(cell) is None for cell in cells[1]) if len(cells) > 1 else width - 1
        self.has_header = texts_in_first > texts_in_next or (counted and len(cells) > 1)
        if self.has_header:
            self._skip += 1
            names = [texts.short(cell, MAX_NAME) or f"column {i}" for i, cell in enumerate(cells[0], 1)]
        else:
            names = [f"column {i}" for i in range(1, width + 1)]
        if counted and self.has_header:
            self.notes.append(f"The first row of {entry.name} counts from 0 to {width - 1} and is taken for a heading.")
        self.columns = _distinct(names)
        self.count = sum(1 for _ in _lines(bundle, entry)) - self._skip
        if self.count > MAX_ROWS:
            raise DatasetError(f"{entry.name} has {self.count:,} rows: at most {MAX_ROWS:,} are read.")

    def _split(self, line: str) -> list[str]:
        if not self._delimiter:
            return line.split()
        if '"' in line:
            try:
                return next(csv.reader(io.StringIO(line), delimiter=self._delimiter), [])
            except csv.Error as error:
                raise DatasetError(f"{self.name} has a line that cannot be read ({error}): correct it.") from None
        return line.split(self._delimiter)

    def rows(self) -> Iterator[Sequence[Any]]:
        width = len(self.columns)
        for at, line in enumerate(_lines(self._bundle, self._entry)):
            if at < self._skip:
                continue
            row = self._split(line)
            if len(row) == width + 1 and not row[-1].strip():
                row.pop()
            if len(row) != width:
                raise DatasetError(
                    f"Row {at - self._skip + 1:,} of {self.name} has {len(row):,} values, the first one has {width:,}: "
                    "all must have the same number."
                )
            yield row


def _delimiter(head: Sequence[str]) -> str:
    """What stands between values; "" for blanks."""
    for candidate in ("\t", ";", ","):
        counts = [line.count(candidate) for line in head[1:] or head]
        if min(counts) > 0:
            if (
                candidate == ","
                and min(line.count(" ") for line in head) > 0
                and all(DECIMAL_COMMA.fullmatch(cell) for cell in head[-1].split())
            ):
                return ""
            return candidate
    return "," if len(head[-1].split()) == 1 else ""


class _Ts(File):
    """The .ts format of the UEA and UCR archives: channels between colons, then the class."""

    def __init__(self, bundle: Bundle, entry: Entry) -> None:
        super().__init__(entry.name, "series")
        self._bundle, self._entry = bundle, entry
        about: dict[str, str] = {}
        lengths: set[int] = set()
        for line in self._data(about):
            parts = line.split(":")
            if self._labelled(about):
                parts = parts[:-1]
            if not parts:
                raise DatasetError(
                    f"{entry.name} says that each series has a class, but one has none: add it after a colon."
                )
            self.channels = len(parts)
            lengths |= {part.count(",") + 1 for part in parts}
            self.count += 1
            if self.count > MAX_ROWS:
                raise DatasetError(f"{entry.name} has more than {MAX_ROWS:,} series.")
        if not self.count:
            raise DatasetError(f"{entry.name} holds no series after @data.")
        if self.channels > MOST_CHANNELS:
            raise DatasetError(f"{entry.name} has {self.channels} channels: at most {MOST_CHANNELS} are read.")
        self._lengths = lengths
        self._has_label = self._labelled(about)
        self.label = "class" if self._has_label else ""
        self.stretch(min(max(lengths), MOST_STEPS))

    def stretch(self, steps: int) -> None:
        """Gives all series so many steps."""
        self.steps = steps
        least, most = min(self._lengths), max(self._lengths)
        self.notes = []
        if (least, most) != (steps, steps):
            self.notes.append(
                f"The series of {self.name} have {least:,} to {most:,} steps; all are stretched to {steps:,}."
            )
        self.columns = [f"{c + 1}.{t + 1}" if self.channels > 1 else str(t + 1) for c in range(self.channels)
                        for t in range(self.steps)]  # fmt: skip
        if self._has_label:
            self.columns.append("class")

    def _labelled(self, about: dict[str, str]) -> bool:
        return about.get("@classlabel", "false").lower().startswith("true")

    def _data(self, about: dict[str, str]) -> Iterator[str]:
        begun = False
        for line in _lines(self._bundle, self._entry):
            if begun:
                yield line
            elif line.startswith("@"):
                name, _, value = line.strip().partition(" ")
                about[name.lower()] = value.strip()
                begun = name.lower() == "@data"

    def rows(self) -> Iterator[Sequence[Any]]:
        for at, line in enumerate(self._data({}), 1):
            parts = line.split(":")
            label = parts.pop() if self._has_label else None
            if len(parts) != self.channels:
                raise DatasetError(
                    f"Series {at:,} of {self.name} has {len(parts)} channels, the last one has {self.channels}: all "
                    "must have the same."
                )
            row: list[Any] = []
            for part in parts:
                cells = part.split(",")
                if len(cells) != self.steps:
                    values = [_as_number(cell) for cell in cells]
                    if any(v is None or not math.isfinite(v) for v in values):
                        raise DatasetError(f"Series {at:,} of {self.name} has a value that is no number: fill it.")
                    known = np.array(values, np.float64)
                    places = np.linspace(0, len(known) - 1, self.steps)
                    row += np.interp(places, np.arange(len(known)), known).tolist()
                else:
                    row += cells
            yield [*row, label] if self._has_label else row


class _Parquet(File):
    """A Parquet file: a column for each value, or one of lists."""

    def __init__(self, bundle: Bundle, entry: Entry) -> None:
        from pyarrow import parquet, types

        super().__init__(entry.name, "a Parquet table")
        if not isinstance(entry.key, Path):
            raise DatasetError(f"{entry.name} is in a .zip: give the .parquet file itself.")
        _check_parquet(entry.key, entry.name)
        try:
            self._file = parquet.ParquetFile(entry.key)
            schema, self.count = self._file.schema_arrow, self._file.metadata.num_rows
        except Exception:
            raise DatasetError(f"{entry.name} is not a Parquet file that can be read.") from None
        if self.count > MAX_ROWS or len(schema) > MAX_COLUMNS:
            raise DatasetError(
                f"{entry.name} has {self.count:,} rows and {len(schema):,} columns: at most {MAX_ROWS:,} and "
                f"{MAX_COLUMNS:,} are read."
            )
        self._lists = [f.name for f in schema if types.is_list(f.type) or types.is_fixed_size_list(f.type)]
        kept = [f for f in schema if _is_plain(f.type, types)]
        numeric = [f.name for f in kept if types.is_integer(f.type) or types.is_floating(f.type)]
        if not numeric and not self._lists:
            others = texts.some(len(schema), "column")
            raise DatasetError(f"{entry.name} holds no numbers but {others} of other types: write numbers into it.")
        self.has_header = True
        self._plain = [f.name for f in kept]
        self._named = [texts.short(name, MAX_NAME) or f"column {i}" for i, name in enumerate(self._plain, 1)]
        self._length = 0
        if self._lists:
            first = next(self._tables(1), None)
            self._length = len(first.column(self._lists[0])[0]) if first is not None and len(first) else 0
            if self._length > MAX_COLUMNS:
                raise DatasetError(
                    f"{entry.name} holds lists of {self._length:,} numbers: at most {MAX_COLUMNS:,} are read."
                )
            self.columns = _distinct([f"t{i}" for i in range(1, self._length + 1)] + self._named)
            if len(self._lists) > 1:
                self.notes.append(f"Of {len(self._lists)} columns of lists only {self._lists[0]!r} is read.")
        else:
            self.columns = _distinct(self._named)

    def _tables(self, rows: int) -> Iterator[Any]:
        try:
            wanted = [*self._lists[:1], *self._plain]
            yield from self._file.iter_batches(batch_size=rows, columns=wanted)
        except Exception as error:
            raise DatasetError(f"{self.name} is damaged ({type(error).__name__}): write it again.") from None

    def rows(self) -> Iterator[Sequence[Any]]:
        for table in self._tables(BATCH):
            plain = [table.column(name).to_pylist() for name in self._plain]
            lists = table.column(self._lists[0]).to_pylist() if self._lists else [[]] * len(table)
            for at, values in enumerate(lists):
                if self._lists and (values is None or len(values) != self._length):
                    raise DatasetError(f"{self.name} holds lists of different lengths in {self._lists[0]!r}.")
                yield [*values, *(column[at] for column in plain)]


def _check_parquet(path: Path, name: str) -> None:
    """Has another process unpack a file first.

    Raises:
        DatasetError: if that takes too much memory or time, or fails.
    """
    command = [sys.executable, "-m", "ae_core.data.sources.parquet_check", str(path.resolve()), str(BATCH)]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=MOST_SECONDS, cwd=PACKAGE.parent)
    except subprocess.TimeoutExpired:
        raise DatasetError(f"{name} takes more than {MOST_SECONDS} seconds to unpack: give fewer rows.") from None
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["its process was ended"])[-1]
        raise DatasetError(f"{name} is not a Parquet file that can be read ({why[:200]}): write it again, or smaller.")


def _is_plain(kind: Any, types: Any) -> bool:
    return any(
        of(kind)
        for of in (types.is_integer, types.is_floating, types.is_string, types.is_large_string, types.is_boolean)
    )
