"""Latent Explorer: ``streamlit run app.py``. The server; what it shows begins in pages/navigation.py."""

import streamlit as st
from starlette.middleware import Middleware

from pages.serving import downloads, errors, incoming, lens_tiles, plotly_script, scripts, sprites, startup
from pages.serving.origin import SameOrigin
from pages.serving.uploads import UploadQuota
from pages.serving.visitor import VisitorCookie

app = st.App(
    "pages/navigation.py",
    middleware=[Middleware(SameOrigin), Middleware(VisitorCookie), Middleware(UploadQuota)],
    routes=[
        startup.READY,
        plotly_script.ROUTE,
        scripts.ROUTE,
        sprites.ROUTE,
        downloads.ROUTE,
        incoming.ROUTE,
        *lens_tiles.ROUTES,
    ],
    lifespan=startup.lifespan,
    on_script_error=errors.on_script_error,
)
