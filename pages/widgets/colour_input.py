"""What the dots of a map or a lens are coloured by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from ae_core import metrics
from ae_core.figures.style import CLASS_COLOURS, RISING_COLOURS
from ae_core.inference import LoadedRun
from ae_core.latent import colouring
from ae_core.latent.colouring import Groups
from ae_core.runs import Run
from pages.serving import caches, fields, page_state
from pages.serving.fields import Values
from pages.widgets import run_picker
from pages.widgets.words import Words

CLASS, NOTHING, ERROR, UNIT, KL = "Class", "Nothing", "Error", "One unit", "KL divergence"
COLUMN, CLUSTER, OTHERS = "A column", "Cluster", "Neighbours of another class"
MOST_CLUSTERS = 20
TELLS = {
    ERROR: "Mean squared error of each reconstruction.",
    KL: "KL divergence of each code from the prior, in nats: how much the image says about its code.",
    CLUSTER: "Clusters of whole codes by k-means, the largest first.",
    OTHERS: "Share of the ten nearest images by code that have another class: near 1 an image may be labelled wrongly.",
}


def _offered(values: Values) -> list[str]:
    run = values["run"]
    classes = run.dataset.class_names
    table = run.form.medium == "table"
    wanted = {
        CLASS: bool(classes),
        NOTHING: not classes,
        ERROR: True,
        UNIT: True,
        KL: run.recipe.prior,
        COLUMN: table,
        CLUSTER: True,
        OTHERS: len(classes) > 1,
    }
    return [name for name, there in wanted.items() if there]


def columns(run: LoadedRun) -> list[str]:
    """What the columns of a table are called."""
    scale = run.dataset.scale
    names = scale.names if scale else ("",) * run.form.shape[0]
    return [name or f"column {number}" for number, name in enumerate(names, 1)]


def _columns(values: Values) -> list[str]:
    return columns(values["run"])


# They need the run.
FIELDS = (
    fields.choice("colour", "Colour by", _offered, default=lambda values: _offered(values)[0]),
    fields.number(
        "colour-unit",
        "Unit",
        1,
        run_picker.units_of,
        1,
        of=run_picker.name_of,
        when=lambda values: values["colour"] == UNIT,
    ),
    fields.number("clusters", "Clusters", 2, MOST_CLUSTERS, 10, when=lambda values: values["colour"] == CLUSTER),
    fields.choice("column", "Column", _columns, when=lambda values: values["colour"] == COLUMN),
)


@dataclass(frozen=True)
class Colours:
    """How dots are coloured.

    Attributes:
        labels: Group of each test example, (n,).
        names: Of the groups.
        colours: "#rrggbb" of each.
        by: What they are coloured by, all of it.
        values: What the groups were made of, where that is a number; to sort by.
        source: The Python that makes `groups` of `run`, `dataset`, `x`, `codes` and `errors`; "" of classes.
    """

    labels: np.ndarray
    names: Sequence[str]
    colours: Sequence[str]
    by: str
    values: np.ndarray | None = None
    source: str = ""

    @property
    def is_class(self) -> bool:
        return self.by == CLASS


def ask(run: LoadedRun, place: Any = st) -> Values:
    """Shows the controls in `place`, and gives what `colours` needs."""
    state, say = page_state.open(*FIELDS, run=run), Words(run.form)
    with place.container():
        help = "  \n".join(f"**{name}**: {tells}" for name, tells in TELLS.items() if name in _offered(state.values))
        by = state.draw(st.selectbox, "colour", format_func=say, help=say(help))
        if by == UNIT:
            state.draw(st.number_input, "colour-unit", f"Unit, 1 to {run.latent_dim:,}")
        elif by == CLUSTER:
            state.draw(st.slider, "clusters")
        elif by == COLUMN:
            state.draw(st.selectbox, "column")
        if by in TELLS:
            st.caption(say(TELLS[by]))
    return state.values


def colours(run: LoadedRun, chosen: Values) -> Colours:
    """The colours of a run's test examples; by class where the run has not what was chosen for another one."""
    by, dataset = chosen["colour"], run.dataset
    known = by in _offered({"run": run}) and chosen.get("colour-unit", 1) <= run.latent_dim
    if by in (CLASS, NOTHING) or not known:
        names = dataset.class_names
        return Colours(caches.test_labels(dataset.name), names, _cycled(max(len(names), 1)), CLASS)
    if by == CLUSTER:
        with st.spinner("Finding clusters …"):
            clusters(run.run, chosen["clusters"])
        found = clusters(run.run, chosen["clusters"])
        source = f"groups = colouring.clusters(codes, {chosen['clusters']})"
        return Colours(
            found.labels, found.names, _cycled(len(found.names)), f"{by} {chosen['clusters']}", source=source
        )
    unit, detail, source = "", "", "errors"
    if by == ERROR:
        values = caches.errors(run.run)
    elif by == UNIT:
        values, detail = caches.codes(run.run)[:, chosen["colour-unit"] - 1], f" {chosen['colour-unit']}"
        source = f"codes[:, {chosen['colour-unit'] - 1}]"
    elif by == KL:
        values, unit, source = kl(run.run), "nats", "metrics.kl_to_standard_normal(*run.encode_distribution(x))"
    elif by == COLUMN:
        column = _columns(chosen).index(chosen["column"])
        values, detail = _column(run, column), f" {column}"
        source = f"dataset.scale.restore(x)[:, {column}]" if run.dataset.scale else f"x[:, {column}]"
    else:
        with st.spinner("Looking at the neighbours …"):
            values = disagreement(run.run)
        source = f"colouring.disagreement(codes, labels, {len(dataset.class_names)})"
    found = colouring.by_value(values, unit)
    source = f"groups = colouring.by_value({source}, {unit!r})"
    return Colours(found.labels, found.names, _rising(len(found.names)), by + detail, values, source)


def _cycled(count: int) -> list[str]:
    return [CLASS_COLOURS[i % len(CLASS_COLOURS)] for i in range(count)]


def _rising(count: int) -> list[str]:
    places = np.round(np.linspace(0, len(RISING_COLOURS) - 1, count)).astype(int)
    return [RISING_COLOURS[place] for place in places]


@caches.memoize(16)
def clusters(run: Run, count: int) -> Groups:
    """The clusters of a run's test codes."""
    return colouring.clusters(caches.codes(run), count)


@caches.memoize(16)
def kl(run: Run) -> np.ndarray:
    """KL divergence of each test example's code from the prior in nats, (n,), of a variational run."""
    return metrics.kl_to_standard_normal(caches.codes(run), caches.log_variances(run))


@caches.memoize(32)
def disagreement(run: Run) -> np.ndarray:
    """Share of each test example's neighbours in the code that have another class, (n,)."""

    def compute() -> np.ndarray:
        of = run.dataset
        return colouring.disagreement(caches.codes(run), caches.test_labels(of.name), len(of.class_names))

    return caches.on_disk(run, "disagreement", compute)


def _column(run: LoadedRun, column: int) -> np.ndarray:
    """The values of a column of a table, as they were given."""
    stored = run.dataset.split("test").images
    scale = run.dataset.scale
    return (scale.restore(stored) if scale else np.asarray(stored))[:, column]
