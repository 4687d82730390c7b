"""Every page, full, empty and with damaged runs, as Streamlit's own test runner sees it."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from ae_core import cards, data, jobs, kinds, processes, runs
from ae_core.kinds import FAMILIES
from ae_core.spec import make_spec
from pages.widgets import progress, visitor

ROOT = Path(__file__).resolve().parent.parent
NAVIGATION = str(ROOT / "pages" / "navigation.py")
PAGES = (
    "home",
    "lens",
    "train",
    "reconstruct",
    "your_image",
    "denoise",
    "sparsity",
    "latent_space",
    "paths",
    "units",
    "sampler",
)
ME = "me"
OF_ONE_RUN = ("lens", "reconstruct", "denoise", "latent_space", "units", "sampler")


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the runs and jobs of one visitor are: nothing, at first."""
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(visitor, "current", lambda: ME)  # the test runner's cookies are mocks
    return tmp_path / "data"


@pytest.fixture
def nothing_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A house whose folder of checkpoints is empty."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    monkeypatch.setattr(runs, "SHIPPED", folder)
    return folder


@pytest.fixture
def mine(nothing_ships: Path, data_folder: Path, digits_runs: dict[str, Path]) -> Path:
    """The folder of a visitor's own runs, of 8 × 8 images; nothing else is there."""
    folder = data_folder / "runs"
    for kind in ("vanilla", "sparse"):
        shutil.copytree(digits_runs[kind], folder / kind)
    return folder


@pytest.fixture
def small_images(nothing_ships: Path, digits_runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of each kind on 8 × 8 images ships, and nothing else."""
    monkeypatch.setattr(runs, "SHIPPED", digits_runs["vanilla"].parent)


def start() -> AppTest:
    """A visit that has begun on an empty home page, the quickest one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "SHIPPED", Path("nowhere"))
        return AppTest.from_file(NAVIGATION, default_timeout=60).run()


def turn(app: AppTest, page: str) -> AppTest:
    """Goes to a page, as by its name at the top."""
    return app.switch_page(f"{page}.py").run()


def open_page(page: str, **query: str) -> AppTest:
    app = start()
    app.query_params.update(query)
    return turn(app, page)


def said(app: AppTest) -> str:
    """All that the page says in words."""
    elements = (app.title, app.markdown, app.caption, app.text, app.info, app.warning, app.error, app.success)
    return "\n".join(str(e.value) for kind in elements for e in kind)


def pictures(app: AppTest) -> int:
    """How many figures, images and lenses the page shows."""
    return sum(len(app.get(kind)) for kind in ("plotly_chart", "bidi_component", "imgs"))


def assert_sound(app: AppTest) -> None:
    assert not app.exception, [e.value for e in app.exception]
    assert "Traceback" not in said(app)
    assert len(app.title) == 1


# Full


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_full_with_the_runs_that_ship(page: str) -> None:
    app = open_page(page)
    assert_sound(app)
    assert not app.error, [e.value for e in app.error]
    assert not app.warning or page == "sampler", [e.value for e in app.warning]
    assert pictures(app), "a page without a picture"


@pytest.mark.parametrize("run", sorted(p.name for p in runs.SHIPPED.iterdir() if (p / cards.CARD).exists()))
def test_every_run_that_ships_is_shown(run: str) -> None:
    app = start()
    app.query_params["run"] = run
    for page in ("reconstruct", "latent_space", "sampler"):
        turn(app, page)
        assert_sound(app)
        assert not app.error
        assert app.selectbox(key="run").value == run


# Empty


@pytest.mark.parametrize("page", PAGES)
def test_every_empty_page_says_what_to_do(page: str, nothing_ships: Path) -> None:
    app = open_page(page)
    assert_sound(app)
    assert not app.error
    (sentence,) = [i.value for i in app.info]
    assert sentence.endswith(".")
    assert "rain" in sentence, "it names training as the way on"


# Runs


