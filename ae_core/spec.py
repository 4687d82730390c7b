"""Specification of a training: everything that determines a run, as plain data that survives JSON."""

import json
import math
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ae_core import data, kinds, networks
from ae_core.errors import OptionError
from ae_core.kinds import Kind
from ae_core.networks import Network
from ae_core.networks.layers import Architecture

MAX_EPOCHS = 500
MAX_FILE = 64 << 20  # bytes of a file of weights
MAX_HEADER = 256 << 10  # bytes of it that are not weights
MAX_PARAMETERS = (MAX_FILE - MAX_HEADER) // 4
VALIDATION_SHARE = 0.05


def _whole(name: str, value: Any, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise OptionError(f"{name} must be a whole number from {low} to {high}, got {value!r}.")


def _real(name: str, value: Any, low: float, high: float) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise OptionError(f"{name} must be a number from {low:g} to {high:g}, got {value!r}.")


@dataclass(frozen=True)
class TrainingConfig:
    """Optimisation settings; `default_training` has the defaults for a network.

    Attributes:
        epochs: Passes over the training images.
        batch_size: Images in a step.
        learning_rate: Adam's peak rate after the warm-up; it then decays to 0 along a cosine.
        warmup: Share of all steps over which the rate rises.
        beta_2: Adam's decay rate for squared gradients, in [0.9, 0.9999].
        compile: Whether XLA compiles the step: faster for dense networks, slower for convolutions on a CPU.
        seed: Seed of the initial weights, the order of images and all noise, from 0 to 2³¹ − 1.
    """

    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 5e-3
    warmup: float = 0.05
    beta_2: float = 0.98
    compile: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        _whole("epochs", self.epochs, 1, MAX_EPOCHS)
        _whole("batch size", self.batch_size, 1, 4096)
        _whole("seed", self.seed, 0, 2**31 - 1)
        _real("learning rate", self.learning_rate, 1e-7, 1.0)
        _real("warmup", self.warmup, 0.0, 0.5)
        _real("beta_2", self.beta_2, 0.9, 0.9999)
        if not isinstance(self.compile, bool):
            raise OptionError(f"compile must be true or false, got {self.compile!r}.")


SMALL_DATASET_STEPS = 3000


def default_training(network: Network, dataset: str) -> TrainingConfig:
    """Returns the defaults of the network's family; a small data set gets smaller batches and more epochs."""
    config = TrainingConfig(**networks.get(network.family).training)
    images = data.load(dataset).sizes["train"]
    if images >= 20_000:
        return config
    batch_size = 32
    epochs = min(200, -(-SMALL_DATASET_STEPS * batch_size // images))
    return replace(config, batch_size=batch_size, epochs=epochs)


@dataclass(frozen=True)
class Spec:
    """Complete specification of a training: the same spec on the same machine gives the same run.

    Attributes:
        kind: Name of the kind.
        hyperparameters: Values of all of the kind's hyperparameters.
        network: Configuration of the layers.
        dataset: Name of the data set.
        training: Optimisation settings.
    """

    kind: str
    network: Network
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    dataset: str = "fashion-mnist"
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        recipe = kinds.get(self.kind)(**self.hyperparameters)
        object.__setattr__(self, "hyperparameters", recipe.values)
        object.__setattr__(self, "network", recipe.fit_network(self.network))
        size = data.load(self.dataset).sizes["train"]
        if self.training.batch_size > size // 2:
            raise OptionError(
                f"batch size must be at most {size // 2} for {self.dataset}, got {self.training.batch_size}."
            )
        if self.parameters > MAX_PARAMETERS:
            raise OptionError(
                f"A network may have at most {MAX_PARAMETERS:,} parameters, got {self.parameters:,}: choose fewer or "
                "narrower layers."
            )

    def recipe(self) -> Kind:
        """Returns the kind with its hyperparameters."""
        return kinds.get(self.kind)(**self.hyperparameters)

    @property
    def image_shape(self) -> tuple[int, int]:
        return data.load(self.dataset).image_shape

    @property
    def architecture(self) -> Architecture:
        """Layers of its encoder and decoder."""
        return self.network.describe(self.image_shape, kinds.get(self.kind).heads)

    @property
    def weights(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of all weights, in Keras's order."""
        return self.architecture.weights

    @property
    def parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(map(math.prod, self.weights.values()))

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "hyperparameters": self.hyperparameters,
            "network": self.network.to_json(),
            "dataset": self.dataset,
            "training": asdict(self.training),
        }

    @classmethod
    def from_json(cls, value: Any) -> "Spec":
        """Validates what `to_json` gave, as untrusted input.

        Raises:
            OptionError: if a field is missing, unknown, of another type or out of range.
        """
        parts = _record(value, "spec", {f.name for f in fields(cls)})
        network = _record(parts["network"], "network", {f.name for f in fields(Network)})
        if isinstance(parts["training"], dict):  # missing in old runs, which used this value
            parts["training"] = {"beta_2": TrainingConfig.beta_2} | parts["training"]
        training = _record(parts["training"], "training", {f.name for f in fields(TrainingConfig)})
        for name in ("hidden", "decoder_hidden"):
            if not isinstance(network[name], list):
                raise OptionError(f"{name} must be a list of widths, got {network[name]!r}.")
            network[name] = tuple(network[name])
        if not isinstance(parts["hyperparameters"], dict):
            raise OptionError(f"hyperparameters must be an object, got {parts['hyperparameters']!r}.")
        for name, given in [*parts.items(), *network.items()]:
            if name in ("kind", "dataset", "family", "code_activation") and not isinstance(given, str):
                raise OptionError(f"{name} must be a name, got {given!r}.")
        if not isinstance(network["tied"], bool):
            raise OptionError(f"tied must be true or false, got {network['tied']!r}.")
        return cls(**{**parts, "network": Network(**network), "training": TrainingConfig(**training)})


def make_spec(
    kind: str,
    dataset: str = "fashion-mnist",
    hyperparameters: dict[str, Any] | None = None,
    network: Network | dict[str, Any] | None = None,
    **training: Any,
) -> Spec:
    """Makes a spec from the values that differ from the kind's defaults.

    Args:
        kind: Name of the kind.
        dataset: Name of the data set.
        hyperparameters: Values of the kind's hyperparameters.
        network: A `Network`, or the fields that differ from the kind's default network.
        **training: Fields that differ from the network's default `TrainingConfig`.
    """
    asked = None if isinstance(network, Network) else (network or {}).get("code_activation")
    if not isinstance(network, Network):
        network = _network(kind, dataset, network or {})
    config = default_training(network, dataset)
    unknown = set(training) - {f.name for f in fields(TrainingConfig)}
    if unknown:
        known = ", ".join(f.name for f in fields(TrainingConfig))
        raise OptionError(f"Unknown training option {sorted(unknown)[0]!r}: must be one of {known}.")
    spec = Spec(
        kind=kind,
        network=network,
        hyperparameters=dict(hyperparameters or {}),
        dataset=dataset,
        training=replace(config, **training),
    )
    activation = spec.network.code_activation
    if asked not in (None, activation):
        raise OptionError(f"Here {kind} needs a {activation} code, got {asked}: leave the code activation to it.")
    return spec


def _network(kind: str, dataset: str, changes: dict[str, Any]) -> Network:
    default = kinds.get(kind).default_network(data.load(dataset).image_shape)
    unknown = set(changes) - {f.name for f in fields(Network)}
    if unknown:
        known = ", ".join(f.name for f in fields(Network))
        raise OptionError(f"Unknown network option {sorted(unknown)[0]!r}: must be one of {known}.")
    if changes.get("family", default.family) != default.family:
        # The default's hidden layers were chosen for its own family.
        default = Network(family=changes["family"], latent_dim=default.latent_dim)
    network = replace(default, **changes)
    if "code_activation" not in changes and network.latent_dim <= 3:
        # A relu confines a plane to a quadrant, and its units die.
        network = replace(network, code_activation="linear")
    return network


def _record(value: Any, what: str, names: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != names:
        got = sorted(value) if isinstance(value, dict) else type(value).__name__
        raise OptionError(f"A {what} needs exactly {', '.join(sorted(names))}; got {got}.")
    return dict(value)


def parse(text: str) -> Spec:
    """Parses a spec from JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a plain ValueError
        raise OptionError(f"The spec is not JSON: {error}.") from None
    return Spec.from_json(value)
