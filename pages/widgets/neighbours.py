"""One test image closely: which others lie nearest to it, by their codes and by their pixels."""

import numpy as np
import streamlit as st

from ae_core import figures, latent
from ae_core.inference import LoadedRun
from pages.serving import caches, fields, page_state
from pages.widgets import alerts, current_image, plot
from pages.widgets.words import Words

NEAREST = 8
EUCLIDEAN, COSINE = "Euclidean", "Cosine"
DISTANCE = fields.choice("distance", "Distance of codes", [EUCLIDEAN, COSINE])
HELP = (
    "Cosine compares the angles of codes from 0 and leaves out their lengths, which often say how bright an example is."
)


def show(run: LoadedRun) -> str:
    """Shows the image that is picked with its neighbours, and the input that picks one.

    Returns:
        The Python that makes the figure of `codes`, `x`, `labels` and `dataset`; "" while no image is picked.
    """
    dataset, say = run.dataset, Words(run.form)
    state = current_image.opened(dataset.name)
    last = dataset.sizes["test"] - 1
    placeholder = "Select a row, click a dot, or type a number"
    picked = current_image.test_number(dataset.name)
    state.draw(
        st.number_input, "image", f"Test {dataset.form.noun}, 0 to {last:,}", shows=picked, placeholder=placeholder
    )
    if picked is None:
        st.markdown(say("Choose an image to see which others are nearest to it, by code and by pixels."))
        return ""
    by = page_state.open(DISTANCE).segments("distance", help=HELP)
    index = caches.index_by_angle if by == COSINE else caches.index
    test = dataset.split("test")
    labels, noun, value = test.labels, dataset.form.noun, dataset.form.value
    near = {
        "in code": latent.nearest_others(index(run.run), picked, NEAREST),
        f"in {value}s": latent.nearest_others(caches.pixels(dataset.name), picked, NEAREST),
    }
    plot.show(
        figures.neighbours(picked, near, test.images, labels, dataset.class_names, dataset.form),
        key="neighbours",
        alt=say("An image and its nearest neighbours, by code and by pixels"),
    )
    in_code, in_pixels = (found for found, _ in near.values())
    shared = np.intersect1d(in_code, in_pixels)
    same = [int((labels[found] == labels[picked]).sum()) for found in (in_code, in_pixels)]
    name, all_of_them = alerts.escape_markdown(dataset.class_of(labels[picked])), len(in_code)
    named = f": {', '.join(f'{n:,}' for n in shared)}" if len(shared) else ""
    of_class = (
        f"Its class is {name}. Of its {all_of_them} nearest {noun}s by code, **{same[0]}** have this class; of its "
        f"{all_of_them} nearest by {value}s, **{same[1]}** have it. "
    )
    st.markdown(f"{of_class if name else ''}In both lists: **{len(shared) or 'none'}**{named}.")
    measured = ", by the angle between them" if by == COSINE else ""
    st.caption(f"By code: distances between whole codes{measured}, not between dots on the map.")
    of = "latent.of_unit_length(codes)" if by == COSINE else "codes"
    return f"""
near = {{
    "in code": latent.nearest_others({of}, {picked}, {NEAREST}),
    "in {value}s": latent.nearest_others(x.reshape(len(x), -1), {picked}, {NEAREST}),
}}
figures.neighbours({picked}, near, x, labels, dataset.class_names, dataset.form).show()
"""
