"""Latent Explorer: ``streamlit run app.py``. The server; what it shows begins in pages/navigation.py."""

import streamlit as st
from starlette.middleware import Middleware

from pages.widgets import failure, lens, plot, scripts, sprites
from pages.widgets.frontend import Frontend
from pages.widgets.origin import SameOrigin
from pages.widgets.uploads import UploadQuota
from pages.widgets.visitor import VisitorCookie
from pages.widgets.warmup import lifespan

app = st.App(
    "pages/navigation.py",
    middleware=[Middleware(Frontend), Middleware(SameOrigin), Middleware(VisitorCookie), Middleware(UploadQuota)],
    routes=[plot.ROUTE, scripts.ROUTE, sprites.ROUTE, *lens.ROUTES],
    lifespan=lifespan,
    on_script_error=failure.told,
)
