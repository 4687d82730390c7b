"""What the Train page tells of a training's film: what units carry, which died, how codes moved; live and after."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from visiting import ME, assert_sound, open_page, said

from ae_core import cards, data, epoch_film, kinds, processes, runs, tasks
from ae_core.epoch_film import Film
from ae_core.networks import Network
from ae_core.spec import Spec, make_spec
from pages.widgets import epochs, training_film

EPOCHS = 8


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the film of the places was given."""
    seen: dict[str, Any] = {}
    show = epochs.show

    def note(frames: Any, numbers: Any, labels: Any, names: Any, **options: Any) -> None:
        seen.update(frames=frames(), numbers=numbers, labels=labels, names=names, **options)
        show(frames, numbers, labels, names, **options)

    monkeypatch.setattr(epochs, "show", note)
    return seen


def film_of(units: np.ndarray, count: int = 360) -> Film:
    """A film with these units of each epoch, (k, d)."""
    places = np.random.default_rng(0).normal(size=(len(units), len(epoch_film.examples(count)), 2))
    return Film(len(units) - 1, places.astype(np.float16), units.astype(np.float16))


def ended(run: Path, units: np.ndarray | None = None) -> tasks.Job:
    """A finished training that left that run, with another film if units are given."""
    found = runs.read(run)
    job = tasks.folder.create(found.spec, ME, "Mine")
    shutil.copytree(run, job.run_path)
    if units is not None:
        (job.run_path / cards.FILM).write_bytes(epoch_film.pack(film_of(units)))
        cards.write(job.run_path, cards.unchecked(job.run_path))
    tasks.Status("finished", "").write(job.path)
    return job


def under_way(what: Spec, units: np.ndarray) -> tasks.Job:
    """A training that has finished all epochs of a film but the untrained one."""
    job = tasks.folder.create(what, ME, "Mine")
    terms = {"terms": {"reconstruction": 1.0}, "validation": {"reconstruction": 1.0}}
    finished = range(1, len(units))
    (job.path / "history.jsonl").write_text("".join(json.dumps(terms | {"epoch": n}) + "\n" for n in finished))
    (job.path / "progress.jsonl").write_text(json.dumps({"epochs": 0.5, "terms": terms["terms"]}) + "\n")
    (job.path / cards.FILM).write_bytes(epoch_film.pack(film_of(units)))
    return job


def watched(job: tasks.Job, epoch: int) -> AppTest:
    with processes.working(job.path):
        tasks.Status("running", "Training", 0.5, 12.0, epoch=epoch).write(job.path)
        app = open_page("train", job=job.id)
        assert_sound(app)
    return app


def spec_of(kind: str, units: int, **options: Any) -> Spec:
    network = {"family": "dense", "latent_dim": units, "hidden": ()}
    return make_spec(kind, "digits", network=network, hyperparameters=options, epochs=EPOCHS)


def test_a_variational_training_tells_what_its_units_carry(
    digits_runs: dict[str, Path], figures: dict[str, Any], shown: dict[str, Any]
) -> None:
    run = runs.read(digits_runs["variational"])
    app = open_page("train", job=ended(run.path).id)
    assert_sound(app)
    assert run.film is not None
    kl = run.film.units[-1].astype(np.float32)
    active = int((kl > 0.01).sum())
    carries = f"{active} of {run.units} units carr" if active else f"None of {run.units} units carries anything."
    assert carries in said(app)
    assert f"All together carry {kl.sum():.2f} nats per image." in said(app)
    bars = np.concatenate([trace.y for trace in figures["kl-by-unit"].data])
    np.testing.assert_allclose(np.sort(bars)[::-1], np.sort(kl)[::-1])
    (line,) = figures["units-by-epoch"].data
    assert line.x.tolist() == [0, 1, 2]
    assert line.y.tolist() == (run.film.units > 0.01).sum(axis=1).tolist()
    np.testing.assert_array_equal(shown["frames"], epoch_film.aligned(run.film).places)
    assert list(shown["numbers"]) == [0, 1, 2]
    test = data.load("digits").split("test")
    np.testing.assert_array_equal(shown["labels"], test.labels[epoch_film.examples(len(test))])
    assert shown["at_end"]
    assert not app.warning, "two epochs are too few to judge"


