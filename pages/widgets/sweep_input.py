"""Many trainings at once: kinds × code sizes × values of a hyperparameter × seeds, and how far they are."""

import math
import re

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ae_core import bounds, kinds, settings, sweeps, tasks, texts
from ae_core.errors import ExplorerError, OptionError, TrainingError
from ae_core.kinds import Hyperparameter
from ae_core.sweeps import Sweep
from pages.serving import page_state, visitor
from pages.widgets import alerts, counts, dataset_picker, next_page, recipe_input, run_picker, starts, under_way
from pages.widgets.starts import Starts

LOOK_SECONDS = 1
SEEN = "sweep-seen"  # in the session: the sweep that was seen under way, and the link with which the page was opened
SEEDS = (0, 1, 2, 3, 4)
MOST_LETTERS, QUOTED = 500, 40  # of the values, and of what is wrong among them


def show(dataset: str) -> None:
    """An expander that starts a sweep on a data set."""
    with st.expander("Train many at once"):
        on = alerts.escape_markdown(dataset_picker.titled(dataset))
        st.caption(
            f"Trains each kind with each code size and each seed on {on}. All else is at its "
            "default: of the settings above only the data set is used."
        )
        names = st.pills(
            "Kinds",
            kinds.names(),
            selection_mode="multi",
            default=["vanilla", "variational"],
            format_func=lambda name: kinds.get(name).title,
            key="sweep-kinds",
            persist_state="session",
            wrap=True,
        )
        offered = [size for size in recipe_input.SIZES if size <= settings.current().code]
        sizes = st.pills(
            "Code sizes",
            offered,
            selection_mode="multi",
            default=[2],
            key="sweep-sizes",
            persist_state="session",
            wrap=True,
        )
        seeds = st.pills(
            "Seeds", SEEDS, selection_mode="multi", default=[0], key="sweep-seeds", persist_state="session", wrap=True
        )
        values = _values(names)
        most = min(bounds.MAX_EPOCHS, settings.current().epochs)
        epochs = st.number_input(  # without limits, as that of one training
            f"Epochs of each training, 1 to {most}",
            value=None,
            step=1,
            placeholder="the default",
            key="sweep-epochs",
            persist_state="session",
        )
        if values is not None:
            _offer(dataset, names, sizes, seeds, values, epochs)


# Not None: Streamlit keeps that as no choice at all.
NOTHING = "Nothing"


def _values(names: list[str]) -> dict[str, list[float]] | None:
    """Controls that vary a hyperparameter as well; its values by its name, none if it stays, None if they are wrong."""
    offered = {h.name: (kinds.get(name).title, h) for name in names for h in _numbers(name)}
    if not offered:
        return {}

    def told(name: str) -> str:
        return NOTHING if name == NOTHING else f"{offered[name][1].label}, {offered[name][0].lower()}"

    which, what = st.columns(2, vertical_alignment="bottom")
    name = which.selectbox(
        "Vary also",
        [NOTHING, *offered],
        format_func=told,
        key="sweep-hyperparameter",
        persist_state="session",
        help="A hyperparameter of one of the kinds. The others are trained without it.",
    )
    if name == NOTHING:
        return {}
    h = offered[name][1]
    text = what.text_input(
        f"Values of {h.brief}",
        placeholder=_proposed(h),
        max_chars=MOST_LETTERS,
        key=f"sweep-values-{name}",
        persist_state="session",
    )
    try:
        return {name: [h.check(_number(part)) for part in re.split(r"[\s,;]+", (text or _proposed(h)).strip(" ,;"))]}
    except ExplorerError as error:
        alerts.error("These values cannot be trained.", error, st.warning)
        return None


def _numbers(name: str) -> list[Hyperparameter]:
    """The numbers among a kind's hyperparameters that have an effect beside the defaults of the others."""
    of = kinds.get(name).hyperparameters
    default = {h.name: h.default for h in of}
    return [h for h in of if not isinstance(h.default, bool | str) and h.matters(default)]


