"""What is the visitor's own: their runs and trainings, to open, pass on, take along and delete."""

import streamlit as st

from ae_core import settings
from pages.widgets import next_page, own_runs

st.title("Your models")
st.markdown("The models that you have trained or imported. Open, share, rename, export or delete them.")

own_runs.tell()
mine = own_runs.everything()
under_way = [own.name for own in mine if own.under_way]
if under_way:
    st.header("Under way")
    own_runs.watch(under_way)
ended = [own for own in mine if not own.under_way]
if ended:
    st.header("Done")
    own_runs.show(ended)
if not mine:
    st.info("You have no models yet. Train one, or import one that was exported elsewhere.")

st.header("Import")
own_runs.bring()

st.header("How long models are kept")
days = settings.current().keep_days
kept = f"A model is deleted {days:g} days after it was last opened." if days else "A model is kept until you delete it."
st.markdown(
    f"{kept} A cookie in this browser is the key to this list. Another browser, or this one without the cookie, shows "
    "another list, and then nobody can rename or delete these models. To open a model elsewhere, copy its link; to "
    "have it in a file of your own, export it."
)
next_page.link("compare", "Compare models")
next_page.link("train", "Train one")
