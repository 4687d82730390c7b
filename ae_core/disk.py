"""What is written is whole or absent, whatever is killed when; what is read is of bounded size."""

import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

from ae_core.errors import RunError

UNFINISHED = ".unfinished-"


@contextmanager
def writing(out: Path) -> Iterator[Path]:
    """A folder to fill that becomes `out` whole when the block ends, or vanishes when it fails.

    Raises:
        RunError: if `out` exists already, or the disk does not let it be written.
    """
    if out.name in ("", ".."):
        raise RunError(f"{str(out)!r} names no new folder: choose the name of one.")
    if os.path.lexists(out):
        raise RunError(f"{out.name!r} exists already: a run is never overwritten; choose another name.")
    work = out.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    claim = None
    try:
        claim = _claimed(work)
        if len(os.fsencode(out.name)) > os.pathconf(work, "PC_NAME_MAX"):
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        yield work
        for file in work.iterdir():
            _sync(file)
        _sync(work)
        os.rename(work, out)
        _sync(out.parent)
    except OSError as error:
        raise RunError(f"The run {out.name!r} cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if claim is not None:
            os.close(claim)


def _claimed(work: Path) -> int:
    """Makes a folder that `remove_if_left` leaves alone until the descriptor is closed, or its process is gone."""
    while True:
        work.mkdir(parents=True, exist_ok=True)
        claim = os.open(work, os.O_RDONLY)
        fcntl.flock(claim, fcntl.LOCK_EX)
        if work.exists():  # nobody took it for a leftover before it was locked
            return claim
        os.close(claim)


def remove_if_left(work: Path) -> bool:
    """Removes an unfinished folder whose writer is gone; whether it did."""
    try:
        claim = os.open(work, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(work, ignore_errors=True)
    except OSError:  # somebody writes it
        return False
    finally:
        os.close(claim)
    return True


def check_writable(out: Path) -> None:
    """Finds out before a training what would keep its run from being written after it.

    Raises:
        RunError: as `writing` would.
    """
    with contextlib.suppress(_NotNow), writing(out):
        raise _NotNow


class _NotNow(Exception):
    """Leaves `writing` without a run."""


def reserve(folder: Path, size: int) -> None:
    """Makes sure that the disk has room for so many bytes.

    HDF5 crashes the process where it finds a disk full; this raises an OSError before.
    """
    path = folder / ".room"
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    path.unlink()


def write_json(path: Path, value: Any) -> None:
    """Replaces a JSON file at once: whoever reads it sees the old or the new one."""
    write_bytes(path, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Replaces a file at once and for good."""
    work = path.with_name(f".{secrets.token_hex(6)}.tmp")
    try:
        with work.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(work, path)
        _sync(path.parent)
    finally:
        work.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def opened(path: Path, name: str, limit: int) -> Iterator[BufferedReader]:
    """A plain file of a run's folder, to read.

    Args:
        path: Of the folder.
        name: Of the file.
        limit: How many bytes it may have.

    Raises:
        RunError: if it cannot be read, is a link, or is larger.
    """
    try:
        with open(os.open(path / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                raise RunError(f"{path.name}: {name} has {size:,} bytes, at most {limit:,} are read.")
            yield file
    except OSError as error:
        raise RunError(f"{path.name}: {name} cannot be read ({error.strerror}).") from error


def read(path: Path, name: str, limit: int) -> bytes:
    """All of a file, as `opened` gives it."""
    with opened(path, name, limit) as file:
        return file.read(limit)


def is_plain(path: Path) -> bool:
    """Whether it is a file, and neither a link nor a device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
