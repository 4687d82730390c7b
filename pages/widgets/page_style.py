"""What Streamlit's theme leaves to be said about the look of all pages."""

from functools import cache
from pathlib import Path

import streamlit as st

CSS = Path(__file__).with_name("page.css").read_text("utf-8")


def show() -> None:
    """Puts it into the page, with the theme's ground as `--ground`."""
    st.html(_style())


@cache
def _style() -> str:
    light, dark = (st.get_option(f"theme.{theme}.backgroundColor") for theme in ("light", "dark"))
    return f"<style>:root {{ --ground: light-dark({light}, {dark}); }}\n{CSS}</style>"
