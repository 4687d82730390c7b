"""Training as an iterator of typed events; TensorFlow is imported when it starts."""

import contextlib
import json
import math
import platform
import shutil
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ae_core import archive, cards, data, disk, epoch_film, inference, latent, runs
from ae_core.archive import Import
from ae_core.data import Dataset, as_float, own
from ae_core.epoch_film import Film
from ae_core.errors import DatasetError, ExplorerError, TrainingError
from ae_core.evaluation import evaluate
from ae_core.events import Cancelled, EpochEnd, Event, Failed, Finished, Preparing, Progress, Started
from ae_core.networks import Network
from ae_core.runs import Run
from ae_core.spec import VALIDATION_SHARE, Spec, make_spec

if TYPE_CHECKING:
    from ae_core.keras_model import Autoencoder, Optimisation

LOADING = "Loading TensorFlow and images"
BUILDING = "Building and compiling the network"
TRAINING = "Training"
SAVING = "Exporting and checking the model"
SLOWER = "Lower the learning rate or the weight of that term."
PREVIEW_IMAGES = 10
PREVIEW_SECONDS = 1.5
CALL_SECONDS = 0.25  # aim for this long between two looks at the stop button
STATE = "state.npz"
BEGINNING = 2000  # examples that an untrained model may look at
LARGE = 20_000  # images
OVERFIT = 0.05  # of what a loss has fallen, by which it rises again
GROSS = 1.5  # times the loss that ends its history: an imported model has the same, or was stopped within an epoch


def fit(
    spec: Spec,
    out: str | Path,
    stop: Callable[[], bool] = lambda: False,
    state: Path | None = None,
    title: str | None = None,
    owner: str | None = None,
    dataset: Dataset | None = None,
) -> Iterator[Event]:
    """Trains a spec, event by event, and writes its run to `out`.

    Args:
        spec: What to train.
        out: Folder of the run; must not exist.
        stop: Asked between steps; once it returns true, training ends and the run so far is written.
        state: Folder for the state after each epoch; training resumes from a state that is there.
        title: Title of the run.
        owner: Owner's id; None for a run that everyone sees.
        dataset: The data set, if it is only in memory. All its training examples are learnt, the loss on held-out
            examples is that on its test examples, and previews, at which nobody looks, are empty: short epochs would
            spend a third of their time on them.

    Yields:
        Preparing, Started, Progress and EpochEnd events; at the end Finished, Cancelled or Failed. Once a loss term is
        no number, that is Cancelled, with a run of the epochs before, if there are any. If the run cannot be written,
        `state` still holds it, or else an archive beside `out`.
    """
    yield from _telling_failures(_fit(spec, Path(out), stop, state, {"title": title, "owner": owner}, dataset))


def _telling_failures(events: Iterator[Event]) -> Iterator[Event]:
    """Yields events, and `Failed` in place of an error that a user can fix."""
    try:
        yield from events
    except ExplorerError as error:
        yield Failed(str(error))
    except OSError as error:
        yield Failed(f"A file could not be written or read: {error.strerror or error}.")
    except Exception as error:
        # TensorFlow's own exception for it cannot be named here without importing it.
        if not isinstance(error, MemoryError) and type(error).__name__ != "ResourceExhaustedError":
            raise
        yield Failed("Memory ran out: choose a smaller network, code or batch.")


def rebuild(found: Import, out: str | Path, title: str | None = None, owner: str | None = None) -> Iterator[Event]:
    """Writes a run from an imported archive; exports its networks and computes its figures anew.

    Fails if its loss on the held-out images is far larger than that at the end of its history, or without one than that
    of the untrained model; and if its codes or errors are too large to be looked at.

    Args:
        found: Result of `archive.unpack`.
        out: Folder of the run; must not exist.
        title: Title of the run; by default that in the archive.
        owner: Owner's id; None for a run that everyone sees.

    Yields:
        Preparing events; at the end Finished or Failed.
    """
    yield from _telling_failures(_rebuild(found, Path(out), {"title": title or found.title, "owner": owner}))


