"""A data set that was exported: taken as it is, so that it keeps its name and runs that learnt it find it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from ae_core import texts
from ae_core.data import own
from ae_core.data.sources import bundles
from ae_core.data.sources.arrays import NpyFile
from ae_core.data.sources.base import Batch, Choices, Problems, Source
from ae_core.data.sources.bundles import Bundle
from ae_core.errors import DatasetError
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
            card = own.checked_card(bundles.read(bundle, self._entries[own.CARD], own.MAX_CARD))
            self._files = {own.CARD: own.MAX_CARD, **own.most_bytes(card)}
            if {*card["sizes"]} != {"train", "test"} or not {*self._files} <= {*self._entries}:
                raise ValueError("some of it is missing")
        except ValueError as error:
            raise DatasetError(
                f"{own.CARD} in {bundle.name} is damaged ({error}): export the data set again."
            ) from error
        self._form = Form.from_json(card["form"])
        self.count = sum(card["sizes"].values())
        self.classes = tuple(card["classes"])
        self.title = texts.short(card["title"], own.MAX_TITLE)
        self.layout = "a data set that was exported, with its classes, its split and its scale"
        self.has_parts = True
        self.media = (self._form.medium,)
        self.proposal = Choices(self._form.medium, max(self._form.sides, default=0), self._form.is_colour)

    def form(self, choices: Choices) -> Form:
        return self._form

    def batches(self, choices: Choices, problems: Problems, rows: Sequence[int] | None = None) -> Iterator[Batch]:
        wanted = None if rows is None else set(rows)
        first = 0
        for which in ("train", "test"):
            array = NpyFile(self._bundle, self._entries[f"{which}.npy"])
            dtype = np.uint8 if self._form.is_image else np.float32
            if array.shape[1:] != self._form.shape or array.dtype != dtype:
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
        for name, most in self._files.items():
            with self._bundle.open(self._entries[name]) as source, (folder / name).open("wb") as target:
                for piece in bundles.pieces(source):
                    most -= len(piece)
                    if most < 0:
                        raise DatasetError(f"{name} in {self._bundle.name} is larger than its card says.")
                    target.write(piece)
