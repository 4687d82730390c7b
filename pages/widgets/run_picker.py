"""Picks the run that the pages show; picked once, it stays picked and is in the link."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import streamlit as st

from ae_core import data, kinds, logs, networks, runs, tasks
from ae_core.errors import RunError
from ae_core.inference import LoadedRun
from ae_core.runs import BrokenRun, Run
from pages.serving import caches, fields, page_state, visitor
from pages.serving.fields import Field, Values
from pages.widgets import alerts, counts, dataset_picker, next_page, times

PICKED = "picked-run"  # in the session: the one that was opened last
BROUGHT = "runs-of-another-page"  # in the session: those beyond a page's limit, and the link with which they came
COMPARED = "compared-data-set"  # in the session: that whose runs were compared last
MOST_LINKED = 40  # runs that a link may add to the visitor's
MANY, FOLD = 30, 240  # runs to pick from, above which they scroll in a box of so many pixels
GONE = "deleted, or mistyped"


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
    mine = tasks.runs_for(visitor.current())
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
        return f"{runs.clean(run.name)} (damaged)"
    if run.path.parent == runs.SHIPPED:
        return run.title
    whose = "" if run.card.owner is None else "yours, " if tasks.owns(run, visitor.current()) else "shared, "
    of = "" if run.spec.dataset in data.names() else f"{run.spec.about.title} · "
    return f"{run.title} · {of}{whose}{times.say(run.card.created)}"


def _listed(text: str, values: Values) -> str:
    if text in available(text):
        return text
    raise ValueError(f"Expected the name of a run, got {text!r}.")


def _sound(text: str, values: Values) -> str:
    # Most are found by their name alone: to list all for each of forty would take a tenth of a second.
    if runs.find(text) is not None or isinstance(available(text).get(text), Run):
        return text
    raise ValueError(f"Expected the name of a run that can be loaded, got {text!r}.")


def _of_the_same_data(text: str, values: Values) -> str:
    run = available(text).get(text)
    if isinstance(run, Run) and run.spec.dataset == values["run"].spec.dataset:
        return text
    raise ValueError(f"Expected the name of another run of the same data set, got {text!r}.")


def name_of(values: Values) -> str:
    """The name of the run that the fields of a page are given."""
    return str(values["run"].run.name)


def units_of(values: Values) -> int:
    """How many units its code has."""
    return int(values["run"].latent_dim)


# A page's own default is no choice of the visitor's: it neither stays nor goes into the link.
RUN = Field("run", "Model", _listed, told=f"model ({GONE})")
BESIDE = Field("beside", "Second model", _of_the_same_data, told=f"second model ({GONE}, or of another data set)")
RUNS = Field("runs", "Models", _sound, between=fields.REPEAT, told=f"models ({GONE})")


# Of the models that a page compares; needs the names of all data sets as `datasets`, that of the first model as
# `dataset`.
DATASET = fields.choice(
    "on", "Data set", lambda values: values["datasets"], dataset_picker.titled, default=lambda v: v["dataset"]
)


def pick(default: str = "variational") -> LoadedRun:
    """Shows the picker and gives the run that is picked, or says why there is none and ends the page.

    Args:
        default: The run that the page shows until one is picked.
    """
    state = page_state.open(RUN)
    found = available(state["run"])
    if not found:
        none_yet()
    called = labels(found)
    name = next(name for name in (state["run"], default, *found) if name in found)  # it may be deleted just now
    state.draw(st.selectbox, "run", shows=name, options=list(found), format_func=called.__getitem__)
    _note(state["run"])
    run = found[name]
    try:
        if isinstance(run, BrokenRun):
            raise RunError(run.reason)
        loaded = caches.load(run)
    except RunError as error:
        alerts.error("This model is damaged and was not loaded. Choose another one, or train it again.", error)
        st.stop()
    st.caption(alerts.escape_markdown(summary(loaded)))
    _tell_left_out({run.title: run})
    dataset_picker.tell_scale(loaded.dataset)
    dataset_picker.tell_if_gone(loaded.dataset)
    return loaded


def _note(name: str | None) -> None:
    """Has comparisons begin with a run that has just been picked."""
    if name is not None and st.session_state.get(PICKED) != name:
        st.session_state[PICKED] = name
        logs.event("run opened", run=name)
        page_state.forget(RUNS.name)
        page_state.forget(DATASET.name)
        st.session_state.pop(COMPARED, None)


def pick_beside(run: LoadedRun) -> LoadedRun | None:
    """Shows a picker of a second run, of the same data set as the first, and gives it if one is picked."""
    state = page_state.open(BESIDE, run=run)
    listed = available(state["beside"])
    found = {name: r for name, r in listed.items() if isinstance(r, Run) and r.spec.dataset == run.spec.dataset}
    called = labels(found)
    name = state.draw(
        st.selectbox,
        "beside",
        options=list(found),
        index=None,
        format_func=called.__getitem__,
        placeholder="None",
    )
    if name not in found:
        return None
    try:
        return caches.load(found[name])
    except RunError as error:
        alerts.error("The second model is damaged and was not loaded.", error)
        return None


def title(run: LoadedRun) -> str:
    """What a run is called, for places that read Markdown."""
    return alerts.escape_markdown(_label(run.run))


def none_yet(sentence: str = "There are no models yet. Train one to see it here.") -> NoReturn:
    """Ends a page that has no model to show: says so, and leads to Train."""
    st.info(sentence)
    next_page.link("train", "Train one")
    st.stop()


def pick_several(default: Sequence[str], most: int, **about: Any) -> dict[str, LoadedRun]:
    """As `name_several`, and loads them; leaves out those that are broken, and ends the page if all are."""
    loaded = {}
    for title, run in name_several(default, most, **about).items():
        try:
            loaded[title] = caches.load(run)
        except RunError as error:
            alerts.error("One of these models is damaged and is left out.", error)
    if not loaded:
        st.stop()
    return loaded


def name_several(
    default: Sequence[str], most: int, *, opened_last: bool = False, any_dataset: bool = False, place: Any = st
) -> dict[str, Run]:
    """Shows all runs to pick up to `most` of, and gives them by what they are called; ends the page if there are none.

    Args:
        default: Names of those that are picked at first, beside the one that other pages show.
        most: How many are given.
        opened_last: Whether that one comes after them, not before.
        any_dataset: Whether their data sets may differ; else one is chosen where there are several.
        place: Where the controls stand.
    """
    run = page_state.open(RUN)["run"]
    _note(run)
    state = page_state.open(RUNS)
    chosen = state["runs"] or []
    found = {n: r for n, r in available(run, *chosen[:MOST_LINKED]).items() if isinstance(r, Run)}
    if not found:
        none_yet()
    called = labels(found)
    before = st.session_state.get(COMPARED)
    dataset = before
    if not any_dataset:
        begin = next(n for n in (*chosen, run, *default, *found) if n in found)
        dataset = st.session_state[COMPARED] = _dataset(found, before or found[begin].spec.dataset, place)
    shown = {n: r for n, r in found.items() if any_dataset or r.spec.dataset == dataset}
    names, others = ([n for n in chosen if n in found and (n in shown) == wanted] for wanted in (True, False))
    if not names and (state["runs"] is None or (others and dataset != before)):
        first = [n for n in dict.fromkeys([*default, run] if opened_last else [run, *default]) if n in shown]
        if len(first) < 2:  # the page compares
            first = list(dict.fromkeys([*first, *(n for n in kinds.names() if n in shown)]))
        if len(first) < 2:
            first = list(dict.fromkeys([*first, *shown]))
        names = first[:most]
        if others:
            state.choose(RUNS.name, [*names, *others])
    # What is too many for this page stays chosen if another page had it, not if it was added here.
    link, brought = st.session_state.get(BROUGHT, (0, []))
    if link != page_state.adopted():
        brought = names[most:]
        st.session_state[BROUGHT] = page_state.adopted(), brought
    if len(names) > most:
        st.warning(f"At most {most} models are shown at once. Remove one to add another.")
        others = [*(n for n in names[most:] if n in brought), *others]
        names = names[:most]
        state.choose(RUNS.name, [*names, *others])
    # Pills, not a multiselect: its tags write white on the primary colour, too faint on dark ground.
    many = len(shown) > MANY
    label = f"{RUNS.label}, {len(names)} of {len(shown)} chosen" if many else RUNS.label
    state.draw(
        (place.container(height=FOLD) if many else place).pills,
        "runs",
        label,
        shows=names,
        options=list(shown),
        selection_mode="multi",
        format_func=lambda name: alerts.escape_markdown(called[name]),
        keeps=others,
    )
    if not names:
        st.info("Choose at least one model.")
        st.stop()
    found = {called[name]: shown[name] for name in names}
    _tell_left_out(found)
    return found


def _tell_left_out(chosen: Mapping[str, Run]) -> None:
    """Says of runs that left classes out that they did."""
    told = [
        f"**{alerts.escape_markdown(title)}** was trained {alerts.escape_markdown(run.spec.told_classes)}"
        for title, run in chosen.items()
        if run.spec.left_out
    ]
    if told:
        st.caption(f"{'; '.join(told)}. The test examples here are of all classes.")


def whole() -> tuple[dict[str, Run], dict[str, BrokenRun]]:
    """By name: the runs that can be chosen from, with the one that was opened last, and those that are broken."""
    found = available(page_state.open(RUN)["run"])
    broken = {name: run for name, run in found.items() if isinstance(run, BrokenRun)}
    return {name: run for name, run in found.items() if isinstance(run, Run)}, broken


def choose_dataset(found: Mapping[str, Run]) -> str:
    """Shows the data sets of runs where there are several, and gives the one that is chosen, at first that of the run
    that was opened last.
    """
    opened = page_state.open(RUN)["run"]
    first = next(name for name in (opened, *kinds.names(), *found) if name in found)
    return _dataset(found, found[first].spec.dataset, st)


def _dataset(found: Mapping[str, Run], first: str, place: Any) -> str:
    """Shows the data sets of runs where there are several, at first that one, and gives the one that is chosen."""
    known = {run.spec.dataset for run in found.values()}
    shipped = [name for name in data.names() if name in known]
    names = [*shipped, *sorted(known - {*shipped}, key=dataset_picker.titled)]
    state = page_state.open(DATASET, datasets=names, dataset=first if first in names else names[0])
    if len(names) > 1:
        state.segments("on", place, format_func=lambda name: alerts.escape_markdown(dataset_picker.titled(name)))
    return str(state["on"])


def summary(run: LoadedRun) -> str:
    """One line: what the run is."""
    network = run.spec.network
    family = networks.get(network.family).title.lower()
    units = counts.units(network.latent_dim)
    return f"{run.dataset.title} · {family} · code of {units} · {run.parameters:,} parameters"
