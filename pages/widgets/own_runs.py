"""A visitor's own runs and trainings: what each is, and what may be done with it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from ae_core import archive, kinds, networks, runs, settings, tasks
from ae_core.errors import ExplorerError
from ae_core.runs import BrokenRun, Run
from ae_core.tasks import Job, catalog, datasets, ownership
from pages.serving import downloads, fields, page_state, uploads, visitor
from pages.widgets import alerts, counts, next_page, progress, run_picker, starts, times, under_way
from pages.widgets.starts import Starts

LOOK_SECONDS = 1.0
AT_A_TIME = 10
IMPORTS = "import"  # the button that starts them
SAID = "own-runs"  # in the session
PAGE = fields.number("page", "Page", 1, 9999, 1)
STATES = {"finished": "finished", "cancelled": "stopped", "failed": "failed"}


@dataclass
class Said:
    """What was done last, or why it was not, until the page has said it."""

    done: str = ""
    refused: tuple[str, str] | None = None


@dataclass(frozen=True)
class Own:
    """A run of the visitor's, the training that makes or made it, or both.

    Attributes:
        name: Of both.
        job: The training, if it is still there.
        run: The run, if there is one.
    """

    name: str
    job: Job | None
    run: Run | BrokenRun | None

    @property
    def title(self) -> str:
        if isinstance(self.run, Run):
            return self.run.title
        return runs.clean(self.job.title) if self.job is not None and self.job.title else runs.clean(self.name)

    @property
    def was_imported(self) -> bool:
        return self.job is not None and self.job.task == progress.IMPORT

    @property
    def under_way(self) -> bool:
        return self.job is not None and self.job.status.active


def everything() -> list[Own]:
    """All that is the visitor's, the latest first."""
    me = visitor.current()
    trainings = {job.id: job for job in tasks.jobs_of(me)}
    found = {run.name: run for run in tasks.runs_for(me) if tasks.owns(run.name, me)}
    names = sorted({*trainings, *found}, key=lambda name: name[-32:], reverse=True)  # from its time on
    return [Own(name, trainings.get(name), found.get(name)) for name in names]


@st.fragment(run_every=LOOK_SECONDS)
def watch(names: list[str]) -> None:
    """Follows trainings until one ends, then shows the page anew."""
    for name in names:
        try:
            job = tasks.find(name)
        except ExplorerError:
            st.rerun(scope="app")
        if not job.status.active:
            st.rerun(scope="app")
        with st.container(border=True):
            st.text(job.title)
            doing = kinds.get(job.spec.kind).title if job.task == "train" else catalog.get(job.task).title
            st.progress(job.status.fraction, text=f"{doing} · {progress.standing(job)}")
            next_page.link("train", "Watch, or stop it", job=name)


