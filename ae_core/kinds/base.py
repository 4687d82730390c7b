"""What a kind of autoencoder declares, and the networks it may be run on.

A kind is a recipe: its hyperparameters, how its input is corrupted, how its code is drawn, and
what its loss is made of. Sliders, command-line options, loss curves and tests all come from that
one declaration. Nothing here imports Keras; a recipe's functions import it where they compute.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from ae_core.errors import OptionError

MAX_LATENT_DIM = 1024
MAX_WIDTH = 2048
MAX_LAYERS = 4
LARGEST = 2**53
ACTIVATIONS = ("relu", "sigmoid", "tanh", "linear")


@dataclass(frozen=True)
class Hyperparameter:
    """One number or choice of a kind.

    Attributes:
        name: The constructor argument and attribute of the kind, and the command-line option.
        default: Its value if none is given; its type is the type of every value.
        help: What it does, in a sentence.
        low, high: The range of a number, both ends included.
        choices: The values of a choice.
        log: Whether a slider should be logarithmic.
        only_if: Hyperparameter values under which this one matters, {name: value}.
    """

    name: str
    default: float | int | str | bool
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    log: bool = False
    only_if: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return self.name.replace("_", " ").capitalize()

    def matters(self, values: dict[str, Any]) -> bool:
        """Whether this one has an effect beside those values of the others."""
        return all(values.get(name) == value for name, value in self.only_if.items())

    def check(self, value: Any) -> Any:
        """The value as this hyperparameter's own type.

        Raises:
            OptionError: if it is of another type, no choice, or out of range.
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


_ARTICLE = {float: "a number", int: "a whole number", str: "a word", bool: "true or false"}


@dataclass(frozen=True)
class Family:
    """A way of building encoders and decoders."""

    title: str
    help: str
    filters: tuple[int, ...] = ()


FAMILIES = {
    "dense": Family("Dense", "Fully connected layers: every pixel to every unit."),
    "pooling": Family(
        "Convolutional, pooling", "3 × 3 convolutions with max-pooling, mirrored by upsampling.", (16, 8)
    ),
    "strided": Family(
        "Convolutional, strided", "3 × 3 convolutions of stride 2, mirrored by transposed ones.", (32, 64)
    ),
}


