"""Training is a contract that every kind keeps: curves, seeds, stopping, resuming, failing."""

import errno
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ae_core import archive, data, inference, kinds, runs, training
from ae_core.data import as_float
from ae_core.data.shipped import fashion_mnist
from ae_core.errors import OptionError, TrainingError
from ae_core.evaluation import evaluate
from ae_core.events import Cancelled, EpochEnd, Failed, Finished, Preparing, Progress, Started
from ae_core.runs import Run
from ae_core.spec import make_spec

X = as_float(data.load("digits").split("test").images[:50])
STEPS = (1437 - 71) // 128  # of an epoch of digits: a twentieth is held out

ALL = pytest.mark.parametrize("kind", kinds.names())


def quick(kind: str, **changes: Any) -> Any:
    return make_spec(kind, "digits", **{"epochs": 1, "batch_size": 128, "compile": False, **changes})


def is_end(event: Any) -> bool:
    return isinstance(event, EpochEnd)


def codes(path: Path) -> np.ndarray:
    return inference.load(path).encode(X)


@ALL
def test_every_term_has_a_curve_and_the_card_tells_what_the_run_can_do(kind: str, digits_runs: dict[str, Path]) -> None:
    run = inference.load(digits_runs[kind])
    record, last = run.run.history
    assert (record["epoch"], last["epoch"]) == (1, 2)
    assert record["terms"]
    assert list(record["terms"]) == list(record["validation"])
    assert all(math.isfinite(v) for v in (*record["terms"].values(), *record["validation"].values()))
    # An epoch is better at its end than on the way.
    assert record["validation"]["reconstruction"] < record["terms"]["reconstruction"]
    assert record["seconds"] > 0
    assert last["learning_rate"] == pytest.approx(0, abs=1e-9)  # the cosine has come down
    assert (run.run.card.complete, run.run.card.epochs) == (True, 2)
    figures = run.run.card.metrics
    assert all(math.isfinite(v) for v in figures.values())
    assert figures == pytest.approx(evaluate(run, neighbours=False), rel=1e-5)
    assert 0 < figures["above_floor"] < figures["bce"]
    assert "knn_accuracy" in evaluate(run)


def test_events_come_in_order_and_progress_never_falls(tmp_path: Path) -> None:
    events = list(training.fit(quick("denoising", epochs=2), tmp_path / "run", title="Mine"))
    assert isinstance(events[0], Preparing)
    started, *ends, finished = [e for e in events if not isinstance(e, Preparing | Progress)]
    assert started.parameters == 64 * 32 + 32 + 32 * 64 + 64
    assert (started.epochs, started.steps_per_epoch, started.history) == (2, STEPS, ())
    assert [type(e) for e in (*ends, finished)] == [EpochEnd, EpochEnd, Finished]
    fractions = [e.fraction for e in events if isinstance(e, Progress)]
    assert fractions == sorted(set(fractions))
    assert fractions[-1] == 1
    left = [e.seconds_left for e in events if isinstance(e, Progress)]
    assert all(seconds >= 0 for seconds in left[1:])  # the first call compiles: it foretells nothing
    assert left[-1] == 0
    assert [e.epoch for e in ends] == [1, 2]
    assert (ends[1].preview.shape, ends[1].preview.dtype) == ((10, 8, 8), np.uint8)
    run = finished.run
    assert isinstance(run, Run)
    assert run.title == "Mine"
    assert list(run.history) == [e.record() for e in ends]
    # The last preview is what the written run gives back.
    preview = np.round(inference.load(run.path).reconstruct(X[:10]) * 255)
    assert np.abs(preview - ends[1].preview).max() <= 1


def test_every_image_is_seen_at_most_once_in_an_epoch_and_held_out_ones_never() -> None:
    from ae_core.keras_model import Autoencoder, Optimisation

    images = data.load("digits").split("train").images
    work, other = (
        Optimisation(Autoencoder(spec), spec, images[:-71], images[-71:])
        for spec in (quick("vanilla", epochs=3, seed=seed) for seed in (0, 1))
    )
    orders = [work.batches(epoch) for epoch in range(2)]
    for order in orders:
        assert order.shape == (STEPS, 128)
        assert len(np.unique(order)) == order.size
        assert order.max() < len(images) - 71
    assert not np.array_equal(orders[0], orders[1])
    assert np.array_equal(orders[0], work.batches(0))
    assert not np.array_equal(orders[0], other.batches(0)), "another seed, another order"


