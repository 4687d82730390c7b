"""Data of one's own: bring it, see what it is taken for, keep it, and train on it."""

import streamlit as st

from ae_core import data, settings
from ae_core.data import own
from ae_core.tasks import datasets
from pages.serving import visitor
from pages.widgets import data_input, own_datasets

st.title("Data")
st.markdown(
    "Bring your own images, signals or tables, train any kind of autoencoder on them, and see all pages with them."
)

with st.container(key="data-state"):  # it stays in view
    data_input.watch()
data_input.bring()

own_datasets.show(datasets.owned(visitor.current()))

st.header("What can be read")
st.markdown(data_input.told())
most = settings.current()
kept = f"{most.keep_days:g} days after they were last used" if most.keep_days else "until you delete them"
st.caption(
    f"Here up to {most.data_mb:,} MB of files and {most.items:,} examples at a time; you may keep {most.sets:,} data "
    f"sets of {most.sets_mb:,} MB together. They are kept {kept}, and the server "
    "never deletes one that a model here has learnt: only you can."
)

st.header("Data sets for everyone")
st.caption("Those that come with the app, and those that were added from the command line.")
own_datasets.show_everyones([*(data.load(name) for name in data.names()), *own.listed(None)])
