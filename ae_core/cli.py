"""The command line, ``python -m ae_core``: kinds, train, list, evaluate, encode, sample.

Results go to stdout, progress and errors to stderr. Exit status: 0 fine, 1 failed, 2 not understood,
130 stopped by the person at the keyboard.
"""

import csv
import io
import json
import math
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import Any

import click
import numpy as np

from ae_core import data, inference, kinds, runs, training
from ae_core.errors import DatasetError, ExplorerError, ImageError, OptionError, RunError
from ae_core.evaluation import evaluate as evaluate_run
from ae_core.inference import LoadedRun
from ae_core.kinds import FAMILIES, Hyperparameter, Network
from ae_core.kinds.base import ACTIVATIONS, MAX_LATENT_DIM
from ae_core.runs import BrokenRun, Run
from ae_core.spec import MAX_EPOCHS, Spec, make_spec
from ae_core.training import Cancelled, EpochEnd, Event, Failed, Finished, Preparing, Progress, Started

STOPPED = 130
PATIENCE = 1.0  # seconds before a command says what it is doing
BAR = 30  # characters
CLEAR_LINE = "\r\033[K"
SHEET_TILE = 96  # pixels, at least, of an image's shorter side on a contact sheet

FILE = click.Path(dir_okay=False, path_type=Path)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


class Commands(click.Group):
    """A group whose commands fail with one sentence and the right exit status."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ExplorerError as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt:
            click.echo("Aborted.", err=True)
            ctx.exit(STOPPED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """Train autoencoders, look at their figures, and use them."""


# kinds


@main.command("kinds")
@as_json
def show_kinds(as_json: bool) -> None:
    """The kinds of autoencoder and their hyperparameters."""
    if as_json:
        _print_json([_kind_record(name) for name in kinds.names()])
        return
    for name in kinds.names():
        kind = kinds.get(name)
        click.echo(f"{click.style(name, bold=True)}  {kind.title}: {kind.idea}")
        for h in kind.hyperparameters:
            allowed = " | ".join(h.choices) if h.choices else _range(h)
            when = "".join(f", with {_option(kind, k)} {v}" for k, v in h.only_if.items())
            click.echo(f"    {_option(kind, h.name)}  {h.help} [{allowed}; default {h.default}{when}]")


def _kind_record(name: str) -> dict[str, Any]:
    kind = kinds.get(name)
    return {
        "name": name,
        "title": kind.title,
        "idea": kind.idea,
        "reference": kind.reference,
        "unit": kind.unit,
        "hyperparameters": [
            {f.name: getattr(h, f.name) for f in fields(h)} | {"option": _option(kind, h.name)}
            for h in kind.hyperparameters
        ],
    }


def _range(h: Hyperparameter) -> str:
    if isinstance(h.default, bool):
        return "yes or no"
    return "any" if h.low is None or h.high is None else f"{h.low:g} to {h.high:g}"


# train


class Widths(click.ParamType):
    """Widths of layers, "256,64"; "none" for no layers."""

    name = "widths"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return () if value.strip() in ("", "none") else tuple(int(width) for width in value.split(","))
        except ValueError:
            self.fail(f"must be whole numbers with commas between, such as 256,64, or none; got {value!r}.", param, ctx)


# What every kind can be trained with: each option's name is that of the field it sets.
SHARED = (
    click.Option(["--dataset"], type=click.Choice(data.names()), default="fashion-mnist", show_default=True),
    click.Option(["--out"], type=click.Path(path_type=Path), help="Folder of the run. [default: a new local one]"),
    click.Option(["--title"], help="What to call the run."),
    click.Option(["--epochs"], type=click.IntRange(1, MAX_EPOCHS), help="Passes over the training images."),
    click.Option(["--batch-size"], type=click.IntRange(1, 4096), help="Images in a step."),
    click.Option(["--learning-rate"], type=click.FloatRange(1e-7, 1.0), help="Adam's peak rate."),
    click.Option(["--seed"], type=click.IntRange(0, 2**31 - 1), help="Of weights, order of images, and noise."),
    click.Option(["--network", "family"], type=click.Choice(list(FAMILIES)), help="Family of networks."),
    click.Option(["--latent-dim"], type=click.IntRange(1, MAX_LATENT_DIM), help="Number of units in the code."),
    click.Option(["--hidden"], type=Widths(), help="Dense layers before the code, such as 256,64, or none."),
    click.Option(["--decoder-hidden"], type=Widths(), help="Dense layers after it."),
    click.Option(["--code-activation"], type=click.Choice(ACTIVATIONS), help="Activation of the code's units."),
    click.Option(["--tied/--no-tied"], default=None, help="Use the encoder's weights, transposed, in the decoder."),
    click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON event a line, for programs."),
)
SHARED_NAMES = {name for option in SHARED for name in option.opts}
NETWORK = {f.name for f in fields(Network)}
OWN = "own_"  # before a hyperparameter's name, so that it cannot collide with a shared option's


class KindCommands(click.Group):
    """One command for each kind, made from its declaration when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return kinds.names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _train_command(cmd_name) if cmd_name in kinds.names() else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args[0] not in kinds.names() and not args[0].startswith("-"):
            ctx.fail(f"Unknown kind {args[0]!r}: must be one of {', '.join(kinds.names())}.")
        return super().resolve_command(ctx, args)


