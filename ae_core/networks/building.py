"""Keras models from an `Architecture`; imports TensorFlow."""

from typing import Any

from ae_core.backend import keras
from ae_core.networks.layers import Architecture


class TopDense(keras.layers.Dense):
    """A dense layer of whose values all but the largest of an example are set to 0."""

    def __init__(self, units: int, active: int, activation: str | None, **kwargs: Any) -> None:
        super().__init__(units, activation=activation, **kwargs)
        self.active = active

    def call(self, x: Any) -> Any:
        return self.largest(super().call(x))

    def before_activation(self, x: Any) -> Any:
        """All of its values before the activation, (n, units)."""
        return keras.ops.matmul(x, self.kernel) + self.bias

    def largest(self, values: Any) -> Any:
        """Sets all but the `active` largest values of each example to 0; of equal ones at the border it keeps all."""
        least = keras.ops.top_k(values, self.active)[0][:, -1:]
        return keras.ops.where(values >= least, values, 0)


class TiedDense(keras.layers.Layer):
    """A dense layer whose kernel is another's, transposed; only its bias is its own."""

    def __init__(self, other: keras.layers.Dense, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._kernel = lambda: keras.ops.transpose(other.kernel)  # a closure, so that Keras counts the kernel once
        self._units = other.kernel.shape[0]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.bias = self.add_weight(shape=(self._units,), initializer="zeros", name="bias")

    def call(self, z: Any) -> Any:
        return keras.ops.matmul(z, self._kernel()) + self.bias


def build(architecture: Architecture, output: str = "sigmoid") -> tuple[keras.Model, keras.Model, keras.Model]:
    """Builds untrained networks.

    Args:
        architecture: Their layers.
        output: The activation of the decoder's values, "sigmoid" or "linear".

    Returns:
        encoder: (n, *shape) → {head: (n, latent_dim)} for each head.
        decoder: (n, latent_dim) → {"x_hat": (n, *shape)}.
        logits: The decoder before its last activation, (n, latent_dim) → (n, *shape).
    """
    y = x = keras.Input(architecture.form.shape, name="x")
    for layer in architecture.encoder:
        y = layer.build()(y)
    encoder = keras.Model(
        x, {head: architecture.head.build(name=head)(y) for head in architecture.heads}, name="encoder"
    )
    y = z = keras.Input((architecture.latent_dim,), name="z")
    for layer in architecture.decoder:
        y = layer.build(encoder)(y)
    x_hat = keras.layers.Activation(output, name="x_hat")(y)
    return encoder, keras.Model(z, {"x_hat": x_hat}, name="decoder"), keras.Model(z, y, name="logits")
