"""The Train page: its controls, what it refuses, and a training from its place in the queue to its figures."""

import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button
from visiting import (
    ME,
    TITLE,
    assert_sound,
    button,
    click_again,
    cut,
    job_in_state,
    link,
    open_page,
    progress_texts,
    said,
    turn,
)

from ae_core import data, kinds, networks, processes, runs, sweeps, tasks, training
from ae_core.spec import make_spec
from pages.widgets import progress, under_way
from tests.trainings import resumable


def labels(app: AppTest) -> set[str]:
    widgets = (app.slider, app.select_slider, app.segmented_control, app.number_input, app.toggle, app.selectbox)
    return {w.label for kind in widgets for w in kind}


@pytest.mark.parametrize("name", kinds.names())
def test_a_kinds_declaration_makes_its_controls(name: str) -> None:
    app = open_page("train", kind=kinds.get(name).title)
    assert_sound(app)
    assert app.selectbox(key="kind").value == name
    kind = kinds.get(name)
    default = {h.name: h.default for h in kind.hyperparameters}
    own = {h.label for h in kind.hyperparameters if h.matters(default)}
    others = {h.label for n in kinds.names() for h in kinds.get(n).hyperparameters} - {
        h.label for h in kind.hyperparameters
    }
    assert own <= labels(app)
    assert not others & labels(app)


@pytest.mark.parametrize(
    ("method", "shown"),
    [
        ("l1", {"Weight of the L1 penalty"}),
        ("kl", {"Target activity", "Weight of the KL penalty"}),
        ("dropout", {"Dropout rate"}),
    ],
)
def test_only_hyperparameters_that_matter_are_shown(method: str, shown: set[str]) -> None:
    app = open_page("train", kind="Sparse")
    app.segmented_control(key="Sparse-method").set_value(method).run()
    every = {h.label for h in kinds.get("sparse").hyperparameters if h.only_if}
    assert labels(app) & every == shown


def start_button(app: AppTest) -> Button:
    return button(app, "Start training")


@pytest.mark.parametrize(
    ("label", "value", "sentence"),
    [
        ("Epochs, 1 to 500", 501, "epochs must be a whole number from 1 to 500, got 501."),
        ("Epochs, 1 to 500", 0, "epochs must be a whole number from 1 to 500, got 0."),
        ("Epochs, 1 to 500", -7, "epochs must be a whole number from 1 to 500, got -7."),
        ("Seed", -1, "seed must be a whole number from 0 to 2147483647, got -1."),
        ("Seed", 10**12, "seed must be a whole number from 0 to 2147483647, got 1000000000000."),
    ],
)
def test_a_number_that_is_out_of_range_is_told_and_starts_nothing(label: str, value: int, sentence: str) -> None:
    app = open_page("train")
    field = next(n for n in app.number_input if n.label == label)
    field.set_value(value)
    start_button(app).click().run()  # both at once, as by a click while the number is being typed
    assert_sound(app)
    assert sentence in said(app)
    assert start_button(app).disabled
    assert next(n for n in app.number_input if n.label == label).value == value, "what was typed is kept"
    assert not tasks.jobs_of(ME)


def test_settings_that_do_not_go_together_are_refused_in_a_sentence() -> None:
    app = open_page("train", kind="Undercomplete")
    assert not start_button(app).disabled
    app.select_slider(key="Undercomplete-fashion-mnist-size").set_value(128).run()
    assert_sound(app)
    assert "at most 64 units, got 128" in said(app)
    assert start_button(app).disabled


def test_a_convolutional_autoencoder_without_convolutions_is_refused() -> None:
    app = open_page("train", kind="Convolutional")
    app.segmented_control(key="Convolutional-fashion-mnist-family").set_value("dense").run()
    assert_sound(app)
    assert "needs a convolutional network" in said(app)
    assert start_button(app).disabled


@pytest.mark.parametrize("family", networks.names())
@pytest.mark.parametrize("dataset", data.names())
def test_every_network_can_be_chosen_for_every_data_set(family: str, dataset: str) -> None:
    app = open_page("train")
    app.selectbox(key="dataset").set_value(dataset).run()
    app.segmented_control(key=f"Vanilla-{dataset}-family").set_value(family).run()
    assert_sound(app)
    assert not start_button(app).disabled