@main.group("train", cls=KindCommands, subcommand_metavar="KIND [OPTIONS]")
def train_kind() -> None:
    """Train a kind and write its run.

    Prints the run's folder. Ctrl-C stops between two steps and keeps what was learnt; a second one aborts.
    What an option leaves open is what suits the kind, the network and the data set.
    """


def _option(kind: type[kinds.Kind], name: str) -> str:
    """The option that sets a kind's hyperparameter."""
    option = f"--{name.replace('_', '-')}"
    return option if option not in SHARED_NAMES else f"--{kind.__name__.lower()}{option[1:]}"


def _hyperparameter_option(kind: type[kinds.Kind], h: Hyperparameter) -> click.Option:
    option = _option(kind, h.name)
    types: dict[type, Callable[[], click.ParamType]] = {
        bool: lambda: click.BOOL,
        str: lambda: click.Choice(h.choices) if h.choices else click.STRING,
        int: lambda: click.IntRange(None if h.low is None else int(h.low), None if h.high is None else int(h.high)),
        float: lambda: click.FloatRange(h.low, h.high),
    }
    switch = f"{option}/--no-{option[2:]}" if isinstance(h.default, bool) else option
    when = "".join(f" Only with {_option(kind, k)} {v}." for k, v in h.only_if.items())
    return click.Option(
        [switch, OWN + h.name], type=types[type(h.default)](), default=h.default, show_default=True, help=h.help + when
    )


def _train_command(name: str) -> click.Command:
    kind = kinds.get(name)

    def callback(dataset: str, out: Path | None, title: str | None, as_json: bool, **values: Any) -> None:
        own = {h.name: values.pop(OWN + h.name) for h in kind.hyperparameters}
        _refuse_idle(kind, own)
        given = {k: v for k, v in values.items() if v is not None}
        network = {k: given.pop(k) for k in NETWORK & set(given)}
        try:
            spec = make_spec(name, dataset, own, network, **given)
        except OptionError as error:
            raise click.UsageError(str(error)) from error
        folder = out or runs.data_folder() / "runs" / runs.new_name(name)
        _train(spec, folder, title, _print_event if as_json else TrainingView(spec).show)

    own_options = [_hyperparameter_option(kind, h) for h in kind.hyperparameters]
    source = f"\n\nReference: {kind.reference}." if kind.reference else ""
    return click.Command(
        name, params=[*own_options, *SHARED], callback=callback, short_help=kind.idea, help=kind.idea + source
    )


def _refuse_idle(kind: type[kinds.Kind], values: dict[str, Any]) -> None:
    """Refuses a hyperparameter that was given where it has no effect."""
    ctx = click.get_current_context()
    for h in kind.hyperparameters:
        given = ctx.get_parameter_source(OWN + h.name) is click.core.ParameterSource.COMMANDLINE
        if given and not h.matters(values):
            needs = " and ".join(f"{_option(kind, k)} {v}" for k, v in h.only_if.items())
            raise click.UsageError(f"{_option(kind, h.name)} needs {needs}: add that, or leave it out.")