def check_installed() -> None:
    """Refuses to train where TensorFlow is missing.

    Raises:
        TrainingError: says what to install.
    """
    if any(find_spec(name) is None for name in ("keras", "tensorflow", "tf2onnx")):
        raise TrainingError("Training needs TensorFlow, which is not installed: pip install 'latent-explorer[train]'")


def _rebuild(found: Import, out: Path, labels: dict[str, str | None]) -> Iterator[Event]:
    check_installed()
    disk.check_writable(out)
    yield Preparing(LOADING)
    from ae_core import keras_model

    model = keras_model.Autoencoder(found.spec)
    with tempfile.TemporaryDirectory() as work_folder:
        dataset = _dataset_of(found, Path(work_folder))
        images = as_float(dataset.split("test").images[:PREVIEW_IMAGES])
        if dataset.whole:
            work = keras_model.Optimisation(model, found.spec, *_held_out(dataset, found.spec))
            # One that was stopped within its first epoch has no history.
            expected = found.history[-1]["validation"] if found.history else work.validate()
        model.assign(found.weights)
        if dataset.whole:
            _check_loss(work.validate(), expected, "its history ends at" if found.history else "an untrained one has")
        yield Preparing(SAVING)
        history = list(found.history)
        seconds = history[-1]["seconds"] if history else 0.0
        card = _card(found.spec, history, labels, seconds)
        yield Finished(_save(out, found.spec, model, history, card, images, dataset, found.film))


def _dataset_of(found: Import, work_folder: Path) -> Dataset:
    """The data set of an imported model, or what its archive carries of it, in a folder that is there for that.

    Raises:
        DatasetError: if there is neither.
        TrainingError: if the data set is there, and is not what the archive says of it.
    """
    if found.carried:
        own.unpack(found.carried, work_folder)
    with contextlib.suppress(DatasetError):
        there = data.load(found.spec.dataset)
        if mistake := data.mistake(found.spec.about, there):
            raise TrainingError(
                f"The archive's {archive.SPEC} says that the data set {there.title!r} has {mistake}: export the model "
                "again, and do not change its files."
            )
    return data.of_run(found.spec.about, work_folder)


def _check_loss(found: dict[str, float], expected: dict[str, float], told: str) -> None:
    """Checks that an imported model does about what is expected, given the terms of both losses, and where from.

    Raises:
        TrainingError: if its loss is far larger.
    """
    loss, end = sum(found.values()), sum(expected.values())
    if not loss - end <= (GROSS - 1) * abs(end):  # nor is NaN
        raise TrainingError(
            f"The imported model has a loss of {loss:.3g} on the held-out images, {told} {end:.3g}: "
            "its spec.json or its weights are not those of the training. Export it again, and do not change its files."
        )


def overfits_after(history: Sequence[Mapping[str, Any]]) -> int:
    """The epoch, from 1, after which the loss on held-out examples rose for good; 0 if it did not, or hardly.

    Args:
        history: As of a run.
    """
    losses = [sum(record["validation"].values()) for record in history]
    best = int(np.argmin(losses)) if losses else 0
    rose = losses and losses[-1] - losses[best] > OVERFIT * (max(losses[: best + 1]) - losses[best])
    return best + 1 if rose and best + 1 < len(losses) else 0


def _examples(dataset: Dataset) -> np.ndarray:
    """The test examples whose codes are filmed."""
    images = dataset.split("test").images
    return as_float(images[epoch_film.examples(len(images))])


def _held_out(dataset: Dataset, spec: Spec) -> tuple[np.ndarray, np.ndarray]:
    """Training images in two, without the classes that are left out: those to learn from and those held out.

    Raises:
        TrainingError: if too few are left for a batch.
    """
    train = dataset.split("train")
    images = train.images
    if spec.left_out:
        images = images[~np.isin(train.labels, spec.left_out)]
        if spec.training.batch_size > len(images) // 2:
            raise TrainingError(
                f"Only {len(images):,} training examples are left {spec.told_classes}, expected at least two batches "
                f"of {spec.training.batch_size}: leave out fewer classes, or choose a smaller batch."
            )
    count = max(1, int(len(images) * VALIDATION_SHARE))
    return images[:-count], images[-count:]


