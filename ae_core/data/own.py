"""Data sets that were added: a folder is a data set, and the folder is the truth.

    card.json           what it is: form, classes, sizes, scale, source, how it was made, digests of the arrays
    train.npy           examples, uint8 of images, float32 in [0, 1] of signals and tables
    test.npy
    train_labels.npy    class numbers, uint8; absent without classes
    test_labels.npy

A data set is written to a temporary folder and renamed; afterwards only its title can change. Its folder is called
DIGEST-TOKEN: the digest of its content is its name for everybody, and the token tells apart what two people added.
A run carries such a folder with some test examples, to be looked at where the data set is gone.
"""

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from io import BufferedWriter
from pathlib import Path
from typing import Any

import numpy as np

from ae_core import disk, settings, texts
from ae_core.data.dataset import SPLITS, About, Dataset, Scale, Split
from ae_core.errors import DatasetError, ExplorerError
from ae_core.forms import Form

CARD = "card.json"
SENT_NAMES = "names.json"  # the list of what files are called, beside those that a browser sent
ARRAYS = ("train.npy", "train_labels.npy", "test.npy", "test_labels.npy")
FORMAT = 1
MAX_CARD = 256 << 10  # bytes
MAX_NPY_HEADER = 4096  # bytes
MAX_TITLE = 60
MAX_CLASSES = 100
MAX_CLASS_NAME = 60
MAX_NAME = 60  # letters of a channel's or column's name
DIGEST = 32  # hexadecimal digits of it that are a name
NAME = re.compile(f"[0-9a-f]{{{DIGEST}}}")
CARRIED = "data"  # the folder in that of a run
CARRIED_EXAMPLES = 100
CARRIED_FILES = {CARD: MAX_CARD, "test.npy": 4 << 20, "test_labels.npy": 1024}  # at most so many bytes
RANGE = "range"  # in the details: what 0 and 1 of an image's pixels stood for, where they came from an array
OF_A_RUN = "carried-by-"  # begins the name of what a run carries


@dataclass(frozen=True)
class Part:
    """One split that is to be written.

    Attributes:
        count: Of its examples.
        chunks: Its examples in order, a few at a time, each (k, *shape).
        labels: Class numbers, uint8 (n,); None without classes.
    """

    count: int
    chunks: Iterable[np.ndarray]
    labels: np.ndarray | None


@dataclass(frozen=True)
class Draft:
    """A data set that is to be written.

    Attributes:
        title: What to call it.
        form: What an example is.
        class_names: One for each class number.
        unlabelled: Whether the last class holds the examples that came without a class.
        scale: What the values of signals and tables mean.
        source: Where it comes from, for people.
        details: How it was made; for JSON.
        parts: By split.
        owner: Whose it is; None for everyone's.
    """

    title: str
    form: Form
    class_names: tuple[str, ...]
    parts: Mapping[str, Part]
    unlabelled: bool = False
    scale: Scale | None = None
    source: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    owner: str | None = None


def folder() -> Path:
    """Folder of all data sets that were added."""
    return settings.current().data / "datasets"


def write(draft: Draft) -> Dataset:
    """Writes a data set, whole or not at all; what its owner has added before is given back.

    Raises:
        DatasetError: if the disk does not let it be written.
    """
    with disk.unfinished(folder(), f"{'0' * DIGEST}-{secrets.token_hex(8)}", "data set", DatasetError) as work:
        name = _fill(work, draft)
        for known in named(name):
            if known.owner == draft.owner:
                return known
        out = folder() / f"{name}-{secrets.token_hex(8)}"
        disk.finish(work, out)
    return read(out)


