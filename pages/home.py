"""The first five minutes: a live latent plane, the lessons, and all kinds at a glance."""

import numpy as np
import streamlit as st

from ae_core import data, images, kinds, runs
from ae_core.errors import RunError
from ae_core.latent import MAIN_PLANE
from ae_core.runs import Run
from pages.serving import caches
from pages.widgets import alerts, counts, glossary, lens, lessons, next_page, source_code

THUMBNAILS = 8
SCALE = 2
KINDS = kinds.names()

st.title("Point at a place, see what it means")
glossary.say(
    "An [[autoencoder]] squeezes an image into a few numbers, its [[code]], and draws the image again from them. In "
    "the variational model here the code is two numbers: a place on a [[plane]]. Each dot is the code of a picture of "
    "clothing; where it is hatched, there is none. Move or tap on the plane: the decoder draws what lies there."
)

shipped = {run.name: run for run in runs.shipped() if isinstance(run, Run)}
if "variational" in shipped:
    with st.container(key="home-lens"):
        lens.show(caches.load(shipped["variational"]), MAIN_PLANE, key="home", layout="flow")
else:
    st.info("The variational model is missing: `make checkpoints` trains it again.")
lessons.show_links()

st.header(f"{counts.say(len(KINDS)).capitalize()} ways to learn a code")
dataset = data.load(next((shipped[name].spec.dataset for name in KINDS if name in shipped), "fashion-mnist"))
known = [name for name, run in shipped.items() if run.spec.dataset == dataset.name]
answering = {name: run if (run := kinds.get(name).view.run) in known else name for name in KINDS if name in known}
classes = range(min(THUMBNAILS, len(dataset.class_names)))
first_of_class = [int(np.flatnonzero(caches.test_labels(dataset.name) == c)[0]) for c in classes]
originals = caches.test_images(dataset.name, first_of_class)


def thumbnails(x: np.ndarray) -> np.ndarray:
    return images.enlarged(images.mosaic(x, THUMBNAILS, gap=1), SCALE)


words, pictures = st.columns([2, 3], vertical_alignment="center")
words.markdown(
    f"**Test images**  \nThe same {counts.say(len(classes))} images for all {counts.say(len(KINDS))} models."
)
pictures.image(thumbnails(originals), width="stretch", alt=f"Test images of {dataset.title}")
for name, shown in answering.items():
    kind = kinds.get(name)
    words, pictures = st.columns([2, 3], vertical_alignment="center")
    words.markdown(f"**{kind.title}**, {counts.units(shipped[shown].spec.network.latent_dim)}  \n{kind.idea}")
    view = kind.view
    next_page.link(view.page, view.label, words, **({"run": shown} | view.settings))
    try:
        x_hat = caches.load(shipped[shown]).reconstruct(originals)
    except RunError as error:
        with pictures:
            alerts.error("Its model is damaged.", error, st.warning)
        continue
    pictures.image(thumbnails(x_hat), width="stretch", alt=f"The same images, reconstructed by the {name} autoencoder")

next_page.link("lens", "Look at any plane of any model")
source_code.show(f"""
import numpy as np

import ae_core
from ae_core import data, figures, latent
from ae_core.figures import Row

dataset = data.load({dataset.name!r})
test = dataset.split("test")
x = data.as_float(test.images)

run = ae_core.load("variational")
codes = run.encode(x)
plane = latent.main_plane(codes)
points = plane.points(codes)
figures.scatter(points, test.labels, dataset.class_names, plane.labels).show()

# What the lens decodes under the pointer, at 15 × 15 places.
left, right, bottom, top = latent.extent(points)
across, up = np.linspace(left, right, 15), np.linspace(bottom, top, 15)
decoded = run.decode(plane.codes(latent.grid(across, up)))
figures.image_grid(decoded, len(across), (across, up), plane.labels).show()

originals = x[{first_of_class}]
rows = [Row("test images", originals)]
for kind in {list(answering.values())}:
    rows.append(Row(kind, ae_core.load(kind).reconstruct(originals)))
figures.image_rows(rows).show()
""")
