"""Exports a run as one .zip of JSON and plain arrays, and reads it back.

    spec.json, history.jsonl         as in the run's folder
    data.card.json, data.test.npy …  test examples that the run carries, where its data set was added
    film.places.npy film.units.npy   its film, where it has one, float16
    title.txt                        title
    encoder.dense.0.npy, …           one file for each array of weights, little-endian float32
    SHA256SUMS                       digests of all but the title, as `sha256sum` writes them; old archives have none

An imported archive is untrusted. It holds no network, no pickle and no HDF5, and the names, shapes and sizes of all
files follow from its spec, which is bounded. The trainer builds the network from the spec, assigns the weights, and
writes a new run.
"""

import hashlib
import io
import json
import math
import re
import stat
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ae_core import cards, disk, epoch_film, runs
from ae_core import spec as specs
from ae_core.data import own
from ae_core.epoch_film import Film
from ae_core.errors import ExplorerError, RunError
from ae_core.runs import Run
from ae_core.spec import Spec

SPEC, HISTORY, TITLE, SUMS = "spec.json", "history.jsonl", "title.txt", "SHA256SUMS"
FILM = ("places", "units")  # the arrays of a film
BEFORE_CARRIED = "data."  # begins the names of files of the examples that a run carries
MAX_ARCHIVE = 64 << 20
MAX_DIRECTORY = 64 << 10  # bytes of the central directory
END = 22  # bytes of the end record of an archive without a comment
MAX_COMMENT = (1 << 16) - 1
OF_THE_SYSTEM = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")  # what zipping a folder adds
NO_TIME = (1980, 1, 1, 0, 0, 0)  # so that the same run gives the same archive


@dataclass(frozen=True)
class Import:
    """Validated content of an archive.

    Attributes:
        spec: What was trained.
        history: As in a run, with no more epochs than the spec asks for.
        title: One printable line; may be empty.
        weights: Arrays by the names in `Spec.weights`, in its order; float32 and finite.
        carried: Contents of the files of the examples that it carries, by name; none of a data set of the app's own.
        film: Where test examples lay after each epoch; older archives have none.
    """

    spec: Spec
    history: tuple[dict[str, Any], ...]
    title: str
    weights: dict[str, np.ndarray]
    carried: dict[str, bytes] = field(default_factory=dict)
    film: Film | None = None


def pack(run: Run) -> bytes:
    """Returns a run as the bytes of a .zip, without its owner.

    Raises:
        RunError: if the run is damaged.
    """
    files = {name: cards.read_file(run.path, name, run.card) for name in (SPEC, HISTORY)}
    files[TITLE] = run.title[: cards.MAX_TITLE].encode("utf-8", "replace")
    files |= {_file(name): _plain(array, "<f4") for name, array in runs.weights(run).items()}
    if (film := run.film) is not None:
        files |= {_film_file(name): _plain(getattr(film, name), "<f2") for name in FILM}
    for name, most in own.CARRIED_FILES.items():
        if (run.path / own.CARRIED / name).is_file():
            files[BEFORE_CARRIED + name] = disk.read(run.path / own.CARRIED, name, most)
    return _zipped(files)


def pack_weights(spec: Spec, history: Iterable[dict[str, Any]], title: str, weights: Mapping[str, np.ndarray]) -> bytes:
    """Returns what became no run as the bytes of a .zip, like `pack`; `weights` by the names in `Spec.weights`."""
    files = {SPEC: spec_text(spec).encode(), HISTORY: history_text(history).encode()}
    files[TITLE] = runs.clean(title)[: cards.MAX_TITLE].encode()
    for name, shape in spec.weights.items():
        files[_file(name)] = _plain(weights[name].reshape(shape), "<f4")
    return _zipped(files)


def spec_text(spec: Spec) -> str:
    """The content of spec.json."""
    return json.dumps(spec.to_json(), indent=1) + "\n"