def in_memory(draft: Draft, arrays: Mapping[str, np.ndarray]) -> Dataset:
    """A data set of arrays that are kept nowhere: models learn them, and carry some of the test examples.

    Args:
        draft: What it is; without parts, classes and an owner.
        arrays: By split, as a data set keeps them: (n, *shape), uint8 of images, else float32 in [0, 1].

    Returns:
        Called by the digest that it would have on the disk.
    """
    sizes = {which: len(array) for which, array in arrays.items()}
    name = digest(_content(draft, sizes, {f"{which}.npy": _npy_digest(array) for which, array in arrays.items()}))
    return Dataset(
        About(name[:DIGEST], texts.short(draft.title, MAX_TITLE), draft.form, (), sizes),
        source=draft.source,
        read=lambda which: Split(arrays[which], np.zeros(sizes[which], np.uint8)),
        thing=draft.form.noun,
        scale=draft.scale,
        details=draft.details,
    )


def _npy_digest(array: np.ndarray) -> str:
    """SHA-256 of the .npy file of an array."""
    hashed = hashlib.sha256()

    class Sink:
        """What NumPy writes the file to."""

        def write(self, content: bytes) -> None:
            hashed.update(content)

    np.lib.format.write_array(Sink(), np.ascontiguousarray(array), allow_pickle=False)
    return hashed.hexdigest()


def install(copy: Callable[[Path], None], title: str, owner: str | None) -> Dataset:
    """Keeps a data set that was exported, under the name that it had, if it is what it says.

    Args:
        copy: Writes its files into a folder.
        title: What to call it.
        owner: Owner's id; None for a data set that everyone sees.

    Raises:
        DatasetError: if it is damaged, or cannot be written.
    """
    from ae_core.preparing import fit_of  # imports what reads pictures

    with disk.unfinished(folder(), f"{'0' * DIGEST}-{secrets.token_hex(8)}", "data set", DatasetError) as work:
        copy(work)
        found = read(work)
        if not all(found.sizes.values()):
            raise DatasetError("The data set lacks examples to learn from or for tests: export it again.")
        verify(work)
        for known in named(found.name):
            if known.owner == owner:
                return known
        card = json.loads(disk.read(work, CARD, MAX_CARD))
        # Of what else it says of itself, only what can do no harm.
        said = {name: texts.short(str(card["details"].get(name, "")), 300) for name in ("origin", "layout", "split")}
        fit = fit_of(card["details"].get("made"))
        mine = {
            "title": texts.short(title, MAX_TITLE),
            "owner": owner,
            "source": found.source,
            "created": _now(),
            "details": said | {"made": {"fit": fit.how, "ground": fit.ground}},
        }
        told = ("format", "digest", "form", "classes", "unlabelled", "scale", "sizes", "sha256", "bytes")
        disk.write_json(work / CARD, {name: card[name] for name in told} | mine)
        out = folder() / f"{found.name}-{secrets.token_hex(8)}"
        disk.finish(work, out)
    return read(out)


def pack(dataset: Dataset, file: Path) -> None:
    """Writes a data set that was added into a .zip, which becomes the same data set wherever it is added.

    Raises:
        OSError: if it cannot be written.
    """
    assert dataset.path is not None
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for part in sorted(dataset.path.glob("*")):
            archive.write(part, part.name)


def carry(dataset: Dataset, run_folder: Path) -> None:
    """Puts some test examples of a data set into the folder of a run, with all that is known of it.

    Raises:
        DatasetError: if the data set is damaged.
        OSError: if it cannot be written.
    """
    test = dataset.split("test")
    rows = np.linspace(0, len(test) - 1, min(CARRIED_EXAMPLES, len(test))).round().astype(int)
    part = Part(len(rows), [test.images[rows]], test.labels[rows] if dataset.class_names else None)
    range_of = dataset.details.get(RANGE)
    draft = Draft(
        dataset.title,
        dataset.form,
        dataset.class_names,
        {"test": part},
        dataset.unlabelled,
        dataset.scale,
        dataset.source,
        {"of": dataset.name, "sizes": dataset.sizes} | ({RANGE: range_of} if range_of is not None else {}),
    )
    path = run_folder / CARRIED
    path.mkdir()
    _fill(path, draft)


def carried_by(run_folder: Path) -> Dataset | None:
    """What a run carries of its data set; None if it carries nothing that is whole."""
    with contextlib.suppress(ExplorerError):
        if (run_folder / CARRIED / CARD).is_file():
            found = read(run_folder / CARRIED)
            return replace(found, about=replace(found.about, name=OF_A_RUN + run_folder.name), whole=False)
    return None


