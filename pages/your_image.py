"""What each of the seven kinds makes of an image of one's own: drawn, uploaded or photographed."""

import streamlit as st

from ae_core import data, kinds, runs
from ae_core.errors import RunError
from ae_core.runs import Run
from pages.serving import caches, page_state
from pages.widgets import comparison, image_input, next_page, run_picker, source_code, steps_input

DRAW, UPLOAD, CAMERA = "Draw", "Upload", "Camera"
FROM = page_state.choice("from", "Where it comes from", [DRAW, UPLOAD, CAMERA])

st.title("Your image")
st.markdown("Draw something, or bring a picture. Seven autoencoders draw it anew, and say whether they know the like.")

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
    st.info("None of the seven is here to answer yet. Train one, or make them all anew with `make checkpoints`.")
    st.page_link("train.py", label="Train one", icon=":material/model_training:")
    st.stop()
dataset = data.load(asked[0].spec.dataset if asked else "fashion-mnist")

mine, theirs = st.columns([2, 3], gap="large")
with mine:
    source = page_state.open(FROM).segments("from", label_visibility="collapsed")
    if source == DRAW:
        picture = image_input.drawing(dataset.name)
    elif source == UPLOAD:
        picture = image_input.one_file()
    else:
        picture = image_input.photograph()
    tiles = st.container()
    steps = steps_input.choose()
    prepared = steps_input.prepare([picture] if picture else [], dataset.image_shape, steps)
    if prepared:
        with tiles:
            steps_input.show(prepared[0][1])

with theirs:
    if not picture:
        invitation = {
            DRAW: "Draw a shirt, a shoe or a bag on the black square: all seven answer when you lift the pen.",
            UPLOAD: "Upload a picture, best one thing on a plain ground: all seven answer at once.",
            CAMERA: "Open the camera and take a picture, best one thing on a plain ground: all seven answer at once.",
        }
        st.info(invitation[source], icon=":material/brush:")
    with st.spinner("The seven are getting ready …"):
        for run in asked:
            comparison.prepare(run.run)
    if prepared:
        x = prepared[0][1][-1].image
        wanted = comparison.show([comparison.compute(run, x) for run in asked], key="comparison")
        if wanted:
            page_state.put(run_picker.RUN.name, wanted)
            st.switch_page("reconstruct.py")
        st.caption(
            "Error: orange was added, blue was lost. Place: the ring is your image's code among those of the test "
            "images, the denser the stronger; where a code has more than two units this is its shadow on the two main "
            "directions. Nearest: by distance between codes, among "
            f"{caches.TRAINING_IMAGES:,} training images spread evenly over the training set."
        )
    for title, reason in silent.items():
        st.text(f"{title} is damaged and cannot answer. {reason}")

st.info(
    "Draw a letter or a face: the error is large, and what comes back is a garment all the same. What a model has "
    "never seen comes back as something it has. But an image that is mostly black is easy to redraw: its error is "
    "small, whatever it shows.",
    icon=":material/visibility:",
)
next_page.link("train.py", "Train one of your own")
if picture and prepared:
    source_code.show(
        f"""
from pathlib import Path

import numpy as np

import ae_core
from ae_core import figures, metrics, preparing
from ae_core.preparing import Steps

x = preparing.read(Path({picture.name!r}).read_bytes(), {dataset.image_shape}, {steps})
names = {[run.run.name for run in asked]}
x_hat = np.stack([ae_core.load(name).reconstruct(x[None])[0] for name in names])
x = np.stack([x] * len(names))
rows = [
    figures.Row("reconstruction", x_hat),
    figures.Row("error", figures.signed_error(x, x_hat)),
]
figures.image_rows(rows, columns=names).show()
print(dict(zip(names, metrics.squared_error(x, x_hat))))
""",
        reads=[picture.name],
    )
