"""The visitor's trainings and imports that are under way: a small sign in the menu of every page."""

from collections.abc import Iterable

import streamlit as st

from ae_core import tasks
from ae_core.errors import ExplorerError
from ae_core.tasks import Job, catalog
from pages.serving import visitor
from pages.widgets import menu

KEY = "under-way"  # in the session: ids; reading every job's folder at each run would take long on a shared server
LOOK_SECONDS = 2.0
BUSY = ":material/progress_activity:"


def note(jobs: Iterable[Job]) -> None:
    """Remembers trainings that have just begun."""
    st.session_state[KEY] = [*_ids(), *(job.id for job in jobs)]


def sign(page: str) -> None:
    """Says in the menu how far they are; not on Train, which shows more of them."""
    if page == "train":
        st.session_state[KEY] = [job.id for job in _found(_ids()) if job.status.active]
    elif jobs := _found(_ids()):
        with st.container(key="under-way-sign", width="content"):
            if any(job.status.active for job in jobs):
                st.fragment(_watch, run_every=LOOK_SECONDS)([job.id for job in jobs])
            else:
                _say(jobs)


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


def _watch(ids: list[str]) -> None:
    jobs = _found(ids)
    if not any(job.status.active for job in jobs):
        st.rerun()  # only a run of the whole page ends the looking
    _say(jobs)


def _say(jobs: list[Job]) -> None:
    active = [job for job in jobs if job.status.active]
    failed, stopped = ([job for job in jobs if job.status.state == state] for state in ("failed", "cancelled"))
    if active:
        ended = len(jobs) - len(active)
        share = (sum(job.status.fraction for job in active) + ended) / len(jobs)
        shown, words, icon = [*active, *(job for job in jobs if job not in active)], f"· {share:.0%}", BUSY
    elif failed:
        shown, words, icon = failed, "failed", ":material/error:"
    elif stopped:
        shown, words, icon = stopped, "stopped", ":material/stop_circle:"
    else:
        shown, words, icon = jobs, "finished", ":material/check:"
    st.page_link(
        menu.PAGES["train"].file, label=f"{_called(shown)} {words}", icon=icon, query_params={"job": shown[0].id}
    )


def _called(jobs: list[Job]) -> str:
    names = {catalog.get(job.task).title for job in jobs}
    if len(jobs) == 1:
        return names.pop()
    return f"{len(jobs)} {names.pop().lower() if len(names) == 1 else 'task'}s"
