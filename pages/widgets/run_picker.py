"""Picks the run that the pages show; picked once, it stays picked and is in the link."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

import streamlit as st

from ae_core import data, jobs, kinds, runs
from ae_core.errors import RunError, TrainingError
from ae_core.inference import LoadedRun
from ae_core.runs import BrokenRun, Run
from pages.widgets import caches, visitor

KEY = "run"
PICKED = "picked-run"
SEVERAL = "runs"
BESIDE = "beside"
MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!:$~<>|])")


def as_text(text: str) -> str:
    """People's text, for places that would read Markdown in it."""
    return MARKDOWN.sub(r"\\\1", text)


def remember(name: str) -> None:
    """Makes a run the picked one on every page."""
    if st.session_state.get(PICKED) != name:
        st.session_state[PICKED] = name
        st.session_state.pop(SEVERAL, None)  # so that comparisons begin with it


def asked_for() -> str | None:
    """The name of the run that the visitor picked, or that the link names, if any."""
    return st.session_state.get(PICKED) or st.query_params.get(KEY)


def forget() -> None:
    """Leaves it to each page which run to show."""
    st.session_state.pop(PICKED, None)
    st.query_params.pop(KEY, None)


def _remember_widget() -> None:
    remember(st.session_state[KEY])


def available() -> dict[str, Run | BrokenRun]:
    """By name: the runs that ship, in the order of the kinds, then the visitor's own, the latest first."""
    order = kinds.names()

    def rank(run: Run | BrokenRun) -> tuple[int, int, str]:
        if isinstance(run, BrokenRun):
            return (2, 0, run.name)
        return (0 if run.name in order else 1, order.index(run.spec.kind), run.name)

    found = sorted(runs.shipped(), key=rank)
    me = visitor.current()
    local = runs.scan(runs.data_folder() / "runs")
    # A run without an owner came from the command line: whoever hosts put it there for all.
    mine = [r for r in local if _owner(r) in (None, me)]
    created = {r.name: str(r.card.get("created")) if isinstance(r, Run) else "" for r in mine}
    found += sorted(mine, key=lambda r: created[r.name], reverse=True)
    return {r.name: r for r in found}


def _owner(run: Run | BrokenRun) -> str | None:
    if isinstance(run, Run):
        return run.card.get("owner")
    with suppress(TrainingError):
        return jobs.find(run.name).owner  # its card may be what is broken
    with suppress(RunError, AttributeError):
        return runs.read_card(run.path).get("owner")
    return None


def labels(found: Mapping[str, Run | BrokenRun]) -> dict[str, str]:
    """What each run is called in a list, by name; no two are called the same."""
    called = {name: _label(run) for name, run in found.items()}
    often = Counter(called.values())
    return {name: label if often[label] == 1 else f"{label} ({runs.clean(name)})" for name, label in called.items()}


def _label(run: Run | BrokenRun) -> str:
    if isinstance(run, BrokenRun):
        return f"{runs.clean(run.name)} (broken)"
    if run.path.parent == runs.SHIPPED:
        return run.title
    whose = "yours, " if run.card.get("owner") else ""
    return f"{run.title} · {whose}{str(run.card.get('created'))[:16].replace('T', ' ')}"


def pick(default: str = "variational") -> LoadedRun:
    """Shows the picker and gives the run that is picked, or says why there is none and ends the page.

    Args:
        default: The run that the page shows until one is picked.
    """
    found = available()
    if not found:
        _none_yet()
    asked = asked_for()
    called = labels(found)
    first = default if default in found else next(iter(found))
    if asked is not None and asked not in found:
        st.warning(f"The run of this link is gone, or is someone else's. This is {as_text(called[first])} instead.")
        forget()
        asked = None
    # A page's own default is no choice of the visitor's: it neither stays nor goes into the link.
    st.session_state[KEY] = asked or first
    name = st.selectbox("Run", list(found), format_func=called.__getitem__, key=KEY, on_change=_remember_widget)
    if asked is not None:
        remember(name)
        st.query_params[KEY] = name  # by its name, which stays what it is; Streamlit would bind the label
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


def pick_beside(run: LoadedRun) -> LoadedRun | None:
    """Shows a picker of a second run, of the same data set as the first, and gives it if one is picked."""
    found = {name: r for name, r in available().items() if isinstance(r, Run) and r.spec.dataset == run.spec.dataset}
    called = labels(found)
    asked = st.query_params.get(BESIDE)
    if asked is not None and asked not in found:
        st.warning("The second run of this link is gone, is someone else's, or is of another data set.")
        asked = None
    if BESIDE not in st.session_state or asked is not None:
        st.session_state[BESIDE] = asked
    name = st.selectbox(
        "Beside it", list(found), index=None, format_func=called.__getitem__, key=BESIDE, placeholder="No second run"
    )
    if name is None:
        st.query_params.pop(BESIDE, None)
        return None
    st.query_params[BESIDE] = name
    try:
        return caches.load(found[name])
    except RunError as error:
        st.error("The second run is broken and was not loaded.")
        st.text(str(error))
        return None


def title(run: LoadedRun) -> str:
    """What a run is called, for places that read Markdown."""
    return as_text(_label(run.run))


def _none_yet() -> NoReturn:
    st.info("There are no runs yet. Train one to see it here.")
    st.page_link("train.py", label="Train one", icon=":material/model_training:")
    st.stop()


def pick_several(found: Mapping[str, Run], default: Sequence[str | None], most: int) -> list[str]:
    """Shows all runs to pick up to `most` of, and gives their names; ends the page while none is picked."""
    if not found:
        _none_yet()
    asked = st.query_params.get_all(SEVERAL)
    if any(name not in found for name in asked):
        st.warning("Not all runs of this link are here: they are gone, or someone else's.")
    first = [n for n in dict.fromkeys(asked if any(n in found for n in asked) else default) if n in found]
    called = labels(found)
    # Pills, not a multiselect: its tags write white on the primary colour, too faint on dark ground.
    names = st.pills(
        "Runs",
        list(found),
        selection_mode="multi",
        default=first[:most],
        format_func=lambda name: as_text(called[name]),
        key=SEVERAL,
        persist_state="session",
    )
    if not names:
        st.info("Pick at least one run.")
        st.stop()
    if len(names) > most:
        st.warning(f"{len(names)} runs are picked; the first {most} are shown.")
    shown = [name for name in names if name is not None][:most]
    st.query_params[SEVERAL] = shown
    return shown


def summary(run: LoadedRun) -> str:
    """One line: what the run is."""
    network = run.spec.network
    family = kinds.FAMILIES[network.family].title.lower()
    units = f"{network.latent_dim} unit" + ("s" if network.latent_dim > 1 else "")
    return f"{data.load(run.spec.dataset).title} · {family} · code of {units} · {run.parameters:,} parameters"
