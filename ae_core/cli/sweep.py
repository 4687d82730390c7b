"""``sweep``: kinds × code sizes × values of hyperparameters × seeds, each a training in the queue."""

import time
from typing import Any

import click

from ae_core import kinds, processes, runs, sweeps, tasks
from ae_core.bounds import MAX_EPOCHS, MAX_LATENT_DIM
from ae_core.cli.data import DatasetName
from ae_core.cli.options import OWN, option_name
from ae_core.cli.output import STOPPED, STOPPING, Bar, as_json, clock, print_json, table
from ae_core.errors import OptionError
from ae_core.kinds import Hyperparameter, Kind
from ae_core.runs import Run
from ae_core.sweeps import Sweep
from ae_core.tasks import Job

TICK_SECONDS = 1.0
LOOK_SECONDS = 0.2
PATIENCE = 3.0  # seconds in which a cluster is reached
FIGURES = ("bce", "mse")
TYPES = {float: click.FLOAT, int: click.INT, bool: click.BOOL}


def _hyperparameters(command: click.Command) -> click.Command:
    """Gives the command an option for each hyperparameter of any kind."""
    found: dict[str, list[tuple[type[Kind], Hyperparameter]]] = {}
    for kind in map(kinds.get, kinds.names()):
        for h in kind.hyperparameters:
            found.setdefault(h.name, []).append((kind, h))
    for name, each in found.items():
        kind, h = each[0]
        choices = list(dict.fromkeys(choice for _, other in each for choice in other.choices))
        of = TYPES.get(type(h.default)) or (click.Choice(choices) if choices else click.STRING)
        help = f"Of {' and '.join(kind.__name__.lower() for kind, _ in each)}: {h.label[0].lower() + h.label[1:]}."
        command.params.append(click.Option([option_name(kind, name), OWN + name], type=of, multiple=True, help=help))
    return command


@_hyperparameters
@click.command("sweep")
@click.option("--kind", "names", type=click.Choice(kinds.names()), multiple=True, required=True, help="One of them.")
@click.option("--latent-dim", "sizes", type=click.IntRange(1, MAX_LATENT_DIM), multiple=True, help="Units of a code.")
@click.option("--seed", "seeds", type=click.IntRange(0, 2**31 - 1), multiple=True, default=(0,), show_default=True)
@click.option("--dataset", type=DatasetName(), default="fashion-mnist", show_default=True)
@click.option("--epochs", type=click.IntRange(1, MAX_EPOCHS), help="Of each.")
@click.option("--batch-size", type=click.IntRange(1, 4096), help="Of each.")
@click.option("--leave-out", "left_out", multiple=True, metavar="CLASS", help="A class that none of them learns from.")
@click.option("--wait", is_flag=True, help="Start them from here, show how they go, and a table of them in the end.")
@as_json
def sweep_kinds(
    names: tuple[str, ...],
    sizes: tuple[int, ...],
    seeds: tuple[int, ...],
    dataset: str,
    wait: bool,
    as_json: bool,
    **others: Any,
) -> None:
    """Train every --kind with every --latent-dim, every --seed and every value of a hyperparameter.

    Give each as often as you like, as --beta 0.25 --beta 1; a kind without that hyperparameter is trained without it.

    Each is a job in the queue, which any server of this data folder works off, on its cluster if it has one; --wait
    does so itself. Ctrl-C then stops all of them and keeps what was learnt; a second one lets them go on without it.
    """
    values = {name.removeprefix(OWN): each for name, each in others.items() if name.startswith(OWN) and each}
    training = {name: value for name, value in others.items() if not name.startswith(OWN) and value}
    try:
        planned = sweeps.plan(names, sizes or (None,), seeds, dataset, values, **training)
    except OptionError as error:
        raise click.UsageError(str(error)) from error
    sweep = sweeps.submit(planned, None)
    many = f"{len(sweep.jobs)} training{'s' * (len(sweep.jobs) != 1)}"
    if not wait:
        click.echo(f"{many} in the queue; a server of this data folder trains them.", err=True)
        _print(sweep, as_json)
        return
    click.echo(f"{many}: Ctrl-C stops them and keeps what was learnt.", err=True)
    with processes.interruptible(STOPPING) as stop:
        sweep = _follow(sweep, stop)
        stopped = stop()
    _print(sweep, as_json)
    failed = [job for job in sweep.jobs if job.status.reason]  # one that diverged has a run, and a reason
    for job in failed:
        click.echo(f"{job.title}: {job.status.reason}", err=True)
    if stopped or failed:
        click.get_current_context().exit(STOPPED if stopped else 1)


def _follow(sweep: Sweep, stop: Any) -> Sweep:
    """Works the queue off until the sweep has ended; the sweep as it ended."""
    bar, asked, told, ticked, ended, began = Bar(), False, "", 0.0, set[str](), time.monotonic()
    while True:
        if time.monotonic() - ticked > TICK_SECONDS:
            tasks.tick()
            ticked = time.monotonic()
        sweep = sweeps.find(sweep.id, None)
        for job in sweep.jobs:
            if not job.status.active and job.id not in ended:
                ended.add(job.id)
                bar.clear()
                click.echo(f"{len(ended)}/{len(sweep.jobs)}  {job.title}: {job.status.state}", err=True)
        if sweep.ended == len(sweep.jobs):
            return sweep
        if stop() and not asked:
            asked = True
            sweeps.stop(sweep)
        waiting = [job for job in sweep.jobs if job.status.state == "queued"]
        trouble = tasks.place(waiting[0]).trouble if waiting else ""
        if trouble and trouble != told and time.monotonic() - began > PATIENCE:
            bar.clear()
            click.echo(trouble, err=True)
            told = trouble
        under_way = sum(job.status.state in ("starting", "running") for job in sweep.jobs)
        bar.show(sweep.fraction, f"{sweep.ended} of {len(sweep.jobs)} done, {under_way} under way")
        time.sleep(LOOK_SECONDS)


def _print(sweep: Sweep, as_json: bool) -> None:
    if as_json:
        print_json({"sweep": sweep.id, "jobs": [_record(job) for job in sweep.jobs]})
        return
    rows = [["run", "title", "state", "epochs", "time", *(name.upper() for name in FIGURES)]]
    for job in sweep.jobs:
        run = runs.read(job.run_path) if job.run_path.exists() else None
        numbers = [clock(run.card.seconds), *(f"{run.card.figure(name):.5f}" for name in FIGURES)] if run else ["–"] * 3
        rows.append([job.id, job.title, job.status.state, f"{job.status.epoch}", *numbers])
    click.echo(table(rows))


def _record(job: Job) -> dict[str, Any]:
    run = runs.read_or_tell(job.run_path) if job.run_path.exists() else None
    metrics = dict(run.card.metrics) if isinstance(run, Run) else None
    return {
        "run": job.id,
        "title": job.title,
        "state": job.status.state,
        "reason": job.status.reason,
        "epochs": job.status.epoch,
        "spec": job.spec.to_json(),
        "metrics": metrics,
    }
