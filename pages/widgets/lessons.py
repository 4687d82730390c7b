"""Lessons: where they are, where they are offered, and what leads back to one from the page that it leads to."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from ae_core import settings
from ae_core.errors import LessonError
from ae_core.lessons import text
from ae_core.lessons.text import Known, Lesson, Try
from pages.serving import fields, page_state
from pages.serving.fields import Values
from pages.widgets import alerts, counts, glossary, menu

KEY, STEP, LANGUAGE, HERE = "lesson", "step", "language", "from-lesson"  # of the fields
TOLD = "lessons-told"  # in the session: what was guessed, by place, of each question whose answer was told
FIRST = "en"  # the language of those that ship
ACROSS = 4  # cards
Leading = dict[str, tuple[Lesson, int, Try]]  # steps that lead to a page, by what a link calls them
KNOWN = Known(tuple(menu.PAGES), glossary.unknown)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def languages(values: Values) -> list[str]:
    """Those in which there are lessons, English first."""
    found = text.languages(settings.current().lessons)
    return sorted(found, key=lambda language: language != FIRST)


def _written(values: Values) -> dict[str, Lesson]:
    """The lessons of a language by name, without those that have mistakes."""
    return read(values[LANGUAGE])[0]


def read(language: str | None) -> tuple[dict[str, Lesson], list[LessonError]]:
    """The lessons of a language by name, in their order, and what is wrong with others."""
    if language is None:
        return {}, []
    lessons, errors, _ = _all(language)
    return lessons, errors


def _all(language: str) -> tuple[dict[str, Lesson], list[LessonError], dict[str, Leading]]:
    """As `read`, and the steps that lead to each page, by its address."""
    return _read_all(tuple((path, _changed(path)) for path in text.files(settings.current().lessons / language)))


@lru_cache(maxsize=16)  # every page of every visitor asks
def _read_all(files: tuple[tuple[Path, int], ...]) -> tuple[dict[str, Lesson], list[LessonError], dict[str, Leading]]:
    lessons: dict[str, Lesson] = {}
    errors = []
    leading: dict[str, Leading] = {}
    for path, _ in files:
        try:
            found = text.read(path, KNOWN)
        except LessonError as error:
            errors.append(error)
            continue
        if found.name in lessons:
            errors.append(LessonError(f"{found.file} has the name of {lessons[found.name].file}: give it another one."))
        else:
            lessons[found.name] = found
            for number, step in enumerate(found.steps, 1):
                for part in step.parts:
                    if isinstance(part, Try):
                        there = leading.setdefault(menu.PAGES[part.page].address, {})
                        there[f"{found.name}.{number}"] = (found, number, part)
    return lessons, errors, leading


def _steps(values: Values) -> range:
    lesson = _written(values).get(values[KEY])  # its file may be changed just now
    return range(1, len(lesson.steps) + 1 if lesson else 2)


FIELDS = (
    fields.choice(LANGUAGE, "Language", languages, default=lambda values: next(iter(languages(values)), None)),
    fields.choice(KEY, "Lesson", lambda values: list(_written(values)), default=None),
    fields.choice(STEP, "Step", _steps, of=lambda values: values[KEY], when=lambda values: values[KEY] is not None),
)
# On the page that a step leads to: the lesson and the step, which go no further.
FROM = fields.choice(
    HERE,
    "Lesson",
    lambda values: values["leading"],
    default=None,
    of=lambda values: values["page"],
)


def _link(lesson: str, step: int = 1) -> dict[str, str]:
    """What a link asks for that leads to a step of a lesson."""
    language = page_state.open(FIELDS[0])[LANGUAGE]
    return ({} if language == FIRST else {LANGUAGE: language}) | {KEY: lesson, STEP: str(step)}


def way_back(lesson: Lesson, place: str) -> dict[str, str]:
    """What a link to another page asks for, so that it leads back to the step of that place."""
    language = page_state.open(FIELDS[0])[LANGUAGE]
    return ({} if language == FIRST else {LANGUAGE: language}) | {HERE: f"{lesson.name}.{place.rpartition(' ')[2]}"}


def place(lesson: Lesson, step: int) -> str:
    """What a step is called in the session."""
    return f"{lesson.file}, {step}"


# Where they are offered


def show_links() -> None:
    """Shows a link to each lesson, ticked once its questions were answered."""
    language = page_state.open(FIELDS[0])[LANGUAGE]
    lessons, _ = read(language)
    if not lessons:
        return
    st.caption(f"{counts.say(len(lessons)).capitalize()} short lessons: predict first, then see what the data say.")
    with st.container(horizontal=True, gap="xsmall", key="home-lessons"):
        for number, lesson in enumerate(lessons.values(), 1):
            st.page_link(
                menu.PAGES["lessons"].file,
                label=f"**{number}. {alerts.escape_markdown(lesson.title)}**",
                icon=_mark(lesson),
                icon_position="right",
                query_params=_link(lesson.name),
                width="content",
            )


def show_cards(lessons: Sequence[Lesson]) -> None:
    """Shows a card for each lesson."""
    with st.container(key="lessons"):
        for start in range(0, len(lessons), ACROSS):
            for column, number in zip(st.columns(ACROSS, gap="small"), range(start, start + ACROSS), strict=True):
                if number < len(lessons):
                    lesson = lessons[number]
                    with column.container(border=True, height="stretch", gap="xxsmall"):
                        label = f"**{number + 1}. {alerts.escape_markdown(lesson.title)}**"
                        button(label, lesson, key=f"lesson-{number}", icon=_mark(lesson), type="tertiary")
                        minutes = f"{lesson.minutes}\u00a0minute{'s' * (lesson.minutes != 1)}"
                        st.caption(f"{alerts.escape_markdown(lesson.promise)} {minutes}.")


def button(label: str, lesson: Lesson, **options: Any) -> None:
    """Leads to a lesson on the page of lessons: a link to the page that is open would be no news to it."""
    asked = {name: [text] for name, text in _link(lesson.name).items()}
    st.button(label, icon_position="right", on_click=page_state.ask, args=(asked,), **options)


def _mark(lesson: Lesson) -> str:
    """A tick once all its questions were answered, else an arrow."""
    told = st.session_state.get(TOLD, {})
    asking = [place(lesson, number) for number, step in enumerate(lesson.steps, 1) if step.question]
    done = bool(asking) and all(place in told for place in asking)
    return ":material/check:" if done else ":material/arrow_forward:"


def show_current(page: str) -> None:
    """Says what to do on the page of that address, if a lesson led to it, and leads back to the lesson."""
    language = page_state.open(FIELDS[0])[LANGUAGE]
    leading = _all(language)[2].get(page, {}) if language else {}
    if not leading:
        return
    state = page_state.open(FROM, page=page, leading=list(leading))
    found = leading.get(state[HERE])
    if found is None:
        return
    lesson, step, part = found
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="lesson-here"):
        with st.container(gap="xxsmall", width="stretch"):
            st.markdown(part.do)
            st.caption(f"Notice: {part.notice}")
        st.page_link(
            menu.PAGES["lessons"].file,
            label=f"Back to the lesson: {alerts.escape_markdown(lesson.title)}",
            icon=":material/school:",
            query_params=_link(lesson.name, step),
            width="content",
        )
        st.button(
            "Close",
            icon=":material/close:",
            key="lesson-close",
            on_click=page_state.put,
            args=(state.key(HERE), None),
        )
