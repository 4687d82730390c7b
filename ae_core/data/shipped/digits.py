"""The 1,797 handwritten digits of 8 × 8 pixels that come with scikit-learn."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ae_core import forms
from ae_core.data.dataset import About, Dataset, Split

TEST_SIZE = 360


def read(which: str) -> Split:
    # Importing scikit-learn for its own loader would cost a server 70 MB; a test compares the two.
    package = find_spec("sklearn")
    assert package is not None
    assert package.origin is not None
    rows = np.loadtxt(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    images = np.round(rows[:, :-1].reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)  # 17 grey levels, 0 to 16
    labels = rows[:, -1].astype(np.uint8)
    # The file is ordered by writer: a fixed shuffle puts all writers into both splits.
    order = np.random.default_rng(0).permutation(len(images))
    split = order[:TEST_SIZE] if which == "test" else order[TEST_SIZE:]
    return Split(images[split], labels[split])


ORDER = 3
DATASET = Dataset(
    About(
        name="digits",
        title="Digits (8 × 8)",
        form=forms.image(8, 8),
        class_names=tuple(str(d) for d in range(10)),
        sizes={"train": 1797 - TEST_SIZE, "test": TEST_SIZE},
    ),
    source="Alpaydin & Kaynak 1998, UCI, as shipped by scikit-learn",
    read=read,
    thing="digit",
    is_tuned=True,
)
