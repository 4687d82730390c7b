"""Runs on disk: a folder is a run, and the folder is the truth.

    spec.json           what was trained
    history.jsonl       one line for each epoch: every loss term, learning rate, seconds
    film.npz            where test examples lay after each epoch; runs of older versions have none
    model.weights.h5    the weights
    encoder.onnx        images → codes
    decoder.onnx        codes → images
    card.json           figures on the test set, sizes, duration, SHA-256 of the other files and of itself

A run is written to a temporary folder and renamed; afterwards only its title can change.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import secrets
import time
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePath
from threading import Condition
from typing import Any

import numpy as np
from cachetools import TTLCache, cached

from ae_core import bounds, cards, data, disk, epoch_film, locations, settings
from ae_core import spec as specs
from ae_core.cards import CARD, FILES, MAX_REASON, Card
from ae_core.data import Dataset
from ae_core.epoch_film import Film
from ae_core.errors import ExplorerError, RunError
from ae_core.spec import Spec
from ae_core.texts import clean

SHIPPED = locations.CHECKPOINTS
NETWORKS = ("model.weights.h5", "encoder.onnx", "decoder.onnx")
NOT_GUESSED = re.compile(r"[\w-]{1,100}-\d{8}-\d{6}-[0-9a-f]{16}", re.ASCII)  # as `new_name` makes them


@dataclass(frozen=True)
class Run:
    """A complete run.

    Attributes:
        path: Folder, whose name is the run's name.
        spec: What was trained.
        history: One record for each epoch: "epoch", "seconds", "learning_rate", "terms" and "validation".
        card: Figures and digests.
    """

    path: Path
    spec: Spec
    history: tuple[dict[str, Any], ...]
    card: Card

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def title(self) -> str:
        return clean(self.card.title or "") or clean(self.name)

    @property
    def dataset(self) -> Dataset:
        """The data set that it learnt; where that is gone, the test examples that the run carries.

        Raises:
            DatasetError: if it carries none.
        """
        return data.of_run(self.spec.about, self.path)

    @property
    def has_film(self) -> bool:
        """Whether `film` was kept."""
        return cards.FILM in self.card.sha256

    @property
    def film(self) -> Film | None:
        """Where test examples lay after each of its epochs; None if that was not kept.

        Raises:
            RunError: if it is damaged.
        """
        if not self.has_film:
            return None
        content = cards.read_file(self.path, cards.FILM, self.card)
        try:
            return epoch_film.unpack(content, len(self.history), self.spec.about.sizes["test"], self.units)
        except ValueError as error:
            raise RunError(f"{self.path.name}: {cards.FILM} is no film of its epochs: {error}.") from None

    @property
    def units(self) -> int:
        """Of its code."""
        return self.spec.network.latent_dim

    @cached_property
    def digest(self) -> str:
        """Identifies the content of all files of the run."""
        return hashlib.sha256(json.dumps(dict(self.card.sha256), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class BrokenRun:
    """A folder that is not a valid run, with the reason."""

    path: Path
    reason: str

    @property
    def name(self) -> str:
        return self.path.name


def data_folder() -> Path:
    """Folder of trainings and their runs, see `settings`."""
    return settings.current().data


def unusable(error: OSError) -> str:
    """Why nothing can be written into the data folder, and what to do, for the end of a sentence."""
    return (
        f"the data folder {data_folder()} cannot be written ({error.strerror or error}); see to that, or set "
        f"{settings.PREFIX}DATA to another folder"
    )


def new_name(kind: str) -> str:
    """Makes a name that sorts by time and cannot be guessed."""
    return f"{kind}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(8)}"


def owner_of(run: Run | BrokenRun) -> str | None:
    """Returns a run's owner; None for a run that everyone sees.

    Raises:
        RunError: if its card is invalid: then nobody owns it.
    """
    return run.card.owner if isinstance(run, Run) else cards.read(run.path).owner


def visible(run: Run | BrokenRun, owner: str | None) -> bool:
    """Whether a run is in a visitor's lists: their own runs and those without an owner are."""
    with contextlib.suppress(RunError):
        return owner_of(run) in (None, owner)
    return False


def linked(name: str) -> Run | BrokenRun | None:
    """Returns the run named in a link, whoever owns it; None if there is none or its name could be guessed."""
    path = data_folder() / "runs" / name
    if not NOT_GUESSED.fullmatch(name) or not path.is_dir():
        return None
    return _read_unless_known(path, _fingerprint(path))


def find(name: str) -> Run | None:
    """The whole run of that name, if whoever knows the name may see it: it ships, is everyone's, or is not guessed."""
    if name.startswith(".") or PurePath(name).name != name:
        return None
    for path in (SHIPPED / name, data_folder() / "runs" / name):
        run = _read_unless_known(path, _fingerprint(path)) if os.path.isdir(path) else None
        if isinstance(run, Run) and (path.parent == SHIPPED or not run.card.owner or NOT_GUESSED.fullmatch(name)):
            return run
    return None


