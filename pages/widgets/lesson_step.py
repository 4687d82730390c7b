"""A step of a lesson: what it says, asks and tells, and where it leads.

Progress is of the tab: what was guessed and told stays in the session and is in no link.
"""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ae_core import runs
from ae_core.errors import ExplorerError, LessonError, RunError
from ae_core.inference import LoadedRun
from ae_core.lessons import pictures, quantities, text
from ae_core.lessons.quantities import Asked
from ae_core.lessons.text import ESTIMATE, Lesson, Option, Question, Step
from pages.serving import caches
from pages.widgets import alerts, glossary, lessons, menu, plot, source_code, tables
from pages.widgets.lessons import TOLD

CLOSE = 0.1  # of an estimate's range
FEW = 4  # examples beside one another where there is little room


def show(lesson: Lesson, step: Step, number: int) -> None:
    """Shows a step: its words and pictures, or its question and, once something was predicted, what the data say."""
    place = lessons.place(lesson, number)
    told = st.session_state.get(TOLD, {})
    parts = step.parts
    left, right = parts, parts[:0]
    asked: list[Asked] = []
    cut = next((i + 1 for i, part in enumerate(parts) if isinstance(part, Question)), None)
    if cut is None:  # words at the left, pictures at the right
        left = tuple(part for part in parts if not isinstance(part, text.Picture))
        right = tuple(part for part in parts if isinstance(part, text.Picture))
    else:  # the prediction at the left, what is told at the right
        left, right = parts[:cut], parts[cut:]
    first, second = st.columns(2, gap="large") if right or cut else (st.columns([3, 2])[0], st.container())
    with first:
        asked += _show_parts(lesson, left, place)
    if cut is not None and place not in told:
        with second:
            st.caption("The answer stands here once you have predicted it.")
        return
    with second, st.spinner("Computing the answer …"):
        if step.question:
            asked += _tell(lesson, step.question, told[place])
        asked += _show_parts(lesson, right, place)
    _show_code(asked)


def _show_parts(lesson: Lesson, parts: Sequence[text.Part], place: str) -> list[Asked]:
    """Shows parts under one another, and gives the quantities and pictures in them."""
    asked: list[Asked] = []
    for part in parts:
        if isinstance(part, text.Text):
            _say(lesson, part)
            asked += part.asked
        elif isinstance(part, text.Picture):
            _draw(lesson, part, key=f"picture-{part.line}")
            asked.append(part.asked)
        elif isinstance(part, Question):
            _ask(part, place)
        else:
            st.page_link(
                menu.PAGES[part.page].file,
                label=alerts.escape_markdown(part.label),
                icon=":material/arrow_forward:",
                icon_position="right",
                query_params=part.settings | lessons.way_back(lesson, place),
            )
            st.caption(part.do)
    return asked


def _say(lesson: Lesson, part: text.Text) -> None:
    """Paragraphs, with their quantities filled in; terms of the glossary are explained where they stand."""
    known = {asked.text: quantities.written(asked.text, _value(lesson, part.line, asked)) for asked in part.asked}
    filled = text.QUANTITY.sub(lambda found: known[" ".join(found[1].split())], part.markdown)
    for paragraph in filled.split("\n\n"):
        if glossary.MARKED.search(paragraph):
            glossary.say(" ".join(paragraph.split()))
        elif paragraph.strip():
            st.markdown(paragraph)


def _draw(lesson: Lesson, part: text.Picture, key: str) -> None:
    asked = part.asked
    try:
        contents = [caches.content(opened(name).run) for name in asked.models]
        plot.show(
            lambda: pictures.draw(asked.text, opened),
            key=key,
            alt=pictures.PICTURES[asked.name].meaning,
            narrow=lambda: pictures.draw(asked.text, opened, wrap=FEW),
            of=(asked.text, *contents),
        )
    except ExplorerError as error:
        raise _located(lesson, part.line, error) from None


# Questions


