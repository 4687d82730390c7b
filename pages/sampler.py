"""New images from old codes: a grid over the latent plane, and draws from a density."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from ae_core import figures, latent
from pages.serving import caches, fields, page_state
from pages.widgets import computation, glossary, next_page, plot, run_picker, source_code
from pages.widgets.words import Words

DRAWS = 40
MOST = 20  # along a side; more would be smaller than the 28 pixels they have, and too slow to follow the slider
FIELDS = (
    fields.number("grid", "Images along each side", 5, MOST, 12),
    fields.number("reach", "Range", 0.5, 4.0, 2.0, step=0.1, when=lambda values: values["prior"]),
    fields.number("zoom", "Range", 0.25, 2.0, 1.0, step=0.05, when=lambda values: not values["prior"]),
    fields.choice("overlay", "Overlay", list(latent.OVERLAYS), default=None),
    fields.seed("draw-seed", "Seed of the random codes"),
)

st.title("Sampler")
intro = st.container()
run = run_picker.pick()
say = Words(run.form)
with intro:
    glossary.say(say("New images: the decoder draws them from [[codes|code]] on a grid, or from random codes."))
plane = caches.plane(run.run)
state = page_state.open(*FIELDS, prior=run.recipe.prior and run.latent_dim <= 2)

size_slider, reach_slider = st.columns(2)
size = state.draw(size_slider.slider, "grid", say("Images along each side"))
if state["prior"]:
    reach = state.draw(reach_slider.slider, "reach", "Range, standard deviations of the prior")
    across = up = latent.prior_quantiles(size, reach)
    axes = f"across = up = latent.prior_quantiles({size}, {reach})"
    spacing = "The places follow the prior: the same share of it lies between any two neighbours."
else:
    zoom = state.draw(reach_slider.slider, "zoom", say("Range, times that of the test images' codes"))
    left, right, bottom, top = caches.extent(run.run)
    middle, half = np.array([left + right, bottom + top]) / 2, np.array([right - left, top - bottom]) / 2 * zoom
    across, up = (np.linspace(m - h, m + h, size, dtype=np.float32) for m, h in zip(middle, half, strict=True))
    axes = f"""left, right, bottom, top = latent.extent(plane.points(codes))
middle, half = np.array([left + right, bottom + top]) / 2, np.array([right - left, top - bottom]) / 2 * {zoom}
across, up = (np.linspace(m - h, m + h, {size}, dtype=np.float32) for m, h in zip(middle, half))"""
    spacing = say("The places are evenly spaced over the range of the test images' codes.")
if run.latent_dim == 1:
    up = np.zeros(1, np.float32)
    axes += "\nup = np.zeros(1, np.float32)"

overlay = state.draw(st.segmented_control, "overlay", "Overlay", wrap=True)
grid = latent.grid(across, up)
grid_codes = plane.codes(grid)
tint = ""
if overlay:
    tint = f"""values = latent.overlay({overlay!r}, run, plane, places, codes, latent.neighbour_distance(codes))
grid = figures.tinted(grid, values{source_code.form(run.form)})
"""
if run.latent_dim > 2:
    impossible, activation = latent.impossible(run, grid_codes).mean(), run.spec.network.code_activation
    never = (
        f" At {impossible * 100:.0f} % of the places no image can have its code: the {activation} activation never "
        "gives such a value."
    )
    st.warning(
        f"The code of this model has {run.latent_dim} units. The grid is a plane along its first two principal "
        f"directions, which hold {plane.share * 100:.0f} % of the codes' variance; all others stay at their mean."
        + say(never if impossible else ""),
        icon=":material/layers:",
    )


def picture() -> go.Figure:
    """The grid, decoded."""
    images = run.decode(grid_codes)
    if overlay:
        codes = caches.codes(run.run)
        images = figures.tinted(
            images, latent.overlay(overlay, run, plane, grid, codes, caches.neighbour_distance(run.run)), run.form
        )
    return figures.image_grid(images, len(across), (across, up), plane.labels, 680, run.form)


plot.show(
    picture,
    key="grid-picture",
    alt=say("Images decoded from a grid of places on the latent plane"),
    of=(caches.content(run.run), across.tobytes(), up.tobytes(), overlay),
)
st.caption(f"{spacing} {say(latent.OVERLAYS[overlay])}" if overlay else spacing)

st.header("Random codes")
seed = state.next("draw-seed", st.button("Sample again", icon=":material/casino:"))
source = f"""
import numpy as np

import ae_core
from ae_core import data, figures, fitting, latent

run = {source_code.opened(run.run)}
images = data.as_float(data.load({run.dataset.name!r}).split("test").images)
codes = run.encode(images)

plane = latent.main_plane(codes)
{axes}
places = latent.grid(across, up)
grid = run.decode(plane.codes(places))
{tint}figures.image_grid(grid, len(across), (across, up), plane.labels, height=680{source_code.form(run.form)}).show()
"""
try:
    density = caches.density(run.run)
except LookupError:
    computation.show("fit", run.run, "No density has been fitted to the codes of this model yet.", begin=True)
else:
    drawn = caches.draws(run.run, DRAWS, seed)
    plot.show(
        lambda: figures.image_grid(drawn, columns=20, height=160, form=run.form),
        key="draws",
        alt=say("Images decoded from random codes"),
        narrow=lambda: figures.image_grid(drawn, columns=8, height=260, form=run.form),
        of=(caches.content(run.run), seed),
    )
    st.caption(say(f"Codes sampled from {density.name}."))
    why = (
        "Training keeps the codes close to the prior; where that leaves a hole, the image is blurred."
        if run.recipe.prior
        else "This kind has no prior: its decoder has not learnt to draw sensible images between codes. The density "
        "was fitted after the training."
    )
    st.info(
        say(
            f"**{caches.off_manifold_share(run.run) * 100:.0f} %** of 1,000 random codes lie more than one gap from "
            f"the code of every test image. {why}"
        ),
        icon=":material/visibility:",
    )
    source += f"""
density = fitting.density(run) or latent.density(run, codes)  # what is kept, or fitted anew
drawn = run.decode(density.draw({DRAWS}, seed={seed}))
figures.image_grid(drawn, columns=20, height=160{source_code.form(run.form)}).show()
"""
next_page.link("lens", "See what lies between these places", run=run.run.name)
next_page.link("generation", "See how good such draws are, and how new", run=run.run.name)
source_code.show(source)
