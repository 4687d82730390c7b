"""What a run makes of images: its reconstruction, what that adds and loses, and how strange each image is to it."""

import numpy as np
import streamlit as st

from ae_core import figures, metrics
from pages.serving import caches, page_state
from pages.widgets import alerts, current_image, glossary, image_picker, next_page, plot, run_picker, source_code
from pages.widgets.words import Words


def in_unit(squared: np.ndarray) -> str | None:
    """An error as a root in the unit of a signal, which has one if it has one channel."""
    scale = run.dataset.scale
    if not scale or len(scale.low) > 1:
        return None
    rmse = np.sqrt(squared.mean()) * (scale.high[0] - scale.low[0])
    unit = alerts.escape_markdown(scale.names[0])
    return f"Of values from 0 to 1. As a root mean square error, {rmse:.3g} {unit}".rstrip() + "."


st.title("Reconstruct")
intro = st.container()

of_model, of_image = st.columns([3, 2], gap="large", vertical_alignment="center")
with of_model:
    run = run_picker.pick(default="vanilla")
dataset, say = run.dataset, Words(run.form)
with intro:
    glossary.say(say("What a [[model]] draws from the [[code]] of an image: its [[reconstruction]]."))
with of_image:
    image = current_image.show(dataset)
state = page_state.open(*image_picker.SEVERAL, dataset=dataset.name)
given = [image, *current_image.beside(dataset, image)]
rows = image_picker.several(state, image.number)[: max(image_picker.COUNT - len(given), 0)]
x = np.stack([*(each.x for each in given), *caches.test_images(dataset.name, rows)])
names = [*(each.name for each in given), *(dataset.called(row) for row in rows)]

noun, an = run.form.noun, "an" if run.form.is_image else "a"
x_hat = run.reconstruct(x)
errors = metrics.squared_error(x, x_hat)
with st.spinner(f"Computing the errors of the test {noun}s …"):
    among = caches.errors(run.run)
ranks = metrics.percentile_rank(errors, among)
plot.show(
    lambda: figures.reconstructions(x, x_hat, names, ranks, form=run.form),
    key="reconstructions",
    alt=f"Test {noun}s, reconstructions and errors",
    narrow=lambda: figures.reconstructions(x, x_hat, names, ranks, wrap=plot.WRAP, form=run.form),
)
st.caption(
    f"The number above {an} {noun} is the share of test {noun}s with a smaller error. In the errors, orange was added "
    "by the reconstruction and blue was lost; "
    + ("full colour is a difference of half the range." if run.form.is_image else "the edge is a quarter of the range.")
)

mean, typical, strangest = st.columns(3)
mean.metric(f"MSE of these {noun}s", metrics.written(errors.mean()), help=in_unit(errors))
typical.metric(f"MSE of all test {noun}s", metrics.written(among.mean()), help=in_unit(among))
worst = int(np.argmax(errors))
strangest.metric(
    "Rank of their largest error", f"{ranks[worst]:.1f} %", help=f"The share of test {noun}s with a smaller error."
)
strangest.text(names[worst])
st.info(
    "Look at the errors: fine patterns are lost first, and the outline survives. "
    f"A model with a small code draws even what it has never seen as {dataset.a_thing}.",
    icon=":material/visibility:",
)
next_page.link("latent_space", f"See where the {noun}s lie in its latent space", run=run.run.name)
source_code.show(
    f"""
import numpy as np

import ae_core
from ae_core import data, figures, metrics
{image.imports}
run = {source_code.opened(run.run)}
dataset = data.load({dataset.name!r})
test = dataset.split("test")
images = data.as_float(test.images)
rows = {rows.tolist()}
x = np.stack([{", ".join(each.source for each in given)}, *images[rows]])
names = [dataset.called(i) for i in rows]
names = [{", ".join(repr(each.name) for each in given)}, *names]

x_hat = run.reconstruct(x)
errors = metrics.squared_error(x, x_hat)
among = metrics.squared_error(images, run.reconstruct(images))
ranks = metrics.percentile_rank(errors, among)
figures.reconstructions(x, x_hat, names, ranks{source_code.form(run.form)}).show()
""",
    reads=[name for each in given for name in each.reads],
)
