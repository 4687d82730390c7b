"""1,892 of Google's Noto emoji in colour, on one sheet; ``python -m tests.data_sources ship`` makes it anew."""

from pathlib import Path

import numpy as np

from ae_core import forms
from ae_core.data.dataset import About, Dataset, Split
from ae_core.errors import DatasetError

FOLDER = Path(__file__).parent / "emoji"
SIDE, COLUMNS = 32, 50
TRAIN, TEST = 1608, 284


def read(which: str) -> Split:
    # A server that shows no emoji need not import it.
    from PIL import Image

    try:
        with Image.open(FOLDER / "emoji.webp") as image:
            sheet = np.asarray(image.convert("RGB"))
        labels = np.load(FOLDER / "labels.npy", allow_pickle=False)
        tiles = sheet.reshape(-1, SIDE, COLUMNS, SIDE, 3).swapaxes(1, 2).reshape(-1, SIDE, SIDE, 3)
    except (OSError, ValueError) as error:
        raise DatasetError(f"The emoji cannot be read ({error}): restore them from the repository.") from error
    if len(labels) != TRAIN + TEST or len(tiles) < len(labels):
        raise DatasetError("The emoji are not the ones that were made: restore them from the repository.")
    rows = slice(TRAIN) if which == "train" else slice(TRAIN, TRAIN + TEST)
    return Split(tiles[rows].copy(), labels[rows].copy())


ORDER = 1
DATASET = Dataset(
    About(
        name="emoji",
        title="Emoji, in colour",
        form=forms.image(SIDE, SIDE, colour=True),
        class_names=(
            "activities",
            "flags",
            "food",
            "nature",
            "objects",
            "people",
            "places",
            "smileys",
            "symbols",
        ),
        sizes={"train": TRAIN, "test": TEST},
    ),
    source="Noto Emoji, Google, Apache License 2.0",
    read=read,
    thing="emoji",
)
