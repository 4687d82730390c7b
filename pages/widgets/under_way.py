"""The visitor's trainings that are under way: a small sign in the menu of every page."""

from collections.abc import Iterable

import streamlit as st

from ae_core import tasks
from ae_core.errors import ExplorerError
from ae_core.tasks import Job
from pages.serving import visitor

KEY = "under-way"  # in the session: ids; reading every job's folder at each run would take long on a shared server
LOOK_SECONDS = 2.0


def note(jobs: Iterable[Job]) -> None:
    """Remembers trainings that have just begun."""
    st.session_state[KEY] = [*_ids(), *(job.id for job in jobs)]


def sign(page: str) -> None:
    """Says in the menu how far they are; not on Train, which shows more of them."""
    if page == "train":
        st.session_state[KEY] = [job.id for job in _found(_ids()) if job.status.active]
    elif ids := _ids():
        with st.container(key="under-way-sign", width="content"):
            st.fragment(_say, run_every=LOOK_SECONDS)(ids)


def _ids() -> list[str]:
    if KEY not in st.session_state:
        st.session_state[KEY] = [job.id for job in tasks.jobs_of(visitor.current()) if job.status.active]
    ids: list[str] = st.session_state[KEY]
    return ids


def _found(ids: Iterable[str]) -> list[Job]:
    found = []
    for name in ids:
        try:
            found.append(tasks.find(name))
        except ExplorerError:  # it was deleted
            continue
    return found


def _say(ids: list[str]) -> None:
    jobs = _found(ids)
    active = [job for job in jobs if job.status.active]
    if not jobs:
        return
    if active:
        share = sum(job.status.fraction for job in active) / len(active)
        training = "Training" if len(active) == 1 else f"{len(active)} trainings"
        label, icon = f"{training} · {share:.0%}", ":material/progress_activity:"
    elif all(job.status.state == "finished" for job in jobs):
        label, icon = "Training finished", ":material/check:"
    else:
        label, icon = "Training ended", ":material/error:"
    st.page_link("train.py", label=label, icon=icon, query_params={"job": (active or jobs)[0].id})