def _fit(
    spec: Spec,
    out: Path,
    stop: Callable[[], bool],
    state: Path | None,
    labels: dict[str, str | None],
    brought: Dataset | None,
) -> Iterator[Event]:
    check_installed()
    disk.check_writable(out)
    yield Preparing(LOADING)
    dataset = brought or data.load(spec.dataset)
    reading = threading.Thread(target=_unpack, args=(dataset,))
    if dataset.sizes["train"] >= LARGE:
        reading.start()  # unpacks while TensorFlow is imported; a small set is not worth it
    from ae_core import keras_model

    if reading.ident is not None:
        reading.join()
    if brought is None:
        learnt, held_out = _held_out(dataset, spec)
    else:
        learnt, held_out = dataset.split("train").images, dataset.split("test").images
    preview_images = as_float(dataset.split("test").images[:PREVIEW_IMAGES])

    yield Preparing(BUILDING)
    began = time.perf_counter()
    model = keras_model.Autoencoder(spec)
    work = keras_model.Optimisation(model, spec, learnt, held_out)
    first, history, film = _resume(work, state)
    epochs = spec.training.epochs
    yield Started(spec.parameters, epochs, work.steps_per_epoch, tuple(history))

    if not history:
        model.kind.begin(model, as_float(learnt[:BEGINNING]))
    loop = _Loop(
        model, work, preview_images if brought is None else preview_images[:0], _examples(dataset), history, film, began
    )
    reason = ""
    try:
        yield from loop.run(first, stop, state)
    except _Diverged as error:
        if not history:
            raise TrainingError(f"{error}; nothing was saved. {SLOWER}") from None
        reason = f"{error}; what was learnt until epoch {len(history)} is kept as a model. {SLOWER}"
        loop.go_back()
    if not history and not loop.taken:
        yield Cancelled(None, 0)
        return
    yield Preparing(SAVING)
    card = _card(spec, history, labels, loop.seconds)
    try:
        run = _save(out, spec, model, history, card, preview_images, dataset, loop.film)
    except ExplorerError as error:
        raise TrainingError(f"{error}{_keep(out, state, spec, history, labels, model)}") from error
    if reason and state is not None:
        forget_state(state)  # it would diverge again: the seed decides everything
    yield Finished(run) if run.card.complete else Cancelled(run, len(history), reason)


def _keep(
    out: Path,
    state: Path | None,
    spec: Spec,
    history: list[dict[str, Any]],
    labels: dict[str, str | None],
    model: "Autoencoder",
) -> str:
    """Keeps what became no run; where that is, as a sentence to follow another one."""
    if state is not None:
        return f" Resume it to export epoch {len(history)} again." if (state / STATE).is_file() else ""
    path = out.with_name(f"{out.name}.not-exported.zip")
    try:
        disk.write_bytes(path, archive.pack_weights(spec, history, labels["title"] or "", model.arrays()))
    except OSError:
        return ""
    return f" What was learnt is kept in {path}: import that to export it again."


def _card(spec: Spec, history: list[dict[str, Any]], labels: dict[str, str | None], seconds: float) -> dict[str, Any]:
    """Fields of a run's card before its figures are known."""
    return {
        **labels,
        "parameters": spec.parameters,
        "epochs": len(history),
        "complete": len(history) == spec.training.epochs,
        "seconds": round(seconds, 2),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "versions": {name: version(name) for name in ("keras", "numpy")} | {"python": platform.python_version()},
    }


