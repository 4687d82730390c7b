"""Models as rows, with the figures of their cards, to sort and to take along."""

import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st
from pyarrow import csv

from ae_core import comparison, kinds, sweeps, uses
from ae_core.kinds import Measure
from ae_core.runs import Run
from ae_core.uses import Row
from pages.serving import downloads, fields, visitor
from pages.widgets import run_picker, tables
from pages.widgets.words import Words

MOST_ROWS = 14  # that are seen at a time
ROW = 35  # pixels
PAD, LETTER, WIDEST = 24, 6, 600  # pixels
ARROWS = {"smaller": " ↓", "larger": " ↑", "": ""}
FORMULA = ("=", "+", "-", "@")  # how one begins in a spreadsheet
SENTENCES = {"smaller": " Smaller is better.", "larger": " Larger is better.", "": ""}
TRAINING = "training"  # the figures of cards
Columns = Mapping[str, Sequence[Any]]


def _title(name: str) -> str:
    return "Training" if name == TRAINING else uses.get(name).title


FIGURES = fields.choice("figures", "Figures", [TRAINING, *uses.names()], _title)


def at_first() -> list[str]:
    """Names of the models to begin with: those of a sweep that has just ended, else one of each kind."""
    sweep = sweeps.ended_last(visitor.current())
    return (sweep.runs if sweep else []) or kinds.names()


def called(found: Sequence[Run]) -> dict[str, Run]:
    """Models by their titles; where two have the same, by what lists call them."""
    often = Counter(run.title for run in found)
    labels = run_picker.labels({run.name: run for run in found})
    titles = {run.name: run.title if often[run.title] == 1 else labels[run.name] for run in found}
    return dict(zip(run_picker.distinct(titles).values(), found, strict=True))


def of_use(models: Mapping[str, Run], use: str, rows: Mapping[str, Sequence[Row]]) -> dict[str, list[Any]]:
    """Models and their floors as `show` takes them, with what they were measured to be good for in one use."""
    table = uses.with_uses(models, {use: rows})
    kept = {"model", "data_set", "kind", "code", "mse", *(m.name for m in uses.get(use).figures)}
    return {name: values for name, values in table.items() if name.removesuffix(uses.SPREAD) in kept}


def show(columns: Columns, say: Words) -> int | None:
    """Shows a table as `comparison.table` or `of_use` gives it, without the data set: that is the same in all rows.

    A figure's spread stands in a column after it.

    Returns:
        The number of the row that is chosen; None if none is.
    """
    config: dict[str, Any] = {
        "model": st.column_config.TextColumn("Model", pinned=True, width=_width(columns["model"])),
        "kind": st.column_config.TextColumn("Kind"),
        "network": st.column_config.TextColumn("Network"),
        "code": st.column_config.NumberColumn("Code", help="Number of units of the code."),
        "parameters": st.column_config.NumberColumn(
            "Parameters", format="localized", help="Of encoder and decoder together."
        ),
        "epochs": st.column_config.NumberColumn("Epochs", help="Number of finished epochs."),
        "seed": st.column_config.NumberColumn("Seed", format="%d"),
    }
    for measure in _measures(columns).values():
        config[measure.name] = st.column_config.NumberColumn(
            _heading(measure),
            format=_format(measure, columns[measure.name]),
            help=say(measure.help) + SENTENCES[measure.better],
        )
        config[measure.name + uses.SPREAD] = st.column_config.NumberColumn(
            "±",
            format=f"%.{measure.decimals}f",
            help="Standard deviation of the figure before it, over draws, starts or seeds.",
        )
    rows = len(columns["model"])
    chosen = st.dataframe(
        tables.table({name: values for name, values in columns.items() if name in config}),
        hide_index=True,
        lazy=False,
        placeholder="",
        height="content" if rows <= MOST_ROWS else (MOST_ROWS + 1) * ROW,
        column_config=config,
        on_select="rerun",
        selection_mode="single-row",
    ).selection.rows
    return next((row for row in chosen if row < rows), None)


def explain(columns: Columns, say: Words) -> None:
    """Says what the columns mean, for those who cannot point at a heading."""
    with st.expander("What the columns mean"):
        st.markdown(
            "\n".join(f"- **{_heading(m)}**: {say(m.help)}{SENTENCES[m.better]}" for m in _measures(columns).values())
            + (
                say("\n\nAll are computed on all test images. ")
                if "above_floor" in columns or "bce" in columns
                else "\n\n"
            )
            + "A cell is empty where a value was not computed for that model."
        )


def offer(columns: Columns) -> None:
    """Shows what takes the table along: all figures as CSV, or as people read them."""
    rows = uses.written(columns, _measures(columns))
    with st.container(horizontal=True):
        downloads.button("Table, CSV", partial(as_csv, columns), "models.csv", "text/csv", key="table")
        for name, write, file, media_type in (
            ("Markdown", uses.markdown, "models.md", "text/markdown"),
            ("LaTeX", uses.latex, "models.tex", "text/x-tex"),
        ):
            downloads.button(name, partial(_as_text, write, rows), file, media_type, key=f"table-{name}")


def _as_text(write: Callable[[Sequence[Sequence[str]]], str], rows: Sequence[Sequence[str]]) -> bytes:
    return write(rows).encode()


def as_csv(columns: Columns) -> bytes:
    """The table as a file, with the names of figures as in cards."""
    file = io.BytesIO()
    # A spreadsheet would work out a title that is a formula, and somebody else may have given it.
    titles = ["'" + title if title.startswith(FORMULA) else title for title in columns["model"]]
    csv.write_csv(tables.table({**columns, "model": titles}), file)
    return file.getvalue()


def numbers(columns: Columns) -> dict[str, str]:
    """Headings of the columns that hold numbers, by their names, without those of spreads."""
    headings = {"code": "Code", "parameters": "Parameters", "epochs": "Epochs", "seed": "Seed"}
    every = headings | {name: measure.heading for name, measure in _measures(columns).items()}
    return {name: every[name] for name in columns if name in every}


def _width(titles: Sequence[str]) -> int:
    """Pixels for the longest title: by itself a column is as wide as what its first rows hold."""
    return min(PAD + LETTER * max(map(len, titles)), WIDEST)


def _measures(columns: Columns) -> dict[str, Measure]:
    every = comparison.measures() | uses.measures()
    return {name: every[name] for name in columns if name in every}


def _format(measure: Measure, values: Sequence[float]) -> str:
    """How a column is written: what is too small for its decimals by its digits."""
    small = [value for value in values if 0 < abs(value) < 10 ** (1 - measure.decimals)]
    return "%.2g" if small and measure.decimals > 2 else f"%.{measure.decimals}f"


def _heading(measure: Measure) -> str:
    return measure.heading + ARROWS[measure.better]
