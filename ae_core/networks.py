"""Encoders and decoders in Keras, from a `Network`'s description; imports TensorFlow."""

from math import ceil
from typing import Any

from ae_core.backend import keras
from ae_core.kinds import FAMILIES, Network
from ae_core.kinds.base import code_is_feature_map


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

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self._units)


def build(
    network: Network, image_shape: tuple[int, int], heads: tuple[str, ...]
) -> tuple[keras.Model, keras.Model, keras.Model]:
    """Untrained networks for images of that (height, width).

    Returns:
        encoder: (n, h, w) → {head: (n, latent_dim)} for each of `heads`.
        decoder: (n, latent_dim) → {"x_hat": (n, h, w) in [0, 1]}.
        logits: The decoder before its sigmoid, (n, latent_dim) → (n, h, w).
    """
    encoder = _encoder(network, image_shape, heads)
    z = keras.Input((network.latent_dim,), name="z")
    y = z
    for width in network.decoder_hidden:
        y = keras.layers.Dense(width, activation="relu")(y)
    if network.tied:
        y = TiedDense(encoder.get_layer(heads[0]))(y)
        y = keras.layers.Reshape(image_shape)(y)
    elif network.family == "dense":
        y = keras.layers.Dense(image_shape[0] * image_shape[1])(y)
        y = keras.layers.Reshape(image_shape)(y)
    else:
        y = _convolutional_decoder(network, image_shape, y)
    x_hat = keras.layers.Activation("sigmoid", name="x_hat")(y)
    return encoder, keras.Model(z, {"x_hat": x_hat}, name="decoder"), keras.Model(z, y, name="logits")


def _encoder(network: Network, image_shape: tuple[int, int], heads: tuple[str, ...]) -> keras.Model:
    x = keras.Input(image_shape, name="x")
    y = x
    if network.family != "dense":
        y = keras.layers.Reshape((*image_shape, 1))(y)
        for filters in FAMILIES[network.family].filters:
            strides = 2 if network.family == "strided" else 1
            y = keras.layers.Conv2D(filters, 3, strides=strides, padding="same", activation="relu")(y)
            if network.family == "pooling":
                y = keras.layers.MaxPooling2D(2, padding="same")(y)
    y = keras.layers.Flatten()(y)
    for width in network.hidden:
        y = keras.layers.Dense(width, activation="relu")(y)
    if code_is_feature_map(network, image_shape, heads):
        outputs = {heads[0]: keras.layers.Identity(name=heads[0])(y)}
    else:
        outputs = {
            head: keras.layers.Dense(network.latent_dim, network.code_activation, name=head)(y) for head in heads
        }
    return keras.Model(x, outputs, name="encoder")


def _convolutional_decoder(network: Network, image_shape: tuple[int, int], y: Any) -> Any:
    filters = FAMILIES[network.family].filters
    height, width = (ceil(side / 4) for side in image_shape)
    if not code_is_feature_map(network, image_shape, ("z",)):
        y = keras.layers.Dense(height * width * filters[-1], activation="relu")(y)
    y = keras.layers.Reshape((height, width, filters[-1]))(y)
    for n in reversed(filters):
        if network.family == "strided":
            y = keras.layers.Conv2DTranspose(n, 3, strides=2, padding="same", activation="relu")(y)
        else:
            y = keras.layers.Conv2D(n, 3, padding="same", activation="relu")(y)
            y = keras.layers.UpSampling2D(2)(y)
    last = keras.layers.Conv2DTranspose if network.family == "strided" else keras.layers.Conv2D
    y = last(1, 3, padding="same")(y)
    # Two halvings round up: cut what the doublings add to odd sides.
    y = keras.layers.Cropping2D(((0, 4 * height - image_shape[0]), (0, 4 * width - image_shape[1])))(y)
    return keras.layers.Reshape(image_shape)(y)
