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


def show(
    run: LoadedRun, numbers: np.ndarray, name: str, key: str, others: np.ndarray | None = None, and_not: str = ""
) -> None:
    """Ranks units, and columns, by the AUROC between the examples with those numbers and others.

    Args:
        run: A loaded run.
        numbers: Of the group.
        name: Tells it from other groups.
        key: Of the tiles on their page.
        others: The numbers of the examples to tell it from; all others unless they are given.
        and_not: Tells these from other groups.
    """
    say, count = Words(run.form), run.dataset.sizes["test"]
    inside = np.zeros(count, bool)
    inside[numbers] = True
    among = slice(None) if others is None else np.concatenate([numbers, others])
    inside = inside[among]
    if inside.all() or not inside.any():
        st.caption(say("It holds all test images: there are no others to compare it with."))
        return
    with st.spinner("Ranking the units …"):
        units, aurocs = caches.distinguishing(run.run, f"{name} {and_not}", inside, among)
    unit_tiles.show(run, units[:SHOWN].tolist(), [f"AUROC {value:.2f}" for value in aurocs[:SHOWN].tolist()], key=key)
    than = "group than for one outside it" if others is None else "second group than for one of the first"
    st.caption(
        say(
            f"AUROC: how often the unit is larger for an image of the {than}. 1 is always; 0 never, so that it is "
            "smaller; 0.5 says nothing. First those that are furthest from 0.5."
        )
    )
    if run.form.medium == "table":
        found = metrics.auroc(np.asarray(run.dataset.split("test").images)[among], inside)
        order = np.argsort(-np.abs(found - 0.5), kind="stable")[:COLUMNS]
        names = colour_input.columns(run)
        tables.show(
            {
                "column": [alerts.escape_markdown(names[column]) for column in order],
                "AUROC": [f"{found[column]:.2f}" for column in order],
            }
        )
