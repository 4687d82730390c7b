"""A place to drop files of any size, or a folder, for a data set."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from ae_core import settings
from ae_core.data.sources import bundles
from ae_core.errors import DatasetError
from ae_core.tasks import datasets
from pages.serving import incoming, scripts, visitor
from pages.widgets import alerts

TOKEN, COUNT, REFUSED = "incoming", "incoming-count", "incoming-refused"  # in the session


def show(on_files: Callable[[Path], None]) -> None:
    """Shows the place; once files have come, gives the folder that they are in, before the page runs again."""
    count = st.session_state.setdefault(COUNT, 0)
    key = f"drop-{count}"
    if TOKEN not in st.session_state:
        try:
            st.session_state[TOKEN] = datasets.open_incoming(visitor.current())
        except DatasetError as error:
            alerts.error("Nothing can be uploaded now.", error)
            return
    token = st.session_state[TOKEN]
    me = visitor.current()

    def take() -> None:
        sent = st.session_state[key].get("sent")
        names = sent.get("names") if isinstance(sent, dict) and sent.get("token") == token else None
        place = datasets.place_of(token, me)
        if not isinstance(names, list) or not names or place is None:
            return
        st.session_state[COUNT] = count + 1  # another place for the next files
        st.session_state.pop(TOKEN, None)
        try:
            datasets.close_incoming(place, [str(name)[:1000] for name in names[: bundles.MAX_FILES]])
        except DatasetError as error:
            st.session_state[REFUSED] = str(error)
        else:
            st.session_state.pop(REFUSED, None)
            on_files(place)

    scripts.component("drop.js")(
        key=key,
        data={
            "link": incoming.link(token),
            "token": token,
            "most": settings.current().data_mb * 1_000_000,
            "files": min(bundles.MAX_FILES, 4 * settings.current().items),
        },
        on_sent_change=take,
    )
    if refused := st.session_state.get(REFUSED):
        alerts.error("These files were not taken.", refused)
