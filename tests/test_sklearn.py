"""The estimator keeps scikit-learn's contract, and what it learnt is a run like any other."""

import math
import pickletools
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import ae_core
from ae_core import data, kinds, runs, training
from ae_core.data import Scale, own
from ae_core.data.own import Draft, Part
from ae_core.errors import OptionError, RunError, TrainingError
from ae_core.events import Cancelled, Event, Finished
from ae_core.forms import Form
from ae_core.sklearn import Autoencoder
from ae_core.spec import Spec

PLAIN = {"family": "dense", "hidden": (), "decoder_hidden": ()}  # the quickest to train
TABULAR = [kind for kind in kinds.names() if kind != "convolutional"]
RNG = np.random.default_rng(0)
# Rows of rank two, in units of their own, with negative values.
TABLE = (RNG.normal(size=(200, 2)) @ RNG.normal(size=(2, 6))) * [1, 10, 100, 1e3, 1e4, 1e5] - [0, 5, 0, 1e6, 0, 7]
STEPS = np.linspace(0, 6, 16) + RNG.uniform(0, 6, (200, 1))
SIGNALS = np.stack([np.sin(STEPS), 500 + 90 * np.cos(STEPS)], axis=-1)


def quick(kind: str = "vanilla", **changes: Any) -> Autoencoder:
    return Autoencoder(kind, **{"network": PLAIN, "epochs": 1, "batch_size": 32, "random_state": 0} | changes)


@pytest.fixture(scope="module")
def fitted() -> Autoencoder:
    """An estimator that has learnt the table; tests must not change it."""
    return Autoencoder(latent_dim=2, epochs=15, batch_size=8, learning_rate=5e-3, random_state=0).fit(TABLE)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[Any, Path]:
    """Runs by their networks."""
    return {}


