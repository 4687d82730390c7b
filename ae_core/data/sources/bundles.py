"""Files by name, from wherever they come: a folder, a .zip, or a file by itself. All of it is untrusted."""

import io
import json
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from ae_core import texts
from ae_core.data.own import SENT_NAMES
from ae_core.errors import DatasetError

MAX_FILES = 120_000
MAX_DIRECTORY = 32 << 20  # bytes of the list of a .zip's files
MAX_FILE = 4 << 30  # bytes of a file after unpacking
MAX_UNPACKED = 8 << 30  # of all of them together
MAX_RATIO = 1100  # times a file may grow when it is unpacked: deflate cannot do more
OF_THE_SYSTEM = re.compile(r"(^|/)(__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)")  # what zipping a folder adds
PIECE = 1 << 20
NO_TIME = (1980, 1, 1, 0, 0, 0)
HEADER = 30  # bytes before the name of a file in a .zip


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a bundle.

    Attributes:
        name: Its path in the bundle with slashes, one printable line; never a path on the disk.
        size: Bytes of its content.
        key: What the bundle finds it by.
    """

    name: str
    size: int
    key: object

    @property
    def suffix(self) -> str:
        """The ending of its name in lower case, without a compression's: ".csv" of "a.csv.gz"."""
        path = PurePosixPath(self.name.lower())
        return (path.with_suffix("") if path.suffix == ".gz" else path).suffix


class Bundle(Protocol):
    """Some files.

    Attributes:
        name: What the person calls all of it.
        entries: The plain files, without what systems add.
        left_out: What is not a plain file, and why.
    """

    name: str
    entries: list[Entry]
    left_out: list[tuple[str, str]]

    def open(self, entry: Entry) -> BinaryIO:
        """Opens a file to be read from its beginning to its end."""


def read(bundle: Bundle, entry: Entry, most: int) -> bytes:
    """All of a file.

    Raises:
        DatasetError: if it has more bytes than `most`, or is damaged.
    """
    if entry.size > most:
        raise DatasetError(f"{entry.name} has {entry.size:,} bytes: at most {most:,} are read.")
    with bundle.open(entry) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise DatasetError(f"{entry.name} has more than {most:,} bytes.")
    return content


def open_bundle(path: Path, name: str = "") -> Bundle:
    """The files at a path: of a folder, of a .zip, or the file itself.

    Args:
        path: Where it is.
        name: What the person calls it, if not as its path.

    Raises:
        DatasetError: if there is nothing that can be read.
    """
    called = texts.clean(name or path.name) or "data"
    if (path / SENT_NAMES).is_file():
        dropped = Dropped(path, name)
        if len(dropped.entries) > 1 or not dropped.entries:
            return dropped
        only = dropped.entries[0]
        assert isinstance(only.key, Path)
        return open_bundle(only.key, only.name)
    if path.is_dir():
        return Folder(path, called)
    if not path.is_file():
        raise DatasetError(f"There is no file or folder {called!r}: give the path of one.")
    with path.open("rb") as file:
        beginning = file.read(4)
    if beginning == b"PK\3\4":
        return Zip(path, called)
    if beginning == b"PK\5\6":
        raise DatasetError(f"{called} is an empty .zip: put files into it.")
    return Single(path, called)


class Single:
    """One file by itself."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.entries = [Entry(name, path.stat().st_size, path)]
        self.left_out: list[tuple[str, str]] = []

    def open(self, entry: Entry) -> BinaryIO:
        assert isinstance(entry.key, Path)
        return entry.key.open("rb")


class Held:
    """One file in memory."""

    def __init__(self, content: bytes, name: str) -> None:
        self.name = name
        self.entries = [Entry(name, len(content), content)]
        self.left_out: list[tuple[str, str]] = []

    def open(self, entry: Entry) -> BinaryIO:
        assert isinstance(entry.key, bytes)
        return io.BytesIO(entry.key)


class Dropped:
    """Files that a browser sent, one after another: called 0, 1, … on the disk, and by their names in a list."""

    def __init__(self, path: Path, name: str) -> None:
        self.left_out: list[tuple[str, str]] = []
        names = json.loads((path / SENT_NAMES).read_text(encoding="utf-8"))
        shown = [_safe(texts.clean(str(n))) for n in names]
        tops = {called.split("/")[0] for called in shown}
        self.name = texts.clean(name) or (tops.pop() if len(tops) == 1 else "What you dropped")
        self.entries = [
            Entry(called, (path / str(i)).stat().st_size, path / str(i))
            for i, called in enumerate(shown)
            if not OF_THE_SYSTEM.search(called)
        ]

    def open(self, entry: Entry) -> BinaryIO:
        assert isinstance(entry.key, Path)
        return entry.key.open("rb")


class Folder:
    """All files in a folder and in those within it; links are left out."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.entries: list[Entry] = []
        self.left_out: list[tuple[str, str]] = []
        for file in sorted(path.rglob("*")):
            relative = file.relative_to(path).as_posix()
            if OF_THE_SYSTEM.search(relative) or (file.is_dir() and not file.is_symlink()):
                continue
            try:
                about = file.lstat()
            except OSError:
                continue
            shown = texts.clean(relative)
            if not stat.S_ISREG(about.st_mode):
                self.left_out.append((shown, "it is a link or no plain file"))
                continue
            self.entries.append(Entry(shown, about.st_size, file))
            _check_count(len(self.entries), name)

    def open(self, entry: Entry) -> BinaryIO:
        assert isinstance(entry.key, Path)
        return entry.key.open("rb")


