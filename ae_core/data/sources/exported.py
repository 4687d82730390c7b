"""A data set that was exported: taken as it is, so that it keeps its name and runs that learnt it find it."""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from ae_core.data import own
from ae_core.data.sources import bundles
from ae_core.data.sources.arrays import NpyFile
from ae_core.data.sources.base import Batch, Choices, Problems, Source
from ae_core.data.sources.bundles import Bundle
from ae_core.errors import DatasetError, ExplorerError
from ae_core.forms import Form


def holds_export(bundle: Bundle) -> bool:
    """Whether a bundle is a data set that was exported."""
    return {own.CARD, "train.npy", "test.npy"} <= {entry.name for entry in bundle.entries}


class Exported(Source):
    """The folder of a data set, packed."""

    what: ClassVar[str] = "examples"
    fixed: ClassVar[bool] = True

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        self._bundle = bundle
        self._entries = {entry.name: entry for entry in bundle.entries if entry.name in (own.CARD, *own.ARRAYS)}
        try:
            card = json.loads(bundles.read(bundle, self._entries[own.CARD], own.MAX_CARD))
            self._form = Form.from_json(card["form"])
            self.count = sum(int(size) for size in card["sizes"].values())
            self.classes = tuple(map(str, card["classes"]))
            self.title = str(card["title"])
        except (ExplorerError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise DatasetError(
                f"{own.CARD} in {bundle.name} is damaged ({error}): export the data set again."
            ) from error
        self.layout = "a data set that was exported, with its classes, its split and its scale"
        self.has_classes, self.has_parts = bool(self.classes), True
        self.media = (self._form.medium,)
        self.proposal = Choices(self._form.medium, max(self._form.sides, default=0), self._form.is_colour)

    def form(self, choices: Choices) -> Form:
        return self._form

    def batches(self, choices: Choices, problems: Problems, rows: Sequence[int] | None = None) -> Iterator[Batch]:
        wanted = None if rows is None else set(rows)
        first = 0
        for which in ("train", "test"):
            array = NpyFile(self._bundle, self._entries[f"{which}.npy"])
            if array.shape[1:] != self._form.shape:
                raise DatasetError(f"{which}.npy has the shape {array.shape}, expected {self._form}.")
            for chunk in array.chunks():
                keep = [i for i in range(len(chunk)) if wanted is None or first + i in wanted]
                first += len(chunk)
                if keep:
                    yield Batch(chunk[keep], [None] * len(keep), [which] * len(keep))
                if wanted is not None and first > max(wanted, default=0):
                    return

    def copy(self, folder: Path) -> None:
        """Writes its files into a folder."""
        for name, entry in self._entries.items():
            with self._bundle.open(entry) as source, (folder / name).open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