def test_start_submits_what_the_controls_say(monkeypatch: pytest.MonkeyPatch) -> None:
    submitted = []
    monkeypatch.setattr(tasks, "submit", lambda *asked: submitted.append(asked) or tasks.folder.create(*asked))
    app = open_page("train", kind="Sparse")
    app.selectbox(key="dataset").set_value("digits").run()
    app.segmented_control(key="Sparse-method").set_value("kl").run()
    app.select_slider(key="Sparse-digits-size").set_value(64)
    app.text_input[0].set_value("**Mine** <b>")
    start_button(app).click().run()
    assert_sound(app)
    ((spec, owner, title),) = submitted
    assert (spec.kind, spec.dataset, spec.network.latent_dim) == ("sparse", "digits", 64)
    assert (spec.hyperparameters["method"], spec.network.code_activation) == ("kl", "sigmoid")
    assert (owner, title) == (ME, "**Mine** <b>")


@pytest.mark.parametrize(("module", "label"), [(tasks, "Start training"), (sweeps, "Start 2 trainings")])
def test_a_second_click_starts_nothing_more(
    module: Any, label: str, nothing_starts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    submit = module.submit

    def submit_and_click(*asked: Any) -> Any:
        if not made:
            click_again(start)
        made.append(submit(*asked))
        return made[-1]

    monkeypatch.setattr(module, "submit", submit_and_click)
    app = open_page("train", dataset="Digits (8 × 8)")
    start = button(app, label)
    start.click().run()
    assert_sound(app)
    assert len(made) == 1
    jobs = made if module is tasks else made[0].jobs
    assert app.session_state[under_way.KEY] == [job.id for job in jobs]


@pytest.mark.parametrize(
    ("state", "status", "sentences"),
    [
        ("failed", {"reason": "The kl term became nan."}, ["failed", "The kl term became nan."]),
        ("cancelled", {"starts": 1}, ["nothing was learnt"]),
    ],
)
def test_a_training_without_a_run_says_why(state: str, status: dict[str, Any], sentences: list[str]) -> None:
    job_in_state(state, **status)
    app = open_page("train")
    assert_sound(app)
    assert bool(app.error) == (state == "failed")
    assert all(sentence in said(app) for sentence in sentences)
    assert TITLE in [t.value for t in app.text], "a person's words are never Markdown"


def test_a_finished_training_shows_its_figures_and_the_ways_on(digits_runs: dict[str, Path]) -> None:
    job = job_in_state("finished")
    shutil.copytree(digits_runs["vanilla"], job.run_path)
    app = open_page("train")
    assert_sound(app)
    metrics = {m.label: m.value for m in app.metric}
    assert metrics["Test BCE, nats per pixel"] == f"{runs.read(job.run_path).card.figure('bce'):.4f}"
    (way,) = [way.proto for way in app.get("page_link") if way.proto.label == "Map"]
    assert (way.page, way.query_string) == ("latent-space", f"run={job.id}")
    app = open_page("latent_space", run=job.id)
    assert_sound(app)
    assert app.selectbox(key="run").value == job.id


def test_an_imported_run_shows_how_the_original_learnt(digits_runs: dict[str, Path], figures: dict[str, Any]) -> None:
    run = runs.read(digits_runs["vanilla"])
    job = tasks.folder.create(run.spec, ME, "Mine", archive=b"")
    shutil.copytree(digits_runs["vanilla"], job.run_path)
    tasks.Status("finished", "").write(job.path)
    app = open_page("train", job=job.id)
    assert_sound(app)
    assert f"Imported: 2 epochs, trained in {math.ceil(run.card.seconds)} s." in said(app)
    held_out = [list(trace.y) for trace in figures["curves"].data if trace.mode == "markers"]
    assert [record["validation"]["reconstruction"] for record in run.history] in held_out
    assert "preview" in figures


def test_a_finished_training_whose_run_was_damaged_says_so(digits_runs: dict[str, Path]) -> None:
    job = job_in_state("finished")
    shutil.copytree(digits_runs["vanilla"], job.run_path)
    cut(job.run_path)
    app = open_page("train")
    assert_sound(app)
    assert "decoder.onnx missing" in said(app)


def test_a_training_under_way_is_watched_and_stopped() -> None:
    job = tasks.folder.create(make_spec("vanilla", "digits", epochs=3), ME, "Mine")
    with processes.working(job.path):
        tasks.Status("running", "Training", 0.5, 12.0, epoch=1).write(job.path)
        app = open_page("train")
        assert_sound(app)
        assert progress_texts(app) == ["Epoch 2 of 3 · 12 s left"]
        button(app, "Stop training").click().run()
        assert (job.path / "stop").exists()


@pytest.mark.parametrize(
    ("phase", "later", "sentence"),
    [
        (training.TRAINING, 1, "Stopping after this step …"),
        (training.SAVING, 1, "Stopped: what was learnt is being saved …"),
        (training.SAVING, -1, "Stopping …"),
        (training.LOADING, 1, "Stopping …"),
    ],
)
def test_a_training_that_was_asked_to_stop_says_how_far_it_has_heeded_it(phase: str, later: int, sentence: str) -> None:
    job = tasks.folder.create(make_spec("vanilla", "digits", epochs=3), ME, "Mine")
    (job.path / "stop").touch()
    asked = (job.path / "stop").stat().st_mtime
    with processes.working(job.path):
        tasks.Status("running", phase, 0.5, updated=asked + later).write(job.path)
        app = open_page("train")
        assert_sound(app)
        assert progress_texts(app) == [sentence]
        assert button(app, "Stop training").disabled


def test_a_queued_training_shows_its_place_and_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, job = (
        tasks.folder.create(make_spec("vanilla", "digits", epochs=3), who, "Queued") for who in ("a", "b", ME)
    )
    monkeypatch.setattr(tasks, "place", lambda job: tasks.Place(2, 170.0))
    app = open_page("train")
    assert_sound(app)
    assert progress_texts(app) == ["2 others first, starts in about 3 min"]
    button(app, "Leave the queue").click().run()
    assert_sound(app)
    assert tasks.find(job.id).status.state == "cancelled"
    assert "It left the queue before it began." in said(app)
    assert tasks.find(first.id).status.state == tasks.find(second.id).status.state == "queued"


@pytest.mark.parametrize(
    ("position", "seconds", "sentence"),
    [
        (0, 10.0, "Next in the queue, starts in under a minute"),
        (1, 61.0, "1 other first, starts in about 1 min"),
        (3, None, "3 others first, starts when a training ends"),
    ],
)
def test_the_place_in_words(position: int, seconds: float | None, sentence: str) -> None:
    assert progress._waiting(tasks.Place(position, seconds)) == sentence


@pytest.mark.usefixtures("nothing_starts")
def test_a_visitor_may_have_as_many_as_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_PER_VISITOR", "2")
    app = open_page("train")
    for _ in range(2):
        start_button(app).click().run()
        assert_sound(app)
        assert not app.error
    assert len(tasks.jobs_of(ME)) == 2
    assert len(app.selectbox(key="job").options) == 2
    start_button(app).click().run()
    assert "over your limit of 2: stop one, or wait until one ends." in said(app)
    assert len(tasks.jobs_of(ME)) == 2
    before = link(app)["job"]
    (older,) = {job.id for job in tasks.jobs_of(ME)} - {before}
    app.selectbox(key="job").set_value(older).run()
    assert_sound(app)
    assert link(app)["job"] == older


def test_controls_end_at_the_servers_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_PROFILE", "demo")
    monkeypatch.setenv("LATENT_EXPLORER_EPOCHS", "5")
    monkeypatch.setenv("LATENT_EXPLORER_CODE", "16")
    app = open_page("train")
    assert_sound(app)
    assert app.number_input[0].value == 5
    app.number_input[0].set_value(6).run()
    assert "Epochs may be at most 5 on this server, got 6" in said(app)
    assert start_button(app).disabled
    app.number_input[0].set_value(5).run()
    assert not start_button(app).disabled
    assert app.select_slider(key="Vanilla-fashion-mnist-size").options[-1] == "16"
    assert not start_button(app).disabled
    monkeypatch.setenv("LATENT_EXPLORER_PARAMETERS", "1000")
    app.run()
    assert "Parameters of the network may be at most 1,000 on this server" in said(app)
    assert start_button(app).disabled


@pytest.mark.usefixtures("nothing_starts")
def test_one_that_failed_says_why_and_is_resumed() -> None:
    job = resumable(job_in_state("failed", epoch=2, reason="The training process ended unexpectedly."))
    app = open_page("train")
    assert "The training process ended unexpectedly." in said(app)
    button(app, "Resume").click().run()
    assert_sound(app)
    assert tasks.find(job.id).status.state == "queued"
    button(app, "Leave the queue").click().run()
    assert "Stopped after 2 of 3 epochs; it can be resumed from there." in said(app)


@pytest.mark.parametrize("kept", [False, True])
def test_why_one_was_stopped_is_never_markdown(kept: bool, digits_runs: dict[str, Path]) -> None:
    job = job_in_state("cancelled", epoch=2, reason="*Time* is over: `7` minutes.")
    if kept:
        shutil.copytree(digits_runs["vanilla"], job.run_path)
    app = open_page("train", job=job.id)
    assert_sound(app)
    assert "*Time* is over: `7` minutes." in [t.value for t in app.text]
    assert not [e.value for e in (*app.info, *app.caption) if "Time" in e.value]
    assert any("stopped" in i.value.lower() for i in app.info)


@pytest.mark.parametrize("state", ["running", "failed", "finished"])
def test_a_training_is_watched_by_its_link_and_not_touched(state: str) -> None:
    job = resumable(job_in_state("failed", owner="someone-else", epoch=1))
    with processes.working(job.path):
        tasks.Status(state, "Training" * (state == "running"), 0.5, 12.0, epoch=1).write(job.path)
        app = open_page("train", job=job.id)
        assert_sound(app)
        assert TITLE in [t.value for t in app.text]
        assert not {b.label for b in app.button} & {"Stop training", "Resume"}
        assert ("Someone else's training" in said(app)) == (state == "running")


# The sign in the menu, and what the right side shows


def signs(app: AppTest) -> list[str]:
    return [way.proto.label for way in app.get("page_link") if way.proto.query_string.startswith("job=")]


def test_a_training_under_way_has_a_sign_on_every_other_page() -> None:
    job = tasks.folder.create(make_spec("vanilla", "digits", epochs=3), ME, "Mine")
    with processes.working(job.path):
        tasks.Status("running", "Training", 0.5, 12.0, epoch=1).write(job.path)
        app = open_page("about")
        assert signs(app) == ["Training · 50%"]
        assert signs(turn(app, "train")) == []
        assert signs(turn(app, "about")) == ["Training · 50%"]
    tasks.Status("finished", "", 1.0).write(job.path)
    assert signs(app.run()) == ["Training finished"]
    assert signs(turn(app, "train")) == []
    assert signs(turn(app, "about")) == [], "it was seen"


def test_the_sign_says_how_each_ended_and_leads_to_the_one_that_failed() -> None:
    jobs = [job_in_state("queued") for _ in range(3)]
    imported = tasks.folder.create(make_spec("vanilla", "digits", epochs=3), ME, "Mine", archive=b"")
    app = open_page("about")
    assert signs(app) == ["4 tasks · 0%"]
    for job, state in zip([*jobs, imported], ("finished", "cancelled", "failed", "finished"), strict=True):
        tasks.Status(state, "").write(job.path)
    assert signs(app.run()) == ["Training failed"]
    (sign,) = [way.proto for way in app.get("page_link") if way.proto.query_string.startswith("job=")]
    assert sign.query_string == f"job={jobs[2].id}"
    tasks.Status("finished", "").write(jobs[2].path)
    assert signs(app.run()) == ["Training stopped"]
    tasks.Status("cancelled", "").write(jobs[2].path)
    assert signs(app.run()) == ["2 trainings stopped"]


def test_an_import_has_a_sign_of_its_own_and_nobody_looks_for_what_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    looking: list[Any] = []
    fragment = st.fragment

    def remember(look: Any, run_every: float | None = None) -> Any:
        if look.__module__ == under_way.__name__ and run_every:
            looking.append(look)
        return fragment(look, run_every=run_every)

    monkeypatch.setattr(st, "fragment", remember)
    job = tasks.folder.create(make_spec("vanilla", "digits", epochs=3), ME, "Mine", archive=b"")
    app = open_page("about")
    assert signs(app) == ["Import · 0%"]
    assert len(looking) == 1 + 1, "on Home as well"
    tasks.Status("finished", "").write(job.path)
    assert signs(app.run()) == ["Import finished"]
    assert len(looking) == 2
    again: list[bool] = []
    monkeypatch.setattr(st, "rerun", lambda: again.append(True))
    monkeypatch.setattr(under_way, "_say", lambda jobs: None)
    looking[-1]([job.id])
    assert again == [True], "who looks on sees that it has ended, and the page begins anew without looking"


def test_another_kind_shows_what_to_expect_of_it_and_not_the_training_of_before(digits_runs: dict[str, Path]) -> None:
    job = job_in_state("finished")
    shutil.copytree(digits_runs["vanilla"], job.run_path)
    app = open_page("train", job=job.id)
    assert "Vanilla on Digits (8 × 8)" in [header.value for header in app.header]
    app.selectbox(key="kind").set_value("sparse").run()
    assert [header.value for header in app.header] == ["What to expect"]
    assert "job" not in link(app)
    app.selectbox(key="job").set_value(job.id).run()
    assert "Vanilla on Digits (8 × 8)" in [header.value for header in app.header]


@pytest.mark.parametrize(("kind", "model"), [("Variational", "with 2 units"), ("Vanilla", "with 8 units")])
def test_what_to_expect_is_a_shipped_model_of_the_data_set(kind: str, model: str) -> None:
    app = open_page("train", kind=kind, dataset="Heartbeats")
    assert_sound(app)
    assert model in said(app)


def test_what_to_expect_where_none_ships_is_the_data() -> None:
    app = open_page("train", kind="Sparse", dataset="Heartbeats")
    assert_sound(app)
    assert "What it will learn from: 397 signals, 128 steps." in said(app)
