"""Lessons: each asks before it tells, and its answer is computed from the models that the other pages show."""

import streamlit as st

from pages.widgets import lessons

st.title("Lessons")
lessons.show()
