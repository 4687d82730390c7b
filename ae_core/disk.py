"""What is written is whole or absent, whatever is killed when; what is read is of bounded size."""

import contextlib
import errno
import json
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

from ae_core import processes
from ae_core.errors import ExplorerError, RunError

# O_NONBLOCK: a pipe in a file's place would otherwise block for ever.
FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
WINDOWS = os.name == "nt"
UNFINISHED = ".unfinished-"
CLAIM = ".lock"  # after the name of an unfinished folder: held by its writer
REPLACE_SECONDS = 2.0  # that Windows is given to let go of a file that somebody reads


@contextmanager
def writing(out: Path, noun: str = "run", refusal: type[ExplorerError] = RunError) -> Iterator[Path]:
    """A folder to fill that becomes `out` whole when the block ends, or vanishes when it fails.

    Args:
        out: The folder.
        noun: What it will be.
        refusal: The class of the errors.

    Raises:
        RunError, or what `refusal` says: if `out` exists already, or the disk does not let it be written.
    """
    if out.name in ("", ".."):
        raise refusal(f"{str(out)!r} names no new folder: choose the name of one.")
    if os.path.lexists(out):
        raise refusal(f"{out.name!r} exists already: a {noun} is never overwritten; choose another name.")
    with unfinished(out.parent, out.name, noun, refusal) as work:
        yield work
        finish(work, out)


@contextmanager
def unfinished(parent: Path, name: str, noun: str = "run", refusal: type[ExplorerError] = RunError) -> Iterator[Path]:
    """A folder to fill and to `finish`; it vanishes if that does not happen.

    Args:
        parent: Where it will be.
        name: What it will be called, or something as long.
        noun: What it will be.
        refusal: The class of the errors.

    Raises:
        RunError, or what `refusal` says: if the disk does not let it be written.
    """
    work = parent / f"{UNFINISHED}{secrets.token_hex(8)}"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=parent).close()  # where no file can be made, the lock would be tried for ever
        with processes.lock(_claim(work)):
            work.mkdir()
            if len(os.fsencode(name)) > _longest_name(work):
                raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
            yield work
    except OSError as error:
        reason = error.strerror or error
        raise refusal(f"The {noun} {name!r} cannot be written in {parent}: {reason}.") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        _remove_claim(work)


def finish(work: Path, out: Path) -> None:
    """Gives an unfinished folder its name, once all in it is on the disk.

    Raises:
        OSError: if that cannot be done.
    """
    for path in sorted(work.rglob("*")):
        _sync(path)
    _sync(work)
    os.rename(work, out)
    _sync(out.parent)


def _claim(work: Path) -> Path:
    """The lock that the writer of an unfinished folder holds, beside it: a folder is renamed with all it contains."""
    return work.with_name(work.name + CLAIM)


def _remove_claim(work: Path) -> None:
    with contextlib.suppress(OSError):  # on Windows while a sweep looks at it, which removes it next time
        _claim(work).unlink()


def _longest_name(folder: Path) -> int:
    return os.pathconf(folder, "PC_NAME_MAX") if hasattr(os, "pathconf") else 255


def remove_unfinished(parent: Path) -> None:
    """Removes the unfinished folders whose writers are gone from a folder.

    Raises:
        OSError: if nothing can be removed there.
    """
    for name in {path.name.removesuffix(CLAIM) for path in parent.glob(f"{UNFINISHED}*")}:
        work = parent / name
        with processes.lock(_claim(work), seconds=0) as mine:
            if mine:
                shutil.rmtree(work, ignore_errors=True)
        if mine:
            _remove_claim(work)


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
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            for start in range(0, size, 1 << 20):
                file.write(bytes(min(1 << 20, size - start)))
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
        replace(work, path)
        _sync(path.parent)
    finally:
        work.unlink(missing_ok=True)


def replace(work: Path, path: Path) -> None:
    """Puts a file in the place of another one at once."""
    end = time.monotonic() + REPLACE_SECONDS
    while True:
        try:
            return os.replace(work, path)
        except PermissionError:
            if not WINDOWS or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _sync(path: Path) -> None:
    if WINDOWS:  # which has neither folders to open nor files to sync that are only read
        return
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
        if (path / name).is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        with open(os.open(path / name, FLAGS), "rb") as file:
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
