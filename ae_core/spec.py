"""Specification of a training: everything that determines a run, as plain data that survives JSON."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ae_core import data, kinds, networks, texts
from ae_core.bounds import MAX_EPOCHS, MAX_PARAMETERS
from ae_core.data import About, Dataset, own
from ae_core.errors import DatasetError, OptionError
from ae_core.forms import Form
from ae_core.kinds import Kind
from ae_core.networks import Network
from ae_core.networks.layers import Architecture

VALIDATION_SHARE = 0.05
MOST_NAMED = 3  # classes that are left out
LIKELIHOODS = {
    "bernoulli": "Bernoulli: binary cross-entropy, for values from 0 to 1 that say how much of something is there",
    "gaussian": "Gaussian: squared error, for values that are measured",
}


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


LARGE_DATASET = 20_000  # examples
SMALL_BATCH = 32
STEPS_OF_AN_EPOCH = 16  # at least, on a tiny data set
SMALL_DATASET_STEPS = 3000
STEPS = 4000  # of batches of 64, on a large data set that nobody has tried
GENTLE_RATE = 2e-3  # half of the article's, at which half of the units die on pictures with a light ground


def default_training(network: Network, dataset: Dataset) -> TrainingConfig:
    """Returns the defaults of the network's family; a small data set gets smaller batches and more epochs.

    On a data set that the defaults were not chosen on, the rate is lower, and the number of steps is limited, so that a
    training ends within minutes.
    """
    config = TrainingConfig(**networks.get(network.family).training)
    if network.active:  # XLA sorts slowly on a CPU
        config = replace(config, compile=False)
    count = dataset.sizes["train"]
    if not dataset.is_tuned:
        config = replace(config, learning_rate=min(config.learning_rate, GENTLE_RATE))
    if count < LARGE_DATASET:
        batch_size = max(1, min(SMALL_BATCH, count // STEPS_OF_AN_EPOCH))
        return replace(config, batch_size=batch_size, epochs=_epochs(SMALL_DATASET_STEPS * batch_size, count))
    if not dataset.is_tuned:
        return replace(config, epochs=min(config.epochs, _epochs(STEPS * config.batch_size, count)))
    return config


def _epochs(examples: int, count: int) -> int:
    """In how many passes over `count` examples so many are seen."""
    return min(200, -(-examples // max(count, 1)))


@dataclass(frozen=True)
class Spec:
    """Complete specification of a training: the same spec on the same machine gives the same run.

    Attributes:
        kind: Name of the kind.
        hyperparameters: Values of all of the kind's hyperparameters.
        network: Configuration of the layers.
        dataset: Name of the data set.
        training: Optimisation settings.
        likelihood: How reconstructions are compared with examples, one of `LIKELIHOODS`; "" for what suits the data.
        left_out: Numbers of the classes whose examples it does not learn from, rising.
        about: What there is to know of the data set, also where it is gone.
    """

    kind: str
    network: Network
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    dataset: str = "fashion-mnist"
    training: TrainingConfig = field(default_factory=TrainingConfig)
    likelihood: str = ""
    left_out: tuple[int, ...] = ()
    about: About = field(default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.about is None:
            object.__setattr__(self, "about", data.load(self.dataset).about)
        recipe = kinds.get(self.kind)(**self.hyperparameters)
        object.__setattr__(self, "hyperparameters", recipe.values)
        network = recipe.fit_network(self.network)
        object.__setattr__(self, "network", networks.get(network.family).fit(network, self.form))
        if not self.likelihood:
            object.__setattr__(self, "likelihood", default_likelihood(self.form))
        if self.likelihood not in LIKELIHOODS:
            raise OptionError(f"likelihood must be one of {', '.join(LIKELIHOODS)}, got {self.likelihood!r}.")
        object.__setattr__(self, "left_out", _left_out(self.left_out, self.about))
        size = self.about.sizes["train"]
        if self.training.batch_size > size // 2:
            raise OptionError(
                f"batch size must be at most {size // 2} for {self.about.title}, got {self.training.batch_size}."
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
    def form(self) -> Form:
        """What an example is."""
        return self.about.form

    @property
    def architecture(self) -> Architecture:
        """Layers of its encoder and decoder."""
        return self.network.describe(self.form, kinds.get(self.kind).heads)

    @property
    def weights(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of all weights, in Keras's order."""
        return self.architecture.weights

    @property
    def parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(map(math.prod, self.weights.values()))

    @property
    def told_classes(self) -> str:
        """Which classes it learns from, in words: "without Bag, Sandal" or "of Bag alone"; "" if of all."""
        names = self.about.class_names
        left_out, kept = ([n for i, n in enumerate(names) if (i in self.left_out) == out] for out in (True, False))
        if not left_out:
            return ""
        if len(kept) == 1:
            return f"of {kept[0]} alone"
        many = len(left_out) > MOST_NAMED
        return f"without {len(left_out)} of {len(names)} classes" if many else f"without {', '.join(left_out)}"

    def to_json(self) -> dict[str, Any]:
        left_out = {"left_out": list(self.left_out)} if self.left_out else {}  # as runs have it that leave nothing out
        return {
            "kind": self.kind,
            "hyperparameters": self.hyperparameters,
            "network": self.network.to_json(),
            "dataset": self.dataset if self.dataset in data.names() else _about_to_json(self.about),
            "training": asdict(self.training),
            "likelihood": self.likelihood,
            **left_out,
        }

    @classmethod
    def from_json(cls, value: Any) -> "Spec":
        """Validates what `to_json` gave, as untrusted input.

        Raises:
            OptionError: if a field is missing, unknown, of another type or out of range.
        """
        names = {f.name for f in fields(cls)} - {"about"}
        parts = _record(
            {"likelihood": "bernoulli", "left_out": []} | value if isinstance(value, dict) else value, "spec", names
        )
        if isinstance(parts["network"], dict):  # missing in runs of versions that had but one value for it
            parts["network"] = {"filters": [], "active": 0, "normalised": False} | parts["network"]
        if isinstance(parts["training"], dict):
            parts["training"] = {"beta_2": TrainingConfig.beta_2} | parts["training"]
        network = _record(parts["network"], "network", {f.name for f in fields(Network)})
        training = _record(parts["training"], "training", {f.name for f in fields(TrainingConfig)})
        for name in ("hidden", "decoder_hidden", "filters"):
            if not isinstance(network[name], list):
                raise OptionError(f"{name} must be a list of widths, got {network[name]!r}.")
            network[name] = tuple(network[name])
        if not isinstance(parts["left_out"], list):
            raise OptionError(f"left_out must be a list of class numbers, got {parts['left_out']!r}.")
        parts["left_out"] = tuple(parts["left_out"])
        if not isinstance(parts["hyperparameters"], dict):
            raise OptionError(f"hyperparameters must be an object, got {parts['hyperparameters']!r}.")
        if isinstance(parts["kind"], str):
            before = {h.name: h.before for h in kinds.get(parts["kind"]).hyperparameters if h.before is not None}
            parts["hyperparameters"] = before | parts["hyperparameters"]
        about = None if isinstance(parts["dataset"], str) else _about_from_json(parts["dataset"])
        if about is not None:
            parts["dataset"] = about.name
        for name, given in [*parts.items(), *network.items()]:
            if name in ("kind", "dataset", "family", "code_activation", "likelihood") and not isinstance(given, str):
                raise OptionError(f"{name} must be a name, got {given!r}.")
        if about is None and parts["dataset"] not in data.names():
            raise OptionError(f"Unknown data set {parts['dataset']!r}: must be one of {', '.join(data.names())}.")
        for name in ("tied", "normalised"):
            if not isinstance(network[name], bool):
                raise OptionError(f"{name} must be true or false, got {network[name]!r}.")
        values = parts | {"network": Network(**network), "training": TrainingConfig(**training), "about": about}
        return cls(**values)


