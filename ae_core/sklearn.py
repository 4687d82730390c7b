"""Autoencoders as scikit-learn estimators: in pipelines, grid searches and pickles.

    from ae_core.sklearn import Autoencoder

    codes = Autoencoder("sparse", latent_dim=8, random_state=0).fit_transform(X)    # (n, d) → (n, 8)
    codes = Autoencoder.from_run("my-run").transform(X)

Only `fit` needs TensorFlow, in this process: a process of its own would import it anew for each fit, which takes longer
than most fits of a grid search. A search with `n_jobs` has processes of its own anyway.
"""

import contextlib
import logging
import numbers
import random
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ae_core import cards, disk, kinds, runs, spec, training
from ae_core.data import Dataset, Scale, own
from ae_core.data.own import Draft
from ae_core.errors import DatasetError, OptionError, RunError, TrainingError
from ae_core.events import Cancelled, Failed, Finished
from ae_core.forms import Form
from ae_core.inference import PART, Model
from ae_core.runs import Run
from ae_core.spec import Spec

DTYPES = (np.float64, np.float32, np.uint8)  # of X as it is looked at; others become the first
FEWEST = 4  # rows
FEWEST_HELD_OUT = 5  # rows, of `MANY` or more: the dashboard has little to show of fewer
MANY = 20
SCALED_BY = 20_000  # rows that a scale is taken from
ENCODER, DECODER = "encoder.onnx", "decoder.onnx"
LARGEST_SEED = 2**31 - 1
_fitting = threading.Lock()  # Keras takes the first weights from one generator for the whole process


class Autoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """An autoencoder of any kind as a transformer: rows to codes, and back.

    X is (n, d), with finite values of any size. They are scaled into [0, 1] as those of data sets that are added: each
    column of a table, and each channel of signals, by the range of most of its values with some room; pixels by their
    smallest, or 0 if none is negative, and their largest value. Values beyond that are cut before they are encoded.

    Args:
        kind: One of `ae_core.kinds.names()`. "convolutional" needs images or signals, for a table's columns have no
            order.
        latent_dim: Number of units in the code, from 1 to 1,024; by default what suits the kind and the data.
        network: Name of a family of networks, "dense", "pooling" or "strided"; or the fields of an
            `ae_core.networks.Network` that differ from the kind's default, as {"hidden": (64,), "normalised": True}.
        hyperparameters: The kind's own values that differ from its defaults, as {"l1": 1e-3}.
        epochs: Passes over the rows, from 1 to 500; by default what suits their number.
        batch_size: Rows in a step, at most half of those that are learnt: a larger number is taken for that half.
        learning_rate: Adam's highest rate.
        likelihood: How reconstructions are compared with rows, "bernoulli" or "gaussian"; by default the first for
            images.
        shape: Of one example, whose values a row of X holds in C order: (h, w) or (h, w, 3) of an image, 8 to 96 pixels
            a side; (t, c) of a signal. By default a row is one of a table, of 2 to 1,024 columns.
        medium: "image", "signal" or "table"; by default an image where there is a shape.
        validation_fraction: Share of the rows that is not learnt, in (0, 0.5]; at least two, and five of 20 or more.
            `history_` tells the loss on them, and a run that is saved has them for its test examples.
        random_state: Seed of the first weights, the order of rows and all noise, from 0 to 2³¹ − 1. The same number
            gives the same codes on the same machine.

    Attributes:
        spec_: `ae_core.spec.Spec` of what was trained.
        model_: `ae_core.inference.Model`, which encodes and decodes scaled examples.
        history_: A record for each epoch: "epoch", "seconds", "learning_rate", and the loss by its terms, "terms" on
            learnt rows and "validation" on those held out.
        scale_: `ae_core.data.Scale`, what 0 and 1 stand for; None if X has to be in [0, 1], as for a run of images that
            was trained elsewhere.
        files_: The run as its folder holds it: contents of files by name.
        n_features_in_, feature_names_in_: As of any estimator.
    """

    def __init__(
        self,
        kind: str = "vanilla",
        latent_dim: int | None = None,
        *,
        network: str | Mapping[str, Any] | None = None,
        hyperparameters: Mapping[str, Any] | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        likelihood: str | None = None,
        shape: tuple[int, ...] | None = None,
        medium: str | None = None,
        validation_fraction: float = 0.1,
        random_state: Any = None,
    ) -> None:
        self.kind = kind
        self.latent_dim = latent_dim
        self.network = network
        self.hyperparameters = hyperparameters
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.likelihood = likelihood
        self.shape = shape
        self.medium = medium
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> "Autoencoder":
        """Trains on rows X, (n, d); y is ignored.

        A training that diverges ends with a `ConvergenceWarning`, and what was learnt in the epochs before.

        Raises:
            OptionError: a ValueError, if a parameter is out of range or does not fit X.
            TrainingError: if TensorFlow is not installed, or nothing was learnt.
        """
        X = validate_data(self, X, dtype=DTYPES, ensure_min_samples=FEWEST, ensure_min_features=2)
        seed = self._seed()
        form = self._form(X.shape[1])
        rows = np.random.default_rng(seed).permutation(len(X))
        scale = _scale(X[rows[:SCALED_BY]], form, getattr(self, "feature_names_in_", ()))
        dataset = _dataset(_scaled(X, scale, form), rows, self._held_out(len(X)), form, scale)
        spec = self._spec(dataset, seed)
        with _fitting, _quietly():
            files, history = _train(spec, dataset)
        self.scale_: Scale | None = scale
        self._take(files, history)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Codes of rows, (n, d) → (n, latent_dim) float32; the means of a variational autoencoder's."""
        x = self._examples(X)
        return self.model_.encode(self._cut(x))

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Rows of codes, (n, latent_dim) → (n, d) float64, in the unit of the X that was learnt."""
        check_is_fitted(self)
        x_hat = self.model_.decode(X)
        if self.scale_ is not None:
            low, high = np.array(self.scale_.low), np.array(self.scale_.high)
            x_hat = low + x_hat.astype(np.float64) * (high - low)
        return x_hat.reshape(len(x_hat), -1).astype(np.float64, copy=False)

    def score_samples(self, X: Any) -> np.ndarray:
        """How usual rows are, (n, d) → (n,) float32: minus the mean squared error of their scaled values.

        The same for all kinds, so that a search over kinds compares like with like: an evidence lower bound can only be
        compared between variational models. Values beyond the scale count as they are, so that a row far from all that
        was learnt is unusual.
        """
        x = self._examples(X)
        errors = np.empty(len(x), np.float32)
        for part in _parts(len(x)):
            x_hat = self.model_.reconstruct(self._cut(x[part]))
            errors[part] = ((x[part].astype(np.float64) - x_hat) ** 2).reshape(len(x_hat), -1).mean(axis=1)
        return -errors

    def score(self, X: Any, y: Any = None) -> float:
        """Mean of `score_samples`, at most 0; y is ignored."""
        return float(self.score_samples(X).mean(dtype=np.float64))

    @classmethod
    def from_run(cls, run: str | Path) -> "Autoencoder":
        """A fitted estimator of a run; needs no TensorFlow.

        Args:
            run: Its folder, or the name of a shipped or local run. X has to be in the unit that its data set had; for
                images, unless an estimator has saved it, in [0, 1].

        Raises:
            RunError: if there is none, or it is damaged.
        """
        found = runs.read(runs.locate(run))
        of, network = found.spec, found.spec.network.to_json()
        estimator = cls(
            of.kind,
            network.pop("latent_dim"),
            network=network,
            hyperparameters=of.hyperparameters,
            epochs=of.training.epochs,
            batch_size=of.training.batch_size,
            learning_rate=of.training.learning_rate,
            likelihood=of.likelihood,
            shape=of.form.shape if of.form.sides else None,
            medium=of.form.medium,
            random_state=of.training.seed,
        )
        estimator.n_features_in_ = of.form.size
        estimator.scale_ = scale = _scale_of_run(found)
        # Names of the full length may have been cut.
        if scale and not of.form.sides and all(0 < len(name) < own.MAX_NAME for name in scale.names):
            estimator.feature_names_in_ = np.array(scale.names, object)
        estimator._take(*_contents(found))
        return estimator

    def save(self, path: str | Path | None = None, title: str | None = None) -> Path:
        """Writes what was learnt as a run, which the dashboard, the command line and `from_run` open.

        It carries up to a hundred of the rows that were held out.

        Args:
            path: Folder of the run; must not exist. By default a new one among the local runs, where the dashboard
                shows it to everyone.
            title: Title of the run.

        Returns:
            The folder.

        Raises:
            RunError: if the folder exists, or cannot be written.
        """
        check_is_fitted(self)
        out = Path(path) if path is not None else runs.data_folder() / "runs" / runs.new_name(self.spec_.kind)
        with disk.writing(out) as folder:
            for name, content in self.files_.items():
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(content)
            if title is not None:
                cards.rename(folder, title)
        return out

    @property
    def spec_(self) -> Spec:
        return self.model_.spec

    @property
    def _n_features_out(self) -> int:
        return self.model_.latent_dim

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]  # which networks compute in
        return tags

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "model_"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "files_" in state:
            self._open()

    def _take(self, files: dict[str, bytes], history: list[dict[str, Any]]) -> None:
        """Becomes the estimator of a run."""
        self.files_, self.history_ = files, history
        self._open()

    def _open(self) -> None:
        of = spec.parse(self.files_["spec.json"].decode())
        self.model_ = Model(f"{type(self).__name__}({of.kind!r})", of, self.files_[ENCODER], self.files_[DECODER])

    def _examples(self, X: Any) -> np.ndarray:
        """Rows as examples, scaled but not cut, (n, d) → (n, *shape) float32."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=DTYPES, reset=False)
        return _scaled(X, self.scale_, self.model_.form)

    def _cut(self, x: np.ndarray) -> np.ndarray:
        """Examples as networks take them; without a scale, values beyond [0, 1] are a mistake that they tell."""
        return x if self.scale_ is None else np.clip(x, 0, 1)

    def _seed(self) -> int:
        if isinstance(self.random_state, int | np.integer):
            if not 0 <= self.random_state <= LARGEST_SEED:
                raise OptionError(f"random_state must be from 0 to {LARGEST_SEED}, got {self.random_state}.")
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(LARGEST_SEED))

    def _form(self, width: int) -> Form:
        """What a row of so many values is."""
        medium = self.medium or ("table" if self.shape is None else "image")
        _check("shape", self.shape, (list, tuple, np.ndarray), "the numbers of rows and columns, such as (28, 28)")
        shape = (width, 1) if medium == "signal" else (width,)
        if self.shape is not None:
            shape = tuple(map(_plain, self.shape))
        try:
            form = Form.from_json({"medium": medium, "shape": list(shape)})
        except DatasetError as error:
            raise OptionError(str(error)) from None
        if form.size != width:
            raise OptionError(f"X has {width:,} features, but shape {shape} needs {form.size:,}.")
        try:
            kinds.get(self.kind).propose_network(form)
        except OptionError as error:
            if form.sides:
                raise
            raise OptionError(f"{error} If rows of X are images or signals, say so by shape and medium.") from None
        return form

    def _held_out(self, count: int) -> int:
        """How many of so many rows are not learnt."""
        share = self.validation_fraction
        if not isinstance(share, numbers.Real) or not 0 < share <= 0.5:
            raise OptionError(f"validation_fraction must be above 0 and at most 0.5, got {share!r}.")
        return max(round(share * count), FEWEST_HELD_OUT if count >= MANY else 2)

    def _spec(self, dataset: Dataset, seed: int) -> Spec:
        _check("network", self.network, (str, Mapping), "the name of a family, or its fields as a dictionary")
        _check("hyperparameters", self.hyperparameters, Mapping, "a dictionary such as {'l1': 1e-3}")
        network = {"family": self.network} if isinstance(self.network, str) else dict(self.network or {})
        network = {name: _plain(value) for name, value in network.items()}
        if self.latent_dim is not None:
            network["latent_dim"] = _plain(self.latent_dim)
        hyperparameters = {name: _plain(value) for name, value in (self.hyperparameters or {}).items()}
        options: dict[str, Any] = {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
        }
        options = {name: _plain(value) for name, value in options.items() if value is not None} | {"seed": seed}
        count = dataset.sizes["train"]
        if isinstance(size := options.get("batch_size"), int):
            options["batch_size"] = min(size, count // 2)
        if count < spec.LARGE_DATASET:
            options["compile"] = False  # takes longer than it saves
        return spec.make_spec(self.kind, dataset, hyperparameters, network, self.likelihood or "", **options)


def _check(name: str, value: Any, types: Any, expected: str) -> None:
    """Refuses a parameter that is of none of these types, unless it is None."""
    if value is not None and not isinstance(value, types):
        raise OptionError(f"{name} must be {expected}, or None; got {value!r}.")


def _plain(value: Any) -> Any:
    """A value as JSON has it: searches bring NumPy's numbers, and JSON lists for tuples."""
    if isinstance(value, np.generic):
        return value.item()
    return tuple(map(_plain, value)) if isinstance(value, list | tuple | np.ndarray) else value


def _scale(X: np.ndarray, form: Form, names: Any) -> Scale:
    """What 0 and 1 are to stand for."""
    if form.is_image:
        low, high = min(0.0, float(X.min())), float(X.max())
        return Scale((low,), (high if high > low else low + 1.0,), ("",))
    return Scale.of(X, form, () if form.sides else tuple(map(str, names)))


def _parts(count: int) -> Iterator[slice]:
    """So many rows, a few at a time: temporary arrays stay small."""
    return (slice(start, start + PART) for start in range(0, count, PART))


def _scaled(X: np.ndarray, scale: Scale | None, form: Form) -> np.ndarray:
    """Rows as examples, (n, d) → (n, *shape) float32; those within the scale are in [0, 1]."""
    x = np.empty((len(X), *form.shape), np.float32)
    low, high = (np.array(scale.low), np.array(scale.high)) if scale else (0.0, 1.0)
    for part in _parts(len(X)):
        # Of values that are large and hardly differ, a float32 would leave nothing.
        x[part] = (X[part].reshape(-1, *form.shape).astype(np.float64) - low) / (high - low)
    return x


def _dataset(x: np.ndarray, rows: np.ndarray, held_out: int, form: Form, scale: Scale) -> Dataset:
    """Scaled examples as a data set in memory, in the order of `rows`, of which the first are held out."""
    x = np.clip(x, 0, 1)
    if form.is_image:
        x = np.round(x * 255).astype(np.uint8)
    draft = Draft(
        title=f"Array of {len(x):,} {form.noun}s",
        form=form,
        class_names=(),
        parts={},
        scale=None if form.is_image else scale,
        source="From an array in Python",
        details={own.RANGE: [scale.low[0], scale.high[0]]} if form.is_image else {},
    )
    return own.in_memory(draft, {"train": x[rows[held_out:]], "test": x[rows[:held_out]]})


def _train(of: Spec, dataset: Dataset) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """Trains, and gives the files of the run and its history.

    Raises:
        TrainingError: if there is no run.
    """
    with tempfile.TemporaryDirectory() as folder:
        *_, last = training.fit(of, Path(folder) / "run", dataset=dataset)
        if isinstance(last, Failed):
            raise TrainingError(last.reason)
        assert isinstance(last, Finished | Cancelled), last
        assert last.run is not None, "nobody stopped it"
        if isinstance(last, Cancelled):
            warnings.warn(last.reason, ConvergenceWarning, stacklevel=3)
        return _contents(last.run)


def _contents(run: Run) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """The files of a run's folder by name, checked against its card, and its history."""
    files = {name: cards.read_file(run.path, name, run.card) for name in run.card.bytes}
    files[cards.CARD] = disk.read(run.path, cards.CARD, cards.MAX_JSON)
    for name, most in own.CARRIED_FILES.items():
        if (run.path / own.CARRIED / name).is_file():
            files[f"{own.CARRIED}/{name}"] = disk.read(run.path / own.CARRIED, name, most)
    return files, list(run.history)


def _scale_of_run(run: Run) -> Scale | None:
    """What 0 and 1 stand for in the data set of a run; None if nobody knows."""
    try:
        dataset = run.dataset
    except DatasetError:
        return None
    given = dataset.details.get(own.RANGE)
    if not run.spec.form.is_image or given is None:
        return dataset.scale
    try:
        low, high = map(float, given)
        return Scale.from_json({"low": [low], "high": [high], "names": [""]}, Form("image", run.spec.form.shape[:2]))
    except (TypeError, ValueError):
        raise RunError(f"{run.name}: what its pixels stood for makes no sense, got {given!r}.") from None


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Leaves Python's and NumPy's global generators as they were, which Keras seeds, and spares TensorFlow's warnings.

    It warns of a function that is traced anew for every fit, as it has to be for every network.
    """
    log = logging.getLogger("tensorflow")
    before, of_python, of_numpy = log.level, random.getstate(), np.random.get_state()
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
        random.setstate(of_python)
        np.random.set_state(of_numpy)
