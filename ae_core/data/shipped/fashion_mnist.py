"""Fashion-MNIST (Xiao, Rasul & Vollgraf 2017), the four original files, in this repository."""

import gzip
import hashlib
import zlib
from pathlib import Path

import numpy as np

from ae_core import forms
from ae_core.data.dataset import About, Dataset, Split
from ae_core.errors import DatasetError

FOLDER = Path(__file__).parent / "fashion_mnist"

# SHA-256 of each file's decompressed payload: gzip headers differ between distributions.
PAYLOADS = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
PREFIXES = {"train": "train", "test": "t10k"}


def _payload(file: str) -> bytes:
    path = FOLDER / file
    try:
        payload = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise DatasetError(
            f"Fashion-MNIST's {file} is not in {path.parent.name}/: restore it from the repository."
        ) from None
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(
            f"Fashion-MNIST's {file} cannot be read ({error}): restore it from the repository."
        ) from error
    if hashlib.sha256(payload).hexdigest() != PAYLOADS[file]:
        raise DatasetError(f"Fashion-MNIST's {file} is not the original: restore it from the repository.")
    return payload


def read(which: str) -> Split:
    images = np.frombuffer(_payload(f"{PREFIXES[which]}-images-idx3-ubyte.gz"), np.uint8, offset=16)
    labels = np.frombuffer(_payload(f"{PREFIXES[which]}-labels-idx1-ubyte.gz"), np.uint8, offset=8)
    return Split(images.reshape(-1, 28, 28), labels)


ORDER = 0
DATASET = Dataset(
    About(
        name="fashion-mnist",
        title="Fashion-MNIST",
        form=forms.image(28, 28),
        class_names=(
            "T-shirt",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        sizes={"train": 60_000, "test": 10_000},
    ),
    source="Xiao, Rasul & Vollgraf 2017, Zalando SE, MIT licence",
    read=read,
    thing="garment",
    is_tuned=True,
)
