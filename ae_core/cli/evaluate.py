"""``evaluate``: figures of runs, beside one another."""

import math
import shutil
import sys
from typing import Any

import click

from ae_core import inference, runs
from ae_core.cli.output import Bar, as_json, print_json, table
from ae_core.errors import DatasetError, RunError
from ae_core.evaluation import evaluate


@click.command("evaluate")
@click.argument("names", metavar="[RUN]...", nargs=-1)
@click.option("--neighbours/--no-neighbours", default=True, help="Score a nearest-neighbour classifier (slow).")
@as_json
def evaluate_runs(names: tuple[str, ...], neighbours: bool, as_json: bool) -> None:
    """Figures of runs on their test images, computed anew; of all that ship if none is named.

    RUN is the path of a run's folder, or the name of a shipped or local run.
    """
    wanted = names or tuple(run.name for run in runs.shipped())
    if not wanted:
        raise RunError("No runs ship with this copy: name a run, or train one with `train KIND`.")
    results: list[dict[str, Any]] = []
    bar = Bar()
    for i, name in enumerate(wanted):

        def show(fraction: float, i: int = i, name: str = name) -> None:
            bar.show((i + fraction) / len(wanted), f"{name}, {i + 1} of {len(wanted)}")

        try:
            run = inference.load(name)
            figures = evaluate(run, neighbours, show)
            count = run.dataset.sizes["test"]
            results.append({"run": name, "path": str(run.run.path), "examples": count, "figures": figures})
            if not run.dataset.whole:
                bar.clear()
                click.echo(f"{name}: its data set is not here; these are figures of {count} examples.", err=True)
        except (RunError, DatasetError) as error:
            results.append({"run": name, "error": str(error)})
            bar.clear()
            click.echo(f"Error: {error}", err=True)
        show(1)
    bar.clear()
    if as_json:
        print_json(results)
    else:
        _print_figures({r["run"]: r["figures"] for r in results if "figures" in r})
    if any("error" in r for r in results):
        click.get_current_context().exit(1)


def _print_figures(results: dict[str, dict[str, float]]) -> None:
    """One column for each run, as many beside each other as the terminal has room for."""
    figures = list(dict.fromkeys(name for figures in results.values() for name in figures))
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else math.inf
    blocks: list[list[str]] = []
    width = first = max(map(len, figures), default=0)
    for run in results:
        column = 2 + max(len(run), 8)
        if not blocks or width + column > room:
            blocks.append([])
            width = first
        blocks[-1].append(run)
        width += column
    click.echo("\n\n".join(_block(block, figures, results) for block in blocks), nl=bool(blocks))


def _block(names: list[str], figures: list[str], results: dict[str, dict[str, float]]) -> str:
    rows = [[figure, *(_cell(results[name].get(figure)) for name in names)] for figure in figures]
    return table([["", *names], *(row for row in rows if any(row[1:]))], right=True)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
