"""The way on: a link from one page to another that goes on from it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def link(page: str, label: str, place: DeltaGenerator | None = None, **asked: str | list[str]) -> None:
    """Shows a link.

    Args:
        page: Its file.
        label: What one does there.
        place: Where it stands, if not where the page is written.
        **asked: What the link asks that page for, as the run to show.
    """
    (place or st).page_link(
        page, label=label, icon=":material/arrow_forward:", icon_position="right", query_params=asked
    )
