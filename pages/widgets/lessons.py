"""Lessons: where they are offered, how one is shown, and what leads back to it from the page that it leads to.

Progress is of the tab: what was guessed and told stays in the session and is in no link.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from ae_core import runs, settings
from ae_core.errors import ExplorerError, LessonError, RunError
from ae_core.inference import LoadedRun
from ae_core.lessons import pictures, quantities, text
from ae_core.lessons.quantities import Asked
from ae_core.lessons.text import ESTIMATE, Known, Lesson, Option, Question, Step, Try
from pages.serving import caches, fields, page_state
from pages.serving.fields import Values
from pages.serving.page_state import State
from pages.widgets import alerts, counts, glossary, menu, plot, source_code, tables

KEY, STEP, LANGUAGE, HERE = "lesson", "step", "language", "from-lesson"  # of the fields
TOLD = "lessons-told"  # in the session: what was guessed, by place, of each question whose answer was told
FIRST = "en"  # the language of those that ship
CLOSE = 0.1  # of an estimate's range
FEW = 4  # examples beside one another where there is little room
ACROSS = 4  # cards
KNOWN = Known(tuple(menu.PAGES), glossary.unknown)


@caches.memoize(256, key=lambda path, changed: (path, changed))
def _read(path: Path, changed: int) -> Lesson | LessonError:
    try:
        return text.read(path, KNOWN)
    except LessonError as error:
        return error


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _languages(values: Values) -> list[str]:
    found = text.languages(settings.current().lessons)
    return sorted(found, key=lambda language: language != FIRST)


def _written(values: Values) -> dict[str, Lesson]:
    """The lessons of a language by name, without those that have mistakes."""
    return read(values[LANGUAGE])[0]


def read(language: str | None) -> tuple[dict[str, Lesson], list[LessonError]]:
    """The lessons of a language by name, in their order, and what is wrong with others."""
    if language is None:
        return {}, []
    lessons: dict[str, Lesson] = {}
    errors = []
    for path in text.files(settings.current().lessons / language):
        found = _read(path, _changed(path))
        if isinstance(found, LessonError):
            errors.append(found)
        elif found.name in lessons:
            errors.append(LessonError(f"{found.file} has the name of {lessons[found.name].file}: give it another one."))
        else:
            lessons[found.name] = found
    return lessons, errors


def _steps(values: Values) -> range:
    lesson = _written(values).get(values[KEY])  # its file may be changed just now
    return range(1, len(lesson.steps) + 1 if lesson else 2)


FIELDS = (
    fields.choice(LANGUAGE, "Language", _languages, default=lambda values: next(iter(_languages(values)), None)),
    fields.choice(KEY, "Lesson", lambda values: list(_written(values)), default=None),
    fields.choice(STEP, "Step", _steps, of=lambda values: values[KEY], when=lambda values: values[KEY] is not None),
)
# On the page that a step leads to: the lesson and the step, which go no further.
FROM = fields.choice(
    HERE,
    "Lesson",
    lambda values: list(_leading(values[LANGUAGE], values["page"])),
    default=None,
    of=lambda values: values["page"],
)


def _leading(language: str, page: str) -> dict[str, tuple[Lesson, int, Try]]:
    """The steps of lessons that lead to the page of an address, by what a link calls them."""
    return {
        f"{lesson.name}.{number}": (lesson, number, part)
        for lesson in read(language)[0].values()
        for number, step in enumerate(lesson.steps, 1)
        for part in step.parts
        if isinstance(part, Try) and menu.PAGES[part.page].address == page
    }


def _link(lesson: str, step: int = 1) -> dict[str, str]:
    """What a link asks for that leads to a step of a lesson."""
    language = page_state.open(FIELDS[0])[LANGUAGE]
    return ({} if language == FIRST else {LANGUAGE: language}) | {KEY: lesson, STEP: str(step)}


def _from(lesson: Lesson, place: str) -> dict[str, str]:
    """What a link to another page asks for, so that it leads back to the step of that place."""
    language = page_state.open(FIELDS[0])[LANGUAGE]
    return ({} if language == FIRST else {LANGUAGE: language}) | {HERE: f"{lesson.name}.{place.rpartition(' ')[2]}"}


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


def _show_cards(lessons: Sequence[Lesson]) -> None:
    """Shows a card for each lesson."""
    with st.container(key="lessons"):
        for start in range(0, len(lessons), ACROSS):
            for column, number in zip(st.columns(ACROSS, gap="small"), range(start, start + ACROSS), strict=True):
                if number < len(lessons):
                    lesson = lessons[number]
                    with column.container(border=True, height="stretch", gap="xxsmall"):
                        label = f"**{number + 1}. {alerts.escape_markdown(lesson.title)}**"
                        _button(label, lesson, key=f"lesson-{number}", icon=_mark(lesson), type="tertiary")
                        minutes = f"{lesson.minutes}\u00a0minute{'s' * (lesson.minutes != 1)}"
                        st.caption(f"{alerts.escape_markdown(lesson.promise)} {minutes}.")


def _button(label: str, lesson: Lesson, **options: Any) -> None:
    """Leads to a lesson on the page of lessons: a link to the page that is open would be no news to it."""
    asked = {name: [text] for name, text in _link(lesson.name).items()}
    st.button(label, icon_position="right", on_click=page_state.ask, args=(asked,), **options)


def _mark(lesson: Lesson) -> str:
    """A tick once all its questions were answered, else an arrow."""
    told = st.session_state.get(TOLD, {})
    asking = [_place(lesson, number) for number, step in enumerate(lesson.steps, 1) if step.question]
    done = bool(asking) and all(place in told for place in asking)
    return ":material/check:" if done else ":material/arrow_forward:"


def show_current(page: str) -> None:
    """Says what to do on the page of that address, if a lesson led to it, and leads back to the lesson."""
    language = _languages({})[:1] and page_state.open(FIELDS[0])[LANGUAGE]
    if not language or not _leading(language, page):
        return
    state = page_state.open(FROM, language=language, page=page)
    found = _leading(language, page).get(state[HERE])
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


# A lesson


def show() -> None:
    """Shows the lesson that the page is asked for, or all of them."""
    language = page_state.open(FIELDS[0])
    if len(_languages({})) > 1:
        language.segments(LANGUAGE)
    state = page_state.open(*FIELDS)
    lessons, errors = read(language[LANGUAGE])
    if state[KEY] not in lessons:
        many = counts.say(len(lessons)).capitalize()
        st.markdown(
            f"{many} short lessons. Each asks for your prediction first; its answer is then computed from the models "
            "that you look at on the other pages."
            if lessons
            else "There are no lessons: none was found in the folder of lessons."
        )
        _show_cards(list(lessons.values()))
        for error in errors:
            alerts.error("A lesson is left out.", error, st.warning)
        return
    names = list(lessons)
    number = names.index(state[KEY])
    lesson = lessons[state[KEY]]
    st.header(f"{number + 1}. {alerts.escape_markdown(lesson.title)}")
    if len(lesson.steps) > 1:
        titles = {i: f"{i}. {alerts.escape_markdown(step.title)}" for i, step in enumerate(lesson.steps, 1)}
        state.segments(STEP, label_visibility="collapsed", format_func=titles.__getitem__)
    step = lesson.steps[min(state[STEP], len(lesson.steps)) - 1]
    try:
        _show_step(lesson, step, state[STEP])
    except ExplorerError as error:
        alerts.error("This step cannot be shown in full.", error, st.warning)
    _show_way_on(state, lesson, list(lessons.values())[number + 1 :])


def _place(lesson: Lesson, step: int) -> str:
    return f"{lesson.file}, {step}"


def _show_step(lesson: Lesson, step: Step, number: int) -> None:
    place = _place(lesson, number)
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
                query_params=part.settings | _from(lesson, place),
            )
            st.caption(part.do)
    return asked


def _show_way_on(state: State, lesson: Lesson, after: Sequence[Lesson]) -> None:
    step = state[STEP]
    with st.container(horizontal=True, vertical_alignment="center"):
        if step < len(lesson.steps):
            st.button(
                f"Next: {alerts.escape_markdown(lesson.steps[step].title)}",
                icon=":material/arrow_forward:",
                icon_position="right",
                key="lesson-next",
                on_click=page_state.put,
                args=(state.key(STEP), step + 1),
            )
        elif after:
            label = f"Next lesson: {alerts.escape_markdown(after[0].title)}"
            _button(label, after[0], key="lesson-next", icon=":material/arrow_forward:")
        st.button("All lessons", key="lesson-all", type="tertiary", on_click=page_state.put, args=(KEY, None))
    if step == len(lesson.steps) and lesson.reference:
        st.caption(f"Read on: {lesson.reference}")


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