class _Loop:
    """Loop over the epochs of one training.

    Attributes:
        history: Records of finished epochs; grows.
        film: What the epochs so far looked like; None if that of a resumed training was not kept.
        taken: Number of steps taken.
    """

    def __init__(
        self,
        model: "Autoencoder",
        work: "Optimisation",
        preview_images: np.ndarray,
        examples: np.ndarray,
        history: list[dict[str, Any]],
        film: Film | None,
        began: float,
    ) -> None:
        self.model = model
        self.work = work
        self.preview_images = preview_images
        self._examples = examples
        self.history = history
        self.film = film if history else epoch_film.begun(*self._frame())
        self.taken = 0
        self._epochs = work.config.epochs
        self._good = model.arrays()  # after the last finished epoch
        # A resumed training includes its earlier time.
        self._began = began - (history[-1]["seconds"] if history else 0.0)
        self._shown = 0.0
        self._clock = _Clock()

    def run(self, first: int, stop: Callable[[], bool], state: Path | None) -> Iterator[Progress | EpochEnd]:
        """Trains from epoch `first`, counted from 0, to the last or until stopped."""
        for epoch in range(first, self._epochs):
            sums: dict[str, float] = {}
            if stop() or not (yield from self._steps(epoch, sums, stop)):
                return
            validation = self.work.validate()
            _check_finite(validation, epoch, self.work.steps_per_epoch)
            terms = {name: value / self.work.steps_per_epoch for name, value in sums.items()}
            if self.film is not None:
                self.film = epoch_film.grown(self.film, *self._frame())
            rate, preview = self.work.learning_rate, self._preview()
            end = EpochEnd(epoch + 1, terms, validation, rate, self.seconds, preview, self.film)
            self.history.append(end.record())
            self._good = self.model.arrays()
            if state is not None:
                _save_state(self.work, state, epoch + 1, self.history, self.film)
            yield end

    def go_back(self) -> None:
        """Gives the model the weights that it had after its last finished epoch."""
        self.model.assign(self._good)

    @property
    def seconds(self) -> float:
        """Time spent on training."""
        return time.perf_counter() - self._began

    def _steps(self, epoch: int, sums: dict[str, float], stop: Callable[[], bool]) -> Generator[Progress, None, bool]:
        """Takes the steps of an epoch and sums its terms; returns whether it finished."""
        rows = self.work.batches(epoch)
        total = self._epochs * len(rows)
        step = 0
        while step < len(rows):
            # The first call traces and compiles: it is one step, so that the first value comes soon.
            call = rows[step : step + max(1, int(self._clock.rate * CALL_SECONDS))]
            begin = time.perf_counter()
            terms = self.work.run(call)
            if self.taken:
                self._clock.count(len(call), time.perf_counter() - begin)
            step, self.taken = step + len(call), self.taken + len(call)
            _check_finite(terms, epoch, step)
            for name, value in terms.items():
                sums[name] = sums.get(name, 0.0) + value * len(call)
            done = epoch * len(rows) + step
            left = (total - done) / self._clock.rate if self._clock.rate else None
            due = time.perf_counter() - self._shown > PREVIEW_SECONDS
            yield Progress(epoch, step, done / total, terms, left, self._preview() if due else None)
            if step < len(rows) and stop():
                return False
        return True

    def _frame(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the film's examples lie now, (n, 2), and what each unit does, (d,)."""
        code = self.model.encode(self._examples)
        z = code[self.model.kind.heads[0]]
        units = self.model.kind.watch_units(code, self.model.network)
        return latent.main_plane(z).points(z), units

    def _preview(self) -> np.ndarray:
        self._shown = time.perf_counter()
        if not len(self.preview_images):
            return self.preview_images.astype(np.uint8)
        return np.round(self.model.reconstruct(self.preview_images) * 255).astype(np.uint8)


def train(
    kind: str,
    dataset: str = "fashion-mnist",
    hyperparameters: dict[str, Any] | None = None,
    network: Network | dict[str, Any] | None = None,
    out: str | Path | None = None,
    title: str | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
    **training: Any,
) -> inference.LoadedRun:
    """Trains a kind and loads the result.

    Args:
        kind: Name of the kind, e.g. "sparse".
        dataset: Name of the data set.
        hyperparameters: The kind's own values, e.g. {"l1": 1e-5}.
        network: A `Network`, or the fields that differ from the kind's default, e.g. {"latent_dim": 2}.
        out: Folder of the run; by default a new one among the local runs.
        title: Title of the run.
        on_event: Called with each event of `fit`.
        **training: Fields that differ from the default `TrainingConfig`, e.g. epochs=3, seed=1; also `likelihood` and
            `left_out`, as of `make_spec`.

    Raises:
        OptionError: if an option is unknown or out of range.
        TrainingError: if the training fails or diverges; says where what was learnt is kept, if it is.
    """
    spec = make_spec(kind, dataset, hyperparameters, network, **training)
    out = Path(out) if out is not None else runs.data_folder() / "runs" / runs.new_name(kind)
    for event in fit(spec, out, title=title):
        on_event(event)
        if isinstance(event, Failed):
            raise TrainingError(event.reason)
        if isinstance(event, Cancelled) and event.reason:
            raise TrainingError(f"{event.reason} The run is {out}.")
    return inference.load(out)


def _unpack(dataset: Dataset) -> None:
    with contextlib.suppress(Exception):  # the next call for the split raises it
        dataset.split("train")


def _save(
    out: Path,
    spec: Spec,
    model: "Autoencoder",
    history: list[dict[str, Any]],
    card: dict[str, Any],
    x: np.ndarray,
    dataset: Dataset,
    film: Film | None,
) -> Run:
    """Writes a run atomically: weights, networks checked on examples x, and figures computed from the written files.

    Of a data set that does not come with the app it carries some examples.
    """
    from ae_core import keras_model

    with disk.writing(out) as folder:
        (folder / archive.SPEC).write_text(archive.spec_text(spec), encoding="utf-8")
        (folder / archive.HISTORY).write_text(archive.history_text(history), encoding="utf-8")
        if film is not None:
            (folder / cards.FILM).write_bytes(epoch_film.pack(film))
        if dataset.name not in data.names():
            own.carry(dataset, folder)
        disk.reserve(folder, 3 * 4 * card["parameters"] + (1 << 18))  # as weights, encoder and decoder
        model.save_weights(folder / "model.weights.h5")
        keras_model.export(model, folder, x)
        cards.write(folder, card | {"metrics": {}})
        cards.write(folder, card | {"metrics": _finite(evaluate(inference.load(folder), False, dataset=dataset))})
    return runs.read(out)


def _finite(figures: dict[str, float]) -> dict[str, float | None]:
    """Replaces non-finite figures by None for JSON, such as the shift of constant codes."""
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}


