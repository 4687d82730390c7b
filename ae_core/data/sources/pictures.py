"""Pictures in folders: a folder for each class, maybe below "train" and "test", or all in one, or a table beside them.

Those are the layouts of torchvision's ImageFolder, Keras's image_dataset_from_directory and Hugging Face's imagefolder.
"""

import csv
import io
import time
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from ae_core import forms, images, preparing, texts
from ae_core.data.sources import bundles
from ae_core.data.sources.base import (
    BATCH,
    LOOK_SECONDS,
    PROPOSED_SIDE,
    SIDES,
    Batch,
    Choices,
    Problems,
    Source,
    class_name,
    part_of,
)
from ae_core.data.sources.bundles import Bundle, Entry
from ae_core.errors import DatasetError, ImageError
from ae_core.forms import Form
from ae_core.preparing import Fit

SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".gif",
    ".bmp",
    ".avif",
    ".ppm",
    ".pgm",
    ".tif",
    ".tiff",
    ".heic",
    ".jfif",
)
TABLES = ("metadata.csv", "labels.csv")
MAX_TABLE = 32 << 20  # bytes
FILE_COLUMNS = ("file_name", "filename", "file", "image", "path", "name", "id")
LABEL_COLUMNS = ("label", "class", "category", "target", "y", "species", "text")
NAMED = 3  # broken pictures that are named
TRIED = 48  # pictures that are decoded to propose something
WHITE, BLACK = 255, 0
COLOUR = 6.0  # mean difference of channels, of 255, above which a picture is in colour
COLOURED = 0.05  # share of pictures in colour, from which on colours are proposed


def holds_pictures(bundle: Bundle) -> bool:
    """Whether a bundle is one of pictures: most of its files end as pictures do."""
    count = sum(entry.suffix in SUFFIXES for entry in bundle.entries)
    return count > 0 and 2 * count >= len(bundle.entries)