class Zip:
    """The files of a .zip, checked before any is unpacked, and counted while they are.

    Its names never become paths. Files that overlap, as in a bomb, are refused: what the list says of sizes is not
    believed.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.entries: list[Entry] = []
        self.left_out: list[tuple[str, str]] = []
        self._left = MAX_UNPACKED
        _check_directory(path, name)
        try:
            self._archive = zipfile.ZipFile(path)
            found = self._archive.infolist()
        except Exception:  # whatever zipfile makes of a damaged one
            raise DatasetError(f"{name} is not a .zip that can be read: it is damaged or cut short.") from None
        _check_count(len(found), name)
        for info in found:
            shown = _safe(texts.clean(_decoded(info)))
            if info.is_dir() or OF_THE_SYSTEM.search(shown):
                continue
            if info.flag_bits & 1:
                raise DatasetError(f"{name} has a password: pack it again without one.")
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG):
                self.left_out.append((shown, "it is a link or no plain file"))
            elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                self.left_out.append((shown, "it is packed in a way that cannot be read: use deflate"))
            else:
                # Of a hundred thousand files, dates and names that are kept twice would take 30 MB.
                info.date_time = NO_TIME
                if shown == info.filename == info.orig_filename:
                    shown = info.orig_filename = info.filename
                self.entries.append(Entry(shown, info.file_size, info))
        self._check_overlap(found)

    def _check_overlap(self, found: list[zipfile.ZipInfo]) -> None:
        end = 0
        for info in sorted(found, key=lambda info: info.header_offset):
            if info.header_offset < end or info.file_size > MAX_RATIO * info.compress_size + PIECE:
                raise DatasetError(
                    f"{self.name} claims to hold more than it does: it is damaged, or made to fill disks."
                )
            end = info.header_offset + HEADER + info.compress_size

    def open(self, entry: Entry) -> BinaryIO:
        assert isinstance(entry.key, zipfile.ZipInfo)
        try:
            file = self._archive.open(entry.key)
        except Exception:
            raise DatasetError(f"{entry.name} in {self.name} is damaged.") from None
        return io.BufferedReader(_Counted(file, self, entry.name), PIECE)

    def count(self, size: int) -> None:
        """Counts bytes that were unpacked.

        Raises:
            DatasetError: if they are too many.
        """
        self._left -= size
        if self._left < 0:
            raise DatasetError(f"{self.name} unpacks to more than {MAX_UNPACKED >> 30} GB: make it smaller.")


class _Counted(io.RawIOBase):
    """A file of a .zip whose bytes are counted as they are unpacked."""

    def __init__(self, file: object, owner: Zip, name: str) -> None:
        self._file, self._owner, self._name = file, owner, name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        try:
            content = self._file.read(len(view))  # type: ignore[attr-defined]
        except Exception:
            raise DatasetError(f"{self._name} in {self._owner.name} is damaged.") from None
        self._owner.count(len(content))
        view[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._file.close()  # type: ignore[attr-defined]
        super().close()


def _check_directory(path: Path, name: str) -> None:
    """Looks at the end of a .zip before zipfile reads its list of files into memory."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - (1 << 16) - 22))
        tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < 22:
        raise DatasetError(f"{name} is not a .zip that can be read: it is damaged or cut short.")
    count, length = int.from_bytes(tail[at + 10 : at + 12], "little"), int.from_bytes(tail[at + 12 : at + 16], "little")
    if length > MAX_DIRECTORY and length != 0xFFFFFFFF:
        _check_count(max(count, MAX_FILES + 1), name)
    # Where there is a locator, zipfile believes the record before it, whatever the other one says.
    if length == 0xFFFFFFFF or (at >= 20 and tail[at - 20 : at - 16] == b"PK\6\7"):
        wide = tail[max(at - 76, 0) : max(at - 20, 0)]
        if wide[:4] != b"PK\6\6" or int.from_bytes(wide[40:48], "little") > MAX_DIRECTORY:
            _check_count(MAX_FILES + 1, name)


def _check_count(count: int, name: str) -> None:
    if count > MAX_FILES:
        raise DatasetError(f"{name} holds more than {MAX_FILES:,} files: put fewer into it.")


def _decoded(info: zipfile.ZipInfo) -> str:
    """A name in a .zip; some programs write UTF-8 without saying so."""
    if not info.flag_bits & 0x800:
        try:
            return info.filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.filename


def _safe(name: str) -> str:
    """A name without what climbs out of its folder."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "file"


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """A file in pieces."""
    while piece := file.read(PIECE):
        yield piece
