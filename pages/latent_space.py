"""Where the test images lie in a run's latent space, and what those that are selected have in common."""

from functools import partial

import numpy as np
import streamlit as st

from ae_core import figures, thumbnails
from pages.serving import caches, fields, page_state
from pages.widgets import (
    codes_table,
    colour_input,
    current_image,
    distinguishing,
    gallery,
    glossary,
    groups,
    image_picker,
    neighbours,
    next_page,
    plot,
    projection,
    run_picker,
    selection,
    selection_input,
    source_code,
)
from pages.widgets.words import Words

COLOUR_WIDTH = 220  # pixels
SHOWN = 60  # whole rows of ten and of six
BY_COLOUR = "By colour, largest first"
ORDERS = {"By number": 0, "Largest error first": -1, "Smallest error first": 1, BY_COLOUR: -1}  # what times it rises
FIELDS = (projection.PROJECTION, selection_input.POINTS, fields.choice("order", "Order", list(ORDERS)))

st.title("Map")
intro = st.container()

of_model, of_map = st.columns(2, gap="large")
with of_model:
    run = run_picker.pick()
dataset = run.dataset
say, noun = Words(run.form), run.form.noun
with intro:
    glossary.say(
        say(
            "Every dot is a test image at its [[code]]. Click one to look at it, or draw around some to see what they "
            "have in common."
        )
    )
labels = caches.test_labels(dataset.name)
with st.spinner(say("Computing the errors of the test images …")):
    errors = caches.errors(run.run)
selected = selection.current(dataset.name)
state = page_state.open(*FIELDS, run=run, dataset=dataset.name)
with of_map.container(horizontal=True):
    wanted = state.segments("projection") if run.latent_dim > 2 else projection.PRINCIPAL
    count = state.segments("points", label=say("Test images"))
    colours = colour_input.colours(run, colour_input.ask(run, st.container(width=COLOUR_WIDTH)))

map_column, gallery_column = st.columns([3, 2], gap="large")
with map_column:
    projected = projection.show(run, wanted)
    selection_input.on_map(run, projected, count, colours)
with gallery_column:
    picked = current_image.test_number(dataset.name)
    if picked is None:
        st.caption(say("Click a dot or an image to see more about it below."))
    else:
        picture = thumbnails.draw(dataset.form, dataset.split("test").images[picked : picked + 1])[0]
        image_picker.show(picture, dataset.called(picked))
    selection_input.heading(dataset.name, count)
    with st.container(horizontal=True):
        groups.take_selection(dataset.name)
        selection_input.undoing(dataset.name)
    offered = [o for o in ORDERS if colours.values is not None or o != BY_COLOUR]
    order = state.segments("order", width="stretch", options=offered)
    ranked = errors if order != BY_COLOUR or colours.values is None else np.nan_to_num(colours.values)
    among = selected if len(selected) else np.arange(len(labels))
    shown = among[np.argsort(ORDERS[order] * ranked[among], kind="stable")[:SHOWN]]
    take = partial(current_image.take, dataset.name)
    gallery.some(dataset.name, shown.tolist(), f"selected-{dataset.name}", picked, take)
    if len(among) > SHOWN:
        st.caption(say(f"The first {SHOWN} of {'them' if len(selected) else 'all test images'}."))
if dataset.class_names:
    selection_input.by_class(dataset.name, count)

closely, table = st.columns(2, gap="large")
with closely:
    st.header(say("One image in detail"))
    neighbours_source = neighbours.show(run)
with table:
    st.header("As a table")
    codes_table.show(run, shown)

mix, histogram = st.columns(2, gap="large")
if dataset.class_names:
    with mix:
        st.header("Their classes" if len(selected) else "Classes")
        plot.show(
            figures.class_mix(labels[among], labels, dataset.class_names, noun),
            key="mix",
            alt=say("How many images of each class there are"),
        )
with histogram if dataset.class_names else mix:
    st.header("Their reconstruction errors" if len(selected) else "Reconstruction errors")
    plot.show(
        figures.error_histogram(errors, selected, noun), key="errors", alt="Distribution of reconstruction errors"
    )
    if len(selected):
        harder = float((np.median(errors[selected]) > errors).mean())
        st.caption(say(f"Their median error is larger than that of {harder * 100:.0f} % of the test images."))

if len(selected):
    st.header("What tells them apart")
    distinguishing.show(run, selected, selection.encode(selected, len(labels)), key="apart")

st.header("Download the codes")
st.caption(say("Each row holds the number, class, error and code of an image."))
codes_table.offer(run, selected)

st.info(say(run.recipe.notice), icon=":material/visibility:")
next_page.link("lens", "See what the decoder draws between the dots", run=run.run.name)
drawn, by = f"places[:{count}], labels[:{count}], dataset.class_names, axes, {noun!r}", "errors"
if colours.source:
    drawn = f"places[:{count}], groups.labels[:{count}], groups.names, axes, {noun!r}, {list(colours.colours)}"
if ranked is not errors:
    by = colours.source.removeprefix("groups = colouring.by_value(").rpartition(", ")[0]
imported = "from ae_core.latent import colouring\n" if colours.source else ""
source_code.show(f"""
import numpy as np

import ae_core
from ae_core import data, figures, latent, metrics, projecting
{imported}
run = {source_code.opened(run.run)}
dataset = data.load({run.dataset.name!r})
labels = dataset.split("test").labels
x = data.as_float(dataset.split("test").images)
codes = run.encode(x)
errors = metrics.squared_error(x, run.decode(codes))

{projected.source}
{colours.source}
figures.scatter({drawn}).show()

selected = {codes_table.source(selected)}
among = selected if len(selected) else np.arange(len(labels))
shown = among[np.argsort({ORDERS[order]} * {by}[among], kind="stable")[:{SHOWN}]]
print(shown)
{neighbours_source}
{f"figures.class_mix(labels[among], labels, dataset.class_names, {noun!r}).show()" if dataset.class_names else ""}
figures.error_histogram(errors, selected, {noun!r}).show()
""")