def show(ended: list[Own]) -> None:
    """Shows what is ready, some at a time, each with what may be done with it."""
    pages = -(-len(ended) // AT_A_TIME)
    first = 0
    if pages > 1:
        state = page_state.open(PAGE)
        page = min(state["page"], pages)  # there are fewer as runs are deleted
        state.draw(st.number_input, "page", f"Page, 1 to {pages}", shows=page, max_value=pages)
        first = AT_A_TIME * (page - 1)
    for own in ended[first : first + AT_A_TIME]:
        with st.container(border=True):
            _show(own)


def _show(own: Own) -> None:
    st.text(own.title)
    if isinstance(own.run, Run):
        st.caption(_facts(own.run, own.was_imported))
    elif own.run is not None:
        alerts.error("This model is damaged and cannot be loaded.", own.run.reason, st.warning)
    elif own.job is not None:
        kind, dataset = kinds.get(own.job.spec.kind).title, alerts.escape_markdown(own.job.spec.about.title)
        st.caption(f"{kind} · {dataset} · {STATES.get(own.job.status.state, 'under way')}, without a model")
        if own.job.status.reason:
            st.text(own.job.status.reason)
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        if isinstance(own.run, Run):
            next_page.link("lens", "Open", run=own.name)
        if own.job is not None:
            label = "Its import" if own.was_imported else "Its training"
            label += ", which can be resumed" if own.job.resumable else ""
            next_page.link("train", label, job=own.name)
        if isinstance(own.run, Run):
            if st.button("Link", key=f"link-{own.name}", icon=":material/link:"):
                _link(own)
            if st.button("Rename", key=f"rename-{own.name}", icon=":material/edit:"):
                st.session_state.pop(_title_key(own), None)  # what was typed another time and given up
                _rename(own)
            export = partial(tasks.export, own.name, visitor.current())
            downloads.button(
                "Export",
                export,
                f"{own.name}.zip",
                "application/zip",
                key=f"export-{own.name}",
                help="Download the model as a .zip file.",
            )
            _export_dataset(own.run)
        if st.button("Delete", key=f"delete-{own.name}", icon=":material/delete:"):
            _delete(own)


def _export_dataset(run: Run) -> None:
    """Offers the data set that a model learnt, if it is the visitor's own."""
    found = [each for each in datasets.owned(visitor.current()) if each.name == run.spec.dataset]
    for dataset in found[:1]:
        downloads.button(
            "Export its data set",
            partial(datasets.export, dataset, visitor.current()),
            f"{dataset.title}.zip",
            "application/zip",
            key=f"export-data-{run.name}",
            help="Download the data set as a .zip file. Added elsewhere, it is the one that the model learnt.",
        )


def _facts(run: Run, was_imported: bool) -> str:
    card, network = run.card, run.spec.network
    size = sum(card.bytes.values()) / 1e6
    return " · ".join(
        [
            kinds.get(run.spec.kind).title,
            alerts.escape_markdown(run.dataset.title),
            f"{networks.get(network.family).title.lower()}, code of {network.latent_dim}",
            ("imported " if was_imported else "") + times.say(card.created),
            counts.epochs(card.epochs) + ("" if card.complete else ", stopped"),
            f"{size:.1f} MB",
            *([f"BCE {bce:.4f}"] if math.isfinite(bce := card.figure("bce")) else []),
            f"MSE {card.figure('mse'):.4g}",
            # None where all codes are one
            *([f"code shift {shift:.3f}"] if math.isfinite(shift := card.figure("code_shift")) else []),
        ]
    )


@st.dialog("Link")
def _link(own: Own) -> None:
    here = (st.context.url or "").removesuffix("/runs")
    st.text(own.title)
    st.code(f"{here}/lens?{run_picker.RUN.name}={own.name}", language=None, wrap_lines=True)
    st.markdown(
        "Copy it to open the model in another browser, or to show it to somebody. Anyone with the link can look at the "
        "model on every page. Only you can rename, export or delete it."
    )


def _title_key(own: Own) -> str:
    return f"title-{own.name}"


@st.dialog("Rename")
def _rename(own: Own) -> None:
    key = _title_key(own)
    me = visitor.current()

    def rename() -> None:
        wanted = st.session_state[key]
        _do(lambda: tasks.rename(own.name, me, wanted), "The model could not be renamed.", "Renamed.")

    with st.form("rename", border=False):  # so that Enter renames, as the field says
        st.text_input(f"Name, at most {ownership.MAX_TITLE} characters", own.title, key=key)
        st.form_submit_button("Rename it", key="rename-it", on_click=rename)
    _close_or_tell()


@st.dialog("Delete permanently?")
def _delete(own: Own) -> None:
    st.text(own.title)
    st.markdown("The model and its training are deleted from this server, and links to it stop working.")
    me = visitor.current()

    def delete() -> None:
        _do(lambda: tasks.remove(own.name, me), "The model could not be deleted.", "Deleted.")

    st.button("Delete it", key="delete-it", icon=":material/delete:", on_click=delete)
    _close_or_tell()


def _do(act: Callable[[], None], sentence: str, done: str) -> None:
    said = _said()  # before: a second click ends this callback where it next looks into the session
    if said.done:
        return  # it is the second click
    try:
        act()
    except ExplorerError as error:
        said.refused = sentence, str(error)
    else:
        said.done = done


def _said() -> Said:
    said: Said = st.session_state.setdefault(SAID, Said())
    return said


def _close_or_tell() -> None:
    """Ends a dialog whose button has done what it says, or says why it did not."""
    said = _said()
    if said.done:
        st.rerun()
    if said.refused:
        alerts.error(*said.refused)
        said.refused = None


def tell() -> None:
    """Says what was done last, or not, once."""
    begun: Starts[Job] = starts.of(IMPORTS)
    for job in begun.new:
        under_way.note([job])
        st.success(
            "The file is valid. The model is being built." if job.status.active else "Imported.",
            icon=":material/check:",
        )
    begun.new.clear()
    said = st.session_state.pop(SAID, Said())
    if said.done:
        st.success(said.done, icon=":material/check:")
    if said.refused:
        alerts.error(*said.refused)


def bring() -> None:
    """Offers to import a run from an archive, which the trainer's process builds."""
    try:
        tasks.check_trainer()  # an import is built as a training is
    except ExplorerError as error:
        alerts.error("This server does not import models.", error, st.info)
        return
    begun: Starts[Job] = starts.of(IMPORTS)
    file = st.file_uploader(
        "A model as a .zip file",
        type="zip",
        max_upload_size=min(archive.MAX_ARCHIVE // 1_000_000, settings.current().upload_mb),
        key=f"import-{begun.count}",  # another uploader after each, an empty one
        help="A file that Export made, on this server or on another.",
    )
    st.caption(uploads.told())
    if file is None:
        return
    uploads.use([file.file_id])
    if st.button("Import", icon=":material/upload:", key=begun.key):
        try:
            begun.add(tasks.submit_import(file.getvalue(), visitor.current()))
        except ExplorerError as error:
            alerts.error("This file was not imported.", error)
        else:
            st.rerun()
