"""What a server does before its first visitor, so that no visitor waits for it."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ae_core import runs
from ae_core.runs import Run

FIRST_SHOWN = "variational"  # by most pages
LOGGER = "streamlit.runtime.scriptrunner_utils.script_run_context"


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Warms up, then lets the server answer."""
    logger = logging.getLogger(LOGGER)
    level = logger.level
    logger.setLevel(logging.ERROR)  # it would warn that no visitor is there
    try:
        warm_up()
    finally:
        logger.setLevel(level)
    yield


def warm_up() -> None:
    """Imports what the pages import, opens the runs that ship, and computes what most pages show first."""
    import pandas  # noqa: F401
    import plotly.graph_objects as go

    from pages.widgets import caches, image_picker, lens, plot, progress, recipe_input, run_picker  # noqa: F401

    plot.library()
    go.Figure(go.Scatter(x=[0], y=[0]), layout={"template": "plotly"})
    for run in runs.shipped():
        if not isinstance(run, Run):
            continue  # each page says so itself
        loaded = caches.load(run)
        if run.name == FIRST_SHOWN:
            caches.errors(run)
            lens.prepare(loaded, caches.plane(run))
