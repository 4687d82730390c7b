"""The page of a visitor's own runs: what it lists, and what it does with them."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ae_core import archive, cards, jobs, processes, runs
from ae_core.jobs import Job
from ae_core.spec import make_spec
from pages.widgets import visitor

NAVIGATION = str(Path(__file__).resolve().parent.parent / "pages" / "navigation.py")
ME = "me"
TITLE = "**Mine** <b> :material/home:"


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(visitor, "current", lambda: ME)
    monkeypatch.setattr(runs, "SHIPPED", tmp_path / "nothing-ships")
    monkeypatch.setattr(jobs.queue, "_advance", lambda: None)  # nothing is really trained
    return tmp_path / "data"


def finished(digits_runs: dict[str, Path], owner: str = ME, title: str = TITLE) -> Job:
    job = jobs.folder.create(make_spec("vanilla", "digits", epochs=1), owner, title)
    jobs.Status("finished", "", 1.0, epoch=1).write(job.path)
    shutil.copytree(digits_runs["vanilla"], job.run_path)
    cards.write(job.run_path, cards.unchecked(job.run_path) | {"owner": owner, "title": title})
    return jobs.find(job.id)


def open_page() -> AppTest:
    app = AppTest.from_file(NAVIGATION, default_timeout=60).run().switch_page("runs.py").run()
    assert_sound(app)
    return app


def assert_sound(app: AppTest) -> None:
    assert not app.exception, [e.value for e in app.exception]
    assert app.title[0].value == "Your runs"


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [b for b in app.button if b.label == label]
    app = button.click().run()
    assert_sound(app)
    return app


def texts(app: AppTest) -> list[str]:
    return [t.value for t in app.text]


def said(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.text, app.info, app.warning, app.error, app.success)
    return "\n".join(str(e.value) for kind in kinds for e in kind)


def test_without_runs_it_says_what_to_do() -> None:
    app = open_page()
    assert "Train one" in app.info[0].value
    assert not app.button


def test_it_lists_what_is_mine_alone(digits_runs: dict[str, Path]) -> None:
    mine, _ = finished(digits_runs), finished(digits_runs, "someone-else", "Theirs")
    app = open_page()
    assert texts(app) == [TITLE], "a person's words are never Markdown"
    assert f"BCE {runs.read(mine.run_path).card.figure('bce'):.4f}" in said(app)
    assert "kept until you delete it" in said(app)


def test_how_long_runs_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_KEEP_DAYS", "7")
    assert "deleted 7 days after it was last opened" in said(open_page())


def test_a_run_is_renamed(digits_runs: dict[str, Path]) -> None:
    job = finished(digits_runs)
    app = press(open_page(), "Rename")
    app.text_input[0].set_value("Another")
    app = press(app, "Rename it")
    assert runs.read(job.run_path).title == "Another"
    assert texts(app) == ["Another"]


def test_a_run_is_deleted_after_a_second_question(digits_runs: dict[str, Path]) -> None:
    job = finished(digits_runs)
    app = press(open_page(), "Delete")
    assert job.run_path.exists()
    app = press(app, "Delete it")
    assert not job.run_path.exists()
    assert not texts(app)
    assert "Deleted." in said(app)


def test_its_link_names_the_run(digits_runs: dict[str, Path]) -> None:
    job = finished(digits_runs)
    assert press(open_page(), "Link").code[0].value.endswith(f"/lens?run={job.id}")


def test_what_is_under_way_is_shown_and_not_deleted(digits_runs: dict[str, Path]) -> None:
    job = jobs.folder.create(make_spec("vanilla", "digits", epochs=3), ME, "Going on")
    with processes.working(job.path):
        jobs.Status("running", "Training", 0.5, 12.0, epoch=1).write(job.path)
        app = open_page()
        assert app.get("progress")[0].proto.text == "Vanilla · Epoch 2 of 3 · 12 s left"
        assert not app.button


def test_what_failed_says_why_and_is_deleted() -> None:
    job = jobs.folder.create(make_spec("vanilla", "digits", epochs=3), ME, "Failed")
    jobs.Status("failed", "", reason="The disk is full.").write(job.path)
    app = open_page()
    assert "The disk is full." in texts(app)
    press(press(app, "Delete"), "Delete it")
    assert not job.path.exists()


def test_a_damaged_run_says_so(digits_runs: dict[str, Path]) -> None:
    job = finished(digits_runs)
    (job.run_path / "decoder.onnx").unlink()
    app = open_page()
    assert "damaged" in app.warning[0].value
    assert "decoder.onnx missing" in said(app)


def test_many_runs_are_shown_some_at_a_time() -> None:
    for i in range(23):
        job = jobs.folder.create(make_spec("vanilla", "digits", epochs=3), ME, f"Run {i}")
        jobs.Status("cancelled", "").write(job.path)
    app = open_page()
    assert len(texts(app)) == 10
    app.number_input[0].set_value(3).run()
    assert_sound(app)
    assert len(texts(app)) == 3


def test_an_archive_is_queued_and_the_uploader_is_empty_again(digits_runs: dict[str, Path]) -> None:
    content = archive.pack(runs.read(digits_runs["vanilla"]))
    app = open_page()
    app.file_uploader[0].upload("run.zip", content, "application/zip").run()
    app = press(app, "Import")
    (job,) = jobs.listing(ME)
    assert job.status.state == "queued"
    assert app.get("progress")[0].proto.text.startswith("Import · Next in the queue")
    assert not [b for b in app.button if b.label == "Import"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "no .zip archive"), (b"PK" * 100, "no .zip archive"), (b"x" * 1000, "no .zip archive")],
)
def test_what_is_no_archive_is_refused_in_a_sentence(content: bytes, sentence: str) -> None:
    app = open_page()
    app.file_uploader[0].upload("run.zip", content, "application/zip").run()
    app = press(app, "Import")
    assert "was not imported" in app.error[0].value
    assert sentence in said(app)
    assert not jobs.listing(ME)


def test_a_run_too_large_for_the_server_is_refused(
    digits_runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_CODE", "2")
    app = open_page()
    app.file_uploader[0].upload("run.zip", archive.pack(runs.read(digits_runs["vanilla"])), "application/zip").run()
    assert "Code size may be at most 2 on this server" in said(press(app, "Import"))
