"""Models and their floors as rows, what they were measured to be good for as columns."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ae_core import comparison, pca
from ae_core.comparison import SPREAD
from ae_core.errors import DatasetError
from ae_core.kinds import Measure
from ae_core.runs import Run
from ae_core.uses import coders
from ae_core.uses.beside import listed
from ae_core.uses.rows import Row

TEXTS = ("model", "data_set", "kind", "network")
FLOOR = "floor"  # the kind of a row that is none of the models
ALL_CLASSES = "saw all classes"  # the kind of what stands beside models that did not


def with_uses(models: Mapping[str, Run], measured: Mapping[str, Mapping[str, Sequence[Row]]]) -> dict[str, list[Any]]:
    """Models of one data set as `comparison.table` gives them, and what they were measured to be good for.

    Args:
        models: By what they are called.
        measured: For each use the rows of those models that were measured, by what they are called.

    Returns:
        The same columns and, for each figure of the uses, its mean and its standard deviation, NaN where there is none.
        Below the models a row for each floor, of the kind "floor": raw values, PCA of each size, untrained networks.

    Raises:
        OptionError: as `comparison.table`.
    """
    columns = comparison.table(models)
    floors: dict[str, Row] = {}
    figures: dict[str, dict[str, Row]] = {}
    for of_use in measured.values():
        for title, model, row in listed(of_use):
            # With one model left out the untrained network would be called otherwise.
            called = f"{list(of_use)[model or 0]}, untrained" if row.kind == "untrained" else title
            if row.kind != "run":
                floors.setdefault(called, row)
            for name in row.figures:
                figures.setdefault(name, {})[called] = row
    titles = [*models, *floors]
    found: dict[str, list[Any]] = {}
    for name, values in columns.items():
        blank: list[Any] = [values[0] if name == "data_set" else ""] * len(floors)
        if name == "kind":
            blank = [ALL_CLASSES if row.kind == coders.SEEN else FLOOR for row in floors.values()]
        elif name == "code":
            blank = [row.units for row in floors.values()]
        elif name not in TEXTS:
            blank = [math.nan] * len(floors)
        found[name] = [*values, *blank]
    found["model"] = titles
    if floors and "mse" in found:
        known = _errors_of_pca(next(iter(models.values())).spec.dataset)
        for i, (title, row) in enumerate(floors.items(), len(models)):
            if title == coders.pca_title(row.units) and row.units < len(known):
                found["mse"][i] = float(known[row.units])
    for name, rows in figures.items():
        found[name] = [rows[title].mean(name) if title in rows else math.nan for title in titles]
        spreads = [rows[title].spread(name) if title in rows else math.nan for title in titles]
        if not np.isnan(spreads).all():
            found[name + SPREAD] = spreads
    return found


def _errors_of_pca(dataset: str) -> np.ndarray:
    try:
        return pca.errors(dataset)
    except DatasetError:
        return np.empty(0)


def written(columns: Mapping[str, Sequence[Any]], measures: Mapping[str, Measure]) -> list[list[str]]:
    """A table as people read it, headings first: figures with their decimals, and with ± their spread if they have one.

    Args:
        columns: As `with_uses` gives them.
        measures: What the figures mean, by name; of other columns only a few are shown.
    """
    headings = {"model": "Model", "kind": "Kind", "code": "Code", "parameters": "Parameters", "epochs": "Epochs"}
    shown = [name for name in columns if name in headings or name in measures]
    rows = [[headings.get(name) or measures[name].heading for name in shown]]
    for i in range(len(columns["model"])):
        rows.append([_cell(columns, name, i, measures.get(name)) for name in shown])
    return rows


def _cell(columns: Mapping[str, Sequence[Any]], name: str, i: int, measure: Measure | None) -> str:
    value = columns[name][i]
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return ""
    if measure is None:
        return f"{value:,.0f}"
    spread = columns.get(name + SPREAD, [math.nan] * (i + 1))[i]
    return f"{value:.{measure.decimals}f}" + ("" if math.isnan(spread) else f" ± {spread:.{measure.decimals}f}")


def escaped(text: str) -> str:
    """A text in one line, for places that would read Markdown or HTML in it."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|" else c for c in text.replace("\n", " "))


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Rows, headings first, as a table of Markdown; what a cell holds is no Markdown."""
    cells = [[escaped(cell) for cell in row] for row in rows]
    line = [":--", *["--:"] * (len(rows[0]) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (cells[0], line, *cells[1:])) + "\n"


def latex(rows: Sequence[Sequence[str]]) -> str:
    """The same as a table of LaTeX, in the style of the package booktabs."""
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special |= {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}  # else ¡, ¿ and a dash in old fonts
    special |= {c: f"\\{c}" for c in "&%$#_{}"} | {"±": r"$\pm$", "−": "$-$", "β": r"$\beta$", "σ": r"$\sigma$"}
    escaped = [["".join(special.get(c, c) for c in cell) for cell in row] for row in rows]
    # A bracket or a star at the beginning would belong to the end of the line before.
    lines = ["{}" * row[0].startswith(("[", "*")) + " & ".join(row) + r" \\" for row in escaped]
    columns = "l" + "r" * (len(rows[0]) - 1)
    head = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", lines[0], r"\midrule"]
    return "\n".join([*head, *lines[1:], r"\bottomrule", r"\end{tabular}"]) + "\n"
