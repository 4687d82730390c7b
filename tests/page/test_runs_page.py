"""The page of a visitor's own runs: what it lists, and what it does with them."""

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import visiting
from streamlit.testing.v1 import AppTest
from visiting import ME, TITLE, button, click_again, cut, job_in_state, open_page, progress_texts, said

from ae_core import archive, cards, data, processes, runs, tasks, training
from ae_core.spec import make_spec
from ae_core.tasks import Job
from pages.serving import downloads

pytestmark = pytest.mark.usefixtures("nothing_ships", "nothing_starts")


def finished(digits_runs: dict[str, Path], owner: str = ME, title: str = TITLE) -> Job:
    job = job_in_state("finished", owner, title, fraction=1.0, epoch=3)
    shutil.copytree(digits_runs["vanilla"], job.run_path)
    cards.write(job.run_path, cards.unchecked(job.run_path) | {"owner": owner, "title": title})
    return job


def opened() -> AppTest:
    app = open_page("runs")
    assert_sound(app)
    return app


def assert_sound(app: AppTest) -> None:
    visiting.assert_sound(app)
    assert app.title[0].value == "Your models"


def press(app: AppTest, label: str) -> AppTest:
    app = button(app, label).click().run()
    assert_sound(app)
    return app


def texts(app: AppTest) -> list[str]:
    return [t.value for t in app.text]


def test_without_runs_it_says_what_to_do() -> None:
    app = opened()
    assert "Train one" in app.info[0].value
    assert not app.button


def test_it_lists_what_is_mine_alone(digits_runs: dict[str, Path]) -> None:
    mine, _ = finished(digits_runs), finished(digits_runs, "someone-else", "Theirs")
    app = opened()
    assert texts(app) == [TITLE], "a person's words are never Markdown"
    assert f"BCE {runs.read(mine.run_path).card.figure('bce'):.4f}" in said(app)
    assert "kept until you delete it" in said(app)


def test_how_long_runs_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_KEEP_DAYS", "7")
    assert "deleted 7 days after it was last opened" in said(opened())


def test_a_run_is_renamed(digits_runs: dict[str, Path]) -> None:
    job = finished(digits_runs)
    app = press(opened(), "Rename")
    app.text_input[0].set_value("Another")
    app = press(app, "Rename it")
    assert runs.read(job.run_path).title == "Another"
    assert texts(app) == ["Another"]


def test_a_run_is_deleted_after_a_second_question(digits_runs: dict[str, Path]) -> None:
    job = finished(digits_runs)
    app = press(opened(), "Delete")
    assert job.run_path.exists()
    app = press(app, "Delete it")
    assert not job.run_path.exists()
    assert not texts(app)
    assert "Deleted." in said(app)


def test_its_link_names_the_run(digits_runs: dict[str, Path]) -> None:
    job = finished(digits_runs)
    assert press(opened(), "Link").code[0].value.endswith(f"/lens?run={job.id}")


def test_what_is_under_way_is_shown_and_not_deleted(digits_runs: dict[str, Path]) -> None:
    job = tasks.folder.create(make_spec("vanilla", "digits", epochs=3), ME, "Going on")
    with processes.working(job.path):
        tasks.Status("running", "Training", 0.5, 12.0, epoch=1).write(job.path)
        app = opened()
        assert progress_texts(app)[0] == "Vanilla · Epoch 2 of 3 · 12 s left"
        assert not app.button


def test_what_failed_says_why_and_is_deleted() -> None:
    job = job_in_state("failed", reason="The disk is full.")
    app = opened()
    assert "The disk is full." in texts(app)
    press(press(app, "Delete"), "Delete it")
    assert not job.path.exists()


def test_a_damaged_run_says_so(digits_runs: dict[str, Path]) -> None:
    job = finished(digits_runs)
    cut(job.run_path)
    app = opened()
    assert "damaged" in app.warning[0].value
    assert "decoder.onnx missing" in said(app)


def test_many_runs_are_shown_some_at_a_time() -> None:
    for i in range(23):
        job_in_state("cancelled", title=f"Run {i}")
    app = opened()
    assert len(texts(app)) == 10
    app.number_input[0].set_value(3).run()
    assert_sound(app)
    assert len(texts(app)) == 3


def test_an_archive_is_queued_and_the_uploader_is_empty_again(digits_runs: dict[str, Path]) -> None:
    content = archive.pack(runs.read(digits_runs["vanilla"]))
    app = opened()
    app.file_uploader[0].upload("run.zip", content, "application/zip").run()
    app = press(app, "Import")
    (job,) = tasks.jobs_of(ME)
    assert job.status.state == "queued"
    assert progress_texts(app)[0].startswith("Import · Next in the queue")
    assert not [b for b in app.button if b.label == "Import"]


def test_a_second_click_imports_nothing_more(digits_runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened()
    app.file_uploader[0].upload("run.zip", archive.pack(runs.read(digits_runs["vanilla"])), "application/zip").run()
    start, submit = button(app, "Import"), tasks.submit_import

    def submit_and_click(*asked: Any) -> Job:
        if not tasks.jobs_of(ME):
            click_again(start)
        return submit(*asked)

    monkeypatch.setattr(tasks, "submit_import", submit_and_click)
    app = press(app, "Import")
    assert len(tasks.jobs_of(ME)) == 1
    assert [told.value for told in app.success] == ["The file is valid. The model is being built."]


def test_a_server_that_cannot_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # as if not installed
    app = opened()
    assert "pip install 'latent-explorer[train]'" in said(app)
    assert not app.file_uploader


@pytest.mark.parametrize("content", [b"", b"PK" * 100, b"x" * 1000])
def test_what_is_no_archive_is_refused_in_a_sentence(content: bytes) -> None:
    app = opened()
    app.file_uploader[0].upload("run.zip", content, "application/zip").run()
    app = press(app, "Import")
    assert "was not imported" in app.error[0].value
    assert "not a .zip archive" in said(app)
    assert not tasks.jobs_of(ME)


def test_a_run_too_large_for_the_server_is_refused(
    digits_runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_CODE", "2")
    app = opened()
    app.file_uploader[0].upload("run.zip", archive.pack(runs.read(digits_runs["vanilla"])), "application/zip").run()
    assert "Code size may be at most 2 on this server" in said(press(app, "Import"))


def test_a_model_goes_out_with_the_data_set_that_it_learnt(data_folder: Path, digits_runs: dict[str, Path]) -> None:
    finished(digits_runs)
    assert "Export its data set" not in [e.proto.label for e in opened().get("link_button")], "it comes with the app"
    x = np.random.default_rng(0).integers(0, 255, (40, 8, 8), np.uint8)
    dataset = data.from_arrays("Mine", x, owner=ME)
    network = {"family": "dense", "latent_dim": 2}
    job = tasks.folder.create(make_spec("vanilla", dataset.name, network=network, epochs=1, compile=False), ME, "Own")
    *_, last = training.fit(job.spec, job.run_path, owner=ME)
    assert isinstance(last, training.Finished)
    tasks.Status("finished", "", fraction=1.0, epoch=1).write(job.path)
    (offered,) = [e.proto for e in opened().get("link_button") if e.proto.label == "Export its data set"]
    offer = downloads._offers[offered.url.rpartition("/")[2]]
    assert offer.name == "Mine.zip"
    file = offer.make()
    assert isinstance(file, Path)
    data.own.remove(dataset)
    assert data.add(file).name == job.spec.dataset
