"""Ways through latent space: what each run has learnt to lie between images, or along a direction."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from pages.serving import downloads, fields, page_state
from pages.widgets import film, glossary, next_page, path_input, source_code
from pages.widgets.film import Strip

BETWEEN, ALONG = "Between images", "Along a direction"
TITLES = {BETWEEN: "From one to another", ALONG: ALONG}
FIELDS = (
    fields.choice("path", "Path", [BETWEEN, ALONG], TITLES.__getitem__),
    fields.number("frames", "Frames", 5, 40, 16),
)
ALL = "All rows, side by side"


def download(strips: Sequence[Strip]) -> None:
    """Shows the way to keep one strip, or all, as a GIF, which is made when it is asked for."""
    choice, forth_and_back, button = st.columns([2, 1, 1], vertical_alignment="bottom")
    titles = [strip.title for strip in strips]
    chosen = choice.selectbox("Download as a GIF", [ALL, *titles] if len(titles) > 1 else titles)
    back = forth_and_back.toggle("Also play backwards", value=True)
    shown = [strip for strip in strips if chosen in (ALL, strip.title)]

    gif = partial(film.gif, shown, back)
    downloads.button("Download GIF", gif, "path.gif", "image/gif", key="gif", place=button, width="stretch")


st.title("Paths")
glossary.say(
    "Walk through the [[latent space]] and watch what the decoder draws on the way, in several models at once, or "
    "along a direction of one."
)
state = page_state.open(*FIELDS)
with st.container(horizontal=True, vertical_alignment="center"):
    mode = state.segments("path", label_visibility="collapsed", width="content")
    models = st.popover("Choose models", icon=":material/model_training:") if mode == BETWEEN else None
    settings = st.popover("Settings", icon=":material/tune:")
frames = state.draw(settings.slider, "frames")
way = path_input.between_images(frames, models, settings) if models else path_input.along_a_direction(frames)

film.show(way.strips, key=f"film-{mode}", start=way.start, values=way.values)
st.caption(
    f"{way.caption} Each frame is decoded; between two frames the slider shows a blend of them. Move the slider, "
    "or the pointer over a strip."
)
download(way.strips)
st.info(way.notice, icon=":material/visibility:")
next_page.link("sampler", "See what lies all over the plane")
source_code.show(way.source, reads=way.reads)
