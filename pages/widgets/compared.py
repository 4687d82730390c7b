"""What stands around the table of models: seeds as one row, two columns as a figure, the figures of others."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from ae_core import comparison, figures, published, uses
from ae_core.data import Dataset
from ae_core.runs import Run
from pages.serving import fields, page_state
from pages.widgets import alerts, menu, models_table, next_page, plot, tables
from pages.widgets.models_table import Columns
from pages.widgets.words import Words

PAGES = ("lens", "latent_space", "reconstruct", "all_units")  # to which a row of the table leads
OFTEN = ("parameters", "mse")  # what the axes are at first
SEEDS = fields.flag("one-row", "One row for all seeds")


def ask_for_one_row(models: Mapping[str, Run]) -> bool:
    """Whether models that differ in their seed alone, if there are such, are to be one row of the table."""
    if all(len(rows) < 2 for rows in comparison.seeds_apart(list(models.values()))):
        return False
    return bool(page_state.open(SEEDS).draw(st.toggle, SEEDS.name))


def lead_on(models: Sequence[Run], columns: Columns, row: int | None, averaged: bool, figures: str) -> None:
    """Leads from a row of the table to the pages of its model; of several seeds, to those of the first.

    Args:
        models: Of the rows, in their order.
        columns: The table.
        row: The one that is chosen; None if none is.
        averaged: Whether models that differ in their seed alone are one row.
        figures: Which figures the table shows, as `models_table.FIGURES` has them.
    """
    if row is None:
        st.caption("Choose a row to open its model.")
        return
    title = alerts.escape_markdown(columns["model"][row])
    groups = comparison.seeds_apart(models) if averaged else [[i] for i in range(len(models))]
    if row >= len(groups):
        st.caption(f"{title} is none of the models: it stands here to compare with.")
        return
    found = [models[i] for i in groups[row]]
    of_use = menu.PAGES["uses"] if figures == models_table.TRAINING else menu.of_use(figures)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{title}**", width="content")
        for page in PAGES:
            next_page.link(page, menu.PAGES[page].title, run=found[0].name)
        next_page.link(of_use.name, of_use.title, runs=[run.name for run in found])


def two_columns(columns: Columns, say: Words) -> tuple[str, str] | None:
    """Shows any two figures of the table against each other, and gives their names; None if it has not two."""
    named = {name: say(heading) for name, heading in models_table.numbers(columns).items()}
    if len(named) < 2:
        return None
    st.header("Any two columns")
    measured = [name for name in named if name not in ("code", *OFTEN)]
    first = list(dict.fromkeys([*(name for name in OFTEN if name in named), *measured, *named]))
    state = page_state.open(
        *(
            fields.choice(way, label, list(named), named.__getitem__, default=first[i])
            for i, (way, label) in enumerate((("across", "Across"), ("up", "Up")))
        )
    )
    left, right = st.columns(2)
    across = str(state.draw(left.selectbox, "across"))
    up = str(state.draw(right.selectbox, "up"))
    x, y = columns[across], columns[up]
    if not any(np.isfinite(one) and np.isfinite(other) for one, other in zip(x, y, strict=True)):
        st.info("No model here has both.")
        return across, up
    plot.show(
        partial(figures.two_columns, columns["model"], columns["kind"], x, y, named[across], named[up]),
        key="two-columns",
        alt=f"{named[up]} of each model by its {named[across]}",
    )
    return across, up


def others(dataset: Dataset, columns: Columns) -> None:
    """Shows what others report of the data set, beside the models of the same code sizes."""
    found = published.of_dataset(dataset.name, columns["code"])
    if not found:
        return
    with st.expander("Published figures"):
        every = comparison.measures() | uses.measures()
        shown = dict.fromkeys(name for one in found for name in one.figures)
        cells: dict[str, list[str]] = {"model": [], "code": [], "source": []}
        rows: list[tuple[str, int, str, Mapping[str, Any]]] = [
            (one.model, one.units, one.source.brief, one.figures) for one in found
        ]
        sizes = {one.units for one in found}
        for i, title in enumerate(columns["model"]):
            if columns["code"][i] in sizes:
                own = {name: columns[name][i] for name in shown if name in columns}
                rows.append((f"**{alerts.escape_markdown(title)}**", columns["code"][i], "here", own))
        for model, units, where, values in rows:
            cells["model"].append(model)
            cells["code"].append(f"{units:,.0f}")
            cells["source"].append(where)
            for name in shown:
                value = values.get(name, np.nan)
                cells.setdefault(every[name].heading, []).append("" if np.isnan(value) else f"{value:.4f}")
        tables.show(cells)
        for source in dict.fromkeys(one.source for one in found):
            st.caption(alerts.escape_markdown(f"{source.brief}, {source.title}. {source.protocol}"))
