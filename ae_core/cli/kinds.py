"""``kinds``: what there is to train."""

from dataclasses import fields
from typing import Any

import click

from ae_core import kinds
from ae_core.cli.options import condition, option_name
from ae_core.cli.output import as_json, print_json
from ae_core.kinds import Hyperparameter


@click.command("kinds")
@as_json
def show_kinds(as_json: bool) -> None:
    """The kinds of autoencoder and their hyperparameters."""
    if as_json:
        print_json([_record(name) for name in kinds.names()])
        return
    for name in kinds.names():
        kind = kinds.get(name)
        click.echo(f"{click.style(name, bold=True)}  {kind.title}: {kind.idea}")
        for h in kind.hyperparameters:
            when = f", with {condition(kind, h)}" if h.only_if else ""
            click.echo(f"    {option_name(kind, h.name)}  {h.help} [{_allowed(h)}; default {h.default}{when}]")


def _record(name: str) -> dict[str, Any]:
    kind = kinds.get(name)
    return {
        "name": name,
        "title": kind.title,
        "idea": kind.idea,
        "reference": kind.reference,
        "unit": kind.unit,
        "hyperparameters": [
            {f.name: getattr(h, f.name) for f in fields(h)} | {"option": option_name(kind, h.name)}
            for h in kind.hyperparameters
        ],
    }


def _allowed(h: Hyperparameter) -> str:
    """The values it may have, for people."""
    if h.choices:
        return " | ".join(h.choices)
    if isinstance(h.default, bool):
        return "yes or no"
    return "any" if h.low is None or h.high is None else f"{h.low:g} to {h.high:g}"
