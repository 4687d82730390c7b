"""Cached results computed from the codes of a run; they may be deleted at any time.

    derived/<encoder>/NAME

<encoder> is the SHA-256 of the run's encoder, which with the test examples determines its codes. NAME says whose
examples they are, unless they come with the app: while an added data set is gone, a run has only those that it carries.
A shipped run has such files in its own folder, with the first letters of <encoder> in the name.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from ae_core import disk, runs
from ae_core.runs import Run

DIGEST = 32  # bytes of the SHA-256 after the content


def folder(run: Run) -> Path:
    """Folder of a run's cached results."""
    return runs.data_folder() / "derived" / _encoder(run)


def of_examples(run: Run, name: str) -> str:
    """A name that also says of which test examples: another one when an added data set goes or comes back.

    Raises:
        DatasetError: if there are none.
    """
    dataset = run.dataset
    return name if dataset.path is None else _with(name, dataset.name)


def kept(run: Run, name: str) -> Path:
    """Path of a cached result in the data folder.

    Raises:
        DatasetError: as `of_examples`.
    """
    return folder(run) / of_examples(run, name)


def beside(run: Run, name: str) -> Path:
    """Path of a cached result in the folder of a shipped run; a retrained run has another encoder, so another path."""
    return run.path / _with(name, _encoder(run)[:16])


def _with(name: str, more: str) -> str:
    return f"{PurePath(name).stem}-{more}{PurePath(name).suffix}"


def _encoder(run: Run) -> str:
    return run.card.sha256["encoder.onnx"]


def of_dataset(dataset: str, name: str) -> Path:
    """Path of what is computed from a data set alone, in the data folder; it goes a day after it was last added to."""
    return runs.data_folder() / "derived" / hashlib.sha256(f"data set {dataset}".encode()).hexdigest() / name


def read(run: Run, name: str, limit: int) -> Iterator[bytes]:
    """Yields the intact contents of that name with at most `limit` bytes, the shipped one first."""
    for path in (beside(run, name), kept(run, name)):
        content = intact(path, limit)
        if content is not None:
            yield content


def intact(path: Path, limit: int) -> bytes | None:
    """What `write` has kept there, with at most `limit` bytes; None if there is nothing, or it is damaged."""
    try:
        content = path.read_bytes() if path.stat().st_size <= limit else b""
    except OSError:
        return None
    whole = len(content) > DIGEST and hashlib.sha256(content[:-DIGEST]).digest() == content[-DIGEST:]
    return content[:-DIGEST] if whole else None


def load(run: Run, name: str, limit: int) -> Iterator[Any]:
    """Yields what `save` has kept under that name: an array, or the arrays by name."""
    for content in read(run, name, limit):
        with suppress(Exception):  # whatever NumPy makes of another content
            found = np.load(io.BytesIO(content), allow_pickle=False)
            yield found if isinstance(found, np.ndarray) else dict(found)


def save(path: Path, arrays: np.ndarray | dict[str, Any]) -> None:
    """Keeps an array, or arrays by name, whole or not at all.

    Raises:
        OSError: if it cannot be written.
    """
    file = io.BytesIO()
    if isinstance(arrays, np.ndarray):
        np.save(file, arrays)
    else:
        np.savez(file, **arrays)
    write(path, file.getvalue())


def write(path: Path, content: bytes) -> None:
    """Writes a content atomically, followed by its SHA-256.

    Raises:
        OSError: if it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    disk.write_bytes(path, content + hashlib.sha256(content).digest())
