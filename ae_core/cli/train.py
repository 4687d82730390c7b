"""``train``: a command for each kind, made from its declaration."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from ae_core import kinds, processes, runs, training
from ae_core.cli.options import OWN, SHARED, condition, hyperparameter, option_name
from ae_core.cli.output import STOPPED, STOPPING
from ae_core.cli.progress import TrainingView, print_event
from ae_core.errors import OptionError
from ae_core.events import Cancelled, Event, Failed
from ae_core.kinds import Kind
from ae_core.networks import Network
from ae_core.spec import Spec, make_spec

NETWORK = {f.name for f in fields(Network)}


class KindCommands(click.Group):
    """One command for each kind, made when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return kinds.names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _command(cmd_name) if cmd_name in kinds.names() else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args[0] not in kinds.names() and not args[0].startswith("-"):
            ctx.fail(f"Unknown kind {args[0]!r}: must be one of {', '.join(kinds.names())}.")
        return super().resolve_command(ctx, args)


@click.group("train", cls=KindCommands, subcommand_metavar="KIND [OPTIONS]")
def train_kind() -> None:
    """Train a kind and write its run.

    Prints the run's folder. Ctrl-C stops between two steps and keeps what was learnt; a second one aborts.
    What an option leaves open is what suits the kind, the network and the data set.
    """


def _command(name: str) -> click.Command:
    kind = kinds.get(name)

    def callback(dataset: str, out: Path | None, title: str | None, as_json: bool, **values: Any) -> None:
        own = {h.name: values.pop(OWN + h.name) for h in kind.hyperparameters}
        _refuse_idle(kind, own)
        own = {name: value for name, value in own.items() if _is_given(OWN + name)}  # the rest follows from the data
        given = {k: v for k, v in values.items() if v is not None}
        network = {k: given.pop(k) for k in NETWORK & set(given)}
        try:
            spec = make_spec(name, dataset, own, network, **given)
        except OptionError as error:
            raise click.UsageError(str(error)) from error
        folder = out or runs.data_folder() / "runs" / runs.new_name(name)
        _train(spec, folder, title, print_event if as_json else TrainingView(spec).show)

    own_options = [hyperparameter(kind, h) for h in kind.hyperparameters]
    source = f"\n\nReference: {kind.reference}." if kind.reference else ""
    return click.Command(
        name, params=[*own_options, *SHARED], callback=callback, short_help=kind.idea, help=kind.idea + source
    )


def _refuse_idle(kind: type[Kind], values: dict[str, Any]) -> None:
    """Refuses a hyperparameter that was given where it has no effect."""
    for h in kind.hyperparameters:
        if _is_given(OWN + h.name) and not h.matters(values):
            raise click.UsageError(
                f"{option_name(kind, h.name)} needs {condition(kind, h)}: add that, or leave it out."
            )


def _is_given(name: str) -> bool:
    """Whether an option stands on the command line."""
    return click.get_current_context().get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _train(spec: Spec, out: Path, title: str | None, show: Callable[[Event], None]) -> None:
    with processes.interruptible(STOPPING) as stop:
        for event in training.fit(spec, out, stop=stop, title=title):
            show(event)
            if isinstance(event, Failed | Cancelled) and event.reason:
                raise click.ClickException(event.reason)
            if isinstance(event, Cancelled):
                click.get_current_context().exit(STOPPED)
