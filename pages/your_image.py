"""What each kind makes of an image of one's own: drawn, uploaded or photographed."""

import streamlit as st

from ae_core import kinds, runs, thumbnails
from ae_core.errors import RunError
from pages.serving import caches, page_state
from pages.widgets import (
    answers,
    counts,
    current_image,
    dataset_picker,
    image_picker,
    menu,
    next_page,
    run_picker,
    source_code,
)
from pages.widgets.words import Words

MOST_OWN = 5  # models of one's own that answer

st.title("Your image")
intro = st.empty()

found, broken = run_picker.whole()
if not found:
    run_picker.none_yet(
        "None of the models has been trained yet. Train one, or train them all with `make checkpoints`."
    )
chosen = run_picker.choose_dataset(found)
asked, silent = [], {kinds.get(name).title: run.reason for name, run in broken.items() if name in kinds.names()}
# Those that ship one of each kind, then the visitor's own, the latest first.
theirs_first = [run for run in found.values() if run.path.parent == runs.SHIPPED]
one_of_each = [run for run in theirs_first if run.name in kinds.names()] if chosen == "fashion-mnist" else theirs_first
own = [run for run in found.values() if run.path.parent != runs.SHIPPED and run.spec.dataset == chosen]
for model in [*(run for run in one_of_each if run.spec.dataset == chosen), *own[:MOST_OWN]]:
    try:
        asked.append(caches.load(model))
    except RunError as error:
        silent[kinds.get(model.name).title if model.name in kinds.names() else model.title] = str(error)
if not asked:
    st.stop()
dataset = asked[0].dataset
every = counts.say(len(asked) - len(own[:MOST_OWN])) if len(asked) > len(own[:MOST_OWN]) else ""
noun, say = dataset.form.noun, Words(dataset.form)
models = f"{every.capitalize()} autoencoders{', and yours,' * bool(own)}" if every else "Your autoencoders"
whom = {1: "the model reconstructs", 2: "both models reconstruct"}.get(
    len(asked), f"all {counts.say(len(asked))} models reconstruct"
)
how = "Draw, upload or take a picture." if dataset.form.is_image else f"Draw, paste or upload a {noun}."
intro.markdown(f"{how} {models} reconstruct it and say how unusual it is to them.")
dataset_picker.tell_scale(dataset)
dataset_picker.tell_if_gone(dataset)

mine, theirs = st.columns([2, 3], gap="large")
with mine:
    image = current_image.choose(dataset)

with theirs:
    if image is None:
        st.info(
            f"Draw on the black square, upload or take a picture, or choose a test image: {whom} it."
            if dataset.form.is_image
            else f"Draw a curve, paste numbers, upload a file, or choose a test {noun}: {whom} it.",
            icon=":material/brush:",
        )
    with st.spinner("Preparing the models …"):
        for run in asked:
            answers.prepare(run.run)
    if image is not None:
        image_picker.show(thumbnails.draw(dataset.form, image.x[None])[0], image.name)
        wanted = answers.show([answers.compute(run, image.x) for run in asked], key="answers")
        if wanted:
            page_state.lead_to(menu.PAGES["reconstruct"].file, run=wanted)
        among = len(caches.training_images(dataset.name).labels)
        st.caption(
            say(
                "In the error, orange was added and blue was lost. The ring is the code of your image among those of "
                "the test images; a code of more than two units is shown along its first two principal directions. "
                f"The nearest images are those with the nearest codes among {among:,} training images."
            )
        )
        if len(own) > MOST_OWN:
            st.caption(f"Of your {len(own)} models of this data set, only the latest {MOST_OWN} are shown.")
    for title, reason in silent.items():
        st.text(f"{title} is damaged and is left out. {reason}")

learnt = f"A model with a small code draws it with shapes of {dataset.a_thing}, because it has learnt nothing else; "
st.info(
    f"Draw a letter or a face. {learnt}with a large code it draws nearly anything. An image that is mostly black is "
    "easy to reconstruct: its error is small, whatever it shows."
    if dataset.form.is_image
    else f"Draw what no {dataset.thing} looks like. {learnt}with a large code it draws nearly anything.",
    icon=":material/visibility:",
)
next_page.link("units", say("See which units hold your image"))
if image is not None:
    listed = ",\n    ".join(source_code.opened(run.run) for run in asked)
    source_code.show(
        f"""
import numpy as np

import ae_core
from ae_core import data, figures, metrics
{image.imports}
images = data.as_float(data.load({dataset.name!r}).split("test").images)
x = {image.source}
models = [
    {listed},
]
x_hat = np.stack([model.reconstruct(x[None])[0] for model in models])
x = np.stack([x] * len(models))
names = [model.run.title for model in models]
rows = [
    figures.Row("reconstruction", x_hat),
    figures.Row("error", figures.signed_error(x, x_hat{source_code.form(dataset.form, "models[0]")})),
]
figures.image_rows(rows, columns=names{source_code.form(dataset.form, "models[0]")}).show()
for name, error in zip(names, metrics.squared_error(x, x_hat)):
    print(name, error)
""",
        reads=image.reads,
    )