def _save_state(
    work: "Optimisation", folder: Path, epoch: int, history: list[dict[str, Any]], film: Film | None
) -> None:
    """Replaces the saved state atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f".{STATE}.tmp"
    try:
        work.save_state(new, epoch, json.dumps(history), film)
        disk.replace(new, folder / STATE)
    finally:
        new.unlink(missing_ok=True)


def _resume(work: "Optimisation", folder: Path | None) -> tuple[int, list[dict[str, Any]], Film | None]:
    if folder is None or not (folder / STATE).is_file():
        return 0, [], None
    epoch, history, film = work.load_state(folder / STATE)
    return epoch, json.loads(history), film


def saved_epoch(folder: Path) -> int:
    """Number of finished epochs in a saved state; 0 if there is none that can be read."""
    try:
        with np.load(folder / STATE, allow_pickle=False) as saved:
            return int(saved["epoch"])
    except Exception:  # whatever NumPy makes of a damaged file
        return 0


def forget_state(folder: Path) -> None:
    """Removes the saved state of a training that will not be resumed."""
    shutil.rmtree(folder, ignore_errors=True)


class _Diverged(Exception):
    """A loss term is no number; the beginning of a sentence."""


def _check_finite(terms: dict[str, float], epoch: int, step: int) -> None:
    for name, value in terms.items():
        if not math.isfinite(value):
            raise _Diverged(f"The {name} term became {value} in epoch {epoch + 1}, step {step}")


class _Clock:
    """Steps a second over the latest calls; 0 before the first."""

    def __init__(self) -> None:
        self._calls: deque[tuple[int, float]] = deque(maxlen=8)

    def count(self, steps: int, seconds: float) -> None:
        self._calls.append((steps, seconds))

    @property
    def rate(self) -> float:
        return sum(n for n, _ in self._calls) / max(sum(s for _, s in self._calls), 1e-9)
