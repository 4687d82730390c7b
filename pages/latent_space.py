"""Where the test images lie in a run's latent space."""

import numpy as np
import streamlit as st

from ae_core import data, figures
from pages.widgets import caches, plot, run_picker

SHOWN = 64
CHOICES = (1000, 3000, 10_000)

st.title("Latent space")
st.markdown("Every dot is a test image at its code. Draw around some, and see what they have in common.")

run = run_picker.pick()
dataset = data.load(run.spec.dataset)
labels = dataset.split("test").labels
choices = [n for n in CHOICES if n < len(labels)] + [len(labels)]
count = st.segmented_control(
    "Test images",
    choices,
    default=choices[-1],
    format_func=lambda n: f"{n:,}",
    required=True,
    key=f"points-{dataset.name}",
    persist_state="session",
)

plane = caches.plane(run.run)
points = plane.points(caches.codes(run.run))[:count]
picture, selection = st.columns([3, 2], gap="large")
with picture:
    picked = plot.show(
        figures.scatter(points, labels[:count], dataset.class_names, plane.labels),
        key=f"scatter-{run.run.name}-{count}",
        alt="Codes of the test images, coloured by class",
        tools=True,
    )
    if run.latent_dim > 2:
        st.caption(
            f"The code has {run.latent_dim} units; this is its shadow on the two directions in which the codes vary "
            f"most (principal component analysis). They hold **{plane.share:.0%}** of the variance: points that touch "
            "here may lie far apart."
        )

with selection:
    if len(picked):
        st.subheader(f"{len(picked):,} image{'s' if len(picked) > 1 else ''} selected")
        classes, sizes = np.unique(labels[picked], return_counts=True)
        order = np.argsort(-sizes)
        st.text(", ".join(f"{dataset.class_names[classes[i]]} {sizes[i]:,}" for i in order))
    else:
        st.subheader("The first test images")
        st.markdown("Draw around some dots with the lasso, or click one, to see their images. A double click lets go.")
        picked = np.arange(SHOWN)
    plot.show(
        figures.image_grid(caches.test_images(dataset.name)[picked[:SHOWN]], columns=8, height=440),
        key="selected",
        alt="Test images",
    )
    if len(picked) > SHOWN:
        st.caption(f"The first {SHOWN} of them.")
st.info(run.recipe.notice, icon=":material/visibility:")
