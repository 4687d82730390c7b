"""``compare``: figures of runs beside one another, with those of what they are good for."""

import math
from typing import Any

import click

from ae_core import inference, runs, uses
from ae_core.cli.output import Bar, as_json, print_json, table
from ae_core.errors import ExplorerError, OptionError
from ae_core.kinds import Measure
from ae_core.runs import Run
from ae_core.uses import Row


@click.command("compare")
@click.argument("names", metavar="[RUN]...", nargs=-1)
@click.option("--uses", "wanted", default="", metavar="USE,…", help="What to measure; all by default.")
@click.option("--again", is_flag=True, help="Measure models anew that have been measured; floors are kept.")
@click.option("--beside", is_flag=True, help="Keep figures in the runs' own folders, as the runs that ship do.")
@as_json
def compare_runs(names: tuple[str, ...], wanted: str, again: bool, beside: bool, as_json: bool) -> None:
    """Measure what runs are good for, beside raw values, PCA of the same size and the untrained network.

    RUN is the path of a run's folder, or the name of a shipped or local run; all that ship if none is named. Figures
    are kept, and the pages show the same.
    """
    asked = [name.strip() for name in wanted.split(",") if name.strip()] or uses.names()
    for name in asked:
        uses.get(name)
    found = [runs.read(runs.locate(name)) for name in names or (run.name for run in runs.shipped())]
    if not found:
        raise OptionError("No runs ship with this copy: name a run, or train one with `train KIND`.")
    bar, results = Bar(), []
    for i, run in enumerate(found):
        subject = None
        for k, name in enumerate(asked):
            use, rows = uses.get(name), None if again else uses.read(name, run)
            lacking = use.lacking(run.dataset, run.spec.left_out)
            if rows is None and not lacking:
                subject = subject or uses.subject(inference.load(run.path))

                def show(fraction: float, done: float = i + k / len(asked), about: str = f"{run.name}: {name}") -> None:
                    bar.show((done + fraction / len(asked)) / len(found), about)

                try:
                    rows = uses.measure(name, subject, show)
                    uses.write(name, run, rows, beside)
                except ExplorerError as error:  # the others are to be told all the same
                    lacking = str(error)
            elif rows is not None and beside:
                uses.write(name, run, rows, beside)  # it may have been kept elsewhere
            results.append((run, name, rows or [], lacking))
    bar.clear()
    if as_json:
        print_json([_record(*result) for result in results])
    else:
        click.echo("\n\n".join(_table(name, results) for name in asked))


def _record(run: Run, name: str, rows: list[Row], lacking: str) -> dict[str, Any]:
    record: dict[str, Any] = {"run": run.name, "use": name}
    if lacking:
        return record | {"error": lacking}
    of_rows = [
        {
            "of": row.kind,
            "title": row.title,
            "units": row.units,
            "figures": {f: {"mean": row.mean(f), "sd": row.spread(f), "values": v} for f, v in row.figures.items()},
        }
        for row in rows
    ]
    return record | {"data_set": run.spec.dataset, "rows": of_rows}


def _table(name: str, results: list[tuple[Run, str, list[Row], str]]) -> str:
    """All runs measured for a use, each with its floors below."""
    use = uses.get(name)
    of_use = [(run, rows) for run, of, rows, _ in results if of == name and rows]
    figures = [m for m in use.figures if any(m.name in row.figures for _, rows in of_use for row in rows)]
    cells = [[use.title, "units", *(m.heading for m in figures)]]
    for run, rows in of_use:
        for row in rows:
            title = run.name if row.kind == "run" else f"  {row.title}"
            cells.append([title, f"{row.units:,}" if row.units else "", *(_cell(row, m) for m in figures)])
    left_out = [f"{run.name}: {lacking}" for run, of, rows, lacking in results if of == name and lacking]
    return "\n".join([table(cells, right=True), *left_out])


def _cell(row: Row, measure: Measure) -> str:
    mean, spread = row.mean(measure.name), row.spread(measure.name)
    if math.isnan(mean):
        return ""
    return f"{mean:.{measure.decimals}f}" + ("" if math.isnan(spread) else f" ±{spread:.{measure.decimals}f}")