@pytest.fixture
def shared_trainings(
    known: dict[Any, Path], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trains each network once for all kinds: scikit-learn asks for 45 fits, few of which differ to an estimator."""
    fit = training.fit

    def once(spec: Spec, out: Path, **given: Any) -> Iterator[Event]:
        if spec.architecture not in known:
            path = known[spec.architecture] = tmp_path_factory.mktemp("known") / "run"
            *_, last = fit(spec, path, **given)
            assert isinstance(last, Finished), last
        shutil.copytree(known[spec.architecture], out)
        yield Finished(runs.read(out))

    monkeypatch.setattr(training, "fit", once)


@pytest.mark.parametrize("kind", TABULAR)
@pytest.mark.usefixtures("shared_trainings")
def test_every_check_of_scikit_learn_passes(kind: str) -> None:
    found = check_estimator(quick(kind, batch_size=8), on_skip=None)
    status = {check["check_name"]: check["status"] for check in found}
    assert len(status) > 30
    # Which needs SCIPY_ARRAY_API, from the beginning of the process.
    assert {name for name, of in status.items() if of != "passed"} == {"check_array_api_input"}


OTHERS: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
    "convolutional": (load_digits().data[:200], {"network": None, "shape": (8, 8)}),
    "undercomplete": (SIGNALS.reshape(200, 32), {"shape": (16, 2), "medium": "signal"}),
}


@pytest.mark.parametrize("kind", kinds.names())
def test_what_was_learnt_survives_a_pickle_and_becomes_a_run(kind: str, tmp_path: Path) -> None:
    X, changes = OTHERS.get(kind, (TABLE, {}))
    found = quick(kind, **changes).fit(X)
    codes, back = found.transform(X), found.inverse_transform(found.transform(X))
    assert (codes.shape, codes.dtype, back.shape) == ((200, found.spec_.network.latent_dim), np.float32, X.shape)
    assert list(found.get_feature_names_out()) == [f"autoencoder{i}" for i in range(codes.shape[1])]
    assert found.spec_.kind == kind

    joblib.dump(found, tmp_path / "found.joblib")
    path = found.save(tmp_path / "run", "Mine")
    for again in (joblib.load(tmp_path / "found.joblib"), Autoencoder.from_run(path)):
        assert np.array_equal(again.transform(X), codes)
        assert np.array_equal(again.inverse_transform(codes), back)
        assert again.score(X) == found.score(X)
        assert again.history_ == found.history_

    # The run by itself: on its own scale, with the figures of what it was not taught.
    run = ae_core.load(path)
    assert (run.run.title, run.run.card.complete, run.run.card.epochs) == ("Mine", True, 1)
    low, high = np.array(found.scale_.low), np.array(found.scale_.high)
    unit = np.clip((X.reshape(-1, *run.form.shape) - low) / (high - low), 0, 1).astype(np.float32)
    assert run.encode(unit) == pytest.approx(codes, abs=1e-5)
    assert run.dataset.sizes["test"] == 20
    assert ae_core.evaluate(run)["mse"] == pytest.approx(run.run.card.metrics["mse"])
    with pytest.raises(RunError, match="exists already"):
        found.save(path)


def test_it_learns_what_a_linear_code_of_two_units_could(fitted: Autoencoder) -> None:
    back = fitted.inverse_transform(fitted.transform(TABLE))
    unexplained = ((TABLE - back) ** 2).mean(axis=0) / TABLE.var(axis=0)
    assert unexplained.max() < 0.1
    losses = [sum(record["validation"].values()) for record in fitted.history_]
    assert len(losses) == 15
    assert losses[-1] < losses[0]


def test_a_score_is_minus_the_squared_error_and_falls_far_from_what_was_learnt(fitted: Autoencoder) -> None:
    back = fitted.inverse_transform(fitted.transform(TABLE))
    width = np.array(fitted.scale_.high) - np.array(fitted.scale_.low)
    inside = (np.abs(TABLE - TABLE.mean(axis=0)) < 0.4 * width).all(axis=1)
    expected = -(((TABLE - back) / width) ** 2).mean(axis=1)
    scores = fitted.score_samples(TABLE)
    assert scores[inside] == pytest.approx(expected[inside], rel=1e-3)
    assert fitted.score(TABLE) == pytest.approx(scores.mean())
    alone = TABLE[:5].copy()
    alone[:, 0] += np.array([5, 50, 500, 5000, 5e6])  # the scale ends long before
    assert (np.diff(fitted.score_samples(alone)) < 0).all()
    assert fitted.score_samples(alone).max() < scores.min()


def test_units_do_not_matter_and_a_seed_decides_everything() -> None:
    of_python, of_numpy = random.getstate(), np.random.get_state()
    codes = quick("denoising").fit_transform(TABLE)
    assert random.getstate() == of_python
    assert all(np.array_equal(a, b) for a, b in zip(np.random.get_state(), of_numpy, strict=True))
    # A power of two changes no digit.
    assert np.array_equal(quick("denoising").fit_transform(TABLE * 2.0**-20), codes)
    assert not np.allclose(quick("denoising", random_state=1).fit_transform(TABLE), codes, atol=0.1)


def test_a_grid_search_over_a_pipeline_finds_the_larger_code() -> None:
    searched = GridSearchCV(
        make_pipeline(StandardScaler(), quick(epochs=10, batch_size=8, learning_rate=2e-2)),
        {"autoencoder__latent_dim": np.array([1, 2])},
        cv=ShuffleSplit(1, random_state=0),
        error_score="raise",
    ).fit(TABLE)
    assert searched.best_params_ == {"autoencoder__latent_dim": 2}
    assert searched.transform(TABLE).shape == (200, 2)
    again = clone(searched.best_estimator_)
    assert again[-1].get_params() == searched.best_estimator_[-1].get_params()
    assert not hasattr(again[-1], "history_")


def test_columns_of_a_frame_keep_their_names_in_a_run(tmp_path: Path) -> None:
    frame = pandas.DataFrame(TABLE, columns=list("abcdef"))
    found = quick().set_output(transform="pandas").fit(frame)
    assert list(found.transform(frame).columns) == ["autoencoder0", "autoencoder1"]
    again = Autoencoder.from_run(found.save(tmp_path / "run"))
    assert list(again.feature_names_in_) == list("abcdef")
    assert ae_core.load(tmp_path / "run").dataset.scale.names == tuple("abcdef")
    with pytest.raises(ValueError, match="feature names"):
        again.transform(frame[list("fedcba")])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "convolutional", "network": None}, "columns of a table have no order.*by shape and medium"),
        ({"kind": "convex"}, "Unknown kind 'convex': must be one of vanilla"),
        ({"shape": (28, 28)}, r"X has 6 features, but shape \(28, 28\) needs 784"),
        ({"shape": (2, 3)}, "8 to 96 pixels a side"),
        ({"latent_dim": 0}, "Code size must be a whole number from 1 to 1024, got 0"),
        ({"hyperparameters": {"l1": 1}}, "no hyperparameter 'l1'"),
        ({"epochs": 0}, "epochs must be a whole number from 1"),
        ({"validation_fraction": 0}, "validation_fraction must be above 0 and at most 0.5, got 0"),
        ({"random_state": -1}, "random_state must be from 0 to 2147483647, got -1"),
        ({"network": "deep"}, "Unknown network 'deep'"),
        ({"kind": ["vanilla"]}, r"Unknown kind \['vanilla'\]"),
        ({"network": 64}, "network must be the name of a family, or its fields as a dictionary, or None; got 64"),
        ({"network": {"hidden": 64}}, r"hidden must be a list of whole numbers, such as \[64\], got 64"),
        ({"hyperparameters": [1]}, r"hyperparameters must be a dictionary such as .*; got \[1\]"),
        ({"shape": 6}, r"shape must be the numbers of rows and columns, such as \(28, 28\), or None; got 6"),
        ({"validation_fraction": "half"}, "validation_fraction must be above 0 and at most 0.5, got 'half'"),
    ],
)
def test_what_does_not_fit_is_told_before_training(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        quick(**changes).fit(TABLE)


def test_what_was_not_fitted_says_so() -> None:
    for name in ("transform", "inverse_transform", "score", "save"):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            getattr(quick(), name)(TABLE)


def test_pixels_of_a_shipped_run_have_to_be_from_0_to_1() -> None:
    found = Autoencoder.from_run("variational-2d")
    images = data.load("fashion-mnist").split("test").images[:20].reshape(20, -1)
    assert np.array_equal(found.transform(images / np.float32(255)), found.transform(images / 255))
    with pytest.raises(OptionError, match=r"got values from 0\.0 to 255\.0"):
        found.transform(images)
    assert found.score(images / 255) == pytest.approx(-(found.spec_.form.size**-1) * 18, rel=0.5)  # an MSE of .0227


def test_a_training_that_diverges_warns_and_keeps_what_it_had(
    fitted: Autoencoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.read(fitted.save(tmp_path / "run"))
    with monkeypatch.context() as patch:
        patch.setattr(training, "fit", lambda *_, **__: iter([Cancelled(run, 2, "The term became nan.")]))
        with pytest.warns(ConvergenceWarning, match="The term became nan"):
            assert math.isfinite(quick().fit(TABLE).score(TABLE))
    monkeypatch.setattr(training, "find_spec", lambda name: None)
    with pytest.raises(
        TrainingError, match=r"TensorFlow, which is not installed: pip install 'latent-explorer\[train\]'"
    ):
        quick().fit(TABLE)


def test_a_pickle_holds_bytes_and_numbers_and_is_used_without_tensorflow(fitted: Autoencoder, tmp_path: Path) -> None:
    path = tmp_path / "fitted.joblib"
    joblib.dump(fitted, path)
    texts = [
        arg for op, arg, _ in pickletools.genops(path.read_bytes()) if op.name in ("SHORT_BINUNICODE", "BINUNICODE")
    ]
    assert {text for text in texts if text.startswith(("ae_core", "onnx", "keras", "tensorflow", "numpy"))} == {
        "ae_core.sklearn",
        "ae_core.data.dataset",
    }
    fitted.save(tmp_path / "run")
    np.save(tmp_path / "x.npy", TABLE)
    script = (
        "import sys, joblib, numpy as np\n"
        "from ae_core.sklearn import Autoencoder\n"
        "folder = sys.argv[1]\n"
        "X = np.load(folder + '/x.npy')\n"
        "one, other = joblib.load(folder + '/fitted.joblib'), Autoencoder.from_run(folder + '/run')\n"
        "print(np.array_equal(one.transform(X), other.transform(X)), 'keras' in sys.modules)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, encoding="utf-8", check=True
    )
    assert told.stdout.split() == ["True", "False"], told.stderr


def test_each_column_and_each_channel_has_a_scale_with_room() -> None:
    found = Scale.of(SIGNALS, Form("signal", (16, 2)))
    assert found.low == pytest.approx([-1.25, 387.5], rel=0.01)
    assert found.high == pytest.approx([1.25, 612.5], rel=0.01)
    same = Scale.of(np.array([[3.0, 0.0], [3.0, 8.0]]), Form("table", (2,)), ["a", "b"])
    assert same.low == pytest.approx([2.875, -1], abs=0.02)
    assert same.high == pytest.approx([4.125, 9], abs=0.02)
    assert same.names == ("a", "b")


@pytest.mark.usefixtures("data_folder")
def test_a_data_set_in_memory_is_called_as_on_the_disk() -> None:
    x = RNG.random((12, 3)).astype(np.float32)
    scale = Scale.of(x, Form("table", (3,)), ["a", "b" * 99, ""])
    arrays = {"train": x[:9], "test": x[9:]}
    parts = {which: Part(len(array), [array], None) for which, array in arrays.items()}
    written = own.write(Draft("Some", Form("table", (3,)), (), parts, scale=scale))
    in_memory = own.in_memory(Draft("Other", Form("table", (3,)), (), {}, scale=scale), arrays)
    assert in_memory.name == written.name
    assert in_memory.sizes == written.sizes
    assert np.array_equal(in_memory.split("test").images, written.split("test").images)