def unpack(files: Mapping[str, bytes], run_folder: Path) -> None:
    """Puts files that came with a run where `carried_by` finds them; whatever they are.

    Raises:
        DatasetError: if they are not what `carry` writes.
    """
    path = run_folder / CARRIED
    path.mkdir()
    for name, content in files.items():
        (path / Path(name).name).write_bytes(content)
    found = read(path)
    if not 1 <= found.sizes["test"] <= CARRIED_EXAMPLES or found.sizes["train"]:
        raise DatasetError(f"The model carries {found.sizes['test']} examples: expected 1 to {CARRIED_EXAMPLES}.")
    verify(path)


def _fill(work: Path, draft: Draft) -> str:
    """Writes the files of a data set into a folder; the name that its content gives it."""
    digests, sizes = {}, {}
    for which, part in draft.parts.items():
        dtype = np.dtype(np.uint8 if draft.form.is_image else "<f4")
        shape = (part.count, *draft.form.shape)
        digests[f"{which}.npy"] = _write_array(work / f"{which}.npy", dtype, shape, part.chunks)
        if part.labels is not None:
            labels = np.asarray(part.labels, np.uint8)
            digests[f"{which}_labels.npy"] = _write_array(
                work / f"{which}_labels.npy", labels.dtype, labels.shape, [labels]
            )
        sizes[which] = part.count
    content = _content(draft, sizes, digests)
    card = {
        "format": FORMAT,
        "title": texts.short(draft.title, MAX_TITLE),
        "owner": draft.owner,
        "created": _now(),
        "source": draft.source,
        "details": draft.details,
        "bytes": {name: (work / name).stat().st_size for name in digests},
        "digest": digest(content),
        **content,
    }
    disk.write_json(work / CARD, card)
    return str(card["digest"])[:DIGEST]


def _content(draft: Draft, sizes: dict[str, int], digests: dict[str, str]) -> dict[str, Any]:
    """What a data set is, whoever added it and whatever they call it: the fields of its card that `digest` is of."""
    scale = draft.scale
    return {
        "form": draft.form.to_json(),
        "classes": list(draft.class_names),
        "unlabelled": draft.unlabelled,
        "scale": scale and replace(scale, names=tuple(texts.short(name, MAX_NAME) for name in scale.names)).to_json(),
        "sizes": sizes,
        "sha256": digests,
    }


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of what a data set is, whoever added it and whatever they call it: of the fields of its card.

    Args:
        content: "form", "classes", "unlabelled", "scale", "sizes" and "sha256"; other fields do not count.
    """
    names = ("form", "classes", "unlabelled", "scale", "sizes", "sha256")
    chosen = {name: content[name] for name in names}
    return hashlib.sha256(json.dumps(chosen, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _write_array(path: Path, dtype: np.dtype, shape: tuple[int, ...], chunks: Iterable[np.ndarray]) -> str:
    """Writes a .npy file piece by piece; its SHA-256."""
    hashed = hashlib.sha256()

    def put(file: BufferedWriter, content: bytes) -> None:
        file.write(content)
        hashed.update(content)

    class Both:
        """What NumPy writes the header to."""

        def write(self, content: bytes) -> None:
            put(file, content)

    count = 0
    with path.open("wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(Both(), header)
        for chunk in chunks:
            put(file, np.ascontiguousarray(chunk, dtype).tobytes())
            count += len(chunk)
    if count != shape[0]:
        raise DatasetError(f"{path.name} got {count:,} examples, expected {shape[0]:,}.")
    return hashed.hexdigest()


def named(name: str, owner: str | None = None) -> list[Dataset]:
    """The data sets of that name, of whomever; broken ones are left out.

    Args:
        name: The digest of the content, which several may have added.
        owner: Whose comes last; otherwise one without an owner, or else the latest.
    """
    if not NAME.fullmatch(name):
        return []
    found = _read_all(folder().glob(f"{name}-*"))
    return sorted(
        found, key=lambda d: (d.owner is not None and d.owner == owner, d.owner is None, d.details["created"])
    )


def listed(owner: str | None) -> list[Dataset]:
    """The data sets in a visitor's lists, the latest first: their own and those without an owner."""
    return [found for found in everything() if found.owner in (None, owner)]


