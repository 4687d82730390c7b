"""Where the test images lie in a run's latent space, and what those that are selected have in common."""

import numpy as np
import streamlit as st

from ae_core import data, figures
from pages.serving import caches, page_state
from pages.widgets import (
    codes_table,
    glossary,
    neighbours,
    next_page,
    plot,
    projection,
    run_picker,
    selection,
    selection_input,
    source_code,
)

SHOWN = 64
ORDERS = {"By number": 0, "Strangest first": -1, "Most familiar first": 1}  # what times the error rises
FIELDS = (projection.PROJECTION, selection_input.POINTS, page_state.choice("order", "Order", list(ORDERS)))

st.title("Map")
glossary.say(
    "Every dot is a test image at its [[code]]. Draw around some dots to see what they have in common. Click a class "
    "in the legend to emphasise it. Zoom in, and the dots become their images."
)

run = run_picker.pick()
dataset = data.load(run.spec.dataset)
labels = caches.test_labels(dataset.name)
with st.spinner("Computing the errors of the test images …"):
    errors = caches.errors(run.run)
selected = selection.current(dataset.name)
state = page_state.open(*FIELDS, run=run, dataset=dataset.name)

with st.container(horizontal=True, gap="large"):
    wanted = state.segments("projection") if run.latent_dim > 2 else projection.PRINCIPAL
    count = state.segments("points")

map_column, gallery = st.columns([3, 2], gap="large")
with map_column:
    projected = projection.show(run, wanted)
    selection_input.on_map(run, projected, count)
with gallery:
    selection_input.heading(dataset.name, count)
    order = state.segments("order", width="stretch")
    among = selected if len(selected) else np.arange(len(labels))
    shown = among[np.argsort(ORDERS[order] * errors[among], kind="stable")[:SHOWN]]
    plot.show(
        figures.image_grid(caches.test_images(dataset.name, shown), columns=8, height=440),
        key="selected",
        alt="The selected images" if len(selected) else "Test images",
    )
    if len(among) > SHOWN:
        st.caption(f"The first {SHOWN} of {'them' if len(selected) else 'all test images'}.")
selection_input.by_class(dataset.name, count)

mix, histogram = st.columns(2, gap="large")
with mix:
    st.header("Their classes" if len(selected) else "Classes")
    plot.show(
        figures.class_mix(labels[among], labels, dataset.class_names),
        key="mix",
        alt="How many images of each class there are",
    )
with histogram:
    st.header("Their reconstruction errors" if len(selected) else "Reconstruction errors")
    plot.show(figures.error_histogram(errors, selected), key="errors", alt="Distribution of reconstruction errors")
    if len(selected):
        harder = float((np.median(errors[selected]) > errors).mean())
        st.caption(f"Their median error is larger than that of {harder * 100:.0f} % of the test images.")

table, closely = st.columns(2, gap="large")
with table:
    st.header("As a table")
    codes_table.show(run, shown)
with closely:
    st.header("One image in detail")
    neighbours_source = neighbours.show(run)

st.header("Download the codes")
st.caption("Each row holds the number, class, error and code of an image.")
codes_table.offer(run, selected)

st.info(run.recipe.notice, icon=":material/visibility:")
next_page.link("lens.py", "See what the decoder draws between the dots", run=run.run.name)
source_code.show(f"""
import numpy as np

import ae_core
from ae_core import data, figures, latent, metrics, projecting

run = {source_code.opened(run.run)}
dataset = data.load({run.spec.dataset!r})
labels = dataset.split("test").labels
x = data.as_float(dataset.split("test").images)
codes = run.encode(x)
errors = metrics.squared_error(x, run.decode(codes))

{projected.source}
figures.scatter(places[:{count}], labels[:{count}], dataset.class_names, axes).show()

selected = {codes_table.source(selected)}
among = selected if len(selected) else np.arange(len(labels))
shown = among[np.argsort({ORDERS[order]} * errors[among], kind="stable")[:{SHOWN}]]
figures.image_grid(x[shown], columns=8, height=440).show()
figures.class_mix(labels[among], labels, dataset.class_names).show()
figures.error_histogram(errors, selected).show()
{neighbours_source}""")
