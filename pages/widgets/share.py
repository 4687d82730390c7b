"""Takes a lens elsewhere: as one HTML file, or in a frame on somebody's own page."""

from functools import partial
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit

import streamlit as st

from ae_core import exporting
from ae_core.errors import RunError
from ae_core.inference import LoadedRun
from ae_core.latent import PlaneSpec
from ae_core.runs import Run
from pages.serving import downloads, page_state
from pages.widgets import computation, run_picker
from pages.widgets.lens import Look
from pages.widgets.words import Words

HEIGHT = 860  # pixels of the frame


def show(run: LoadedRun, spec: PlaneSpec, look: Look, overlay: str | None, prefix: str) -> None:
    """Shows a button that opens what a lens can be taken elsewhere as; in a frame on somebody's page there is none.

    Args:
        run: A loaded run.
        spec: The lens's plane.
        look: What the visitor did to it.
        overlay: A name of latent.OVERLAYS.
        prefix: Of the lens on its page.
    """
    if st.context.is_embedded:
        return
    say = Words(run.form)
    fold = st.popover("Share", icon=":material/share:", type="tertiary", key=f"{prefix}share", on_change="rerun")
    if not fold.open:
        return
    with fold.container(width=460):
        lens = partial(run.lens, spec, overlay=overlay, pin=look.pin, view=look.view, alone=look.alone)

        def make() -> bytes:
            return lens().html.encode()  # a lens keeps its file: a new one, which goes with the answer

        downloads.button("Save as one HTML file", make, lens().name, "text/html", key=f"{prefix}lens-file")
        st.caption(
            say(
                "It works without a server and without the internet, on a course page or beside an article. It holds "
                "decoded images and up to 2,000 test images, 8 MB at most. It takes some seconds to make."
            )
        )
        st.markdown("**On a page of your own**, while this server runs:")
        st.code(frame(run), language=None, wrap_lines=True)
        st.caption("The frame shows this page as it is now, without its menu, and its controls folded away.")
        st.markdown("**The model in another format**")
        chosen = st.selectbox(
            "Format",
            list(exporting.FORMATS),
            format_func=lambda name: exporting.FORMATS[name].title,
            key=f"{prefix}format",
            label_visibility="collapsed",
        )
        _take_model(run.run, chosen, prefix)


def _take_model(run: Run, name: str, prefix: str) -> None:
    """Offers a model in one of `exporting.FORMATS`, or to write it if that takes long."""
    about = exporting.FORMATS[name]
    if about.slow and not exporting.is_kept(run, name):
        computation.show("export", run, about.help, what=name, called=f"the {about.title}")
        return

    def take() -> bytes:
        content = exporting.kept(run, name) if about.slow else exporting.packed(run, name)
        if content is None:
            raise RunError("The file is damaged: reload the page, and have it written again.")
        return content

    downloads.button(f"Save the {about.title}", take, f"{run.name}-{name}.zip", "application/zip", key=f"{prefix}take")
    st.caption(about.help)


def frame(run: LoadedRun) -> str:
    """The HTML of a frame that shows the page that runs, with a run, as it has been asked for so far."""
    address = urlsplit(st.context.url or "")
    query = {run_picker.RUN.name: [run.run.name]} | parse_qs(page_state.link()) | {"embed": ["true"]}
    link = address._replace(query=urlencode(query, doseq=True), fragment="").geturl()
    return (
        f'<iframe src="{escape(link)}" title="{escape(run.run.title)}" width="100%" height="{HEIGHT}" '
        'style="border: 0" loading="lazy"></iframe>'
    )