def _train(spec: Spec, out: Path, title: str | None, show: Callable[[Event], None]) -> None:
    with _stopping() as stop:
        for event in training.fit(spec, out, stop=stop, title=title):
            show(event)
            if isinstance(event, Failed):
                raise click.ClickException(event.reason)
            if isinstance(event, Cancelled):
                click.get_current_context().exit(STOPPED)


@contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """Whether SIGINT or SIGTERM has asked to stop; a second one raises KeyboardInterrupt."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        # Not by print, which the signal may have interrupted.
        os.write(2, b"\nStopping, and keeping what was learnt; Ctrl-C again aborts.\n")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class TrainingView:
    """A training's events for people: text and a progress bar on stderr, the run's folder on stdout."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._terminal = sys.stderr.isatty()
        self._began = time.monotonic()
        self._left: float | None = None

    def show(self, event: Event) -> None:
        match event:
            case Preparing(phase):
                self._say(f"{phase} …")
            case Started():
                self._began = time.monotonic()
                self._say(
                    f"{self._spec.recipe().title} on {self._spec.dataset}: {event.parameters:,} parameters, "
                    f"{event.epochs} epochs of {event.steps_per_epoch} steps."
                )
            case Progress():
                self._left = event.seconds_left
                self._show_bar(event)
            case EpochEnd():
                terms = "  ".join(f"{k} {v:.4g} (held out {event.validation[k]:.4g})" for k, v in event.terms.items())
                width = len(str(self._spec.training.epochs))
                last = event.epoch == self._spec.training.epochs
                left = "" if self._left is None or last else f"  {_clock(self._left)} left"
                self._say(f"Epoch {event.epoch:{width}}/{self._spec.training.epochs}  {terms}{left}")
            case Finished(run):
                self._say(f"Finished in {_clock(run.card['seconds'])}; {_summary(run)}.")
                click.echo(run.path)
            case Cancelled(run, epoch) if run:
                self._say(f"Stopped after {epoch} whole epochs and saved; {_summary(run)}.")
                click.echo(run.path)
            case Cancelled():
                self._say("Stopped before the first step: nothing was saved.")
            case Failed():
                self._clear()

    def _show_bar(self, event: Progress) -> None:
        if not self._terminal or event.seconds_left is None:
            return
        if time.monotonic() - self._began + event.seconds_left < PATIENCE:
            return
        done = round(BAR * event.fraction)
        terms = "  ".join(f"{k} {v:.4g}" for k, v in event.terms.items())
        line = f"[{'#' * done}{'-' * (BAR - done)}] {event.fraction:4.0%}  {_clock(event.seconds_left)} left  {terms}"
        click.echo(CLEAR_LINE + line[: shutil.get_terminal_size().columns - 1], nl=False, err=True)

    def _say(self, text: str) -> None:
        self._clear()
        click.echo(text, err=True)

    def _clear(self) -> None:
        if self._terminal:
            click.echo(CLEAR_LINE, nl=False, err=True)


def _summary(run: Run) -> str:
    metrics = run.card["metrics"]
    return f"on the test images BCE {metrics['bce']:.4f} nats a pixel, PSNR {metrics['psnr']:.2f} dB"


def _print_event(event: Event) -> None:
    names = {
        Preparing: "preparing",
        Started: "started",
        Progress: "progress",
        EpochEnd: "epoch",
        Finished: "finished",
        Cancelled: "cancelled",
        Failed: "failed",
    }
    values = {f.name: getattr(event, f.name) for f in fields(event) if f.name != "preview"}
    run = values.pop("run", None)
    if isinstance(event, Finished | Cancelled):
        values |= {"run": str(run.path) if run else None, "metrics": run.card["metrics"] if run else None}
    click.echo(json.dumps(_finite({"event": names[type(event)], **values})))


# list


