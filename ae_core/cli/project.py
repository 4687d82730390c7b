"""``project``: test codes of runs onto a plane, kept for the pages."""

import time

import click

from ae_core import derived, processes, projecting, runs
from ae_core.cli.output import STOPPED, Bar, as_json, print_json


@click.command()
@click.argument("names", metavar="RUN...", nargs=-1, required=True)
@click.option("--beside", is_flag=True, help="Keep it in the run's own folder, as the runs that ship do.")
@as_json
def project(names: tuple[str, ...], beside: bool, as_json: bool) -> None:
    """Project the test codes of runs by t-SNE, one after the other.

    Prints the file of each: int16 of shape (images, 2), 32767 being 1. Without --beside it goes into the data folder.
    """
    found = [runs.read(runs.locate(name)) for name in names]
    results = []
    bar = Bar()
    with processes.interruptible("Stopping.") as stop:
        for i, run in enumerate(found):

            def show(phase: str, fraction: float, i: int = i, run: runs.Run = run) -> bool:
                bar.show((i + fraction) / len(found), f"{run.name}: {phase}")
                return stop()

            path = projecting.beside(run) if beside else derived.kept(run, projecting.TSNE)
            began = time.monotonic()
            places = projecting.compute(run, show)
            bar.clear()
            if places is None:
                click.get_current_context().exit(STOPPED)
            projecting.write(path, places)
            results.append({"run": run.name, "path": str(path), "seconds": round(time.monotonic() - began, 1)})
            if not as_json:
                click.echo(path)
    if as_json:
        print_json(results)
