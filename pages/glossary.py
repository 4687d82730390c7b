"""What the words mean."""

import streamlit as st

from pages.widgets import glossary, next_page

st.title("Glossary")
st.markdown(
    "What the words on these pages mean. Click a word with a dotted line on a page to read its explanation there."
)

for term in sorted(glossary.TERMS.values(), key=lambda term: term.title.lower()):
    words, picture = st.columns([3, 2], vertical_alignment="center")
    words.header(term.title)
    words.markdown(term.meaning)
    if term.picture:
        picture.image(glossary.picture(term), width=240, alt="")
next_page.link("home", "See them on the Home page")