@main.command("list")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@as_json
def list_runs(folder: Path | None, as_json: bool) -> None:
    """The runs that ship and the local ones, or those in FOLDER; broken ones with the reason."""
    places = {"shipped": runs.SHIPPED, "local": _local()} if folder is None else {str(folder): folder}
    found = [(place, run) for place, path in places.items() for run in runs.scan(path)]
    if as_json:
        _print_json([_run_record(place, run) for place, run in found])
        return
    rows = [["name", "from", "kind", "data set", "code", "epochs", "title"]]
    broken = []
    for place, run in found:
        if isinstance(run, BrokenRun):
            broken.append([run.name, place, f"broken: {run.reason}"])
            continue
        epochs = f"{len(run.history)}" + ("" if run.card.get("complete", True) else " (stopped)")
        spec = run.spec
        rows.append([run.name, place, spec.kind, spec.dataset, f"{spec.network.latent_dim}", epochs, run.title])
    if len(rows) > 1:
        click.echo(_table(rows))
    if broken:
        click.echo(_table(broken))
    if not found:
        click.echo(f"No runs in {' or '.join(map(str, places.values()))}: train one with `train KIND`.", err=True)


def _run_record(place: str, run: Run | BrokenRun) -> dict[str, Any]:
    record: dict[str, Any] = {"name": run.name, "from": place, "path": str(run.path), "broken": None}
    if isinstance(run, BrokenRun):
        return record | {"broken": run.reason}
    card = {key: run.card.get(key) for key in ("parameters", "epochs", "complete", "seconds", "created")}
    return record | {"title": run.title, "spec": run.spec.to_json()} | card


def _local() -> Path:
    return runs.data_folder() / "runs"


def _path(name: str) -> Path:
    """The folder of a run that was named by a shipped or local run's name, or by its path.

    Raises:
        RunError: if it is neither.
    """
    for folder in (runs.SHIPPED, _local()):
        known = {run.name: run.path for run in runs.scan(folder)}
        if name in known:
            return known[name]
    if Path(name).is_dir():
        return Path(name)
    known_names = ", ".join(run.name for run in runs.shipped()) or "those that `list` shows"
    raise RunError(f"There is no run {name!r}: give the path of a run's folder, or a name such as {known_names}.")


# evaluate


@main.command("evaluate")
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
    began = time.monotonic()
    for i, name in enumerate(wanted):
        left = f", {_clock((time.monotonic() - began) / i * (len(wanted) - i))} left" if i else ""
        with _telling(f"Evaluating {name} ({i + 1} of {len(wanted)}{left}) …"):
            try:
                run = inference.load(_path(name))
                results.append({"run": name, "path": str(run.run.path), "figures": evaluate_run(run, neighbours)})
            except (RunError, DatasetError) as error:
                results.append({"run": name, "error": str(error)})
                click.echo(f"Error: {error}", err=True)
    if as_json:
        _print_json(results)
    else:
        _print_figures([r for r in results if "figures" in r])
    if any("error" in r for r in results):
        click.get_current_context().exit(1)


def _print_figures(results: list[dict[str, Any]]) -> None:
    """One column for each run, as many beside each other as the terminal has room for."""
    figures = list(dict.fromkeys(name for r in results for name in r["figures"]))
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else math.inf
    block: list[dict[str, Any]] = []
    width = first = max(map(len, figures), default=0)
    for r in results:
        column = 2 + max(len(r["run"]), 8)
        if block and width + column > room:
            _print_block(block, figures)
            click.echo()
            block, width = [], first
        block.append(r)
        width += column
    if block:
        _print_block(block, figures)


def _print_block(block: list[dict[str, Any]], figures: list[str]) -> None:
    cells = [[_figure(r["figures"].get(name)) for r in block] for name in figures]
    rows = [[name, *row] for name, row in zip(figures, cells, strict=True) if any(row)]
    click.echo(_table([["", *(r["run"] for r in block)], *rows], right=True))


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"


# encode


