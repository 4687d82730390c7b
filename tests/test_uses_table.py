"""Models and their floors as one table, and as Markdown and LaTeX."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from ae_core import comparison, kinds, runs, uses
from ae_core.kinds import Measure
from ae_core.runs import Run
from ae_core.uses import Row

MEASURES = {
    "mse": Measure("mse", "MSE", "", "smaller", 4),
    "probe_all": Measure("probe_all", "Probe", "", "larger", 3),
}


@pytest.fixture
def models(digits_runs: dict[str, Path]) -> dict[str, Run]:
    return {name: runs.read(digits_runs[name]) for name in ("vanilla", "sparse", "undercomplete")}


def rows_of(run: Run, mean: float) -> list[Row]:
    size = run.units
    return [
        Row("run", run.title, size, {"probe_all": [mean - 0.01, mean + 0.01]}),
        Row("pixels", "raw pixels", 64, {"probe_all": [0.9]}),
        Row("pca", f"PCA, {size} units", size, {"probe_all": [0.8]}),
        Row("untrained", "the untrained network", size, {"probe_all": [0.5 + mean / 100]}),
    ]


def test_floors_are_rows_below_the_models_and_none_stands_twice(models: dict[str, Run]) -> None:
    measured = {title: rows_of(run, 0.7) for title, run in models.items() if title != "sparse"}
    table = uses.with_uses(models, {"features": measured})
    floors = table["model"][3:]
    sizes = sorted({models[title].units for title in measured})
    assert sorted(floors) == sorted(
        ["raw pixels", *(f"PCA, {size} units" for size in sizes), *(f"{title}, untrained" for title in measured)]
    )
    assert {len(values) for values in table.values()} == {len(table["model"])}
    assert table["kind"][3:] == ["floor"] * len(floors)
    at = dict(zip(table["model"], range(len(table["model"])), strict=True))
    assert table["probe_all"][at["vanilla"]] == pytest.approx(0.7)
    assert math.isnan(table["probe_all"][at["sparse"]])
    assert table["probe_all_sd"][at["vanilla"]] == pytest.approx(np.std([0.69, 0.71], ddof=1))
    assert math.isnan(table["probe_all_sd"][at["raw pixels"]])
    for size in sizes:
        assert table["mse"][at[f"PCA, {size} units"]] == comparison.pca_error("digits", size)
    assert table["mse"][:3] == comparison.table(models)["mse"]


def test_without_uses_it_is_the_table_of_cards(models: dict[str, Run]) -> None:
    assert str(uses.with_uses(models, {})) == str(comparison.table(models))


def test_a_figure_is_written_with_its_spread() -> None:
    columns = {
        "model": ["a", "b"], "kind": ["Vanilla", "floor"], "network": ["x", ""], "parameters": [12345, math.nan],
        "mse": [0.01234, math.nan], "probe_all": [0.5, 0.25], "probe_all_sd": [0.01, math.nan],
    }  # fmt: skip
    assert uses.written(columns, MEASURES) == [
        ["Model", "Kind", "Parameters", "MSE", "Probe"],
        ["a", "Vanilla", "12,345", "0.0123", "0.500 ± 0.010"],
        ["b", "floor", "", "", "0.250"],
    ]


def test_peoples_words_are_neither_markdown_nor_latex() -> None:
    rows = [["Model", "MSE"], [r"**x** | [a](b) \_50%_ {#1} & $~^", "0.5 ± 0.1"]]
    lines = uses.markdown(rows).splitlines()
    assert lines[1] == "| :-- | --: |"
    cells = re.split(r"(?<!\\)\|", lines[2])
    assert len(cells) == 4
    assert re.sub(r"\\([\\`*_{}\[\]<>#|])", r"\1", cells[1].strip()) == rows[1][0]
    text = uses.latex(rows)
    body = text.splitlines()[4]
    assert body.startswith("{}**x** "), "a star would belong to the end of the line before"
    assert uses.latex([["Model"], ["[1cm]<|>"]]).splitlines()[4] == r"{}[1cm]\textless{}\textbar{}\textgreater{} \\"
    bare = re.sub(r"^\{\}|\\text(?:backslash|bar)\{\}|\\textascii\w+\{\}|\\[&%$#_{}]|\$\\pm\$", "", body)
    assert bare.count("&") == 1, "between two cells"
    assert not re.search(r"[%$#_{}~^]", bare)
    assert text.startswith("\\begin{tabular}{lr}\n\\toprule\nModel & MSE \\\\\n\\midrule\n")


def test_each_figure_has_one_meaning() -> None:
    """Tables call figures by their names alone."""
    names = [m.name for use in uses.names() for m in uses.get(use).figures]
    names += [m.name for m in comparison.MEASURES] + [m.name for k in kinds.names() for m in kinds.get(k).measures]
    assert len(names) == len(set(names))
