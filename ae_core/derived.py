"""What is computed from the codes of a run and kept: it may be deleted at any time, and is computed again.

    derived/<encoder>/NAME

<encoder> is the SHA-256 of the run's encoder, on which its codes depend, and on nothing else. A run that ships brings
its own, in its folder, with the first letters of <encoder> in the name.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePath

from ae_core import disk, runs
from ae_core.runs import Run

DIGEST = 32  # bytes after the content: its SHA-256


def folder(run: Run) -> Path:
    """Where what is computed from a run is kept."""
    return runs.data_folder() / "derived" / _encoder(run)


def beside(run: Run, name: str) -> Path:
    """Where a run that ships brings it; one that is trained anew has another encoder."""
    return run.path / f"{PurePath(name).stem}-{_encoder(run)[:16]}{PurePath(name).suffix}"


def _encoder(run: Run) -> str:
    return run.card.sha256["encoder.onnx"]


def read(run: Run, name: str, limit: int) -> Iterator[bytes]:
    """Each content under that name that is whole and has at most `limit` bytes: that which ships first."""
    for path in (beside(run, name), folder(run) / name):
        try:
            content = path.read_bytes() if path.stat().st_size <= limit else b""
        except OSError:
            continue
        if hashlib.sha256(content[:-DIGEST]).digest() == content[-DIGEST:]:
            yield content[:-DIGEST]


def write(path: Path, content: bytes) -> None:
    """Keeps a content with its own SHA-256 at the end, whole or not at all.

    Raises:
        OSError: if it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    disk.write_bytes(path, content + hashlib.sha256(content).digest())