@dataclass(frozen=True)
class Network:
    """The layers between image and code; the objective is the kind's, not the network's.

    Attributes:
        family: One of `FAMILIES`.
        latent_dim: Number of units in the code.
        hidden: Widths of the dense relu layers before the code.
        decoder_hidden: Widths of the dense relu layers after it.
        code_activation: Activation of the code's units, one of `ACTIVATIONS`.
        tied: Whether the decoder uses the transposed weights of the encoder (dense, no hidden layers).
    """

    family: str = "dense"
    latent_dim: int = 32
    hidden: tuple[int, ...] = ()
    decoder_hidden: tuple[int, ...] = ()
    code_activation: str = "relu"
    tied: bool = False

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise OptionError(f"Unknown network {self.family!r}: must be one of {', '.join(FAMILIES)}.")
        if not _is_int(self.latent_dim) or not 1 <= self.latent_dim <= MAX_LATENT_DIM:
            raise OptionError(f"Code size must be a whole number from 1 to {MAX_LATENT_DIM}, got {self.latent_dim!r}.")
        for widths in (self.hidden, self.decoder_hidden):
            if len(widths) > MAX_LAYERS or not all(_is_int(w) and 1 <= w <= MAX_WIDTH for w in widths):
                raise OptionError(
                    f"Hidden layers must be at most {MAX_LAYERS} widths from 1 to {MAX_WIDTH}, got {list(widths)}."
                )
        if self.code_activation not in ACTIVATIONS:
            raise OptionError(f"Code activation must be one of {', '.join(ACTIVATIONS)}, got {self.code_activation!r}.")
        if self.tied and (self.family != "dense" or self.hidden or self.decoder_hidden):
            raise OptionError("Tied weights need a dense network without hidden layers.")

    def to_json(self) -> dict[str, Any]:
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def feature_map_size(family: str, image_shape: tuple[int, int]) -> int:
    """Number of values in the last feature map of a convolutional encoder: two halvings, then its filters."""
    height, width = (-(-side // 4) for side in image_shape)
    return height * width * FAMILIES[family].filters[-1]


def code_is_feature_map(network: Network, image_shape: tuple[int, int], heads: tuple[str, ...]) -> bool:
    """Whether the code is the pooled feature map itself, with no dense layer around it."""
    return (
        network.family == "pooling"
        and not network.hidden
        and not network.decoder_hidden
        and network.code_activation == "relu"
        and len(heads) == 1
        and network.latent_dim == feature_map_size("pooling", image_shape)
    )


def weight_shapes(network: Network, image_shape: tuple[int, int], heads: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Shapes of all that encoder and decoder learn, without building them.

    Returns:
        Name → shape, in Keras's order and with the names in its file of weights, such as "decoder/dense_1/0".
    """
    shapes: dict[str, tuple[int, ...]] = {}
    height, width = (-(-side // 4) for side in image_shape)
    pixels, filters = image_shape[0] * image_shape[1], FAMILIES[network.family].filters

    def add(model: str, layer: str, *arrays: tuple[int, ...]) -> None:
        count = sum(name.startswith((f"{model}/{layer}/", f"{model}/{layer}_")) for name in shapes) // len(arrays)
        name = f"{model}/{layer}_{count}" if count else f"{model}/{layer}"
        shapes.update((f"{name}/{i}", shape) for i, shape in enumerate(arrays))

    def dense(model: str, before: int, *widths: int) -> int:
        for after in widths:
            add(model, "dense", (before, after), (after,))
            before = after
        return before

    before = 1
    for after in filters:
        add("encoder", "conv2d", (3, 3, before, after), (after,))
        before = after
    flat = height * width * filters[-1] if filters else pixels
    last = dense("encoder", flat, *network.hidden)
    if not code_is_feature_map(network, image_shape, heads):
        for _ in heads:
            dense("encoder", last, network.latent_dim)

    last = dense("decoder", network.latent_dim, *network.decoder_hidden)
    if network.tied:
        add("decoder", "tied_dense", (pixels,))
    elif not filters:
        dense("decoder", last, pixels)
    elif not code_is_feature_map(network, image_shape, ("z",)):
        dense("decoder", last, flat)
    before = filters[-1] if filters else 0
    for after in (*reversed(filters), 1) if filters else ():
        if network.family == "strided":
            add("decoder", "conv2d_transpose", (3, 3, after, before), (after,))
        else:
            add("decoder", "conv2d", (3, 3, before, after), (after,))
        before = after
    return shapes


@dataclass(frozen=True)
class Forward:
    """One pass of a batch through the model, as Keras tensors; what `Kind.loss_terms` is given.

    Attributes:
        x: Clean images, (batch, h, w) in [0, 1].
        x_in: What the encoder saw: x, corrupted by the kind.
        code: The encoder's outputs by name, each (batch, latent_dim).
        z: The code that was decoded, (batch, latent_dim).
        x_hat: Reconstructions, (batch, h, w) in [0, 1].
        logits: The same before the sigmoid.
        encoder: The encoder, for objectives on its derivatives.
        network: Its description.
        seed: Source of random numbers for `keras.random`.
        training: Whether this pass is a training step.
    """

    x: Any
    x_in: Any
    code: dict[str, Any]
    z: Any
    x_hat: Any
    logits: Any
    encoder: Any
    network: Network
    seed: Any
    training: bool

    def cross_entropy(self) -> Any:
        """Binary cross-entropy of each pixel of x given x_hat, (batch, h, w)."""
        import keras

        return keras.ops.binary_crossentropy(self.x, self.logits, from_logits=True)


class Kind:
    """Base of all kinds: the plain autoencoder's behaviour, for subclasses to change.

    Class attributes:
        title, idea, reference: What it is called, does, and who proposed it.
        notice: What to look for in its pictures.
        hyperparameters: Its own numbers and choices; each becomes an attribute of the instance.
        heads: Names of the encoder's outputs; the first is the code that `encode` returns.
        prior: Whether its codes are trained towards a standard normal distribution.
        unit: Unit of its loss.
        order: Place in lists.
    """

    title: ClassVar[str]
    idea: ClassVar[str]
    reference: ClassVar[str] = ""
    notice: ClassVar[str] = ""
    hyperparameters: ClassVar[tuple[Hyperparameter, ...]] = ()
    heads: ClassVar[tuple[str, ...]] = ("z",)
    prior: ClassVar[bool] = False
    unit: ClassVar[str] = "nats a pixel"
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
    def default_network(cls, image_shape: tuple[int, int]) -> Network:
        """The network it was first described with, for images of that (height, width)."""
        return Network()

    def fit_network(self, network: Network) -> Network:
        """The network this kind would really run on when asked for that one.

        Raises:
            OptionError: if the two contradict each other.
        """
        return network

    def corrupt(self, x: Any, seed: Any) -> Any:
        """What the encoder is shown instead of the clean images x, of the same shape."""
        return x

    def draw(self, code: dict[str, Any], seed: Any, training: bool) -> Any:
        """The code to decode, (batch, latent_dim), from the encoder's outputs."""
        return code[self.heads[0]]

    def loss_terms(self, p: Forward) -> dict[str, Any]:
        """The scalars whose sum is minimised, by name; each gets a curve of its own."""
        import keras

        return {"reconstruction": keras.ops.mean(p.cross_entropy())}

    def evaluate(self, run: Any, x: Any, seed: int) -> dict[str, float]:
        """Figures that only this kind has, of a loaded run on images x, (n, h, w) in [0, 1]."""
        return {}