def places() -> dict[str, Path]:
    """The folders in which runs are looked up by name."""
    return {"shipped": SHIPPED, "local": data_folder() / "runs"}


def locate(run: str | Path) -> Path:
    """The folder of a run, given by its path or by the name of a shipped or local run.

    Raises:
        RunError: if it is neither.
    """
    name = os.fspath(run)
    if not os.path.isfile(os.path.join(name, CARD)) and name == os.path.basename(name):
        for folder in places().values():
            if name not in ("", ".", "..") and os.path.isdir(folder / name):
                return folder / name
    if os.path.isdir(name):
        return Path(name)
    known = ", ".join(run.name for run in shipped()) or "those that `list` shows"
    raise RunError(f"There is no run {name!r}: give the path of a run's folder, or a name such as {known}.")


def read(path: Path) -> Run:
    """Reads the run in that folder and validates its JSON; other files are checked when they are read.

    Raises:
        RunError: if there is none, a file is missing, or its JSON is invalid.
    """
    if not os.path.isdir(path):  # unlike Path.is_dir, it takes any name
        raise RunError(f"There is no run at {path.name!r}: the folder does not exist.")
    missing = [name for name in (*FILES, CARD) if not disk.is_plain(path / name)]
    if missing:
        raise RunError(f"{path.name}: {', '.join(missing)} missing, or not plain files; the model is incomplete.")
    card = cards.read(path)
    # Digests of all files would take too long for a listing; sizes tell of truncated files.
    for name in card.bytes:
        try:
            size = (path / name).stat().st_size
        except OSError as error:  # it is being deleted
            raise RunError(f"{path.name}: {name} cannot be read: {unusable(error)}.") from None
        if size != card.bytes[name]:
            raise RunError(f"{path.name}: {name} has {size:,} bytes, its card says {card.bytes[name]:,}.")
    try:
        spec = specs.parse(cards.read_file(path, "spec.json", card).decode("utf-8", "replace"))
        history = cards.parse_history(cards.read_file(path, "history.jsonl", card).decode("utf-8", "replace"))
    except RunError:
        raise
    except ExplorerError as error:
        raise RunError(f"{path.name}: spec.json is not valid: {error}"[:MAX_REASON]) from None
    except ValueError as error:
        raise RunError(f"{path.name}: history.jsonl is not valid: {error}") from None
    if card.parameters != spec.parameters:
        raise RunError(f"{path.name}: {CARD} says {card.parameters:,} parameters, spec.json needs {spec.parameters:,}.")
    if card.epochs != len(history):
        raise RunError(f"{path.name}: {CARD} says {card.epochs} epochs, history.jsonl has {len(history)}.")
    for name in NETWORKS:
        most = 4 * spec.parameters + bounds.MAX_HEADER
        if card.bytes[name] > most:
            raise RunError(f"{path.name}: {name} has {card.bytes[name]:,} bytes, its network needs at most {most:,}.")
    return Run(path, spec, history, card)


def weights(run: Run) -> dict[str, np.ndarray]:
    """A run's weights by the names in `Spec.weights`, float32.

    Raises:
        RunError: if they are damaged.
    """
    import h5py

    content = cards.read_file(run.path, "model.weights.h5", run.card)
    found = {}
    try:
        with h5py.File(io.BytesIO(content)) as saved:
            for name, shape in run.spec.weights.items():
                model, layer, number = name.split("/")
                array = found[name] = np.asarray(saved[f"{model}/layers/{layer}/vars/{number}"], "<f4")
                if array.shape != shape:
                    raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
    except Exception as error:  # whatever HDF5 makes of a file that another version wrote
        raise RunError(f"{run.path.name}: its weights cannot be taken out ({error}).") from error
    return found


def read_or_tell(path: Path) -> Run | BrokenRun:
    """Reads the run in that folder, or says why there is none."""
    try:
        return read(path)
    except RunError as error:
        return BrokenRun(path, str(error))


def scan(folder: Path) -> list[Run | BrokenRun]:
    """Reads all runs in a folder, sorted by name, broken ones included."""
    try:
        names = sorted(e.name for e in os.scandir(folder) if not e.name.startswith(".") and e.is_dir())
    except OSError:
        return []
    entries = (folder / name for name in names)
    local = {data_folder(), SHIPPED / "local"}
    return [_read_unless_known(entry, _fingerprint(entry)) for entry in entries if entry not in local]


@lru_cache(maxsize=1024)
def _read_unless_known(path: Path, fingerprint: object) -> Run | BrokenRun:
    return read_or_tell(path)


def _fingerprint(path: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Names, sizes and times of all files in a folder, as a cache key."""
    try:
        stats = [(e.name, e.stat(follow_symlinks=False)) for e in os.scandir(path)]
    except OSError:
        return ()
    return tuple(sorted((name, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in stats))


def shipped() -> list[Run | BrokenRun]:
    """Reads the runs that ship with the app, at most once a second."""
    return _shipped(SHIPPED)


@cached(TTLCache(maxsize=4, ttl=1), condition=Condition())
def _shipped(folder: Path) -> list[Run | BrokenRun]:
    return scan(folder)