def _proposed(h: Hyperparameter) -> str:
    """Five values around the default, or below the largest one."""
    default, high = float(h.default), h.high or math.inf
    values = [default * share for share in (0.25, 0.5, 1, 2, 4)] if default else [high * k / 4 for k in range(5)]
    found = dict.fromkeys(round(v) if isinstance(h.default, int) else v for v in values if (h.low or 0) <= v <= high)
    return ", ".join(f"{value:g}" for value in found)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        got = texts.short(text, QUOTED)
        raise OptionError(f"Values must be numbers with commas between, such as 0.5, 1, 2; got {got!r}.")
    return value


def _offer(
    dataset: str,
    names: list[str],
    sizes: list[int],
    seeds: list[int],
    values: dict[str, list[float]],
    epochs: int | None,
) -> None:
    """The button that starts them, where all can start; else what keeps them from it."""
    begun: Starts[Sweep] = starts.of("sweep")
    for sweep in begun.new:
        under_way.note(sweep.jobs)
    begun.new.clear()
    if not (names and sizes and seeds):
        st.caption("Choose at least one kind, one code size and one seed.")
        return
    me = visitor.current()
    try:
        tasks.check_trainer()
        training = {} if epochs is None else {"epochs": int(epochs)}
        planned = sweeps.plan(names, sizes, seeds, dataset, values, **training)
        for what, _ in planned:
            tasks.check(what)
    except TrainingError:
        return  # the page says so
    except ExplorerError as error:
        alerts.error("Not all of these models can be trained.", error, st.warning)
        return
    room, count = tasks.room(me), len(planned)
    if count > room:
        st.caption(f"{counts.trainings(count)}: the server has room for {room or 'none'} now. Choose fewer, or wait.")
        return
    if not st.button(f"Start {counts.trainings(count)}", icon=":material/grid_view:", key=begun.key):
        return
    try:
        begun.add(sweeps.submit(planned, me))
    except ExplorerError as error:
        alerts.error("The trainings could not be started.", error)
    else:
        st.rerun()


def watch(place: DeltaGenerator) -> None:
    """Follows the visitor's latest sweep and leads to its models: in `place` for whoever has seen it under way."""
    sweep = sweeps.latest(visitor.current())
    if sweep is None:
        return
    active = sweep.ended < len(sweep.jobs)
    seen = (sweep.id, page_state.adopted())  # until the page is opened anew
    if active:
        st.session_state[SEEN] = seen
    with place if st.session_state.get(SEEN) == seen else st.container():
        st.fragment(_standing, run_every=LOOK_SECONDS if active else None)(sweep.id)


def _standing(sweep_id: str) -> None:
    """How far a sweep is; shows the page anew when it ends."""
    try:
        sweep = sweeps.find(sweep_id, visitor.current())
    except ExplorerError as error:
        alerts.error("These trainings no longer exist.", error)
        return
    done = sweep.ended == len(sweep.jobs)
    row = st.container(border=True, horizontal=True, vertical_alignment="center")
    row.progress(sweep.fraction, text=f"{sweep.ended} of {counts.trainings(len(sweep.jobs))} done{_how(sweep)}")
    ends = f"sweep-ended-{sweep.id}"
    if not done:
        st.session_state[ends] = False
        stopping = all(job.stopping for job in sweep.jobs if job.status.active)
        if row.button(
            "Stop all", icon=":material/stop:", disabled=stopping, help="What was learnt so far is kept as models."
        ):
            try:
                sweeps.stop(sweep)
            except ExplorerError as error:
                alerts.error("The trainings could not be stopped.", error)
            else:
                st.rerun()
    elif st.session_state.pop(ends, True) is False:
        st.rerun(scope="app")
    for job in sweep.failed:
        alerts.error(f"{alerts.escape_markdown(job.title)} failed.", job.status.reason, st.warning)
    if done and (left := sweep.runs):
        most = run_picker.MOST_LINKED
        label = "Compare them" if len(left) <= most else f"Compare the first {most}"
        next_page.link("compare", label, row, runs=left[:most], on=sweep.jobs[0].spec.about.title)


def _how(sweep: Sweep) -> str:
    states = [job.status.state for job in sweep.jobs]
    told = [(states.count("failed"), "failed"), (states.count("cancelled"), "stopped")]
    return "".join(f", {count} {word}" for count, word in told if count)
