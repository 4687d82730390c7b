"""What every visitor's script run begins with: page config and the way to the pages."""

from urllib.parse import urlsplit

import streamlit as st

from ae_core.errors import ExplorerError
from pages.serving import page_state, run_queue, uploads, visitor
from pages.widgets import alerts, icon, missions, page_style, under_way

TITLE = "Latent Explorer"
# By group: the script of each page, whose address is its name, its title and its symbol.
MENU = {
    "": [("home", "Home", "blur_on")],
    "Images": [
        ("reconstruct", "Reconstruct", "compare"),
        ("your_image", "Your image", "brush"),
        ("denoise", "Denoise", "deblur"),
    ],
    "Latent space": [
        ("lens", "Lens", "search"),
        ("latent_space", "Map", "scatter_plot"),
        ("sampler", "Sampler", "grid_on"),
        ("paths", "Paths", "timeline"),
    ],
    "Inside the code": [("units", "Units", "tune"), ("sparsity", "Sparsity", "bar_chart")],
    "Models": [
        ("train", "Train", "model_training"),
        ("compare", "Compare", "table_rows"),
        ("runs", "Your models", "inventory_2"),
    ],
    "Help": [("glossary", "Glossary", "menu_book"), ("about", "About", "info")],
}

# First of all: until then the browser would fetch the page's symbol from the internet for its tab.
st.set_page_config(page_title=TITLE, page_icon=icon.URI, layout="wide")

# Kept for the session: each looks for its file when it is made.
if "menu" not in st.session_state:
    st.session_state.menu = {
        group: [
            st.Page(
                f"{name}.py",
                title=title,
                icon=f":material/{symbol}:",
                url_path=name.replace("_", "-"),
                default=name == "home",
            )
            for name, title, symbol in entries
        ]
        for group, entries in MENU.items()
    }
# A group whose pages are folded away says which of them is open.
here = urlsplit(st.context.url or "").path.split("/")[-1]
menu = {}
for group, pages in st.session_state.menu.items():
    (shown,) = [page.title for page in pages if here and page.url_path == here] or [""]
    menu[f"{group} · {shown}" if shown else group] = pages
page = st.navigation(menu, position="top")
if page.url_path:
    st.set_page_config(page_title=f"{page.title} · {TITLE}")
page_style.show()
visitor.arrive()


refusals = st.empty()
try:
    with run_queue.turn(), page_state.visit(page.url_path, refusals):
        under_way.sign(page.url_path)
        missions.show_current(page.url_path)
        try:
            page.run()
        finally:
            uploads.free_unused()
except ExplorerError as error:
    alerts.error("This page cannot be shown in full.", error)
