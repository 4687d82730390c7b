"""What went wrong, on a page: one sentence of this app, and the reason under it as plain text."""

import re
from collections.abc import Callable
from typing import Any

import streamlit as st

MARKDOWN = re.compile(r"([\\`*_\[\]:$~<>|])")
# Headings, lists and rules, which begin a line.
AT_LINE_START = re.compile(r"^([ \t]*\d*)([#+\-=.)])", re.MULTILINE)
# What Streamlit looks for after Markdown was read: icons, arrows and dashes, addresses without a scheme.
LOOKED_FOR = re.compile(r"(:(?=material/|//)|<(?=-)|-(?=[->])|@|www(?=\.))", re.IGNORECASE)
WORD_JOINER = "\u2060"  # takes no room


def escape_markdown(text: object) -> str:
    """People's text, or an error's, for places that would read Markdown in it."""
    broken = LOOKED_FOR.sub(rf"\1{WORD_JOINER}", str(text).replace("&", "&amp;"))
    return AT_LINE_START.sub(r"\1\\\2", MARKDOWN.sub(r"\\\1", broken))


def error(sentence: str, reason: object, box: Callable[[str], Any] = st.error) -> None:
    """Says what is not done, and why.

    Args:
        sentence: In words of this app, Markdown.
        reason: An error, or what it says: it may quote people's text.
        box: What the sentence stands in, as `st.warning`.
    """
    box(sentence)
    st.text(str(reason))
