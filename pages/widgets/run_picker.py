"""Picks the run that the pages show; picked once, it stays picked and is in the link."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NoReturn

import streamlit as st

from ae_core import data, kinds, logs, networks, runs, tasks
from ae_core.errors import RunError
from ae_core.inference import LoadedRun
from ae_core.runs import BrokenRun, Run
from pages.serving import caches, link, visitor
from pages.widgets import alerts

KEY = "run"
PICKED = "picked-run"
SEVERAL = "runs"
BESIDE = "beside"
MOST_LINKED = 20  # runs that a link may add to the visitor's
GONE = "gone, or mistyped"


def remember(name: str) -> None:
    """Makes a run the picked one on every page."""
    if st.session_state.get(PICKED) != name:
        st.session_state[PICKED] = name
        logs.event("run opened", run=name)
        st.session_state.pop(SEVERAL, None)  # so that comparisons begin with it


def asked_for() -> str | None:
    """The name of the run that the link names, or else the one that the visitor picked, if any."""
    return link.read(KEY, str, "run") or st.session_state.get(PICKED)


def available(*names: str | None) -> dict[str, Run | BrokenRun]:
    """By name: the runs that ship, in the order of the kinds, then the visitor's own, the latest first.

    Args:
        names: Of runs that the link asks for: they are added where they are someone else's. The link is the permission.
    """
    order = kinds.names()

    def rank(run: Run | BrokenRun) -> tuple[int, int, str]:
        if isinstance(run, BrokenRun):
            return (2, 0, run.name)
        return (0 if run.name in order else 1, order.index(run.spec.kind), run.name)

    found = sorted(runs.shipped(), key=rank)
    mine = tasks.listed(visitor.current())
    created = {r.name: r.card.created if isinstance(r, Run) else "" for r in mine}
    found += sorted(mine, key=lambda r: created[r.name], reverse=True)
    listed = {r.name: r for r in found}
    for name in names:
        if name is not None and name not in listed and (run := runs.linked(name)) is not None:
            listed[name] = run
    return listed


def labels(found: Mapping[str, Run | BrokenRun]) -> dict[str, str]:
    """What each run is called in a list, by name; no two are called the same."""
    return distinct({name: _label(run) for name, run in found.items()})


def distinct(called: Mapping[str, str]) -> dict[str, str]:
    """What things are called, by name, with the name where two would be called the same."""
    often = Counter(called.values())
    return {name: label if often[label] == 1 else f"{label} ({runs.clean(name)})" for name, label in called.items()}


def _label(run: Run | BrokenRun) -> str:
    if isinstance(run, BrokenRun):
        return f"{runs.clean(run.name)} (broken)"
    if run.path.parent == runs.SHIPPED:
        return run.title
    whose = {None: "", visitor.current(): "yours, "}.get(run.card.owner, "shared, ")
    return f"{run.title} · {whose}{run.card.created[:16].replace('T', ' ')}"


def pick(default: str = "variational") -> LoadedRun:
    """Shows the picker and gives the run that is picked, or says why there is none and ends the page.

    Args:
        default: The run that the page shows until one is picked.
    """
    asked = asked_for()
    found = available(asked)
    if not found:
        _none_yet()
    called = labels(found)
    first = default if default in found else next(iter(found))
    if asked is not None and asked not in found:
        link.refuse(KEY, f"run ({GONE})")
        st.session_state.pop(PICKED, None)
        link.forget(KEY)
        asked = None
    # A page's own default is no choice of the visitor's: it neither stays nor goes into the link.
    st.session_state[KEY] = asked or first
    name = st.selectbox("Run", list(found), format_func=called.__getitem__, key=KEY, on_change=_choose, args=(KEY,))
    if asked is not None:
        remember(name)
        link.write(KEY, name)  # by its name, which stays what it is; Streamlit would bind the label
    link.keep(KEY)
    run = found[name]
    try:
        if isinstance(run, BrokenRun):
            raise RunError(run.reason)
        loaded = caches.load(run)
    except RunError as error:
        alerts.error("This run is broken and was not loaded. Pick another one, or train it again.", error)
        st.stop()
    st.caption(summary(loaded))
    return loaded


def pick_beside(run: LoadedRun) -> LoadedRun | None:
    """Shows a picker of a second run, of the same data set as the first, and gives it if one is picked."""
    listed = available(*st.query_params.get_all(BESIDE)[-1:])
    found = {name: r for name, r in listed.items() if isinstance(r, Run) and r.spec.dataset == run.spec.dataset}
    called = labels(found)
    st.session_state[BESIDE] = link.read(BESIDE, link.one_of(found), f"second run ({GONE}, or of another data set)")
    name = st.selectbox(
        "Beside it",
        list(found),
        index=None,
        format_func=called.__getitem__,
        key=BESIDE,
        placeholder="No second run",
        on_change=_choose,
        args=(BESIDE,),
    )
    link.keep(BESIDE)
    if name is None:
        return None
    try:
        return caches.load(found[name])
    except RunError as error:
        alerts.error("The second run is broken and was not loaded.", error)
        return None


def _choose(key: str) -> None:
    link.choose(key, st.session_state[key])


def title(run: LoadedRun) -> str:
    """What a run is called, for places that read Markdown."""
    return alerts.escape_markdown(_label(run.run))


def _none_yet() -> NoReturn:
    st.info("There are no runs yet. Train one to see it here.")
    st.page_link("train.py", label="Train one", icon=":material/model_training:")
    st.stop()


def pick_several(default: Sequence[str], most: int) -> dict[str, LoadedRun]:
    """Shows all runs to pick up to `most` of, and gives them by what they are called; ends the page if there are none.

    Args:
        default: Names of those that are picked at first, after the one that other pages show.
        most: How many are loaded.
    """
    several = st.query_params.get_all(SEVERAL)[:MOST_LINKED] or st.session_state.get(SEVERAL) or []
    found = {name: run for name, run in available(asked_for(), *several).items() if isinstance(run, Run)}
    if not found:
        _none_yet()
    asked = link.read_each(SEVERAL, link.one_of(found), f"runs ({GONE})")
    first = asked or [n for n in dict.fromkeys([asked_for(), *default]) if n in found]
    called = labels(found)
    # Pills, not a multiselect: its tags write white on the primary colour, too faint on dark ground.
    names = st.pills(
        "Runs",
        list(found),
        selection_mode="multi",
        default=first[:most],
        format_func=lambda name: alerts.escape_markdown(called[name]),
        key=SEVERAL,
        persist_state="session",
        on_change=link.settle,
        args=(SEVERAL,),
    )
    link.keep(SEVERAL)
    if not names:
        st.info("Pick at least one run.")
        st.stop()
    if len(names) > most:
        st.warning(f"{len(names)} runs are picked; the first {most} are shown.")
    shown = [name for name in names if name is not None][:most]
    link.write(SEVERAL, shown)
    loaded = {}
    for name in shown:
        try:
            loaded[called[name]] = caches.load(found[name])
        except RunError as error:
            alerts.error("One of these runs is broken and is left out.", error)
    if not loaded:
        st.stop()
    return loaded


def summary(run: LoadedRun) -> str:
    """One line: what the run is."""
    network = run.spec.network
    family = networks.get(network.family).title.lower()
    units = f"{network.latent_dim} unit" + ("s" if network.latent_dim > 1 else "")
    return f"{data.load(run.spec.dataset).title} · {family} · code of {units} · {run.parameters:,} parameters"
