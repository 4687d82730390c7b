"""The 1,797 handwritten digits of 8 × 8 pixels that come with scikit-learn."""

import numpy as np

from ae_core.data.dataset import Dataset, Split

TEST_SIZE = 360


def read(which: str) -> Split:
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)  # 17 grey levels, 0 to 16
    # The file is ordered by writer: a fixed shuffle gives both splits all of them.
    order = np.random.default_rng(0).permutation(len(images))
    rows = order[:TEST_SIZE] if which == "test" else order[TEST_SIZE:]
    return Split(images[rows], digits.target[rows].astype(np.uint8))


DATASET = Dataset(
    name="digits",
    title="Digits (8 × 8)",
    class_names=tuple(str(d) for d in range(10)),
    image_shape=(8, 8),
    sizes={"train": 1797 - TEST_SIZE, "test": TEST_SIZE},
    source="Alpaydin & Kaynak 1998, UCI, as shipped by scikit-learn",
    read=read,
)
