"""What a run makes of images: its reconstruction, what that adds and loses, and how strange each image is to it."""

import numpy as np
import streamlit as st

from ae_core import data, figures, metrics
from ae_core.figures import Row
from pages.widgets import caches, image_input, image_picker, plot, run_picker

st.title("Reconstruct")
st.markdown("What comes back when an image passes through the code.")

run = run_picker.pick(default="vanilla")
dataset = data.load(run.spec.dataset)
source = st.segmented_control(
    "Images",
    ["Test images", "Your own"],
    default="Test images",
    required=True,
    key="source",
    persist_state="session",
)

if source == "Test images":
    rows = image_picker.pick(dataset.name)
    x = caches.test_images(dataset.name)[rows]
    names = [
        f"{dataset.class_names[c]}, test image {i:,}"
        for c, i in zip(dataset.split("test").labels[rows], rows, strict=True)
    ]
else:
    x, names = image_input.upload(run.image_shape)

x_hat = run.reconstruct(x)
errors = metrics.squared_error(x, x_hat)
among = caches.errors(run.run)
ranks = [metrics.percentile_rank(e, among) for e in errors]
captions = [
    f"{figures.plain(name)}<br>MSE {error:.4f}, more than {rank:.1f} % of test images"
    for name, error, rank in zip(names, errors, ranks, strict=True)
]
figure = figures.image_rows(
    [
        Row("original", x, captions),
        Row("reconstruction", x_hat, captions),
        Row("error", figures.signed_error(x, x_hat), captions),
    ],
    columns=[f"{rank:.0f} %" for rank in ranks],
    tile=92,
)
plot.show(figure, key="reconstructions", alt="Images, reconstructions and errors")
st.caption(
    "Above each image: the share of test images with a smaller error. "
    "Orange was added by the reconstruction, blue was lost; full colour is half the grey range."
)

mean, typical, strangest = st.columns(3)
mean.metric("Mean squared error here", f"{errors.mean():.4f}")
typical.metric("Mean over all test images", f"{among.mean():.4f}")
worst = int(np.argmax(errors))
strangest.metric("Strangest of these", f"{ranks[worst]:.1f} %", help="The share of test images with a smaller error.")
strangest.text(names[worst])
st.info(
    "Look at the error row: prints, checks and thin straps are lost first; the outline survives. "
    "What a run has never seen comes back as something it has.",
    icon=":material/visibility:",
)
