"""What tells a group of test examples from all others: units of the code and, of a table, its columns."""

import numpy as np
import streamlit as st

from ae_core import metrics
from ae_core.inference import LoadedRun
from pages.serving import caches
from pages.widgets import alerts, colour_input, tables, unit_tiles
from pages.widgets.words import Words

SHOWN = 6
COLUMNS = 10


def show(run: LoadedRun, numbers: np.ndarray, name: str, key: str) -> None:
    """Ranks units, and columns, by the AUROC between the examples with those numbers and all others.

    Args:
        run: A loaded run.
        numbers: Of the group.
        name: Tells it from other groups.
        key: Of the tiles on their page.
    """
    say, count = Words(run.form), run.dataset.sizes["test"]
    inside = np.zeros(count, bool)
    inside[numbers] = True
    if inside.all() or not inside.any():
        st.caption(say("It holds all test images: there are no others to compare it with."))
        return
    with st.spinner("Ranking the units …"):
        units, aurocs = caches.distinguishing(run.run, name, inside)
    unit_tiles.show(run, units[:SHOWN].tolist(), [f"AUROC {value:.2f}" for value in aurocs[:SHOWN].tolist()], key=key)
    st.caption(
        say(
            "AUROC: how often the unit is larger for an image of the group than for one outside it. 1 is always, 0 "
            "never; 0.5 says nothing."
        )
    )
    if run.form.medium == "table":
        found = metrics.auroc(np.asarray(run.dataset.split("test").images), inside)
        order = np.argsort(-np.abs(found - 0.5), kind="stable")[:COLUMNS]
        names = colour_input.columns(run)
        tables.show(
            {
                "column": [alerts.escape_markdown(names[column]) for column in order],
                "AUROC": [f"{found[column]:.2f}" for column in order],
            }
        )