def history_text(history: Iterable[dict[str, Any]]) -> str:
    """The content of history.jsonl."""
    return "".join(json.dumps(record) + "\n" for record in history)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    sums = "".join(f"{_digest(files[name])}  {name}\n" for name in files if name != TITLE)
    files = {**files, SUMS: sums.encode()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, NO_TIME), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def unpack(content: bytes, check: Callable[[Spec], None] = lambda spec: None) -> Import:
    """Reads and validates an untrusted archive; builds and runs nothing.

    Args:
        content: Its bytes.
        check: Raises if its model is not wanted, before the weights are unpacked.

    Raises:
        RunError: if `pack` cannot have written it.
    """
    if len(content) > MAX_ARCHIVE:
        raise RunError(f"The archive has {len(content):,} bytes: at most {MAX_ARCHIVE:,} are read.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(_without_comment(content)))
        entries = archive.infolist()
    except RunError:
        raise
    except Exception:  # whatever zipfile makes of a damaged one
        raise RunError("This is not a .zip archive, or it is damaged.") from None
    with archive:
        return _contents(archive, entries, check)


def _contents(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], check: Callable[[Spec], None]) -> Import:
    plain = [entry for entry in entries if not entry.is_dir() and not OF_THE_SYSTEM.search(entry.filename)]
    names = [entry.filename for entry in plain]
    if len({name.rpartition("/")[0] for name in names}) == 1:  # all are in the same folder
        names = [name.rpartition("/")[2] for name in names]
    for name in (SPEC, HISTORY, TITLE):
        if names.count(name) != 1:
            raise RunError(f"The archive must hold {name} once, but holds it {names.count(name)} times.")
    files = _Files(archive, dict(zip(names, plain, strict=True)))
    try:
        spec = specs.parse(files.text(SPEC, cards.MAX_JSON))
        history = cards.parse_history(files.text(HISTORY, cards.MAX_HISTORY))
    except RunError:
        raise
    except ExplorerError as error:
        raise RunError(f"The archive's {SPEC} is not valid: {error}"[: cards.MAX_REASON]) from None
    except ValueError as error:
        raise RunError(f"The archive's {HISTORY} is not valid: {error}") from None
    if len(history) > spec.training.epochs:
        raise RunError(f"The archive's {HISTORY} has {len(history)} epochs, its spec asks for {spec.training.epochs}.")
    title = runs.clean(files.text(TITLE, 4 * cards.MAX_TITLE))[: cards.MAX_TITLE]

    carried = {BEFORE_CARRIED + name: most for name, most in own.CARRIED_FILES.items()}
    carried = {name: most for name, most in carried.items() if name in names}
    filmed = {_film_file(name) for name in FILM} & set(names)
    filmed = filmed and {_film_file(name) for name in FILM}
    weights_files = (_file(name) for name in spec.weights)
    expected = {SPEC, HISTORY, TITLE, *({SUMS} & set(names)), *filmed, *carried, *weights_files}
    if len(names) != len(expected) or set(names) != expected:
        wrong = sorted(set(names) ^ expected)[:3] or [name for name in names if names.count(name) > 1][:1]
        told = ", ".join(runs.clean(name)[:60] for name in wrong)
        raise RunError(f"The archive holds other files than its network needs: {told} missing, too many or twice.")
    check(spec)
    brought = {name.removeprefix(BEFORE_CARRIED): files.read(name, most) for name, most in carried.items()}
    weights = {name: files.array(_file(name), shape, "<f4") for name, shape in spec.weights.items()}
    film = None
    if filmed:
        shapes = epoch_film.shapes(len(history), spec.about.sizes["test"], spec.network.latent_dim)
        arrays = {name: files.array(_film_file(name), shape, "<f2") for name, shape in shapes.items()}
        film = Film(len(history), **arrays)
        if (film.units < 0).any():
            raise RunError("The archive's film.units.npy holds values below 0: export the model again.")
    return Import(spec, history, title, weights, brought, film)


def _without_comment(content: bytes) -> bytes:
    """An archive without the comment at its end; checks the size of its list of files before zipfile parses it."""
    at = content.rfind(b"PK\5\6", max(0, len(content) - END - MAX_COMMENT))
    end = content[at : at + END] if at >= 0 else b""
    if len(end) < END or at + END + int.from_bytes(end[20:22], "little") != len(content):
        raise RunError("This is not a .zip archive of an exported model, or it is cut short.")
    if content[max(0, at - 20) : at].startswith(b"PK\6\7"):
        raise RunError("The archive is a ZIP64, which is for files over 4 GB: zip its files without that.")
    if int.from_bytes(end[12:16], "little") > MAX_DIRECTORY:
        raise RunError("The archive's list of files is far longer than that of a model.")
    return content if at + END == len(content) else content[: at + END - 2] + bytes(2)


class _Files:
    """The files of an archive by name, each read to a limit and checked against its digest."""

    def __init__(self, archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> None:
        self._archive = archive
        self._entries = entries
        self._sums: dict[str, str] | None = None
        if SUMS in entries:
            lines = self.text(SUMS, cards.MAX_JSON).splitlines()
            self._sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}

    def text(self, name: str, most: int) -> str:
        try:
            return self.read(name, most).decode()
        except UnicodeDecodeError:
            raise RunError(f"The archive's {name} is not text.") from None

    def array(self, name: str, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        header, size = _header(shape, dtype), np.dtype(dtype).itemsize * math.prod(shape)
        content = self.read(name, len(header) + size)
        # The header is compared with the only valid one, never parsed.
        if len(content) != len(header) + size or not content.startswith(header):
            raise RunError(
                f"The archive's {name} must be a little-endian {np.dtype(dtype).name} array of shape {shape}."
            )
        array = np.frombuffer(content, dtype, offset=len(header)).reshape(shape)
        if not np.isfinite(array).all():
            raise RunError(f"The archive's {name} holds values that are not finite numbers.")
        return array

    def read(self, name: str, most: int) -> bytes:
        """Reads one plain file of at most that many bytes."""
        entry = self._entries[name]
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if entry.flag_bits & 1 or kind not in (0, stat.S_IFREG):
            raise RunError(f"The archive's {name} is encrypted, a link or a folder: only plain files are read.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RunError(f"The archive's {name} is compressed in a way that cannot be read: use deflate.")
        if entry.file_size > most:
            raise RunError(f"The archive's {name} has {entry.file_size:,} bytes: at most {most:,} are read.")
        try:
            with self._archive.open(entry) as file:
                content = file.read(most + 1)  # stops at the claimed size and verifies the checksum
        except Exception:  # whatever zipfile makes of a damaged one
            raise RunError(f"The archive's {name} is damaged.") from None
        if self._sums is not None and name != TITLE and self._sums.get(name) != _digest(content):
            raise RunError(
                f"The archive's {name} is not the one that was exported (its SHA-256 differs from that in {SUMS}): "
                "export the model again, and do not change its files."
            )
        return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _file(name: str) -> str:
    return name.replace("/", ".") + ".npy"


def _film_file(name: str) -> str:
    return f"film.{name}.npy"


def _plain(array: np.ndarray, dtype: str) -> bytes:
    """An array as NumPy saves it."""
    return _header(array.shape, dtype) + np.asarray(array, dtype).tobytes()


def _header(shape: tuple[int, ...], dtype: str) -> bytes:
    """Header that NumPy writes for such an array."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": dtype, "fortran_order": False, "shape": shape})
    return header.getvalue()
