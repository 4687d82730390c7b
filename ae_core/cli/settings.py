"""``settings``: what the server was told, and what it may be told."""

from pathlib import Path
from typing import Any

import click

from ae_core import locations, settings
from ae_core.cli.output import as_json, print_json, table


@click.command("settings")
@as_json
def show_settings(as_json: bool) -> None:
    """The settings in force, where each comes from, and what it may be."""
    found = settings.explain()
    if as_json:
        print_json([_record(*entry) for entry in found])
        return
    rows = [["variable", "value", "from", "laptop", "demo", "may be"]]
    for setting, value, source in found:
        source = "environment" if source == setting.variable else source
        profiles = [_text(setting.laptop), _text(setting.demo)]
        rows.append([setting.variable, _text(value), source, *profiles, setting.expected])
    click.echo(table(rows))
    click.echo()
    click.echo(table([[setting.variable, setting.help + "."] for setting, *_ in found]))


def _text(value: Any) -> str:
    if isinstance(value, Path):
        return str(value.relative_to(locations.ROOT)) if value.is_relative_to(locations.ROOT) else str(value)
    return f"{value:g}" if isinstance(value, float) else str(value) or "-"


def _record(setting: settings.Setting, value: Any, source: str) -> dict[str, Any]:
    return {
        "variable": setting.variable,
        "value": str(value) if isinstance(value, Path) else value,
        "from": source,
        "expected": setting.expected,
        "help": setting.help,
    }
