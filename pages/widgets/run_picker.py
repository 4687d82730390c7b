"""Picks the run that the pages show; picked once, it stays picked and is in the link."""

import streamlit as st

from ae_core import data, jobs, kinds, runs
from ae_core.errors import RunError
from ae_core.inference import LoadedRun
from ae_core.runs import BrokenRun, Run
from pages.widgets import caches, visitor

KEY = "run"


def available() -> dict[str, Run | BrokenRun]:
    """By name: the runs that ship, in the order of the kinds, then the visitor's own, the latest first."""
    order = kinds.names()

    def rank(run: Run | BrokenRun) -> tuple[int, int, str]:
        if isinstance(run, BrokenRun):
            return (2, 0, run.name)
        return (0 if run.name in order else 1, order.index(run.spec.kind), run.name)

    found = sorted(runs.shipped(), key=rank)
    owners, me = jobs.owners(), visitor.current()
    local = runs.scan(runs.data_folder() / "runs")
    # A run without a job came from the command line: whoever hosts put it there for all.
    mine = [r for r in local if owners.get(r.name, me) == me]
    created = {r.name: str(r.card.get("created")) if isinstance(r, Run) else "" for r in mine}
    found += sorted(mine, key=lambda r: created[r.name], reverse=True)
    return {r.name: r for r in found}


def title(run: Run | BrokenRun) -> str:
    if isinstance(run, BrokenRun):
        return f"{run.name} (broken)"
    owned = "" if run.path.parent == runs.SHIPPED else " · yours"
    return f"{run.title}{owned}"


def pick(default: str = "variational", dataset: str | None = None) -> LoadedRun:
    """Shows the picker and gives the run that is picked, or says why there is none and ends the page.

    Args:
        default: The run that a first visit shows.
        dataset: If given, only runs on this data set.
    """
    found = available()
    if dataset is not None:
        found = {n: r for n, r in found.items() if isinstance(r, Run) and r.spec.dataset == dataset}
    if not found:
        st.info("There are no runs yet. Train one to see it here.")
        st.page_link("train.py", label="Train one", icon=":material/model_training:")
        st.stop()
    asked = st.session_state.get(KEY) or st.query_params.get(KEY)
    if asked is not None and asked not in found:
        st.warning("The run of this link is not here: it was deleted, or belongs to someone else. This is another one.")
        st.session_state.pop(KEY, None)
        st.query_params.pop(KEY, None)
    names = list(found)
    name = st.selectbox(
        "Run",
        names,
        index=names.index(default) if default in names else 0,
        format_func=lambda n: title(found[n]),
        key=KEY,
        bind="query-params",
        persist_state="session",
    )
    run = found[name]
    try:
        if isinstance(run, BrokenRun):
            raise RunError(run.reason)
        loaded = caches.load(run)
    except RunError as error:
        st.error("This run is broken and was not loaded. Pick another one, or train it again.")
        st.text(str(error))
        st.stop()
    st.caption(summary(loaded))
    return loaded


def summary(run: LoadedRun) -> str:
    """One line: what the run is."""
    network = run.spec.network
    family = kinds.FAMILIES[network.family].title.lower()
    units = f"{network.latent_dim} unit" + ("s" if network.latent_dim > 1 else "")
    return f"{data.load(run.spec.dataset).title} · {family} · code of {units} · {run.parameters:,} parameters"