def _left_out(given: tuple[int, ...], about: About) -> tuple[int, ...]:
    """Class numbers, checked, once each and rising."""
    names = about.class_names
    if given and len(names) < 2:
        raise OptionError(f"{about.title} has no two classes: no class can be left out.")
    for number in given:
        _whole("a class that is left out", number, 0, len(names) - 1)
    found = tuple(sorted(set(given)))
    if found and len(found) == len(names):
        raise OptionError(f"All {len(names)} classes are left out: keep at least one to learn from.")
    return found


def _about_to_json(about: About) -> dict[str, Any]:
    return {
        "name": about.name,
        "title": about.title,
        **about.form.to_json(),
        "classes": list(about.class_names),
        "sizes": about.sizes,
    }


def _about_from_json(value: Any) -> About:
    """Validates what a spec says of a data set that was added, as untrusted input."""
    parts = _record(value, "data set", {"name", "title", "medium", "shape", "classes", "sizes"})
    sizes = _record(parts["sizes"], "data set's sizes", {"train", "test"})
    for which, count in sizes.items():
        _whole(f"the number of {which} examples", count, 1, 2**31)
    if not isinstance(parts["name"], str) or not own.NAME.fullmatch(parts["name"]):
        raise OptionError(f"A data set's name must be {own.DIGEST} hexadecimal digits, got {parts['name']!r}.")
    classes, title = parts["classes"], parts["title"]
    if not isinstance(title, str) or len(title) > own.MAX_TITLE:
        raise OptionError(f"A data set's title must be at most {own.MAX_TITLE} letters.")
    known = isinstance(classes, list) and len(classes) <= own.MAX_CLASSES
    if not known or not all(isinstance(c, str) and len(c) <= own.MAX_CLASS_NAME for c in classes):
        raise OptionError(f"A data set must have at most {own.MAX_CLASSES} classes, each a name.")
    try:
        form = Form.from_json({"medium": parts["medium"], "shape": parts["shape"]})
    except DatasetError as error:
        raise OptionError(str(error)) from None
    return About(parts["name"], texts.clean(title), form, tuple(map(texts.clean, classes)), sizes)