class Pictures(Source):
    """Pictures in a bundle."""

    what: ClassVar[str] = "pictures"

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        self._bundle = bundle
        self._entries = [entry for entry in bundle.entries if entry.suffix in SUFFIXES]
        self.count = len(self._entries)
        self.media = ("image",)
        self._labels, self._parts = _arranged(self._entries)
        self.layout = "images in one folder"
        if len({*self._labels} - {None}) > 0:
            self.layout = "a folder of images for each class"
        self._read_table()
        self.classes = tuple(sorted({label for label in self._labels if label is not None}))
        self.has_parts = len({*self._parts} - {None}) == 2
        others = [e for e in bundle.entries if e.suffix not in SUFFIXES and e.name.rsplit("/")[-1] not in TABLES]
        if others:
            self.notes.append(f"Left out: {texts.some(len(others), 'file')} beside the pictures, as {others[0].name}.")
        if bundle.left_out:
            name, why = bundle.left_out[0]
            entries = "1 entry" if len(bundle.left_out) == 1 else f"{len(bundle.left_out):,} entries"
            self.notes.append(f"Left out: {entries}, as {name}: {why}.")
        self._propose()
        self._look_for_broken()

    def _look_for_broken(self) -> None:
        """Decodes as many pictures as there is time for, to say at once which are broken."""
        problems: Problems = []
        end, tried = time.monotonic() + LOOK_SECONDS, 0
        for number in range(self.count):
            for _ in self._decoded([number], problems, 8, colour=False):
                pass
            tried += 1
            if time.monotonic() > end:
                break
        if problems:
            named = "; ".join(f"{name}: {why}" for name, why in problems[:NAMED])
            among = "" if tried == self.count else f" among the first {tried:,}"
            more = "" if len(problems) <= NAMED else " and others"
            self.notes.append(f"{len(problems):,} cannot be read{among} and will be left out: {named}{more}")

    def _read_table(self) -> None:
        """Takes classes from a table beside the pictures, if there is one."""
        tables = [entry for entry in self._bundle.entries if entry.name.rsplit("/")[-1].lower() in TABLES]
        if not tables:
            return
        text = bundles.read(self._bundle, tables[0], MAX_TABLE).decode("utf-8-sig", "replace")
        rows = csv.DictReader(io.StringIO(text))
        columns = [name for name in rows.fieldnames or [] if name]
        file = next((c for c in columns if c.lower() in FILE_COLUMNS), None)
        label = next((c for c in columns if c.lower() in LABEL_COLUMNS and c != file), None)
        label = label or next((c for c in columns if c != file), None)
        if file is None or label is None:
            self.notes.append(f"{tables[0].name} has no columns file_name and label, and is not read.")
            return
        folder = tables[0].name.rpartition("/")[0]
        found = {f"{folder}/{row[file]}".lstrip("/"): class_name(row[label]) for row in rows if row.get(file)}
        labels = [found.get(entry.name, found.get(entry.name.rsplit("/")[-1])) for entry in self._entries]
        if any(labels):
            self._labels = labels
            self.layout = f"images with the classes of {tables[0].name}"
        else:
            self.notes.append(f"{tables[0].name} names none of the pictures.")

    def _propose(self) -> None:
        tried = np.linspace(0, self.count - 1, min(TRIED, self.count)).astype(int)
        on = {ground: list(self._decoded(tried, [], 64, ground=ground)) for ground in (WHITE, BLACK)}
        sizes = [pixels.shape[:2] for _, pixels in on[WHITE]]
        if not sizes:
            raise DatasetError(
                f"None of {self.count:,} pictures in {self._bundle.name} can be read: save them as {images.READ}."
            )
        spreads = [float(np.ptp(pixels.astype(np.int16), axis=-1).mean()) for _, pixels in on[WHITE]]
        coloured = sum(spread > COLOUR for spread in spreads)
        shorter = sorted(min(size) for size in sizes)[len(sizes) // 2]
        same = len(set(sizes)) == 1 and sizes[0][0] == sizes[0][1] and SIDES[0] <= shorter <= PROPOSED_SIDE
        side = shorter if same else max(s for s in SIDES if s <= min(max(shorter, SIDES[0]), PROPOSED_SIDE))
        # One ground for all: behind transparent parts, that on which they are seen best.
        ground = None
        if any(not np.array_equal(a, b) for (_, a), (_, b) in zip(on[WHITE], on[BLACK], strict=True)):
            contrast = {g: float(np.mean([pixels.std() for _, pixels in shown])) for g, shown in on.items()}
            ground = max(contrast, key=lambda g: contrast[g])
        self.proposal = Choices("image", side, coloured >= max(1, COLOURED * len(sizes)), Fit("crop", ground))

    def form(self, choices: Choices) -> Form:
        side = choices.side or self.proposal.side
        return Form.from_json(forms.image(side, side, choices.colour).to_json())

    def batches(self, choices: Choices, problems: Problems, rows: Sequence[int] | None = None) -> Iterator[Batch]:
        form = self.form(choices)
        wanted = range(self.count) if rows is None else rows
        values: list[np.ndarray] = []
        numbers: list[int] = []
        kept = preparing.KEPT * max(form.sides)
        for number, pixels in self._decoded(wanted, problems, kept, form.is_colour, choices.fit.ground):
            values.append(preparing.fitted(pixels, form, choices.fit))
            numbers.append(number)
            if len(values) == BATCH:
                yield self._batch(values, numbers)
                values, numbers = [], []
        if values:
            yield self._batch(values, numbers)

    def _batch(self, values: list[np.ndarray], numbers: list[int]) -> Batch:
        return Batch(np.stack(values), [self._labels[n] for n in numbers], [self._parts[n] for n in numbers])

    def _decoded(
        self,
        rows: Sequence[int] | np.ndarray,
        problems: Problems,
        side: int,
        colour: bool = True,
        ground: int | None = None,
    ) -> Iterator[tuple[int, np.ndarray]]:
        for number in map(int, rows):
            entry = self._entries[number]
            try:
                content = bundles.read(self._bundle, entry, images.MAX_BYTES)
                yield number, images.decode(content, side, colour, ground)
            except (ImageError, DatasetError) as error:
                problems.append((entry.name, str(error)))


def _arranged(entries: Sequence[Entry]) -> tuple[list[str | None], list[str | None]]:
    """Classes and splits of pictures, by the folders that they are in."""
    of = [entry.name.rpartition("/")[0] for entry in entries]
    folders = [*dict.fromkeys(of)]
    paths = [folder.split("/") if folder else [] for folder in folders]
    while paths and all(len(path) > 0 for path in paths) and len({path[0] for path in paths}) == 1:
        if part_of(paths[0][0]) is not None and all(len(path) > 1 for path in paths):
            break  # only one split is there, with its classes
        paths = [path[1:] for path in paths]
    parts: list[str | None] = [None] * len(paths)
    if paths and all(path and part_of(path[0]) is not None for path in paths):
        parts = [part_of(path[0]) for path in paths]
        paths = [path[1:] for path in paths]
        while all(len(path) > 0 for path in paths) and len({path[0] for path in paths}) == 1:
            paths = [path[1:] for path in paths]
    labels = [class_name(path[0]) if path else None for path in paths]
    if len({*labels}) < 2:
        labels = [None] * len(labels)
    found = dict(zip(folders, zip(labels, parts, strict=True), strict=True))
    return [found[folder][0] for folder in of], [found[folder][1] for folder in of]