def test_a_run_that_is_picked_stays_picked_on_every_page() -> None:
    app = open_page("reconstruct")
    app.selectbox(key="run").set_value("contractive-2d").run()
    for page in (*OF_ONE_RUN, "train", "home", "latent_space"):
        turn(app, page)
        assert_sound(app)
        if page in OF_ONE_RUN:
            assert app.selectbox(key="run").value == "contractive-2d"
            assert app.query_params["run"] == "contractive-2d"


def test_the_link_picks_the_run() -> None:
    app = open_page("sampler", run="denoising-2d")
    assert app.selectbox(key="run").value == "denoising-2d"
    assert not app.warning


@pytest.mark.parametrize("page", OF_ONE_RUN)
def test_a_link_to_a_run_that_is_gone_says_so(page: str) -> None:
    app = open_page(page, run="../../etc/passwd")
    assert_sound(app)
    assert "gone" in app.warning[0].value
    assert app.selectbox(key="run").value in [r.name for r in runs.shipped()]


@pytest.mark.parametrize("kind", ["vanilla", "convolutional", "contractive", "variational"])
@pytest.mark.usefixtures("small_images")
def test_runs_on_small_images_are_shown_like_any_other(kind: str) -> None:
    app = start()
    app.query_params["run"] = kind
    for page in OF_ONE_RUN:
        turn(app, page)
        assert_sound(app)
        assert not app.error
        assert app.selectbox(key="run").value == kind
        assert any("Digits (8 × 8)" in c.value for c in app.caption)


@pytest.mark.parametrize("page", ["train", "sparsity"])
@pytest.mark.usefixtures("small_images")
def test_the_other_pages_show_what_runs_there_are(page: str) -> None:
    app = open_page(page)
    assert_sound(app)
    assert not app.error


def test_runs_of_two_data_sets_are_overlaid(data_folder: Path, digits_runs: dict[str, Path]) -> None:
    shutil.copytree(digits_runs["sparse"], data_folder / "runs" / "digits-run")
    app = open_page("sparsity")
    app.pills[0].set_value(["digits-run", "sparse-visible"]).run()
    assert_sound(app)
    assert app.dataframe[0].value["units"].tolist() == [32, 128]


# Damage


def cut(run: Path) -> None:
    (run / "decoder.onnx").unlink()


