"""What Streamlit's theme leaves to be said about the look of all pages."""

from functools import cache
from pathlib import Path

import streamlit as st

from pages.widgets import glossary

CSS = Path(__file__).with_name("page.css").read_text("utf-8")


def show() -> None:
    """Puts it into the page, with the theme's ground as `--ground` and the outline of the focus as `--focus`."""
    st.html(_style())


@cache
def _style() -> str:
    light, dark = (st.get_option(f"theme.{theme}.backgroundColor") for theme in ("light", "dark"))
    # One colour for both themes: menus and choosers stand outside the app, where CSS does not know which it is.
    shared = f"--ground: light-dark({light}, {dark}); --focus: 3px solid {glossary.MAIN};"
    return f"<style>:root {{ {shared} }}\n{CSS}</style>"
