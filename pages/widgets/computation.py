"""What takes seconds to a minute, computed beside the page: its progress, time left and a stop; the result follows."""

import streamlit as st

from ae_core import tasks
from ae_core.errors import ExplorerError
from ae_core.runs import Run
from ae_core.tasks import catalog
from pages.serving import visitor
from pages.widgets import alerts, progress

LOOK_SECONDS = 1.0


def show(task: str, run: Run, waiting: str, begin: bool = False, what: str = "", called: str = "") -> None:
    """Stands where the result of a task will be, and shows the page anew once it is there.

    Args:
        task: Its name, as in `tasks.catalog`.
        run: The run that it computes something from.
        waiting: What is said while nobody has asked for the result; Markdown.
        begin: Whether to ask for it without a click, unless that has failed or was stopped before.
        what: Which of several things, as of `tasks.compute`.
        called: What that is called; by default as the task.
    """
    name, job = called or catalog.get(task).title, tasks.shared(task, run, what)
    if job is not None and job.status.active:
        # The fragment's own timer: nothing runs once it is done.
        st.fragment(_watch, run_every=LOOK_SECONDS)(task, run, what, name)
        return
    ended = "" if job is None or job.status.state == "finished" else job.status.state  # a result may be gone again
    if ended == "failed" and job is not None:
        alerts.error(f"The computation of {name} failed.", job.status.reason)
    elif ended and job is not None:
        st.info(f"The computation of {name} was stopped.")
        if job.status.reason:
            st.text(job.status.reason)
    elif not begin:
        st.info(waiting)
    asked = begin and not ended
    label = f"Compute {name}" + " again" * bool(ended)
    if asked or st.button(label, icon=":material/play_arrow:", key=f"compute-{task}{what}-{run.digest[:12]}"):
        try:
            tasks.compute(task, run, visitor.current(), what)
        except ExplorerError as error:
            alerts.error(f"The computation of {name} was not started.", error)
        else:
            st.rerun()


def _watch(task: str, run: Run, what: str, name: str) -> None:
    job = tasks.shared(task, run, what)
    if job is None or not job.status.active:
        st.rerun()
    st.progress(job.status.fraction, text=f"Computing {name} · {progress.standing(job)}")
    # It is shared by all who look: only who asked for it may stop it.
    mine = tasks.owns(job, visitor.current())
    if mine and st.button(f"Stop computing {name}", icon=":material/stop:", key=f"stop-{task}{what}-{run.digest[:12]}"):
        try:
            tasks.request_stop(job)
        except ExplorerError as error:
            alerts.error("It could not be stopped.", error)