def everything() -> list[Dataset]:
    """All data sets that were added, the latest first."""
    try:
        paths = [Path(e.path) for e in os.scandir(folder()) if not e.name.startswith(".") and e.is_dir()]
    except OSError:
        return []
    return sorted(_read_all(paths), key=lambda d: str(d.details["created"]), reverse=True)


def _read_all(paths: Iterable[Path]) -> list[Dataset]:
    found = []
    for path in paths:
        with contextlib.suppress(DatasetError):
            found.append(read(path))
    return found


def read(path: Path) -> Dataset:
    """Reads the data set of a folder: its card; its arrays when they are asked for.

    Raises:
        DatasetError: if its card cannot be read or makes no sense, or a file is missing.
    """
    try:
        about = (path / CARD).stat()
    except OSError:
        raise DatasetError(f"There is no data set in {path.name!r}: it may have been deleted.") from None
    return _read(path, about.st_mtime_ns, about.st_ino)


@lru_cache(maxsize=256)
def _read(path: Path, *version: int) -> Dataset:
    try:
        card = checked_card(disk.read(path, CARD, MAX_CARD))
        form = Form.from_json(card["form"])
        class_names = tuple(card["classes"])
        sizes = {which: int(card["sizes"].get(which, 0)) for which in SPLITS}
        scale = None if card["scale"] is None else Scale.from_json(card["scale"], form)
        for name, size in card["bytes"].items():
            if (path / Path(name).name).stat().st_size != size:
                raise ValueError(f"{name} is cut short")
        title = texts.short(card["title"], MAX_TITLE)
        about = About(str(card["digest"])[:DIGEST], title, form, class_names, sizes)
        details = {**card["details"], "created": card["created"], "bytes": sum(card["bytes"].values())}
        owner = card["owner"]
        unlabelled, source = bool(card["unlabelled"]), texts.short(card["source"], 300)
    except (ExplorerError, OSError, ValueError) as error:
        raise DatasetError(f"The data set in {path.name!r} is damaged ({error}): add it again.") from error
    return Dataset(
        about,
        source=source,
        read=lambda which: _read_split(path, which, form, class_names, sizes[which]),
        thing=form.noun,
        unlabelled=unlabelled,
        scale=scale,
        path=path,
        owner=owner,
        details=details,
    )


def checked_card(content: bytes) -> dict[str, Any]:
    """Reads a card, and looks whether it makes sense, as if a stranger had written it.

    Raises:
        ValueError: if it does not.
    """
    try:
        card: dict[str, Any] = json.loads(content)
        _check_card(card)
    except (ArithmeticError, TypeError, LookupError, AttributeError, RecursionError, ExplorerError) as error:
        raise ValueError(f"its card makes no sense: {error}") from error
    return card


def _check_card(card: Mapping[str, Any]) -> None:
    if card["format"] != FORMAT or card["digest"] != digest(card):
        raise ValueError("it is not the card that was written")
    form, sizes, names, scale = Form.from_json(card["form"]), card["sizes"], card["classes"], card["scale"]
    if not sizes or not {*sizes} <= {*SPLITS} or any(type(n) is not int or not 1 <= n < 2**31 for n in sizes.values()):
        raise ValueError("its sizes make no sense")
    named = [name for name in names if isinstance(name, str) and name and texts.short(name, MAX_CLASS_NAME) == name]
    if not len(named) == len(names) == len({*names}) <= MAX_CLASSES:
        raise ValueError("its classes make no sense")
    if {*card["bytes"]} != {*most_bytes(card)} or {*card["sha256"]} != {*most_bytes(card)}:
        raise ValueError("it names other files")
    if (scale is None) != form.is_image:
        raise ValueError("it has no scale")
    if scale is not None and any(texts.short(n, MAX_NAME) != n for n in Scale.from_json(scale, form).names):
        raise ValueError("its scale makes no sense")
    said = [card[name] for name in ("title", "source", "created")]
    if not all(isinstance(text, str) for text in said) or not isinstance(card["owner"], str | None):
        raise ValueError("its title, source, date or owner is no text")
    if not isinstance(card["details"], dict) or any(type(size) is not int for size in card["bytes"].values()):
        raise ValueError("its details or the sizes of its files make no sense")


