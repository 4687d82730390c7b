"""The choice of a network, as plain data."""

from dataclasses import asdict, dataclass
from typing import Any

from ae_core.bounds import MAX_LATENT_DIM
from ae_core.errors import OptionError
from ae_core.forms import Form
from ae_core.networks.layers import Architecture

MAX_WIDTH = 2048
MAX_LAYERS = 4
MAX_FILTERS, MAX_DEPTH = 256, 6
ACTIVATIONS = ("relu", "sigmoid", "tanh", "linear")


@dataclass(frozen=True)
class Network:
    """The layers between example and code; the objective is the kind's, not the network's.

    Attributes:
        family: One of `families.names()`.
        latent_dim: Number of units in the code.
        hidden: Widths of the dense relu layers before the code.
        decoder_hidden: Widths of the dense relu layers after it.
        code_activation: Activation of the code's units, one of `ACTIVATIONS`.
        tied: Whether the decoder uses the transposed weights of the encoder (dense, no hidden layers).
        active: How many units of a code are active at most, the others being set to 0; 0 for all.
        normalised: Whether the values of those dense layers are normalised, which lets small codes learn more.
        filters: Of each convolution of the encoder, which halves the sides; the decoder mirrors them. Without any, a
            convolutional family chooses those that fit the examples.
    """

    family: str = "dense"
    latent_dim: int = 32
    hidden: tuple[int, ...] = ()
    decoder_hidden: tuple[int, ...] = ()
    code_activation: str = "relu"
    tied: bool = False
    filters: tuple[int, ...] = ()
    active: int = 0
    normalised: bool = False

    def __post_init__(self) -> None:
        from ae_core.networks import families  # which describe networks

        family = families.get(self.family)
        if not _is_int(self.latent_dim) or not 1 <= self.latent_dim <= MAX_LATENT_DIM:
            raise OptionError(f"Code size must be a whole number from 1 to {MAX_LATENT_DIM}, got {self.latent_dim!r}.")
        for name in ("hidden", "decoder_hidden", "filters"):
            if not isinstance(given := getattr(self, name), list | tuple):
                raise OptionError(f"{name} must be a list of whole numbers, such as [64], got {given!r}.")
        for widths in (self.hidden, self.decoder_hidden):
            if len(widths) > MAX_LAYERS or not all(_is_int(w) and 1 <= w <= MAX_WIDTH for w in widths):
                raise OptionError(
                    f"Hidden layers must be at most {MAX_LAYERS} widths from 1 to {MAX_WIDTH}, got {list(widths)}."
                )
        if self.code_activation not in ACTIVATIONS:
            raise OptionError(f"Code activation must be one of {', '.join(ACTIVATIONS)}, got {self.code_activation!r}.")
        if self.tied and (not family.can_tie or self.hidden or self.decoder_hidden):
            raise OptionError("Tied weights need a dense network without hidden layers.")
        if not _is_int(self.active) or not 0 <= self.active < self.latent_dim:
            raise OptionError(
                f"Active units must be fewer than the code has, from 0 to {self.latent_dim - 1}, got {self.active!r}."
            )
        if self.filters and not family.convolutional:
            raise OptionError(f"A {self.family} network has no filters, got {list(self.filters)}: leave them out.")
        if len(self.filters) > MAX_DEPTH or not all(_is_int(n) and 1 <= n <= MAX_FILTERS for n in self.filters):
            raise OptionError(
                f"Filters must be at most {MAX_DEPTH} numbers from 1 to {MAX_FILTERS}, got {list(self.filters)}."
            )

    def describe(self, form: Form, heads: tuple[str, ...]) -> Architecture:
        """All layers for examples of that form and encoder outputs of those names."""
        from ae_core.networks import families

        return families.get(self.family).describe(self, form, heads)

    def to_json(self) -> dict[str, Any]:
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
