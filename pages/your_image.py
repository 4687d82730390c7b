"""What each kind makes of an image of one's own: drawn, uploaded or photographed."""

import streamlit as st

from ae_core import data, images, kinds, runs, tasks
from ae_core.errors import RunError
from ae_core.runs import Run
from pages.serving import caches, page_state, visitor
from pages.widgets import answers, counts, current_image, image_picker, menu, next_page, run_picker, source_code

MOST_OWN = 5  # models of one's own that answer

st.title("Your image")
every = counts.say(len(kinds.names()))
intro = st.empty()

shipped = {run.name: run for run in runs.shipped() if run.name in kinds.names()}
asked, silent = [], {}
for name in kinds.names():
    try:
        found = shipped.get(name)
        if isinstance(found, Run):
            asked.append(caches.load(found))
        elif found:
            raise RunError(found.reason)
    except RunError as error:
        silent[kinds.get(name).title] = str(error)
if not shipped:
    run_picker.none_yet(
        f"None of the {every} models has been trained yet. Train one, or train them all with `make checkpoints`."
    )
dataset = data.load(asked[0].spec.dataset if asked else "fashion-mnist")

me = visitor.current()
own = [run for run in tasks.runs_for(me) if isinstance(run, Run) and tasks.owns(run, me)]
own = sorted((r for r in own if r.spec.dataset == dataset.name), key=lambda r: r.card.created, reverse=True)
intro.markdown(
    f"Draw, upload or take a picture. {every.capitalize()} autoencoders{', and yours,' * bool(own)} reconstruct it and "
    "say how unusual it is to them."
)
for model in own[:MOST_OWN]:
    try:
        asked.append(caches.load(model))
    except RunError as error:
        silent[model.title] = str(error)

mine, theirs = st.columns([2, 3], gap="large")
with mine:
    image = current_image.choose(dataset)

with theirs:
    if image is None:
        st.info(
            f"Draw on the black square, upload or take a picture, or choose a test image: all {every} models "
            "reconstruct it.",
            icon=":material/brush:",
        )
    with st.spinner("Preparing the models …"):
        for run in asked:
            answers.prepare(run.run)
    if image is not None:
        image_picker.show(images.as_uint8(image.x), image.name)
        wanted = answers.show([answers.compute(run, image.x) for run in asked], key="answers")
        if wanted:
            page_state.put(run_picker.RUN.name, wanted)
            st.switch_page(menu.PAGES["reconstruct"].file)
        among = len(caches.training_images(dataset.name).labels)
        st.caption(
            "In the error, orange was added and blue was lost. The ring is the code of your image among those of the "
            "test images; a code of more than two units is shown along its first two principal directions. The nearest "
            f"images are those with the nearest codes among {among:,} training images."
        )
        if len(own) > MOST_OWN:
            st.caption(f"Of your {len(own)} models of this data set, only the latest {MOST_OWN} are shown.")
    for title, reason in silent.items():
        st.text(f"{title} is damaged and is left out. {reason}")

st.info(
    f"Draw a letter or a face. A model with a small code draws it with shapes of {dataset.a_thing}, because it has "
    "learnt nothing else; with a large code it draws nearly anything. An image that is mostly black is easy to "
    "reconstruct: its error is small, whatever it shows.",
    icon=":material/visibility:",
)
next_page.link("train", "Train one of your own")
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
    figures.Row("error", figures.signed_error(x, x_hat)),
]
figures.image_rows(rows, columns=names).show()
for name, error in zip(names, metrics.squared_error(x, x_hat)):
    print(name, error)
""",
        reads=image.reads,
    )
