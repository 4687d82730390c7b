"""A visitor's own data sets: what each is, and what may be done with it."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from ae_core.data import Dataset, own
from ae_core.errors import ExplorerError
from ae_core.tasks import datasets
from pages.serving import downloads, visitor
from pages.widgets import alerts, dataset_picker, next_page, times

SAID = "own-datasets"  # in the session


def show(found: list[Dataset]) -> None:
    """Shows what was just done, and each data set with what may be done with it."""
    if said := st.session_state.pop(SAID, None):
        st.success(said, icon=":material/check:")
    if found:
        st.header("Your data sets")
    for dataset in found:
        with st.container(border=True):
            _show(dataset)


def show_everyones(found: list[Dataset]) -> None:
    """Shows those that nobody here can change."""
    for dataset in found:
        with st.container(border=True):
            _show(dataset)


def _show(dataset: Dataset) -> None:
    st.text(dataset.title)
    st.caption(alerts.escape_markdown(facts(dataset)))
    try:
        st.image(dataset_picker.contact_sheet(dataset.name), width="stretch", alt=f"Some of {dataset.title}")
    except ExplorerError as error:
        alerts.error("This data set is damaged.", error, st.warning)
    name = dataset.name
    with st.container(horizontal=True, vertical_alignment="center"):
        next_page.link("train", "Train on it", dataset=name)
        if dataset.owner != visitor.current():
            return
        if st.button("Link", key=f"link-{name}", icon=":material/link:"):
            _link(dataset)
        if st.button("Rename", key=f"rename-{name}", icon=":material/edit:"):
            st.session_state.pop(_key(dataset), None)
            _rename(dataset)
        make = partial(datasets.export, dataset, visitor.current())
        file = f"{dataset.title}.zip"
        downloads.button("Export", make, file, "application/zip", key=f"export-{name}")
        if st.button("Delete", key=f"delete-{name}", icon=":material/delete:"):
            _delete(dataset)


def facts(dataset: Dataset) -> str:
    """One line: what it is."""
    sizes, details = dataset.sizes, dataset.details
    classes = len(dataset.class_names)
    parts = [
        f"{sizes['train']:,} + {sizes['test']:,} {dataset.form.noun}s",
        str(dataset.form),
        f"{classes} class{'es' * (classes != 1)}" if classes else "no classes",
        *([f"{int(details['bytes']) / 1e6:.1f} MB"] if "bytes" in details else []),
        *([times.say(str(details["created"]))] if "created" in details else []),
    ]
    return " · ".join([*parts, *([dataset.source] if dataset.source and not dataset.owner else [])])


def _key(dataset: Dataset) -> str:
    return f"dataset-title-{dataset.name}"


@st.dialog("Link")
def _link(dataset: Dataset) -> None:
    here = (st.context.url or "").removesuffix("/data")
    st.text(dataset.title)
    st.code(f"{here}/train?dataset={dataset.name}", language=None, wrap_lines=True)
    st.markdown(
        "Copy it to train on the data set in another browser, or to let somebody else do that. Whoever has the link of "
        "the data set, or of a model that learnt it, sees its test examples. Only you can rename, export or delete it."
    )


@st.dialog("Rename")
def _rename(dataset: Dataset) -> None:
    with st.form("rename", border=False):
        title = st.text_input(f"Name, at most {own.MAX_TITLE} characters", dataset.title, key=_key(dataset))
        if st.form_submit_button("Rename it", key="rename-it"):
            _do(lambda: datasets.rename(dataset, visitor.current(), title), "Renamed.")


@st.dialog("Delete permanently?")
def _delete(dataset: Dataset) -> None:
    st.text(dataset.title)
    learnt = datasets.runs_on(dataset, visitor.current())
    if learnt:
        models = f"{len(learnt)} of your models learnt it. They stay, and show the" if len(learnt) > 1 else (
            "One of your models learnt it. It stays, and shows the"
        )  # fmt: skip
        st.markdown(f"{models} {min(own.CARRIED_EXAMPLES, dataset.sizes['test'])} examples that each model carries.")
    st.markdown("The data set is deleted from this server.")
    if st.button("Delete it", key="delete-it", icon=":material/delete:"):
        _do(lambda: datasets.remove(dataset, visitor.current()), "Deleted.")


def _do(act: Callable[[], None], done: str) -> None:
    try:
        act()
    except ExplorerError as error:
        alerts.error("That could not be done.", error)
    else:
        st.session_state[SAID] = done
        st.rerun()
