"""Four things to try: each leads to a page that is set up for it, and says there what to do and what to notice."""

from dataclasses import dataclass, field

import streamlit as st

from ae_core import kinds
from pages.serving import fields, page_state
from pages.widgets import counts, menu, next_page

KEY = "mission"  # of the field
TRIED = "missions"  # in the session: the names of those that were opened


@dataclass(frozen=True)
class Mission:
    """One thing to try.

    Attributes:
        name: In links.
        title: An imperative.
        promise: What one sees, in a sentence.
        page: The name of the page it is tried on.
        todo: What to do there.
        notice: What to look for.
        settings: What the link asks that page for.
    """

    name: str
    title: str
    promise: str
    page: str
    todo: str
    notice: str
    settings: dict[str, str] = field(default_factory=dict)


MISSIONS = (
    Mission(
        "hole",
        "Find a hole",
        "Go where no image has its code, and see what is drawn there.",
        "lens",
        "Move the pointer to a hatched place, far from all dots.",
        "The decoder draws something there too, although no image has such a code. Is it still a garment?",
        {"run": "vanilla-2d"},
    ),
    Mission(
        "walk",
        "Walk from a shirt to a shoe",
        "Watch one image turn into another, step by step.",
        "paths",
        "Press Play, or move the slider beside it slowly from one end to the other.",
        "Where does a model draw something in between, and where do shirt and shoe just overlap, as in the last row?",
        {"image": "7", "image-2": "9"},
    ),
    Mission(
        "draw",
        "Draw a shirt, then fill it",
        f"See how {counts.say(len(kinds.names()))} models reconstruct what you draw.",
        "your_image",
        "Draw the outline of a shirt and look at the errors. Fill it and look again. Then Clear it and draw a letter.",
        "Most models have a smaller error with the filled shirt than with its outline: all they have seen is filled.",
        {"from": "Draw"},
    ),
    Mission(
        "train",
        "Train with two units",
        "Start a model of your own and watch it learn.",
        "train",
        "Press Start training and watch the images. It takes about half a minute. Then train again with more units.",
        "At first all reconstructions are alike, then their shapes differ. Details need more than two units.",
        {"kind": "Vanilla", "Vanilla-fashion-mnist-size": "2"},
    ),
)
FIELD = fields.choice(KEY, "Mission", [mission.name for mission in MISSIONS], default=None)


def show_all() -> None:
    """Shows a card for each, ticked once it was opened."""
    with st.container(key="missions"):
        for column, mission in zip(st.columns(len(MISSIONS), gap="small"), MISSIONS, strict=True):
            with column.container(border=True, height="stretch", gap="xxsmall"):
                _link(mission, f"**{mission.title}**", tried=mission.name in st.session_state.get(TRIED, ()))
                st.caption(mission.promise)


def show_current(page: str) -> None:
    """Says what to do on the page of that address, if the visitor has a mission there, and leads to the next one."""
    mission = {mission.name: mission for mission in MISSIONS if menu.PAGES[mission.page].address == page}
    if not mission:
        return
    state = page_state.open(FIELD)
    wanted = mission.get(state[KEY])
    if wanted is None:
        return
    tried = st.session_state[TRIED] = {*st.session_state.get(TRIED, ()), wanted.name}
    left = [other for other in MISSIONS if other.name not in tried]
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="mission-here"):
        with st.container(gap="xxsmall", width="stretch"):
            st.markdown(f"**{wanted.title}.** {wanted.todo}")
            st.caption(f"Notice: {wanted.notice}")
        if left:
            _link(left[0], f"Next: {left[0].title}")
        else:
            next_page.link("home", "All tried: back to Home")
        st.button(
            "Close",
            icon=":material/close:",
            key="mission-done",
            on_click=page_state.put,
            args=(state.key(KEY), None),
        )


def _link(mission: Mission, label: str, tried: bool = False) -> None:
    st.page_link(
        menu.PAGES[mission.page].file,
        label=label,
        icon=":material/check:" if tried else ":material/arrow_forward:",
        icon_position="right",
        query_params=mission.settings | {KEY: mission.name},
        width="content",
    )
