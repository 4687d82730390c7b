"""The page of lessons, and the pages that lessons lead to, in Streamlit's own test runner."""

import shutil
from pathlib import Path

import pytest
from visiting import assert_sound, button, code_of, link, made_by, open_page, said, turn

from ae_core import locations, runs
from ae_core.lessons import text
from ae_core.lessons.text import Lesson, Question, Try
from pages.widgets import lessons, menu

LESSONS = [text.read(path, lessons.KNOWN) for path in text.files(locations.LESSONS / "en")]
TRIES = [
    (lesson, number, part)
    for lesson in LESSONS
    for number, step in enumerate(lesson.steps, 1)
    for part in step.parts
    if isinstance(part, Try)
]
# What visitors may have chosen before on the page that a lesson leads to.
BEFORE = {
    "lens": {
        "run": "vanilla-2d",
        "beside": "variational-2d",
        "overlay": "Density",
        "pin": "0.5,-0.25",
        "class": "Bag",
        "select": "3.17",
        "image": "22",
    },
    "paths": {"path": "Along a direction", "frames": "8", "runs": "sparse", "images": "3", "way": "Spherical"},
    "your_image": {"from": "Upload", "image": "22", "crop": "false"},
    "train": {"kind": "Sparse", "dataset": "Digits (8 × 8)", "seed": "5", "dense-fashion-mnist-epochs": "4"},
    "denoise": {"noise": "Masking", "level": "0.3", "noise-seed": "7"},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of lessons of one's own, with a copy of those that ship."""
    monkeypatch.setenv("LATENT_EXPLORER_LESSONS", str(tmp_path / "lessons"))
    shutil.copytree(locations.LESSONS, tmp_path / "lessons")
    return tmp_path / "lessons" / "en"


@pytest.mark.parametrize(("lesson", "step", "way"), TRIES, ids=[f"{x.name}-{n}" for x, n, _ in TRIES])
def test_a_lesson_leads_to_a_page_as_it_is_meant_and_back(lesson: Lesson, step: int, way: Try) -> None:
    asked = way.settings | {lessons.HERE: f"{lesson.name}.{step}"}
    app = open_page(way.page, **BEFORE.get(way.page, {}))
    assert not app.warning
    app.query_params.clear()
    turn(app, "home")
    app.query_params.update(asked)
    turn(app, way.page)
    assert_sound(app)
    assert not app.warning, "the page has all that the link asks for"
    assert link(app) == asked, "and nothing of what was chosen before"
    assert way.do in said(app)
    assert way.notice in said(app)
    (back,) = [e.proto for e in app.get("page_link") if e.proto.label.startswith("Back to the lesson")]
    assert back.page == "lessons"
    assert set(back.query_string.split("&")) == {f"lesson={lesson.name}", f"step={step}"}
    app.button(key="lesson-close").click().run()
    assert_sound(app)
    assert way.do not in said(app)
    assert lessons.HERE not in link(app)


def test_home_links_to_all_of_them() -> None:
    links = {e.proto.label: e.proto for e in open_page("home").get("page_link")}
    for number, lesson in enumerate(LESSONS, 1):
        way = links[f"**{number}. {lesson.title}**"]
        assert way.page == menu.PAGES["lessons"].address
        assert f"lesson={lesson.name}" in way.query_string.split("&")


def test_a_lesson_asks_before_it_tells_and_its_progress_is_of_the_tab_alone() -> None:
    app = open_page("lessons", lesson="contraction", step="2")
    assert_sound(app)
    (question,) = [part for part in LESSONS[4].steps[1].parts if isinstance(part, Question)]
    assert app.slider[0].label == f"**{question.ask}**"
    assert not app.metric, "nothing is told yet"
    assert "0.07" not in said(app)
    app.slider[0].set_value(0.4).run()
    button(app, "Reveal").click().run()
    assert_sound(app)
    assert [(m.label, m.value) for m in app.metric] == [("The data say", "0.07"), ("You said", "0.40")]
    assert "You said 0.33 too much." in said(app)
    assert link(app) == {"lesson": "contraction", "step": "2"}
    figures, names = made_by(code_of(app))
    assert len(figures) == 1
    assert f"{names['quantities'].value('code-shift contractive'):.2f}" == app.metric[0].value
    button(app, "All lessons").click().run()
    marks = {b.label: b.proto.icon for b in app.button}
    assert (
        marks["**5\\. Contraction**" if "**5\\. Contraction**" in marks else "**5. Contraction**"] == ":material/check:"
    )
    app.button(key="lesson-4").click().run()
    assert link(app) == {"lesson": "contraction", "step": "1"}
    button(app, "Next: Predict").click().run()
    assert app.metric[1].value == "0.40", "what was told stays told"
    button(app, "Predict again").click().run()
    assert not app.metric


def test_the_right_option_is_named_with_what_all_come_to() -> None:
    app = open_page("lessons", lesson="noise", step="2")
    assert button(app, "Reveal").disabled
    app.radio[0].set_value(1).run()
    button(app, "Reveal").click().run()
    assert_sound(app)
    assert "The answer: The Gaussian filter at its best width." in said(app)
    assert "| What the denoising model draws (you) | 16.9 dB |" in said(app)
    assert "| **The Gaussian filter at its best width** | **22.4 dB** |" in said(app)


def test_a_file_with_a_mistake_is_told_and_the_others_go_on(folder: Path) -> None:
    path = folder / "03-noise.md"
    path.write_text(path.read_text("utf-8").replace("minutes: 4", "minutes: four <b>"), "utf-8")
    (folder / "09-noise.md").write_bytes((folder / "01-the-code.md").read_bytes())
    (folder / "10-the-code.md").write_bytes((folder / "01-the-code.md").read_bytes())
    app = open_page("lessons")
    assert_sound(app)
    told = [t.value for t in app.text]
    assert told == [
        "en/03-noise.md, line 4: minutes must be a whole number from 1 to 60, got 'four <b>'.",
        "en/10-the-code.md has the name of en/01-the-code.md: give it another one.",
    ]
    assert sum(b.label.startswith("**") for b in app.button) == 8
    app = open_page("lessons", lesson="beta")
    assert_sound(app)
    assert not app.warning


@pytest.mark.usefixtures("folder")
def test_a_model_that_is_not_there_is_told_in_its_step(nothing_ships: Path) -> None:
    app = open_page("lessons", lesson="the-code", step="1")
    assert_sound(app)
    (sentence,) = [t.value for t in app.text]
    assert (
        sentence == "en/01-the-code.md, line 10: There is no model 'vanilla': it was deleted, or its name is mistyped."
    )
    button(app, "Next: Predict").click().run()
    assert_sound(app)


def test_a_translation_is_offered_and_in_the_link(folder: Path) -> None:
    german = folder.with_name("de")
    german.mkdir()
    content = (folder / "01-the-code.md").read_text("utf-8").replace("title: The code", "title: Der Code")
    (german / "01-the-code.md").write_text(content, "utf-8")
    app = open_page("lessons", language="de", lesson="the-code", step="3")
    assert_sound(app)
    assert "1. Der Code" in [header.value for header in app.header]
    assert link(app) == {"language": "de", "lesson": "the-code", "step": "3"}
    (way,) = [e.proto for e in app.get("page_link")]
    assert "language=de" in way.query_string.split("&")
    app = open_page("units", run="vanilla", language="de", **{lessons.HERE: "the-code.3"})
    assert "Back to the lesson: Der Code" in [e.proto.label for e in app.get("page_link")]


@pytest.mark.parametrize("query", [{"lesson": "nonsense"}, {"lesson": "holes", "step": "9"}, {"language": "xx"}])
def test_a_link_to_no_lesson_is_told(query: dict[str, str]) -> None:
    app = open_page("lessons", **query)
    assert_sound(app)
    assert "not valid" in app.warning[0].value


def test_without_a_folder_of_lessons_pages_go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_LESSONS", str(tmp_path / "gone"))
    for page in ("lessons", "home", "lens"):
        app = open_page(page)
        assert_sound(app)
        assert not app.error
    assert runs.shipped()