def alter(run: Path) -> None:
    """Changes a byte of the encoder: seen only when it is loaded."""
    content = bytearray((run / "encoder.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (run / "encoder.onnx").write_bytes(content)


@pytest.mark.parametrize(("damage", "reason"), [(cut, "decoder.onnx missing"), (alter, "encoder.onnx is not the file")])
def test_a_broken_run_is_an_error_and_the_pages_live_on(
    damage: Callable[[Path], None], reason: str, mine: Path
) -> None:
    damage(mine / "sparse")
    app = start()
    app.query_params["run"] = "sparse"
    for page in OF_ONE_RUN:
        turn(app, page)
        assert_sound(app)
        assert "broken" in app.error[0].value
        assert reason in said(app)
    app.selectbox(key="run").set_value("vanilla").run()
    assert_sound(app)
    assert not app.error


@pytest.mark.parametrize("damage", [cut, alter])
def test_a_broken_run_does_not_hide_the_others_from_sparsity(damage: Callable[[Path], None], mine: Path) -> None:
    damage(mine / "sparse")
    app = open_page("sparsity")
    picker = app.pills[0]
    names = ["vanilla"] if len(picker.options) == 1 else ["sparse", "vanilla"]
    picker.set_value(names).run()
    assert_sound(app)
    assert len(app.dataframe[0].value) == 1


@pytest.mark.parametrize("page", ["home", "train", "sparsity"])
def test_a_broken_run_that_ships_does_not_take_a_page_down(
    page: str, nothing_ships: Path, digits_runs: dict[str, Path]
) -> None:
    for kind in ("vanilla", "variational", "sparse"):
        shutil.copytree(digits_runs[kind], nothing_ships / kind)
        alter(nothing_ships / kind)
    app = open_page(page)
    assert_sound(app)


def test_a_data_set_that_is_gone_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ae_core.data import fashion_mnist

    monkeypatch.setattr(fashion_mnist, "FOLDER", tmp_path)
    monkeypatch.setitem(data.load("fashion-mnist").__dict__, "_cache", {})
    st.cache_resource.clear()
    app = open_page("latent_space")
    assert_sound(app)
    assert "restore it from the repository" in said(app)


# Images that visitors bring


def png(size: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, size, np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_an_image_of_ones_own_is_reconstructed_and_a_bad_one_is_named() -> None:
    app = open_page("reconstruct")
    app.segmented_control[0].set_value("Your own").run()
    assert_sound(app)
    assert "Upload" in app.info[0].value
    uploader = app.file_uploader[0]
    uploader.upload("shoe.png", png((50, 40))).upload("<b>bad</b>.png", b"no image").run()
    assert_sound(app)
    assert "<b>bad</b>.png: The file is no image" in "\n".join(t.value for t in app.text)
    assert any(t.value == "shoe.png" for t in app.text)
    assert pictures(app) == 1


# Train


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


@pytest.mark.parametrize(("method", "shown"), [("l1", {"L1"}), ("kl", {"Target", "Kl weight"}), ("dropout", {"Rate"})])
def test_only_hyperparameters_that_matter_are_shown(method: str, shown: set[str]) -> None:
    app = open_page("train", kind="Sparse")
    app.segmented_control(key="Sparse-method").set_value(method).run()
    every = {h.label for h in kinds.get("sparse").hyperparameters if h.only_if}
    assert labels(app) & every == shown


def start_button(app: AppTest):
    (button,) = [b for b in app.button if b.label == "Start training"]
    return button


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


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dataset", data.names())
def test_every_network_can_be_chosen_for_every_data_set(family: str, dataset: str) -> None:
    app = open_page("train")
    app.selectbox(key="dataset").set_value(dataset).run()
    app.segmented_control(key=f"Vanilla-{dataset}-family").set_value(family).run()
    assert_sound(app)
    assert not start_button(app).disabled


def test_start_submits_what_the_controls_say(monkeypatch: pytest.MonkeyPatch) -> None:
    submitted = []
    monkeypatch.setattr(jobs, "submit", lambda *asked: submitted.append(asked) or jobs.folder.create(*asked))
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


def job_in_state(state: str, owner: str = ME, **status: object) -> jobs.Job:
    """A job's folder as a trainer would have left it."""
    job = jobs.folder.create(make_spec("vanilla", "digits", epochs=3), owner, "**Mine** <b>")
    jobs.Status(state, "", **status).write(job.path)
    return jobs.find(job.id)


def test_a_failed_training_says_why() -> None:
    job_in_state("failed", reason="The kl term became nan.")
    app = open_page("train")
    assert_sound(app)
    assert "failed" in app.error[0].value
    assert "The kl term became nan." in said(app)
    assert "**Mine** <b>" in [t.value for t in app.text], "a person's words are never Markdown"


def test_a_training_stopped_before_its_first_step_says_so() -> None:
    job_in_state("cancelled", starts=1)
    app = open_page("train")
    assert_sound(app)
    assert "nothing was learnt" in said(app)


def test_a_finished_training_shows_its_figures_and_the_ways_on(digits_runs: dict[str, Path]) -> None:
    job = job_in_state("finished")
    shutil.copytree(digits_runs["vanilla"], job.run_path)
    app = open_page("train")
    assert_sound(app)
    metrics = {m.label: m.value for m in app.metric}
    assert metrics["Test BCE, nats a pixel"] == f"{runs.read(job.run_path).card.figure('bce'):.4f}"
    (way,) = [b for b in app.button if b.label == "Latent space"]
    way.click().run()
    assert_sound(app)
    assert app.title[0].value == "Latent space"
    assert app.selectbox(key="run").value == job.id


def test_a_finished_training_whose_run_was_damaged_says_so(digits_runs: dict[str, Path]) -> None:
    job = job_in_state("finished")
    shutil.copytree(digits_runs["vanilla"], job.run_path)
    cut(job.run_path)
    app = open_page("train")
    assert_sound(app)
    assert "decoder.onnx missing" in said(app)


def button(app: AppTest, label: str):
    (found,) = [b for b in app.button if b.label == label]
    return found


def test_a_training_under_way_is_watched_and_stopped() -> None:
    job = jobs.folder.create(make_spec("vanilla", "digits", epochs=3), ME, "Mine")
    with processes.working(job.path):
        jobs.Status("running", "Training", 0.5, 12.0, epoch=1).write(job.path)
        app = open_page("train")
        assert_sound(app)
        button(app, "Stop training").click().run()
        assert (job.path / "stop").exists()


def test_a_queued_training_shows_its_place_and_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, job = (
        jobs.folder.create(make_spec("vanilla", "digits", epochs=3), who, "Queued") for who in ("a", "b", ME)
    )
    monkeypatch.setattr(jobs, "place", lambda job: jobs.Place(2, 170.0))
    app = open_page("train")
    assert_sound(app)
    assert progress_texts(app) == ["2 others first, starts in about 3 min"]
    button(app, "Leave the queue").click().run()
    assert_sound(app)
    assert jobs.find(job.id).status.state == "cancelled"
    assert "It left the queue before it began." in said(app)
    assert jobs.find(first.id).status.state == jobs.find(second.id).status.state == "queued"


def progress_texts(app: AppTest) -> list[str]:
    return [p.proto.text for p in app.get("progress")]


@pytest.mark.parametrize(
    ("position", "seconds", "sentence"),
    [
        (0, 10.0, "Next in the queue, starts in under a minute"),
        (1, 61.0, "1 other first, starts in about 1 min"),
        (3, None, "3 others first, starts when a training ends"),
    ],
)
def test_the_place_in_words(position: int, seconds: float | None, sentence: str) -> None:
    assert progress._waiting(jobs.Place(position, seconds)) == sentence


def test_a_visitor_may_have_as_many_as_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_PER_VISITOR", "2")
    monkeypatch.setattr(jobs.queue, "_advance", lambda: None)
    app = open_page("train")
    for _ in range(2):
        start_button(app).click().run()
        assert_sound(app)
        assert not app.error
    assert len(jobs.listing(ME)) == 2
    assert len(app.selectbox(key="which-training").options) == 2
    start_button(app).click().run()
    assert "at most 2 may be: stop one, or wait for its end." in said(app)
    assert len(jobs.listing(ME)) == 2
    before = app.query_params["job"]
    (older,) = {job.id for job in jobs.listing(ME)} - {before}
    app.selectbox(key="which-training").set_value(older).run()
    assert_sound(app)
    assert app.query_params["job"] == older


def test_controls_end_at_the_servers_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_PROFILE", "demo")
    monkeypatch.setenv("LATENT_EXPLORER_EPOCHS", "5")
    monkeypatch.setenv("LATENT_EXPLORER_CODE", "16")
    app = open_page("train")
    assert_sound(app)
    assert (app.number_input[0].max, app.number_input[0].value) == (5, 5)
    assert app.select_slider(key="Vanilla-fashion-mnist-size").options[-1] == "16"
    assert not start_button(app).disabled
    monkeypatch.setenv("LATENT_EXPLORER_PARAMETERS", "1000")
    app.run()
    assert "Parameters of the network may be at most 1,000 on this server" in said(app)
    assert start_button(app).disabled


def test_one_that_failed_says_why_and_is_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    job = job_in_state("failed", epoch=2, reason="The training process ended unexpectedly.")
    (job.path / "resume").mkdir()
    (job.path / "resume" / "state.npz").touch()
    monkeypatch.setattr(jobs.queue, "_advance", lambda: None)
    app = open_page("train")
    assert "The training process ended unexpectedly." in said(app)
    button(app, "Resume").click().run()
    assert_sound(app)
    assert jobs.find(job.id).status.state == "queued"
    button(app, "Leave the queue").click().run()
    assert "Stopped after 2 of 3 epochs; it can be resumed from there." in said(app)


def test_what_belongs_to_another_visitor_is_in_no_list_and_opens_by_its_link(digits_runs: dict[str, Path]) -> None:
    job = job_in_state("finished", owner="someone-else")
    shutil.copytree(digits_runs["vanilla"], job.run_path)
    cards.write(job.run_path, cards.unchecked(job.run_path) | {"owner": "someone-else"})
    app = open_page("train")
    assert "What to expect" in [s.value for s in app.header]
    turn(app, "reconstruct")
    assert len(app.selectbox(key="run").options) == len(runs.shipped())
    app = open_page("reconstruct", run=job.id)
    for page in OF_ONE_RUN:
        turn(app, page)
        assert_sound(app)
        assert not app.warning or page == "sampler"
        assert app.selectbox(key="run").value == job.id
    app.selectbox(key="run").set_value("vanilla").run()
    assert job.id not in " ".join(app.selectbox(key="run").options)
    assert len(app.selectbox(key="run").options) == len(runs.shipped()), "it is in no list afterwards"
    app = open_page("sparsity", runs=job.id)
    assert_sound(app)
    assert len(app.dataframe[0].value) == 1
    assert open_page("lens", run=job.id, beside=job.id).selectbox(key="beside").value == job.id


def test_a_run_that_could_be_guessed_opens_for_its_owner_alone(mine: Path) -> None:
    cards.write(mine / "sparse", cards.unchecked(mine / "sparse") | {"owner": "someone-else"})
    app = open_page("reconstruct", run="sparse")
    assert "gone" in app.warning[0].value
    assert app.selectbox(key="run").value == "vanilla"


def test_a_broken_run_of_nobody_knows_whom_is_in_no_list(mine: Path) -> None:
    card = (mine / "sparse" / "card.json").read_text()
    (mine / "sparse" / "card.json").write_text(card.replace('"owner": null', '"owner": "me"'))
    assert len(open_page("reconstruct").selectbox(key="run").options) == 1


@pytest.mark.parametrize("state", ["running", "failed", "finished"])
def test_a_training_is_watched_by_its_link_and_not_touched(state: str) -> None:
    job = job_in_state("failed", owner="someone-else", epoch=1)
    (job.path / "resume").mkdir()
    (job.path / "resume" / "state.npz").touch()
    with processes.working(job.path):
        jobs.Status(state, "Training" * (state == "running"), 0.5, 12.0, epoch=1).write(job.path)
        app = open_page("train", job=job.id)
        assert_sound(app)
        assert "**Mine** <b>" in [t.value for t in app.text]
        assert not {b.label for b in app.button} & {"Stop training", "Resume"}
        assert ("Someone else's training" in said(app)) == (state == "running")


def test_a_link_to_a_training_that_is_gone_says_so() -> None:
    app = open_page("train", job="../../etc")
    assert_sound(app)
    assert "training (gone, or mistyped)" in app.warning[0].value


# What is never imported

VISIT = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file(sys.argv[1], default_timeout=60).run()
for page in sys.argv[2:]:
    app.switch_page(f"{page}.py").run()
    assert not app.exception, page
found = {"tensorflow", "keras", "tf2onnx"} & set(sys.modules)
assert not found, found
"""


def test_no_page_imports_tensorflow() -> None:
    subprocess.run(
        [sys.executable, "-c", VISIT, NAVIGATION, *PAGES[1:], "runs"],
        cwd=ROOT, check=True, stderr=subprocess.DEVNULL, timeout=120, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