def default_likelihood(form: Form) -> str:
    """What suits examples of a form."""
    return "bernoulli" if form.is_image else "gaussian"


def make_spec(
    kind: str,
    dataset: str | Dataset = "fashion-mnist",
    hyperparameters: dict[str, Any] | None = None,
    network: Network | dict[str, Any] | None = None,
    likelihood: str = "",
    left_out: Sequence[int | str] = (),
    **training: Any,
) -> Spec:
    """Makes a spec from the values that differ from the kind's defaults.

    Args:
        kind: Name of the kind.
        dataset: Name of the data set, or one that is only in memory.
        hyperparameters: Values of the kind's hyperparameters.
        network: A `Network`, or the fields that differ from the kind's default network.
        likelihood: One of `LIKELIHOODS`; by default what suits the data.
        left_out: Classes to learn nothing from, by name or number.
        **training: Fields that differ from the network's default `TrainingConfig`.
    """
    of = dataset if isinstance(dataset, Dataset) else data.load(dataset)
    asked = None if isinstance(network, Network) else (network or {}).get("code_activation")
    if not isinstance(network, Network):
        network = _network(kind, of, network or {})
    values = kinds.get(kind).defaults(of.form) | (hyperparameters or {})
    config = default_training(kinds.get(kind)(**values).fit_network(network), of)
    unknown = set(training) - {f.name for f in fields(TrainingConfig)}
    if unknown:
        known = ", ".join(f.name for f in fields(TrainingConfig))
        raise OptionError(f"Unknown training option {sorted(unknown)[0]!r}: must be one of {known}.")
    spec = Spec(
        kind=kind,
        network=network,
        hyperparameters=values,
        dataset=of.name,
        training=replace(config, **training),
        likelihood=likelihood,
        left_out=tuple(_class_number(of.about, given) for given in left_out),
        about=of.about,
    )
    activation = spec.network.code_activation
    if asked not in (None, activation):
        raise OptionError(f"Here {kind} needs a {activation} code, got {asked}: leave the code activation to it.")
    return spec


def _class_number(about: About, given: int | str) -> int:
    """The number of a class that is given by its name, in small letters or large ones, or by its number."""
    if not isinstance(given, str):
        return given
    names = [name.casefold() for name in about.class_names]
    text = given.strip().casefold()
    if text in names:
        return names.index(text)
    if text.isascii() and text.isdecimal() and int(text[:9]) < len(names):
        return int(text[:9])
    known = ", ".join(about.class_names) or "it has none"
    raise OptionError(f"{about.title} has no class {given!r}: give a name or number of {known}.")


def default_network(kind: type[Kind], dataset: Dataset) -> Network:
    """The network of a kind's article on the data sets that it was chosen on, else what the kind proposes."""
    return kind.default_network(dataset.form) if dataset.is_tuned else kind.propose_network(dataset.form)


def _network(kind: str, dataset: Dataset, changes: dict[str, Any]) -> Network:
    default = default_network(kinds.get(kind), dataset)
    unknown = set(changes) - {f.name for f in fields(Network)}
    if unknown:
        known = ", ".join(f.name for f in fields(Network))
        raise OptionError(f"Unknown network option {sorted(unknown)[0]!r}: must be one of {known}.")
    if changes.get("family", default.family) != default.family:
        # The default's hidden layers were chosen for its own family.
        activation = Network.code_activation if dataset.is_tuned else default.code_activation
        default = Network(family=changes["family"], latent_dim=default.latent_dim, code_activation=activation)
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