@main.command()
@click.argument("run", metavar="RUN")
@click.argument("images", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--split", type=click.Choice(["test", "train"]), help="Of the run's data set. [default: test]")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many images of the split.")
@click.option("--out", type=FILE, help="A .npy or .csv file. [default: stdout]")
def encode(run: str, images: tuple[Path, ...], split: str | None, limit: int | None, out: Path | None) -> None:
    """Codes of a run: of IMAGES, or of its data set with their labels.

    .npy holds the codes alone, float32 of shape (images, units); .csv and stdout have a row for each image.
    """
    if out is not None and out.suffix not in (".npy", ".csv"):
        raise click.UsageError(f"--out must end in .npy or .csv, got {out.name!r}.")
    if images and (split or limit):
        raise click.UsageError("--split and --limit are for the data set: leave them out beside image files.")
    loaded = inference.load(_path(run))
    with _telling("Encoding …"):
        if images:
            x = np.stack([_read_image(path, loaded.image_shape) for path in images])
            codes = loaded.encode(x)
            heading, rows = ["image"], [[str(path)] for path in images]
        else:
            codes, labels = _split_codes(loaded, split or "test", limit)
            class_names = data.load(loaded.spec.dataset).class_names
            heading = ["image", "label", "class"]
            rows = [[str(i), str(label), class_names[label]] for i, label in enumerate(labels)]
    if out is not None and out.suffix == ".npy":
        file = io.BytesIO()
        np.save(file, codes)
        _write(out, file.getvalue())
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*heading, *(f"z{i}" for i in range(codes.shape[1]))])
    writer.writerows([*row, *code] for row, code in zip(rows, codes, strict=True))
    if out is None:
        click.echo(text.getvalue(), nl=False)
    else:
        _write(out, text.getvalue().encode())


def _split_codes(run: LoadedRun, split: str, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Codes and class numbers of the first images of a split, (n, latent_dim) and (n,)."""
    part = data.load(run.spec.dataset).split(split)
    images = part.images[:limit]
    # Floats take four times the room of the images: never all at once.
    codes = [run.encode(data.as_float(images[i : i + 5000])) for i in range(0, len(images), 5000)]
    return np.concatenate(codes), part.labels[:limit]


def _read_image(path: Path, image_shape: tuple[int, int]) -> np.ndarray:
    from ae_core import images

    try:
        return images.read(path.read_bytes(), image_shape)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error
    except OSError as error:
        raise ImageError(f"{path} cannot be read ({error.strerror}).") from error


def _write(path: Path, content: bytes) -> None:
    try:
        runs.write_bytes(path, content)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written ({error.strerror}): choose another --out.") from error
    click.echo(path)


# sample


@main.command()
@click.argument("run", metavar="RUN")
@click.option("--count", type=click.IntRange(1, 1024), default=16, show_default=True, help="How many images.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the draw.")
@click.option("--out", type=FILE, default="sample.png", show_default=True, help="A PNG file.")
def sample(run: str, count: int, seed: int, out: Path) -> None:
    """Random codes of a run, decoded onto one sheet of images.

    A variational run's codes are drawn from its prior, another's from a density fitted to its test codes.
    """
    from ae_core import images, latent

    if out.suffix.lower() != ".png":
        raise click.UsageError(f"--out must end in .png, got {out.name!r}.")
    loaded = inference.load(_path(run))
    with _telling("Fitting a density to the codes …"):
        if loaded.recipe.prior:
            density = latent.standard_normal(loaded.latent_dim)
        else:
            codes, _ = _split_codes(loaded, "test")
            density = latent.fit_density(codes, non_negative=loaded.spec.network.code_activation == "relu")
    click.echo(f"Drawn from {density.name}.", err=True)
    x_hat = loaded.decode(density.draw(count, seed))
    zoom = -(-SHEET_TILE // min(loaded.image_shape))
    enlarged = np.kron(x_hat, np.ones((1, zoom, zoom), np.float32))
    sheet = images.mosaic(enlarged, columns=math.ceil(math.sqrt(count)), gap=4)
    _write(out, images.to_png(sheet))


# What the commands share


@contextmanager
def _telling(message: str) -> Iterator[None]:
    """Says on stderr what is being done if it takes longer than a second."""
    timer = threading.Timer(PATIENCE, click.echo, (message,), {"err": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _print_json(value: Any) -> None:
    click.echo(json.dumps(_finite(value), indent=1, ensure_ascii=False))


def _finite(value: Any) -> Any:
    """The value with null for numbers that JSON cannot hold: infinities and NaN."""
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _table(rows: Sequence[Sequence[str]], right: bool = False) -> str:
    """Rows as aligned text; all columns but the first are numbers if `right`."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        first, *rest = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(c.rjust(w) if right else c.ljust(w) for c, w in rest)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _clock(seconds: float) -> str:
    """Seconds as people say them: "8 s", "2 min 5 s"."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
