"""What every visitor's script run begins with: page config and the way to the pages."""

from urllib.parse import urlsplit

import streamlit as st

from ae_core.errors import ExplorerError
from pages.serving import downloads, page_state, run_queue, session, uploads, visitor
from pages.widgets import alerts, icon, lessons, menu, page_style, under_way

TITLE = "Latent Explorer"

# First of all: until then the browser would fetch the page's symbol from the internet for its tab.
st.set_page_config(page_title=TITLE, page_icon=icon.URI, layout="wide")

# Kept for the session: each looks for its file when it is made.
if "menu" not in st.session_state:
    st.session_state.menu = {
        group: [
            st.Page(
                page.file,
                title=page.title,
                icon=f":material/{page.symbol}:",
                url_path=page.address or page.name,
                default=page.name == menu.HOME,
            )
            for page in pages
        ]
        for group, pages in menu.groups().items()
    }
# A group whose pages are folded away says which of them is open.
here = urlsplit(st.context.url or "").path.split("/")[-1]
shown_menu = {}
for group, pages in st.session_state.menu.items():
    (shown,) = [page.title for page in pages if here and page.url_path == here] or [""]
    shown_menu[f"{group} · {shown}" if shown else group] = pages
page = st.navigation(shown_menu, position="hidden" if st.context.is_embedded else "top")
if page.url_path:
    st.set_page_config(page_title=f"{page.title} · {TITLE}")
page_style.show()
visitor.arrive()


def free_unused() -> None:
    uploads.free_unused()
    downloads.free_unused()


refusals = st.empty()
try:
    with run_queue.turn(), page_state.visit(page.url_path, refusals, whole=lessons.HERE):
        under_way.sign(page.url_path)
        lessons.show_current(page.url_path)
        try:
            page.run()
        except session.RerunException:
            raise  # another run follows, which may come to uploaders that this one has not come to
        except BaseException:
            free_unused()
            raise
        free_unused()
except ExplorerError as error:
    alerts.error("This page cannot be shown in full.", error)