def test_another_seed_begins_with_other_weights() -> None:
    from ae_core.keras_model import Autoencoder

    one, again, other = (Autoencoder(quick("vanilla", seed=seed)).encoder.get_weights()[0] for seed in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_stopping_between_steps_leaves_a_sound_run(tmp_path: Path) -> None:
    asked = iter([False, True])  # before the first step, and after it
    *events, last = training.fit(quick("vanilla", epochs=50), tmp_path / "run", stop=lambda: next(asked))
    assert sum(isinstance(e, Progress) for e in events) == 1
    assert isinstance(last, Cancelled)
    assert last.run is not None
    assert (last.epoch, last.run.card.epochs, last.run.card.complete) == (0, 0, False)
    assert inference.load(tmp_path / "run").reconstruct(X).shape == X.shape
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_stopping_keeps_the_history_of_whole_epochs_and_nothing_before_the_first_step(tmp_path: Path) -> None:
    *_, last = training.fit(quick("vanilla"), tmp_path / "run", stop=lambda: True)
    assert last == Cancelled(None, 0)
    assert list(tmp_path.iterdir()) == []
    seen: list[Any] = []
    spec = quick("vanilla", epochs=50)
    for event in training.fit(spec, tmp_path / "run", stop=lambda: any(isinstance(e, EpochEnd) for e in seen)):
        seen.append(event)
    assert isinstance(seen[-1], Cancelled)
    assert seen[-1].epoch >= 1
    assert seen[-1].run.card.epochs == len(seen[-1].run.history) == seen[-1].epoch
    assert seen[-1].run.spec == spec


@ALL
def test_a_resumed_training_equals_an_uninterrupted_one(
    kind: str, digits_runs: dict[str, Path], tmp_path: Path
) -> None:
    """So the seed decides everything."""
    whole, state = runs.read(digits_runs[kind]), tmp_path / "state"
    spec = whole.spec
    events = training.fit(spec, tmp_path / "resumed", state=state)
    ends = 0
    for event in events:
        ends += isinstance(event, EpochEnd)
        if ends == 1 and isinstance(event, Progress):  # a crash on the way through the second epoch
            break
    events.close()
    assert not (tmp_path / "resumed").exists()

    events = list(training.fit(spec, tmp_path / "resumed", state=state))
    assert len(next(e for e in events if isinstance(e, Started)).history) == 1
    assert [e.epoch for e in events if isinstance(e, EpochEnd)] == [2]
    assert isinstance(events[-1], Finished)
    for ours, theirs in zip(events[-1].run.history, whole.history, strict=True):
        for part in ("terms", "validation"):
            assert ours[part] == pytest.approx(theirs[part], rel=1e-5)
    assert codes(tmp_path / "resumed") == pytest.approx(codes(whole.path), abs=1e-5)


def test_a_finished_state_is_exported_again_by_its_own_network_alone_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    spec, state = quick("vanilla"), tmp_path / "state"
    list(training.fit(spec, tmp_path / "a", state=state))
    events = list(training.fit(spec, tmp_path / "b", state=state))
    assert not [e for e in events if isinstance(e, Progress)]
    assert isinstance(events[-1], Finished)
    assert np.array_equal(codes(tmp_path / "a"), codes(tmp_path / "b"))
    *_, last = training.fit(quick("vanilla", network={"latent_dim": 5}), tmp_path / "c", state=state)
    assert isinstance(last, Failed)
    assert "another network" in last.reason
    file = state / training.STATE
    content = file.read_bytes()
    for damaged, says in (
        (b"", "cannot be read"),
        (content[: len(content) // 2], "cannot be read"),
        (b"x" * 99, "cannot"),
    ):
        file.write_bytes(damaged)
        *_, last = training.fit(spec, tmp_path / "d", state=state)
        assert isinstance(last, Failed)
        assert says in last.reason
        assert not (tmp_path / "d").exists()
    training.forget_state(state)
    assert not state.exists()


@pytest.mark.parametrize(
    ("value", "in_training", "step"), [(math.nan, True, 1), (math.inf, True, 1), (math.nan, False, STEPS)]
)
def test_a_term_that_is_no_number_fails_by_name_and_leaves_nothing(
    value: float, in_training: bool, step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = kinds.Kind.loss_terms

    def terms(self: kinds.Kind, p: kinds.Forward) -> dict[str, Any]:
        return {**plain(self, p), "odd": value if p.training == in_training else 0.0}

    monkeypatch.setattr(kinds.get("vanilla"), "loss_terms", terms)
    *_, last = training.fit(quick("vanilla"), tmp_path / "run", state=tmp_path / "state")
    assert isinstance(last, Failed)
    assert last.reason.startswith(f"The odd term became {value} in epoch 1, step {step}; nothing was saved.")
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_diverges_keeps_its_finished_epochs_as_a_stop_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ae_core.keras_model import Optimisation

    spec, seen = quick("vanilla", epochs=9), list[Any]()
    for event in training.fit(spec, tmp_path / "stopped", stop=lambda: sum(map(is_end, seen)) == 2):
        seen.append(event)

    validate, third = Optimisation.validate, iter([False, False, True])

    def diverge(work: Optimisation) -> dict[str, float]:
        if next(third):
            work.model.assign({name: array * math.nan for name, array in work.model.arrays().items()})
        return validate(work)

    monkeypatch.setattr(Optimisation, "validate", diverge)
    *_, last = training.fit(spec, tmp_path / "run", state=tmp_path / "state")
    assert isinstance(last, Cancelled), last
    assert (last.epoch, last.run.card.complete, len(last.run.history)) == (2, False, 2)
    assert len(last.run.film.places) == 3, "the untrained network and both good epochs"
    assert last.reason == (
        f"The reconstruction term became nan in epoch 3, step {STEPS}; what was learnt until epoch 2 is kept as a "
        "model. "
        "Lower the learning rate or the weight of that term."
    )
    assert np.array_equal(codes(tmp_path / "run"), codes(tmp_path / "stopped"))
    assert not (tmp_path / "state").exists(), "resumed, it would diverge again"
    third = iter([False, True])
    with pytest.raises(TrainingError, match=r"kept as a model.* The run is .*second\.$"):
        training.train("vanilla", "digits", out=tmp_path / "second", epochs=9, batch_size=128, compile=False)
    assert runs.read(tmp_path / "second").card.epochs == 1


def test_a_run_whose_export_fails_is_kept_and_exported_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ae_core import keras_model

    def fail(*_: Any) -> None:
        raise TrainingError("The exported decoder differs.")

    spec, state = quick("vanilla"), tmp_path / "state"
    with monkeypatch.context() as patch:
        patch.setattr(keras_model, "export", fail)
        *_, last = training.fit(spec, tmp_path / "job", state=state)
        assert last == Failed("The exported decoder differs. Resume it to export epoch 1 again.")
        *_, last = training.fit(spec, tmp_path / "run", title="Mine")
        kept = tmp_path / "run.not-exported.zip"
        assert last == Failed(
            f"The exported decoder differs. What was learnt is kept in {kept}: import that to export it again."
        )
        assert sorted(tmp_path.iterdir()) == [kept, state]
    *events, last = training.fit(spec, tmp_path / "job", state=state)
    assert isinstance(last, Finished)
    assert not any(isinstance(event, Progress) for event in events)
    *_, last = training.rebuild(archive.unpack(kept.read_bytes()), tmp_path / "run")
    assert isinstance(last, Finished)
    assert (last.run.title, last.run.card.complete, last.run.spec) == ("Mine", True, spec)
    assert np.array_equal(codes(tmp_path / "run"), codes(tmp_path / "job"))


def test_large_weights_are_exported_and_a_wrong_export_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = {"latent_dim": 1024, "family": "dense", "hidden": ()}
    options = {"learning_rate": 1.0, "epochs": 3, "seed": 0, "compile": False}
    wild = make_spec("variational", "digits", {"beta": 0.0}, network, **options)
    *_, last = training.fit(wild, tmp_path / "wild", state=tmp_path / "state")
    assert isinstance(last, Finished), last
    call = inference.OnnxNetwork.__call__
    for spec, error in ((wild, 0.1), (quick("vanilla"), 1e-4)):

        def wrong(network: inference.OnnxNetwork, x: np.ndarray, error: float = error) -> dict[str, np.ndarray]:
            return {name: value + np.float32(error) for name, value in call(network, x).items()}

        monkeypatch.setattr(inference.OnnxNetwork, "__call__", wrong)
        state = tmp_path / "state" if spec is wild else None
        *_, last = training.fit(spec, tmp_path / "wrong", state=state)
        assert isinstance(last, Failed)
        assert re.match(r"The exported (en|de)coder differs from Keras by ", last.reason)


def test_a_full_disk_fails_in_a_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    *_, last = training.fit(quick("vanilla"), tmp_path / "run")
    assert last == Failed(f"The run 'run' cannot be written in {tmp_path}: No space left on device.")
    assert list(tmp_path.iterdir()) == []


def test_a_wild_learning_rate_and_damaged_images_fail_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, last = training.fit(quick("variational", learning_rate=1.0, warmup=0.0), tmp_path / "run")
    assert isinstance(last, Failed)
    assert "learning rate" in last.reason
    monkeypatch.setattr(fashion_mnist, "FOLDER", tmp_path / "gone")
    data.load("fashion-mnist")._cache.clear()
    *_, last = training.fit(make_spec("vanilla"), tmp_path / "run")
    assert isinstance(last, Failed)
    assert "restore it from the repository" in last.reason
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "precious").write_text("x")
    (failed,) = training.fit(quick("vanilla"), tmp_path / "run")  # before anything costly
    assert isinstance(failed, Failed)
    assert "exists already" in failed.reason
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["precious"]


def test_train_returns_a_loaded_run_and_raises_what_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(tmp_path))
    seen: list[Any] = []
    options = {"epochs": 1, "compile": False}
    run = training.train("sparse", "digits", {"l1": 1e-3}, {"latent_dim": 9}, on_event=seen.append, **options)
    assert run.run.path.parent == tmp_path / "runs"
    assert run.encode(X).shape == (50, 9)
    assert isinstance(seen[-1], Finished)
    with pytest.raises(TrainingError, match="exists already"):
        training.train("sparse", "digits", out=run.run.path, **options)
    with pytest.raises(OptionError, match="Unknown kind"):
        training.train("magic")


@pytest.mark.parametrize(
    ("kind", "hyperparameters", "network"),
    [
        ("contractive", {}, {"latent_dim": 20, "hidden": (24,)}),
        ("contractive", {}, {"family": "pooling", "latent_dim": 3}),
        ("contractive", {"method": "jacobian"}, {"family": "pooling", "latent_dim": 3}),
        ("vanilla", {}, {"hidden": (24, 12), "decoder_hidden": (12,), "normalised": True}),
        ("sparse", {"method": "topk", "k": 3}, {"latent_dim": 40, "tied": True}),
        ("sparse", {"method": "topk", "k": 3}, {"family": "pooling", "latent_dim": 32}),
        ("sparse", {"method": "kl"}, {"family": "strided"}),
        ("sparse", {"method": "dropout"}, {"tied": True}),
        ("denoising", {"noise": "salt-and-pepper"}, {"decoder_hidden": (12,)}),
        ("variational", {"beta": 0.0}, {"family": "dense", "hidden": ()}),
    ],
)
def test_objectives_and_networks_combine(
    kind: str, hyperparameters: dict[str, Any], network: dict[str, Any], tmp_path: Path
) -> None:
    spec = quick(kind, hyperparameters=hyperparameters, network=network, batch_size=256)
    *_, last = training.fit(spec, tmp_path / "run")
    assert isinstance(last, Finished), last
    assert inference.load(tmp_path / "run").reconstruct(X).shape == X.shape


def test_a_compiled_step_learns_the_same(digits_runs: dict[str, Path], tmp_path: Path) -> None:
    *_, last = training.fit(quick("vanilla", epochs=2, compile=True), tmp_path / "run")
    assert isinstance(last, Finished)
    assert codes(tmp_path / "run") == pytest.approx(codes(digits_runs["vanilla"]), abs=1e-3)


def history_of(*losses: float) -> list[dict[str, Any]]:
    return [{"validation": {"reconstruction": 2 * loss, "kl": -loss}} for loss in losses]


@pytest.mark.parametrize(
    ("losses", "after"),
    [
        ((3, 2, 1), 0),
        ((3, 2, 1, 1.05), 0),
        ((3, 1, 2, 2.5), 2),
        ((1, -1, -1.2, 0.5), 3),
        ((1,), 0),
        ((), 0),
        ((1, 2), 1),
    ],
)
def test_overfitting_is_seen_where_the_held_out_loss_rises_again(losses: tuple[float, ...], after: int) -> None:
    assert training.overfits_after(history_of(*losses)) == after
