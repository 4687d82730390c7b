"""The way on: a link from one page to another that goes on from it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.widgets import menu


def link(page: str, label: str, place: DeltaGenerator | None = None, **asked: str | list[str]) -> None:
    """Shows a link.

    Args:
        page: Its name.
        label: What one does there.
        place: Where it stands, if not where the page is written.
        **asked: What the link asks that page for, as the run to show.
    """
    (place or st).page_link(
        menu.PAGES[page].file, label=label, icon=":material/arrow_forward:", icon_position="right", query_params=asked
    )