@pytest.mark.parametrize(
    ("last", "epochs", "sentence"),
    [
        ([0.001] * 4, 4, "no unit carries anything"),
        ([0.3, 0.2, 0, 0], 4, "all units together carry 0.50 nats, less than one bit"),
        ([0.001] * 4, 2, ""),
        ([0.5, 0.5, 0, 0], 4, ""),
    ],
)
def test_a_collapse_is_told_while_it_trains_with_what_helps(last: list[float], epochs: int, sentence: str) -> None:
    units = np.vstack([np.full((epochs, 4), 0.5), last])
    app = watched(under_way(spec_of("variational", 4, beta=4.0), units), epochs)
    warned = "\n".join(w.value for w in app.warning)
    assert ("collapsed" in warned) == bool(sentence)
    assert sentence in warned
    if sentence:
        assert "a lower β than 4, a β that rises by a warm-up or in cycles, free bits, a smaller code, or" in warned


def test_what_was_tried_already_is_not_proposed() -> None:
    tried = spec_of("variational", 4, beta=0.5, schedule="warm-up", free_bits=0.1)
    assert training_film._ways_out(tried) == "a lower β than 0.5, a smaller code, or more epochs"


def test_dead_units_are_counted_and_ten_of_them_named(figures: dict[str, Any]) -> None:
    units = np.full((4, 32), 0.5)
    units[2, 4] = units[3, [2, 16]] = 0
    app = watched(under_way(spec_of("vanilla", 32), units), 3)
    assert "2 of 32 units are dead, active for none of 360 test images: units 3, 17." in said(app)
    (line,) = figures["units-by-epoch"].data
    assert (line.x.tolist(), line.y.tolist()) == ([0, 1, 2, 3], [0, 0, 1, 2])
    assert figures["units-by-epoch"].layout.xaxis.range[1] > EPOCHS, "as long as the training"
    units[3] = 0
    app = watched(under_way(spec_of("sparse", 32, method="topk", k=4), units), 3)
    assert "32 of 32 units are dead" in said(app)
    assert "units 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …." in said(app)
    units[:] = 0.5
    units[3, 6] = 0
    assert "1 of 32 units is dead, active for none of 360 test images: unit 7." in said(
        watched(under_way(spec_of("vanilla", 32), units), 3)
    )


def test_where_none_is_dead_it_says_so_in_the_end(digits_runs: dict[str, Path], figures: dict[str, Any]) -> None:
    run = runs.read(digits_runs["vanilla"])
    app = open_page("train", job=ended(run.path, np.full((3, run.units), 0.3)).id)
    assert_sound(app)
    assert f"None of {run.units} units is dead: each is active for some of 360 test images." in said(app)
    assert "units-by-epoch" not in figures


def test_units_of_a_linear_code_are_always_active_and_not_told(
    digits_runs: dict[str, Path], shown: dict[str, Any]
) -> None:
    app = watched(under_way(spec_of("vanilla", 2), np.ones((3, 2))), 2)
    assert "Dead units" not in [s.value for s in app.subheader]
    assert "360 test images, on the plane of the two units." in said(app)
    assert len(shown["frames"]) == 3


def test_a_training_without_a_film_shows_its_curves(digits_runs: dict[str, Path], shown: dict[str, Any]) -> None:
    job = ended(digits_runs["vanilla"])
    card = cards.unchecked(job.run_path)
    (job.run_path / cards.FILM).unlink()
    cards.write(job.run_path, card)
    app = open_page("train", job=job.id)
    assert_sound(app)
    assert not shown
    assert not app.error


def test_a_damaged_film_is_told_and_the_rest_is_shown(digits_runs: dict[str, Path], figures: dict[str, Any]) -> None:
    job = ended(digits_runs["vanilla"])
    content = bytearray((job.run_path / cards.FILM).read_bytes())
    content[60] ^= 1
    (job.run_path / cards.FILM).write_bytes(content)
    app = open_page("train", job=job.id)
    assert_sound(app)
    assert "The film of its training is damaged." in [e.value for e in app.error]
    assert "curves" in figures


def test_one_that_diverged_says_so_and_keeps_the_film_of_its_good_epochs(
    digits_runs: dict[str, Path], shown: dict[str, Any]
) -> None:
    job = ended(digits_runs["vanilla"])
    reason = (
        "The reconstruction term became nan in epoch 3, step 9; what was learnt until epoch 2 is kept as a model. "
        "Lower the learning rate or the weight of that term."
    )
    tasks.Status("cancelled", "", epoch=2, reason=reason).write(job.path)
    app = open_page("train", job=job.id)
    assert_sound(app)
    assert reason in [t.value for t in app.text]
    assert any("what was learnt is kept as a model" in i.value for i in app.info)
    assert list(shown["numbers"]) == [0, 1, 2]


