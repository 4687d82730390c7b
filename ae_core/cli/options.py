"""The options of ``train``: those of every kind, and those that a kind's declaration makes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ae_core import networks
from ae_core.bounds import MAX_EPOCHS, MAX_LATENT_DIM
from ae_core.cli.data import DatasetName
from ae_core.kinds import Hyperparameter, Kind
from ae_core.networks.network import ACTIVATIONS
from ae_core.spec import LIKELIHOODS

OWN = "own_"  # before a hyperparameter's name, so that it cannot collide with a shared option's


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
    click.Option(
        ["--dataset"], type=DatasetName(), default="fashion-mnist", show_default=True, help="See `data list`."
    ),
    click.Option(["--out"], type=click.Path(path_type=Path), help="Folder of the run. [default: a new local one]"),
    click.Option(["--title"], help="What to call the run."),
    click.Option(["--epochs"], type=click.IntRange(1, MAX_EPOCHS), help="Passes over the training images."),
    click.Option(["--batch-size"], type=click.IntRange(1, 4096), help="Images in a step."),
    click.Option(["--learning-rate"], type=click.FloatRange(1e-7, 1.0), help="Adam's peak rate."),
    click.Option(["--seed"], type=click.IntRange(0, 2**31 - 1), help="Of weights, order of images, and noise."),
    click.Option(["--network", "family"], type=click.Choice(networks.names()), help="Family of networks."),
    click.Option(["--latent-dim"], type=click.IntRange(1, MAX_LATENT_DIM), help="Number of units in the code."),
    click.Option(["--hidden"], type=Widths(), help="Dense layers before the code, such as 256,64, or none."),
    click.Option(["--decoder-hidden"], type=Widths(), help="Dense layers after it."),
    click.Option(["--filters"], type=Widths(), help="Of each halving by a convolution, such as 32,64."),
    click.Option(["--likelihood"], type=click.Choice(list(LIKELIHOODS)), help="How reconstructions are compared."),
    click.Option(
        ["--leave-out", "left_out"],
        multiple=True,
        metavar="CLASS",
        help="A class to learn nothing from, by name or number; as often as you like. Measure anomalies with it then.",
    ),
    click.Option(["--code-activation"], type=click.Choice(ACTIVATIONS), help="Activation of the code's units."),
    click.Option(["--tied/--no-tied"], default=None, help="Use the encoder's weights, transposed, in the decoder."),
    click.Option(
        ["--normalised/--no-normalised"], default=None, help="Normalise the values of dense layers (Ba et al. 2016)."
    ),
    click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON event a line, for programs."),
)
SHARED_NAMES = {name for option in SHARED for name in option.opts}


def option_name(kind: type[Kind], name: str) -> str:
    """The option that sets a kind's hyperparameter."""
    option = f"--{name.replace('_', '-')}"
    return option if option not in SHARED_NAMES else f"--{kind.__name__.lower()}{option[1:]}"


def condition(kind: type[Kind], h: Hyperparameter) -> str:
    """The options beside which a hyperparameter matters, "--method kl"."""
    return " and ".join(f"{option_name(kind, k)} {v}" for k, v in h.only_if.items())


def hyperparameter(kind: type[Kind], h: Hyperparameter) -> click.Option:
    """The option that a hyperparameter's declaration makes."""
    option = option_name(kind, h.name)
    types: dict[type, Callable[[], click.ParamType]] = {
        bool: lambda: click.BOOL,
        str: lambda: click.Choice(h.choices) if h.choices else click.STRING,
        int: lambda: click.IntRange(None if h.low is None else int(h.low), None if h.high is None else int(h.high)),
        float: lambda: click.FloatRange(h.low, h.high),
    }
    switch = f"{option}/--no-{option[2:]}" if isinstance(h.default, bool) else option
    only = f" Only with {condition(kind, h)}." if h.only_if else ""
    return click.Option(
        [switch, OWN + h.name], type=types[type(h.default)](), default=h.default, show_default=True, help=h.help + only
    )
