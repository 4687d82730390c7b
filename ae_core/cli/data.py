"""``data``: data sets of one's own: what there is, adding one, a look at one, and its end."""

import time
from pathlib import Path
from typing import Any

import click

from ae_core import data, processes
from ae_core.cli.output import FILE, STOPPED, Bar, as_json, print_json, table
from ae_core.data import Dataset, own
from ae_core.errors import DatasetError
from ae_core.forms import MEDIA, MOST_SIDE


class DatasetName(click.ParamType):
    """A data set, by its name, its title, or the beginning of its digest; converted to its name."""

    name = "data set"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return data.find(value).name
        except DatasetError as error:
            self.fail(str(error), param, ctx)


@click.group("data")
def datasets() -> None:
    """Data sets: those that ship, and those of your own."""


@datasets.command("list")
@as_json
def list_datasets(as_json: bool) -> None:
    """The data sets that ship and those that were added."""
    found = [*map(data.load, data.names()), *own.everything()]
    if as_json:
        print_json([_record(dataset) for dataset in found])
        return
    rows = [["name", "title", "examples", "train", "test", "classes", "from"]]
    rows += [_row(dataset) for dataset in found]
    click.echo(table(rows))


@datasets.command("add")
@click.argument("path", metavar="PATH", type=click.Path(exists=True, path_type=Path))
@click.option("--name", "title", help="What to call it. [default: as the file]")
@click.option("--as", "medium", type=click.Choice(MEDIA), help="What an example is. [default: what it looks like]")
@click.option("--side", type=click.IntRange(8, MOST_SIDE), help="Pixels of an image's sides.")
@click.option("--colour/--grey", default=None, help="Whether images are in colour. [default: if they are]")
@click.option(
    "--fit",
    type=click.Choice(["crop", "pad", "stretch"]),
    default="crop",
    show_default=True,
    help="For other proportions.",
)
@click.option("--ground", type=click.IntRange(0, 255), help="Behind transparent parts, and around. [default: by sight]")
@click.option("--label", help='Column that holds the class, "" for none. [default: the one that looks like it]')
@click.option("--test", type=click.FloatRange(0.01, 0.5), 
              help="Share of the examples for tests, where none are given. [default: 0.15]")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Of order and split.")
@as_json
def add_dataset(path: Path, title: str | None, as_json: bool, **how: Any) -> None:
    """Make a data set of PATH.

    PATH is a .zip or a folder of images, one folder a class or all in one; .npz, .npy or IDX arrays; or CSV, TSV,
    Parquet or .ts with a row for each example. Prints its name.
    """
    from ae_core.data import adding

    bar, began = Bar(), time.monotonic()
    with processes.interruptible("Stopping; nothing is kept.") as stop:

        def show(phase: str, fraction: float) -> bool:
            bar.show(fraction, phase)
            return stop()

        how = {name: value for name, value in how.items() if value is not None}
        try:
            dataset = adding.add(path, title or "", on_progress=show, **how)
        except adding.Stopped:
            bar.clear()
            click.get_current_context().exit(STOPPED)
        finally:
            bar.clear()
    if as_json:
        print_json(_record(dataset) | {"seconds": round(time.monotonic() - began, 1)})
        return
    for line in _told(dataset):
        click.echo(line, err=True)
    click.echo(dataset.name)


@datasets.command("show")
@click.argument("name", metavar="NAME", type=DatasetName())
@as_json
def show_dataset(name: str, as_json: bool) -> None:
    """What a data set is, and how it was made."""
    dataset = data.load(name)
    if as_json:
        print_json(_record(dataset))
        return
    click.echo(f"{dataset.title}  {dataset.name}")
    for line in _told(dataset):
        click.echo(f"  {line}")


@datasets.command("export")
@click.argument("name", metavar="NAME", type=DatasetName())
@click.argument("file", metavar="FILE.zip", type=FILE)
def export_dataset(name: str, file: Path) -> None:
    """Put a data set that was added into a .zip. Added elsewhere, it is the same one: models that learnt it find it."""
    dataset = data.load(name)
    if dataset.path is None:
        raise click.UsageError(f"{dataset.title} comes with the app: it is wherever the app is.")
    if file.suffix != ".zip":
        raise click.UsageError(f"The file must end in .zip, got {file.name!r}.")
    try:
        own.pack(dataset, file)
    except OSError as error:
        file.unlink(missing_ok=True)
        raise click.ClickException(f"{file} cannot be written ({error.strerror}).") from error
    click.echo(file)


@datasets.command("remove")
@click.argument("name", metavar="NAME", type=DatasetName())
def remove_dataset(name: str) -> None:
    """Delete a data set that was added. Models that learnt it stay, with the examples that they carry."""
    dataset = data.load(name)
    if dataset.path is None:
        raise click.UsageError(f"{dataset.title} comes with the app and cannot be deleted.")
    own.remove(dataset)
    click.echo(f"Deleted {dataset.title}.", err=True)


def _row(dataset: Dataset) -> list[str]:
    sizes = [f"{dataset.sizes[which]:,}" for which in ("train", "test")]
    origin = "the app" if dataset.path is None else str(dataset.details.get("origin", ""))
    return [dataset.name[:12] if dataset.path else dataset.name, dataset.title, str(dataset.form), *sizes,
            str(len(dataset.class_names) or "–"), origin]  # fmt: skip


def _told(dataset: Dataset) -> list[str]:
    """What there is to know, a line each."""
    classes = ", ".join(dataset.class_names[:12]) + (" …" if len(dataset.class_names) > 12 else "")
    lines = [
        f"{dataset.form.noun}s, {dataset.form}: {dataset.sizes['train']:,} to learn from and {dataset.sizes['test']:,} "
        "for tests",
        f"{len(dataset.class_names)} classes: {classes}" if classes else "no classes",
    ]
    details = dataset.details
    left_out = details.get("left_out", {})
    if details.get("split"):
        lines.append(f"split: {details['split']}")
    if left_out.get("count"):
        lines.append(f"{left_out['count']:,} left out, as {left_out['first'][0]}")
    if details.get("doubles"):
        lines.append(f"{details['doubles']:,} test examples are also among those to learn from")
    return [*lines, *map(str, details.get("notes", []))]


def _record(dataset: Dataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "title": dataset.title,
        **dataset.form.to_json(),
        "classes": list(dataset.class_names),
        "sizes": dataset.sizes,
        "source": dataset.source,
        "path": str(dataset.path) if dataset.path else None,
        "details": dataset.details,
    }
