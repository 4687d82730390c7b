"""What every visitor's script run begins with: page config and the way to the pages."""

from urllib.parse import urlsplit

import streamlit as st

from ae_core.errors import ExplorerError
from pages.serving import page_state, run_queue, uploads, visitor
from pages.widgets import alerts, icon, missions, page_style, under_way

TITLE = "Latent Explorer"

# First of all: until then the browser would fetch the page's symbol from the internet for its tab.
st.set_page_config(page_title=TITLE, page_icon=icon.URI, layout="wide")

# Kept for the session: each looks for its file when it is made.
if "menu" not in st.session_state:
    st.session_state.menu = {
        "": [
            st.Page("home.py", title="Home", icon=":material/blur_on:", default=True),
        ],
        "Images": [
            st.Page("reconstruct.py", title="Reconstruct", icon=":material/compare:", url_path="reconstruct"),
            st.Page("your_image.py", title="Your image", icon=":material/brush:", url_path="your-image"),
            st.Page("denoise.py", title="Denoise", icon=":material/deblur:", url_path="denoise"),
        ],
        "Latent space": [
            st.Page("lens.py", title="Lens", icon=":material/search:", url_path="lens"),
            st.Page("latent_space.py", title="Map", icon=":material/scatter_plot:", url_path="latent-space"),
            st.Page("sampler.py", title="Sampler", icon=":material/grid_on:", url_path="sampler"),
            st.Page("paths.py", title="Paths", icon=":material/timeline:", url_path="paths"),
        ],
        "Inside the code": [
            st.Page("units.py", title="Units", icon=":material/tune:", url_path="units"),
            st.Page("sparsity.py", title="Sparsity", icon=":material/bar_chart:", url_path="sparsity"),
        ],
        "Models": [
            st.Page("train.py", title="Train", icon=":material/model_training:", url_path="train"),
            st.Page("compare.py", title="Compare", icon=":material/table_rows:", url_path="compare"),
            st.Page("runs.py", title="Your models", icon=":material/inventory_2:", url_path="runs"),
        ],
        "Help": [
            st.Page("glossary.py", title="Glossary", icon=":material/menu_book:", url_path="glossary"),
            st.Page("about.py", title="About", icon=":material/info:", url_path="about"),
        ],
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
