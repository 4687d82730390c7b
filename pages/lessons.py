"""Lessons: each asks before it tells, and its answer is computed from the models that the other pages show."""

import streamlit as st

from ae_core.errors import ExplorerError
from pages.serving import page_state
from pages.widgets import alerts, counts, lesson_step, lessons
from pages.widgets.lessons import FIELDS, KEY, LANGUAGE, STEP

st.title("Lessons")
language = page_state.open(FIELDS[0])
if len(lessons.languages({})) > 1:
    language.segments(LANGUAGE)
state = page_state.open(*FIELDS)
found, errors = lessons.read(language[LANGUAGE])
if state[KEY] not in found:
    st.markdown(
        f"{counts.say(len(found)).capitalize()} short lessons. Each asks for your prediction first; its answer is then "
        "computed from the models that you look at on the other pages."
        if found
        else "There are no lessons: none was found in the folder of lessons."
    )
    lessons.show_cards(list(found.values()))
    for error in errors:
        alerts.error("A lesson is left out.", error, st.warning)
else:
    number, lesson = list(found).index(state[KEY]), found[state[KEY]]
    after = list(found.values())[number + 1 :]
    st.header(f"{number + 1}. {alerts.escape_markdown(lesson.title)}")
    if len(lesson.steps) > 1:
        titles = {i: f"{i}. {alerts.escape_markdown(each.title)}" for i, each in enumerate(lesson.steps, 1)}
        state.segments(STEP, label_visibility="collapsed", format_func=titles.__getitem__)
    step = min(state[STEP], len(lesson.steps))
    try:
        lesson_step.show(lesson, lesson.steps[step - 1], step)
    except ExplorerError as error:
        alerts.error("This step cannot be shown in full.", error, st.warning)

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
            lessons.button(label, after[0], key="lesson-next", icon=":material/arrow_forward:")
        st.button("All lessons", key="lesson-all", type="tertiary", on_click=page_state.put, args=(KEY, None))
    if step == len(lesson.steps) and lesson.reference:
        st.caption(f"Read on: {lesson.reference}")
