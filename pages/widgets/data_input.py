"""Makes a data set of files: shows what they are taken for, what may be changed, and how far it is."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import streamlit as st

from ae_core import data, forms, tasks
from ae_core.data import adding, sources
from ae_core.data.adding import Plan
from ae_core.data.sources import Choices, Source
from ae_core.data.sources.base import SIDES
from ae_core.errors import ExplorerError
from ae_core.preparing import HOW, Fit
from ae_core.tasks import Job, datasets
from pages.serving import visitor
from pages.widgets import alerts, dataset_picker, drop, next_page, starts, under_way
from pages.widgets.starts import Starts

FOUND, JOB = "data-found", "data-job"  # in the session
LOOK_SECONDS = 0.5
MEDIA = {"image": "Images", "signal": "Signals", "table": "Rows of a table"}
GROUNDS = {"As it is seen best": None, "White": 255, "Black": 0}
NO_LABEL = "None"
PICTURES = (
    "a .zip or a folder: one folder a class, or all in one; `train` and `test` above them are kept; classes from a "
    "`metadata.csv`"
)
CLASSES = 20  # that are named
COLUMNS, ROWS = 12, 2  # of a contact sheet


@dataclass
class Found:
    """Files that have come, and what they are.

    Attributes:
        place: Where they are.
        name: What the visitor calls them.
        source: What they hold; None if nothing that can be read.
        refused: Why not.
        sheets: Contact sheets that were made, by what was chosen.
    """

    place: Path
    name: str
    source: Source | None = None
    refused: str = ""
    sheets: dict[Choices, np.ndarray] = field(default_factory=dict)


def bring() -> None:
    """Shows where files can be dropped, and what those are that have come."""
    drop.show(_take)
    found: Found | None = st.session_state.get(FOUND)
    if found is None:
        return
    if found.source is None:
        alerts.error("Nothing can be made of these files.", found.refused)
        return
    with st.container(border=True):
        _plan(found, found.source)


def _take(place: Path) -> None:
    """Looks at files that have just come."""
    _let_go()
    found = Found(place, "Your files")
    try:
        found.name = sources.bundles.open_bundle(place).name
        found.source = sources.look(place, found.name)
    except ExplorerError as error:
        found.refused = str(error)
        datasets.forget(place)
    st.session_state[FOUND] = found
    st.session_state.pop(JOB, None)


def _let_go() -> None:
    """Forgets files that came before and were not added."""
    found: Found | None = st.session_state.pop(FOUND, None)
    if found is not None:
        datasets.forget(found.place)


def _plan(found: Found, source: Source) -> None:
    st.header(alerts.escape_markdown(found.name), anchor=False)
    st.markdown(alerts.escape_markdown(f"{source.count:,} {source.what}: {source.layout}."))
    if source.classes:
        named = ", ".join(source.classes[:CLASSES]) + (" …" if len(source.classes) > CLASSES else "")
        st.caption(alerts.escape_markdown(f"{len(source.classes)} classes: {named}"))
    for note in source.notes:
        st.caption(alerts.escape_markdown(note))
    choices = source.proposal if source.fixed else _choose(source)
    try:
        form = source.form(choices)
        if choices not in found.sheets:
            with st.spinner("Reading some of them …"):
                found.sheets[choices] = adding.sample(source, choices, COLUMNS * ROWS)
        shown = found.sheets[choices]
    except ExplorerError as error:
        alerts.error("They cannot be read like this.", error, st.warning)
        return
    st.image(
        dataset_picker.sheet(form, shown, COLUMNS), width="stretch", alt="Some of them, as the models will see them"
    )
    st.caption(f"As the models will see them: {form}.")
    title_input, share_input, seed_input = st.columns([3, 2, 1], vertical_alignment="bottom")
    called = source.title or adding.title_of(Path(found.name))
    title = title_input.text_input("Name", called, key=f"data-title-{found.place.name}")
    if source.fixed:
        _offer(found, Plan(title.strip() or called, choices))
        return
    if source.has_parts:
        keep = share_input.toggle("Keep the split that they come with", value=True, key="data-keep")
    else:
        keep = False
    test = adding.TEST_SHARE
    if not keep:
        percent = share_input.slider("For tests, %", 5, 50, round(100 * adding.TEST_SHARE), key="data-test")
        test = percent / 100
    seed = seed_input.number_input("Seed", 0, 2**31 - 1, 0, key="data-seed", help="Of the order and the split.")
    _offer(found, Plan(title.strip() or called, choices, test, int(seed), keep))


def _choose(source: Source) -> Choices:
    """Shows what may be changed about how examples are read."""
    proposal = source.proposal
    medium = proposal.medium
    if len(source.media) > 1:
        medium = st.segmented_control(
            "Take them for",
            source.media,
            format_func=MEDIA.__getitem__,
            default=medium,
            required=True,
            key="data-medium",
        )
    choices = replace(proposal, medium=medium)
    if medium == "image":
        choices = _choose_image(choices)
    if source.labels:
        label = st.selectbox(
            "Column of the class",
            [NO_LABEL, *source.labels],
            index=0 if not proposal.label else 1 + source.labels.index(proposal.label),
            key="data-label",
            help="What a row is called. Classes colour the dots; nothing else needs them.",
        )
        choices = replace(choices, label="" if label == NO_LABEL else label)
    return choices


def _choose_image(choices: Choices) -> Choices:
    row = st.columns([2, 2, 3, 3], vertical_alignment="bottom")
    own = [] if choices.side else [0]
    sides = [*own, *sorted({*SIDES, *([choices.side] if choices.side else [])})]
    side = row[0].selectbox(
        "Size",
        sides,
        index=sides.index(choices.side),
        format_func=lambda n: f"{n} × {n}" if n else "as they are",
        key="data-side",
        help="Pixels of an image. Larger images take longer to train and show more.",
    )
    colour = row[1].segmented_control(
        "Colours",
        ["Grey", "Colour"],
        default="Colour" if choices.colour else "Grey",
        required=True,
        key="data-colour",
    )
    how = row[2].selectbox("Other proportions", list(HOW), format_func=HOW.__getitem__, key="data-fit")
    grounds = list(GROUNDS)
    ground = row[3].selectbox(
        "Ground",
        grounds,
        index=list(GROUNDS.values()).index(choices.fit.ground),
        key="data-ground",
        help="What lies behind transparent parts, and around pictures of other proportions.",
    )
    return replace(choices, side=side, colour=colour == "Colour", fit=Fit(how, GROUNDS[ground]))


def _offer(found: Found, plan: Plan) -> None:
    begun: Starts[Job] = starts.of("data")
    for job in begun.new:
        under_way.note([job])
        st.session_state[JOB] = job.id
    begun.new.clear()
    add, other = st.columns([1, 1])
    if add.button("Add this data set", key=begun.key, icon=":material/add:", width="stretch"):
        try:
            begun.add(datasets.submit(found.place, plan, found.name, visitor.current()))
        except ExplorerError as error:
            alerts.error("The data set was not added.", error)
            return
        st.session_state[JOB] = begun.new[-1].id
        st.session_state.pop(FOUND, None)
        st.rerun()
    other.button("Never mind", key="data-cancel", width="stretch", on_click=_let_go)


def watch() -> None:
    """Follows the data set that is being made, and leads on once it is there."""
    name = st.session_state.get(JOB)
    if name is None:
        return
    try:
        job = tasks.find(name)
    except ExplorerError:
        st.session_state.pop(JOB, None)
        return
    if job.status.active:
        st.fragment(_watch, run_every=LOOK_SECONDS)(name)
        return
    st.session_state[starts.of("data").name] = None
    if job.status.state == "failed":
        alerts.error("The data set was not added.", job.status.reason)
    elif job.status.state == "cancelled":
        st.info("Stopped: nothing was kept.")
    elif (made := datasets.result_of(job)) is not None:
        _made(made)


def _watch(name: str) -> None:
    try:
        job = tasks.find(name)
    except ExplorerError:
        st.rerun(scope="app")
    if not job.status.active:
        st.rerun(scope="app")
    status = job.status
    left = f" · {status.seconds_left:.0f} s left" if status.seconds_left else ""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.progress(status.fraction, text=job.stopping or f"{status.phase}{left}")
        if st.button("Stop", icon=":material/stop:", key="data-stop", disabled=bool(job.stopping)):
            try:
                tasks.request_stop(job)
            except ExplorerError as error:
                alerts.error("It could not be stopped.", error)


def _made(name: str) -> None:
    """Says what has become of the files."""
    try:
        dataset = data.load(name, visitor.current())
    except ExplorerError:
        return
    sizes = dataset.sizes
    st.success(
        alerts.escape_markdown(
            f"{dataset.title} is here: {sizes['train']:,} {dataset.form.noun}s to learn from and {sizes['test']:,} for "
            "tests."
        ),
        icon=":material/check:",
    )
    left_out = dataset.details.get("left_out", {})
    if left_out.get("count"):
        with st.expander(f"{left_out['count']:,} could not be read and are left out"):
            st.text("\n".join(left_out["first"]))
    st.caption(f"Split: {alerts.escape_markdown(str(dataset.details.get('split', '')))}.")
    if dataset.details.get("doubles"):
        st.caption(f"{dataset.details['doubles']:,} test {dataset.form.noun}s are also among those to learn from.")
    next_page.link("train", f"Train on {alerts.escape_markdown(dataset.title)}", dataset=dataset.name)


def told() -> str:
    """What can be read, Markdown."""
    return f"""
| what | how |
|:--|:--|
| images | {PICTURES} |
| arrays | .npz as of Keras (`x_train`, `y_train`, …) or MedMNIST (`train_images`, …), .npy, MNIST's IDX files |
| signals and tables | CSV, TSV, Parquet, the UCR archive's .tsv and .ts: a row for each, maybe with a class |
| a data set of this app | what Export gave: as it was, with its classes and its split |

Images become {SIDES[0]} to {forms.MOST_SIDE} pixels a side, grey or in colour; signals have {forms.LEAST_STEPS} to
{forms.MOST_STEPS:,} steps and up to {forms.MOST_CHANNELS} channels; tables up to {forms.MOST_COLUMNS:,} columns.
"""