def test_the_trap_of_averaging_the_divergence_is_told_with_the_code_size() -> None:
    app = open_page("train", kind="Variational", dataset="Digits (8 × 8)")
    app.select_slider(key="Variational-digits-size").set_value(32).run()
    assert_sound(app)
    told = "with 32 units, their β = 1 is β = 0.031 here, and β = 1 here is their β = 32."
    assert told in said(app)
    app.select_slider(key="Variational-digits-size").set_value(1).run()
    assert "Programs that average" not in said(app), "of one unit both are the same"
    assert "Programs that average" not in said(open_page("train", kind="Sparse"))


@pytest.mark.parametrize("beta", [0.25, 3.0])
def test_the_relation_of_both_weights_is_true(beta: float) -> None:
    kl, d = np.random.default_rng(0).random(32), 32
    note = kinds.get("variational")(beta=beta).notes(Network(latent_dim=d))["beta"]
    theirs = float(note.rpartition("= ")[2].rstrip("."))
    assert theirs * kl.mean() == pytest.approx(beta * kl.sum())


# The component


def unpacked(packed: bytes) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """What a film says, its class numbers, and its places as shares of the axes, (k, n, 2)."""
    line, _, rest = packed.partition(b"\n")
    about, numbers = json.loads(line), np.frombuffer(rest, "<u2")
    n = about["examples"]
    return about, numbers[:n], numbers[n:].reshape(-1, n, 2) / epochs.LARGEST


def test_all_frames_share_their_axes_and_dots_keep_their_places() -> None:
    rng = np.random.default_rng(0)
    frames = np.stack([rng.uniform(-1, 1, (500, 2)), rng.uniform(-3, 3, (500, 2)) * [1, 0.5]])
    labels = np.arange(500) % 4
    about, classes, places = unpacked(epochs._packed(frames, (0, 7), labels, ["a", "b", "c"], "dots", True))
    assert (about["epochs"], about["follow"], about["alt"]) == ([0, 7], True, "dots")
    np.testing.assert_array_equal(classes, labels, "what no class has is the last colour")
    assert len(about["colours"]) == len(about["edges"]) == 4
    width, height = about["extent"]
    assert width / height == pytest.approx(2, rel=0.02)
    low = np.percentile(frames.reshape(-1, 2), epochs.BEYOND, axis=0)
    inside = np.all((places > 0) & (places < 1), axis=-1)
    assert inside.mean() > 0.99
    np.testing.assert_allclose((places * [width, height] + low)[inside], frames[inside], atol=1e-3)


def test_one_dot_far_away_flattens_nothing() -> None:
    frames = np.random.default_rng(0).normal(size=(3, 1000, 2))
    frames[1, 5] = 60_000
    about, _, places = unpacked(epochs._packed(frames, (0, 1, 2), None, (), "dots", False))
    assert max(about["extent"]) < 10
    assert places[1, 5].tolist() == [1, 1]
    assert (about["classes"], about["legend"], len(about["colours"])) == ([], False, 1)


@pytest.mark.parametrize("frames", [np.zeros((1, 4, 2)), np.ones((2, 4, 2)) * [[[1, 0]], [[2, 0]]]])
def test_dots_that_lie_on_a_place_or_a_line_have_axes(frames: np.ndarray) -> None:
    about, _, places = unpacked(epochs._packed(frames, range(len(frames)), None, (), "dots", True))
    assert min(about["extent"]) > 0
    assert np.isfinite(places).all()


def test_the_same_film_is_packed_once() -> None:
    asked: list[int] = []

    def frames() -> np.ndarray:
        asked.append(1)
        return np.zeros((1, 4, 2))

    given: tuple[Callable[[], np.ndarray], Any, None, Any, str, bool] = (frames, [0], None, (), "dots", True)
    of = ("of this test", 1)
    assert epochs._packed_once(of, *given) == epochs._packed_once(of, *given)
    assert asked == [1]
    epochs._packed_once(("of this test", 2), *given)
    assert len(asked) == 2
