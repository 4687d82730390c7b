"""``list``: the runs there are."""

from pathlib import Path
from typing import Any

import click

from ae_core import runs
from ae_core.cli.output import as_json, print_json, table
from ae_core.runs import BrokenRun, Run


@click.command("list")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@as_json
def list_runs(folder: Path | None, as_json: bool) -> None:
    """The runs that ship and the local ones, or those in FOLDER; broken ones with the reason."""
    folders = runs.places() if folder is None else {str(folder): folder}
    found = [(place, run) for place, path in folders.items() for run in runs.scan(path)]
    if as_json:
        print_json([_record(place, run) for place, run in found])
        return
    rows = [["name", "from", "kind", "data set", "code", "epochs", "title"]]
    rows += [_row(place, run) for place, run in found if isinstance(run, Run)]
    broken = [[run.name, place, f"broken: {run.reason}"] for place, run in found if isinstance(run, BrokenRun)]
    if len(rows) > 1:
        click.echo(table(rows))
    if broken:
        click.echo(table(broken))
    if not found:
        click.echo(f"No runs in {' or '.join(map(str, folders.values()))}: train one with `train KIND`.", err=True)


def _row(place: str, run: Run) -> list[str]:
    spec = run.spec
    epochs = f"{len(run.history)}" + ("" if run.card.complete else " (stopped)")
    return [
        run.name,
        place,
        spec.kind,
        spec.about.title if run.dataset.path else spec.dataset,
        f"{spec.network.latent_dim}",
        epochs,
        run.title,
    ]


def _record(place: str, run: Run | BrokenRun) -> dict[str, Any]:
    record: dict[str, Any] = {"name": run.name, "from": place, "path": str(run.path), "broken": None}
    if isinstance(run, BrokenRun):
        return record | {"broken": run.reason}
    card = {key: getattr(run.card, key) for key in ("parameters", "epochs", "complete", "seconds", "created")}
    return record | {"title": run.title, "spec": run.spec.to_json()} | card
