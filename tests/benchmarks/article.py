"""The source article's seven recipes in plain Keras, without anything of ours; mended where its code does not run.

Its contractive penalty, which it defines and never applies, is applied, in its right form; its variational terms
are both summed for each image.
"""

from typing import Any

import keras
from keras import layers, ops


def build(kind: str) -> keras.Model:
    """The article's compiled model of that kind."""
    if kind in ("contractive", "variational"):
        model: keras.Model = {"contractive": Contractive, "variational": Variational}[kind]()
        model.compile(optimizer="adam")
    else:
        model = _convolutional() if kind == "convolutional" else _dense(kind)
        model.compile(optimizer="adam", loss="binary_crossentropy")
    return model


def _dense(kind: str) -> keras.Model:
    x = keras.Input((784,))
    h = layers.Dense(
        16 if kind == "undercomplete" else 32,
        activation="relu",
        activity_regularizer=keras.regularizers.l1(1e-5) if kind == "sparse" else None,
    )(x)
    return keras.Model(x, layers.Dense(784, activation="sigmoid")(h))


def _convolutional() -> keras.Model:
    x = keras.Input((28, 28, 1))
    y = layers.Conv2D(16, 3, activation="relu", padding="same")(x)
    y = layers.MaxPooling2D(2, padding="same")(y)
    y = layers.Conv2D(8, 3, activation="relu", padding="same")(y)
    y = layers.MaxPooling2D(2, padding="same")(y)
    y = layers.Conv2D(8, 3, activation="relu", padding="same")(y)
    y = layers.UpSampling2D(2)(y)
    y = layers.Conv2D(16, 3, activation="relu", padding="same")(y)
    y = layers.UpSampling2D(2)(y)
    return keras.Model(x, layers.Conv2D(1, 3, activation="sigmoid", padding="same")(y))


class Contractive(keras.Model):
    """784 → 32 relu → 784 sigmoid; BCE + 1e-4 ‖∂h/∂x‖²_F."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = layers.Dense(32, activation="relu")
        self.decode = layers.Dense(784, activation="sigmoid")

    def call(self, x: Any) -> Any:
        h = self.encode(x)
        slope = ops.cast(h > 0, "float32")
        self.add_loss(1e-4 * ops.mean(ops.sum(slope * ops.sum(self.encode.kernel**2, axis=0), axis=1)))
        return self.decode(h)

    def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None, training: bool = True) -> Any:
        return ops.mean(keras.losses.binary_crossentropy(y, y_pred)) + sum(self.losses)


class Variational(keras.Model):
    """Strided convolutions to a 2-D normal distribution and back; −ELBO in nats per image."""

    def __init__(self) -> None:
        super().__init__()
        x = keras.Input((28, 28, 1))
        y = layers.Conv2D(32, 3, activation="relu", strides=2, padding="same")(x)
        y = layers.Conv2D(64, 3, activation="relu", strides=2, padding="same")(y)
        y = layers.Dense(16, activation="relu")(layers.Flatten()(y))
        self.encoder = keras.Model(x, [layers.Dense(2)(y), layers.Dense(2)(y)])
        z = keras.Input((2,))
        y = layers.Reshape((7, 7, 64))(layers.Dense(7 * 7 * 64, activation="relu")(z))
        y = layers.Conv2DTranspose(64, 3, activation="relu", strides=2, padding="same")(y)
        y = layers.Conv2DTranspose(32, 3, activation="relu", strides=2, padding="same")(y)
        self.decoder = keras.Model(z, layers.Conv2DTranspose(1, 3, activation="sigmoid", padding="same")(y))
        self.seed = keras.random.SeedGenerator(0)

    def call(self, x: Any) -> Any:
        mean, log_var = self.encoder(x)
        z = mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=self.seed)
        kl = -0.5 * (1 + log_var - ops.square(mean) - ops.exp(log_var))
        self.add_loss(ops.mean(ops.sum(kl, axis=1)))
        return self.decoder(z)

    def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None, training: bool = True) -> Any:
        reconstruction = ops.sum(keras.losses.binary_crossentropy(y, y_pred), axis=(1, 2))
        return ops.mean(reconstruction) + sum(self.losses)