def _ask(question: Question, place: str) -> None:
    """Shows a question, with what was guessed once its answer was told."""
    told = st.session_state.get(TOLD, {})
    guess, is_told, key = told.get(place), place in told, f"guess-{place}"
    if question.how == ESTIMATE:
        whole = all(float(value).is_integer() for value in (question.low, question.high, question.step))
        low, high, step = (int(v) if whole else v for v in (question.low, question.high, question.step))
        middle = low + step * round((high - low) / 2 / step)
        st.slider(f"**{question.ask}**", low, high, middle if guess is None else guess, step, key=key, disabled=is_told)
    else:
        labels = [option.label for option in question.options]
        st.radio(
            f"**{question.ask}**",
            range(len(labels)),
            index=guess,
            format_func=labels.__getitem__,
            key=key,
            disabled=is_told,
        )
    with st.container(horizontal=True):
        if is_told:
            st.button("Predict again", key="lesson-again", on_click=_forget, args=(place,))
        else:
            st.button(
                "Reveal",
                type="primary",
                key="lesson-reveal",
                on_click=_note,
                args=(place, key),
                disabled=st.session_state.get(key) is None,
            )


def _note(place: str, key: str) -> None:
    if (guess := st.session_state.get(key)) is not None:
        st.session_state[TOLD] = st.session_state.get(TOLD, {}) | {place: guess}


def _forget(place: str) -> None:
    st.session_state[TOLD] = {p: guess for p, guess in st.session_state.get(TOLD, {}).items() if p != place}


def _tell(lesson: Lesson, question: Question, guess: Any) -> list[Asked]:
    """Says what the data say beside what was guessed, and gives the quantities that were computed."""
    values = [_value(lesson, question.line, asked) for asked in question.asked]
    if question.answer:
        written = quantities.QUANTITIES[question.answer.name].written
        beside = st.container(horizontal=True, gap="large")
        beside.metric("The data say", written(values[0]), width="content")
    if question.how == ESTIMATE:
        beside.metric("You said", written(guess), width="content")
        away = abs(guess - values[0])
        near = away <= CLOSE * (question.high - question.low)
        unit = quantities.QUANTITIES[question.answer.name].unit if question.answer else ""
        apart = written(away).replace("%", "percentage points") if unit == "%" else written(away)
        way = "much" if guess > values[0] else "little"
        st.info(f"Close: {apart} away." if near else f"You said {apart} too {way}.", icon=_icon(near))
        return list(question.asked)
    right = question.right(values)
    if question.answer:
        beside.metric("You said", question.options[guess].label, width="content")
    else:
        _show_options(question.options, values, right, guess)
    st.info(
        "Your prediction is right." if guess == right else f"The answer: {question.options[right].label}.",
        icon=_icon(guess == right),
    )
    return list(question.asked)


def _icon(right: bool) -> str:
    return ":material/check:" if right else ":material/lightbulb:"


def _show_options(options: Sequence[Option], values: Sequence[float], right: int, guess: int) -> None:
    """A table of what each option comes to, the right one bold."""
    labels, told = [], []
    for i, (option, value) in enumerate(zip(options, values, strict=True)):
        assert option.asked is not None
        written = quantities.written(option.asked.text, value)
        label = option.label + " (you)" * (i == guess)
        labels.append(f"**{label}**" if i == right else label)
        told.append(f"**{written}**" if i == right else written)
    tables.show({"option": labels, "the data say": told})


# What the data say


def opened(name: str) -> LoadedRun:
    """The loaded run of a name that a lesson gives.

    Raises:
        RunError: if there is none that whoever knows the name may see, or it is damaged.
    """
    run = runs.find(name)
    if run is None:
        raise RunError(f"There is no model {name!r}: it was deleted, or its name is mistyped.")
    return caches.load(run)


def _located(lesson: Lesson, line: int, error: ExplorerError) -> LessonError:
    return LessonError(f"{lesson.file}, line {line}: {str(error).rstrip('.')}.")


def _value(lesson: Lesson, line: int, asked: Asked) -> float:
    """A quantity of a lesson.

    Raises:
        LessonError: if it cannot be computed; names the file and the line.
    """
    try:
        return _computed(asked.text, asked.models)
    except ExplorerError as error:
        raise _located(lesson, line, error) from None


@caches.memoize(256, key=lambda asked, models: (asked, *(caches.content(opened(name).run) for name in models)))
def _computed(asked: str, models: Sequence[str]) -> float:
    return quantities.value(asked, opened)


def _show_code(asked: Sequence[Asked]) -> None:
    """Shows what computes the quantities and pictures of a step."""
    if not asked:
        return
    each = dict.fromkeys(one.text for one in asked)
    numbers = [f"print({one!r}, quantities.value({one!r}))" for one in each if one.split()[0] in quantities.QUANTITIES]
    drawn = [f"pictures.draw({one!r}).show()" for one in each if one.split()[0] in pictures.PICTURES]
    source_code.show("\n".join(["from ae_core.lessons import pictures, quantities", "", *numbers, *drawn]))
