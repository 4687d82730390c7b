"""Base class of the kinds of autoencoder, and what they declare.

A kind is a recipe: its hyperparameters, how its input is corrupted, how its code is drawn, and
what its loss is made of. Sliders, command-line options, loss curves and tests all come from that
one declaration. Nothing here imports Keras; a recipe's functions import it where they compute.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np

from ae_core.errors import OptionError
from ae_core.forms import Form
from ae_core.networks import Network

LARGEST = 2**53
SMALLER = 4  # times at least a proposed code is smaller than an example
TABLE_LAYERS = (128,)
SIGMOID_ACTIVE = 0.1  # a sigmoid is never zero
LEAST_VARIANCE = 1e-6  # of a Gaussian likelihood: a thousandth of the range of values


@dataclass(frozen=True)
class Hyperparameter:
    """A hyperparameter of a kind.

    Attributes:
        name: Constructor argument and attribute of the kind, and command-line option.
        default: Default value; its type is the type of the hyperparameter.
        help: What it is, and what more and less of it do.
        low, high: Inclusive range of a number.
        choices: Allowed values of a string.
        log: Whether its slider is logarithmic.
        only_if: Values of other hyperparameters under which this one has an effect, {name: value}.
        title: Its full name; made of `name` unless given.
        titles: What its choices are called; themselves unless given.
        before: Its value in runs that were made before it existed; the default unless given.
        sign: What articles call it, as "β"; made of `name` unless given.
    """

    name: str
    default: float | int | str | bool
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    log: bool = False
    only_if: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    titles: tuple[str, ...] = ()
    before: float | int | str | bool | None = None
    sign: str = ""

    @property
    def label(self) -> str:
        return self.title or self.name.replace("_", " ").capitalize()

    @property
    def brief(self) -> str:
        """Its shortest name, for titles and legends."""
        return self.sign or self.name.replace("_", " ")

    def title_of(self, choice: str) -> str:
        """What one of its choices is called."""
        return dict(zip(self.choices, self.titles, strict=False)).get(choice, choice)

    def told(self, value: Any) -> str:
        """A value in words or digits, for titles."""
        return self.title_of(value) if isinstance(value, str) else f"{value:g}"

    def matters(self, values: dict[str, Any]) -> bool:
        """Whether it has an effect, given the values of the others."""
        return all(values.get(name) == value for name, value in self.only_if.items())

    def check(self, value: Any) -> Any:
        """Validates a value and converts it to the hyperparameter's type.

        Raises:
            OptionError: if it is of another type, not one of the choices, or out of range.
        """
        kind = type(self.default)
        # A whole number may have more digits than a float can hold; NaN is not below anything.
        number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
        if kind is bool or kind is str:
            right = isinstance(value, kind)
        else:
            right = number and (kind is float or float(value).is_integer())
        if not right:
            raise OptionError(f"{self.name} must be {_ARTICLE[kind]}, got {value!r}.")
        value = kind(value)
        if self.choices and value not in self.choices:
            raise OptionError(f"{self.name} must be one of {', '.join(self.choices)}, got {value!r}.")
        if self.low is not None and self.high is not None and not self.low <= value <= self.high:
            raise OptionError(f"{self.name} must be between {self.low:g} and {self.high:g}, got {value:g}.")
        return value


@dataclass(frozen=True)
class Measure:
    """What a figure of a model's card means.

    Attributes:
        name: Of the figure, as in the card.
        heading: A word or two, to stand above a column.
        help: One sentence on what it is, with its unit.
        better: Which values are better: "smaller", "larger", or "" if neither is.
        decimals: Digits after the point that are shown.
    """

    name: str
    heading: str
    help: str
    better: Literal["smaller", "larger", ""] = ""
    decimals: int = 4


@dataclass(frozen=True)
class View:
    """The page of the dashboard that shows best what makes a kind that kind.

    Attributes:
        page: Its name, that of its script.
        label: What one does there.
        settings: What a link to it asks for, if more than a model of the kind.
        run: The name of the shipped model that shows it best, if that is not the one that has the kind's name.
    """

    page: str
    label: str
    settings: dict[str, str] = field(default_factory=dict)
    run: str = ""


_ARTICLE = {float: "a number", int: "a whole number", str: "a word", bool: "true or false"}


@dataclass(frozen=True)
class Forward:
    """Forward pass of a batch, as Keras tensors; the argument of `Kind.loss_terms`.

    Attributes:
        x: Clean examples, (batch, *shape) in [0, 1].
        x_in: The encoder's input: x, corrupted by the kind.
        x_near: x, as `Kind.nudge_examples` gives it.
        code: The encoder's outputs by name, each (batch, latent_dim).
        z: The decoder's input, (batch, latent_dim).
        x_hat: Reconstructions, (batch, *shape).
        logits: The same before the last activation.
        encoder: Keras model, for objectives on its derivatives or on other examples.
        decode: The decoder before its last activation, (batch, latent_dim) → (batch, *shape).
        network: Configuration of the layers.
        seed: Seed generator for `keras.random`.
        training: Whether this pass is a training step.
        progress: Share of all training steps taken, a scalar in [0, 1]; 1 unless training.
        likelihood: One of `spec.LIKELIHOODS`.
    """

    x: Any
    x_in: Any
    x_near: Any
    code: dict[str, Any]
    z: Any
    x_hat: Any
    logits: Any
    encoder: Any
    decode: Any
    network: Network
    seed: Any
    training: bool
    progress: Any = 1.0
    likelihood: str = "bernoulli"

    def instead(self, z: Any) -> "Forward":
        """The same pass with another input of the decoder."""
        from keras import ops

        logits = self.decode(z)
        return replace(
            self, z=z, logits=logits, x_hat=ops.sigmoid(logits) if self.likelihood == "bernoulli" else logits
        )

    def surprise(self) -> Any:
        """Negative log-likelihood of each value of x given x_hat in nats, (batch, *shape)."""
        return self.cross_entropy() if self.likelihood == "bernoulli" else self.squared_surprise()

    def cross_entropy(self) -> Any:
        """Binary cross-entropy of each value of x given x_hat, (batch, *shape)."""
        import keras

        return keras.ops.binary_crossentropy(self.x, self.logits, from_logits=True)

    def squared_surprise(self) -> Any:
        """Negative log-density of each value of x under a Gaussian around x_hat, (batch, *shape).

        Its variance σ² is the one that makes the batch most likely, its mean squared error; so there is no weight to
        choose between this and other terms.
        Reference: Rybkin, Daniilidis & Levine 2021, Simple and effective VAE training with calibrated decoders,
        equation 6.
        """
        from keras import ops

        squared = (self.x - self.x_hat) ** 2
        variance = ops.stop_gradient(ops.maximum(ops.mean(squared), LEAST_VARIANCE))
        return 0.5 * (ops.log(2 * math.pi * variance) + squared / variance)


def is_active(codes: np.ndarray, network: Network) -> np.ndarray:
    """Which units speak for which example: |z| > 0, of a sigmoid > 0.1; (n, latent_dim), boolean."""
    return np.abs(codes) > (SIGMOID_ACTIVE if network.code_activation == "sigmoid" else 0.0)


class Kind:
    """Base class of all kinds, with the behaviour of the plain autoencoder.

    Class attributes:
        title, idea, reference: Display name, one-sentence idea, and paper.
        notice: What to look for in its pictures.
        view: Where they are best seen.
        hyperparameters: Its hyperparameters; each becomes an attribute of the instance.
        measures: What the figures that its `evaluate` adds mean.
        heads: Names of the encoder's outputs; the first is the code that `encode` returns.
        prior: Whether its codes are regularised towards a standard normal distribution.
        denoises: Whether it learns to give clean images for noisy ones.
        watched: What `watch_units` gives: "activity", the share of examples for which a unit is active, or "kl".
        unit: Unit of its loss.
        order: Place in lists.
    """

    title: ClassVar[str]
    idea: ClassVar[str]
    reference: ClassVar[str] = ""
    notice: ClassVar[str] = ""
    view: ClassVar[View] = View("reconstruct", "Reconstruct with it")
    hyperparameters: ClassVar[tuple[Hyperparameter, ...]] = ()
    measures: ClassVar[tuple[Measure, ...]] = ()
    heads: ClassVar[tuple[str, ...]] = ("z",)
    prior: ClassVar[bool] = False
    denoises: ClassVar[bool] = False
    watched: ClassVar[Literal["activity", "kl"]] = "activity"
    unit: ClassVar[str] = "nats per pixel"
    order: ClassVar[int] = 100

    def __init__(self, **values: Any) -> None:
        known = {h.name: h for h in self.hyperparameters}
        for name in values:
            if name not in known:
                has = f"it has {', '.join(known)}" if known else "it has none"
                raise OptionError(f"{self.title} has no hyperparameter {name!r}: {has}.")
        self.values = {name: h.check(values.get(name, h.default)) for name, h in known.items()}
        for name, value in self.values.items():
            setattr(self, name, value)

    @classmethod
    def default_network(cls, form: Form) -> Network:
        """Default network for examples of that form, close to the reference's."""
        return Network()

    @classmethod
    def propose_network(cls, form: Form) -> Network:
        """Network for data that nobody has tried it on: small, with convolutions where neighbours are alike.

        Its code is linear, since half of the units of a relu code can die on other data than the article's.
        """
        default = cls.default_network(form)
        size = min(default.latent_dim, max(2, form.size // SMALLER))
        if not form.sides:
            default = replace(default, family="dense", hidden=TABLE_LAYERS, decoder_hidden=TABLE_LAYERS)
        elif default.family == "dense":
            default = replace(default, family="strided")
        return replace(default, latent_dim=size, code_activation="linear")

    @classmethod
    def defaults(cls, form: Form) -> dict[str, Any]:
        """Values of hyperparameters that suit examples of that form better than their defaults."""
        return {}

    def fit_network(self, network: Network) -> Network:
        """Adapts a network to the requirements of this kind.

        Raises:
            OptionError: if the network cannot be adapted.
        """
        return network

    def notes(self, network: Network) -> dict[str, str]:
        """What to know of its hyperparameters' values beside that network: a sentence or two for some, by name."""
        return {}

    def begin(self, model: Any, x: Any) -> None:
        """Prepares the weights of an untrained Keras model, given some of the examples that it will learn."""

    def corrupt(self, x: Any, seed: Any) -> Any:
        """Returns the encoder's input for clean images x, of the same shape."""
        return x

    def nudge_examples(self, x: Any, seed: Any) -> Any:
        """Returns neighbours of clean images x for the loss, of the same shape; x itself if it needs none."""
        return x

    def draw(self, code: dict[str, Any], seed: Any, training: bool) -> Any:
        """Draws the decoder's input, (batch, latent_dim), from the encoder's outputs."""
        return code[self.heads[0]]

    def loss_terms(self, p: Forward) -> dict[str, Any]:
        """Returns the scalar terms of the loss by name; their sum is minimised, and each gets its own curve."""
        import keras

        return {"reconstruction": keras.ops.mean(p.surprise())}

    def watch_units(self, code: dict[str, np.ndarray], network: Network) -> np.ndarray:
        """What is watched of each unit while it trains: the share of examples for which it is active.

        A kind that watches something else says so in `watched`.

        Args:
            code: The encoder's outputs by name, each (n, latent_dim).
            network: Configuration of the layers.

        Returns:
            (latent_dim,), in [0, 1].
        """
        return np.asarray(is_active(code[self.heads[0]], network).mean(axis=0))

    def evaluate(self, run: Any, x: Any, seed: int) -> dict[str, float]:
        """Computes figures specific to this kind, of a loaded run on examples x, (n, *shape) in [0, 1]."""
        return {}