def most_bytes(card: Mapping[str, Any]) -> dict[str, int]:
    """The files that belong to a card, and how many bytes each may have."""
    form = Form.from_json(card["form"])
    each = form.size * (1 if form.is_image else 4)
    found = {f"{which}.npy": count * each + MAX_NPY_HEADER for which, count in card["sizes"].items()}
    if card["classes"]:
        found |= {f"{which}_labels.npy": count + MAX_NPY_HEADER for which, count in card["sizes"].items()}
    return found


def _read_split(path: Path, which: str, form: Form, class_names: tuple[str, ...], count: int) -> Split:
    dtype = np.uint8 if form.is_image else np.float32
    if not count:
        return Split(np.empty((0, *form.shape), dtype), np.empty(0, np.uint8))
    images = _mapped(path / f"{which}.npy", (count, *form.shape), dtype)
    labels = np.zeros(count, np.uint8)
    if class_names:
        labels = np.array(_mapped(path / f"{which}_labels.npy", (count,), np.uint8))
        if labels.max() >= len(class_names):
            raise DatasetError(f"The labels in {path.name!r} name classes that are not there: add the data set again.")
    return Split(images, labels)


def _mapped(file: Path, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array that stays on the disk until it is looked at."""
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # whatever NumPy makes of a damaged file
        raise DatasetError(f"{file.name} of a data set cannot be read ({error}): add the data set again.") from error
    if array.shape != shape or array.dtype != dtype:
        raise DatasetError(f"{file.name} of a data set is damaged: add the data set again.")
    return array


def verify(path: Path) -> None:
    """Compares all arrays of a data set with the digests in its card, and looks at every value.

    Raises:
        DatasetError: if one differs, or a value is no number.
    """
    card = json.loads(disk.read(path, CARD, MAX_CARD))
    for name, expected in card["sha256"].items():
        with (path / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                raise DatasetError(f"{name} of the data set is not the file that was written: add the data set again.")
    found = read(path)
    for which in SPLITS:
        images = found.read(which).images
        if images.dtype != np.uint8 and not all(
            np.isfinite(images[i : i + 1000]).all() for i in range(0, len(images), 1000)
        ):
            raise DatasetError(f"{which}.npy of the data set holds values that are no numbers: add the data set again.")


def rename(dataset: Dataset, title: str) -> None:
    """Changes a data set's title.

    Raises:
        DatasetError: if its card cannot be written.
    """
    assert dataset.path is not None
    try:
        card = json.loads(disk.read(dataset.path, CARD, MAX_CARD))
        disk.write_json(dataset.path / CARD, card | {"title": texts.short(title, MAX_TITLE)})
    except (OSError, ExplorerError) as error:
        raise DatasetError(f"The data set cannot be renamed ({error}).") from error


def remove(dataset: Dataset) -> None:
    """Deletes a data set: at once out of sight, then from the disk.

    Raises:
        DatasetError: if the disk does not let it.
    """
    assert dataset.path is not None
    hidden = dataset.path.with_name(f"{disk.UNFINISHED}{secrets.token_hex(8)}")
    try:
        os.rename(dataset.path, hidden)
    except OSError as error:
        raise DatasetError(f"The data set cannot be deleted ({error.strerror}).") from error
    shutil.rmtree(hidden, ignore_errors=True)


def carried(name: str) -> Iterator[Dataset]:
    """What the run that a name ends with carries of its data set."""
    run = name.removeprefix(OF_A_RUN)
    if name.startswith(OF_A_RUN) and Path(run).name == run and run not in ("", ".", ".."):
        found = carried_by(settings.current().data / "runs" / run)
        if found is not None:
            yield found
