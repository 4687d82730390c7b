"""The Keras model for all kinds, its training step and its export; imports TensorFlow."""

import logging
import os
from pathlib import Path

import numpy as np

from ae_core.backend import keras, tf
from ae_core.epoch_film import Film
from ae_core.errors import TrainingError
from ae_core.kinds import Forward
from ae_core.networks import building
from ae_core.spec import Spec

EXPORT_TOLERANCE = 1e-5  # of the largest value
ROUNDINGS = 100  # how many times what a rounding of the input changes a network's sums may add up to
Inputs = tuple[tf.Tensor, tf.Tensor, tf.Tensor]  # clean, corrupted and nudged examples
ENCODED = 100  # examples at a time: feature maps of large images take megabytes each
VALIDATED = 500  # held-out images at a time


class Autoencoder(keras.Model):
    """Encoder and decoder of a spec, with the kind's objective."""

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        keras.utils.set_random_seed(spec.training.seed)
        self.kind = spec.recipe()
        self.network = spec.network
        self._names = tuple(spec.weights)
        self.built = True  # by its parts: they are functional models
        self.likelihood = spec.likelihood
        output = "sigmoid" if spec.likelihood == "bernoulli" else "linear"
        self.encoder, self.decoder, self.logits = building.build(spec.architecture, output)

    def forward(
        self,
        x: tf.Tensor,
        x_in: tf.Tensor,
        x_near: tf.Tensor,
        seed: keras.random.SeedGenerator,
        training: bool,
        progress: tf.Tensor | float = 1.0,
    ) -> Forward:
        """Forward pass of x_in, the corrupted version of clean x, beside x_near; all (batch, *shape) in [0, 1]."""
        code = self.encoder(x_in, training=training)
        z = self.kind.draw(code, seed, training)
        logits = self.logits(z, training=training)
        return Forward(
            x=x,
            x_in=x_in,
            x_near=x_near,
            code=code,
            z=z,
            x_hat=keras.ops.sigmoid(logits) if self.likelihood == "bernoulli" else logits,
            logits=logits,
            encoder=self.encoder,
            decode=lambda z: self.logits(z, training=training),
            network=self.network,
            seed=seed,
            training=training,
            progress=progress,
            likelihood=self.likelihood,
        )

    def assign(self, weights: dict[str, np.ndarray]) -> None:
        """Sets the weights, given by the names in `Spec.weights` and in that order."""
        for variable, array in zip(self._named, weights.values(), strict=True):
            variable.assign(array)

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights by the names in `Spec.weights`."""
        return {name: v.numpy() for name, v in zip(self._names, self._named, strict=True)}

    @property
    def _named(self) -> list[keras.Variable]:
        return [*self.encoder.variables, *self.decoder.variables]

    def encode(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """The encoder's outputs by name for examples, (n, *shape) → (n, latent_dim) each."""
        parts = [self.encoder(x[i : i + ENCODED], training=False) for i in range(0, len(x), ENCODED)]
        return {head: np.concatenate([part[head].numpy() for part in parts]) for head in self.kind.heads}

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """Encodes and decodes examples, (n, *shape) → the same shape."""
        code = self.encoder(x, training=False)[self.kind.heads[0]]
        return self.decoder(code, training=False)["x_hat"].numpy()


class Optimisation:
    """Training of one model: compiled steps over examples as they are kept, and the state needed to resume."""

    def __init__(self, model: Autoencoder, spec: Spec, train: np.ndarray, validation: np.ndarray) -> None:
        config = spec.training
        self.model = model
        self.config = config
        self.steps_per_epoch = len(train) // config.batch_size
        self._total = total = self.steps_per_epoch * config.epochs
        warmup = int(config.warmup * total)
        self.schedule = keras.optimizers.schedules.CosineDecay(
            config.learning_rate / 10 if warmup else config.learning_rate,
            decay_steps=total - warmup,
            warmup_target=config.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
        self.optimizer = keras.optimizers.Adam(self.schedule, beta_2=config.beta_2)
        self.variables = model.encoder.trainable_variables + model.decoder.trainable_variables
        self.optimizer.build(self.variables)
        self.seed = keras.random.SeedGenerator(config.seed)
        self._corruption_seed = keras.random.SeedGenerator(config.seed + 1)
        self._validation_seed = keras.random.SeedGenerator(config.seed)
        self._train = tf.constant(train)
        self._validation = validation
        self.term_names: tuple[str, ...] = ()
        # Without AutoGraph, which would take half a second, and leave files where a training is killed.
        self._step = tf.function(self._one_step, jit_compile=config.compile, reduce_retracing=True, autograph=False)
        rows = tf.TensorSpec((None, config.batch_size), tf.int32)
        self._steps = tf.function(self._many_steps, input_signature=[rows], autograph=False)
        self._evaluate = tf.function(self._validation_terms, autograph=False)

    def _inputs(self, batch: tf.Tensor, seed: keras.random.SeedGenerator) -> Inputs:
        x = tf.cast(batch, tf.float32) / 255.0 if batch.dtype == tf.uint8 else batch
        return x, self.model.kind.corrupt(x, seed), self.model.kind.nudge_examples(x, seed)

    def _terms(self, inputs: Inputs, seed: keras.random.SeedGenerator, training: bool) -> tf.Tensor:
        progress = tf.cast(self.optimizer.iterations, tf.float32) / self._total if training else 1.0
        terms = self.model.kind.loss_terms(self.model.forward(*inputs, seed, training, progress))
        self.term_names = tuple(terms)
        return tf.stack([tf.cast(t, tf.float32) for t in terms.values()])

    def _one_step(self, x: tf.Tensor, x_in: tf.Tensor, x_near: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            terms = self._terms((x, x_in, x_near), self.seed, training=True)
            loss = tf.reduce_sum(terms)
        self.optimizer.apply(tape.gradient(loss, self.variables), self.variables)
        return terms

    def _many_steps(self, indices: tf.Tensor) -> tf.Tensor:
        # Corruption stays outside the compiled step: XLA draws large random fields slowly on a CPU. The next batch is
        # corrupted while this step runs, from a separate seed, so that no draw depends on the number of steps a call.
        count = tf.shape(indices)[0]
        inputs = self._training_inputs(indices[0])
        self._step.get_concrete_function(*inputs)  # fills term_names

        def take(i: tf.Tensor, total: tf.Tensor, inputs: Inputs) -> tuple[tf.Tensor, tf.Tensor, Inputs]:
            following = self._training_inputs(indices[i])
            return i + 1, total + self._step(*inputs), following

        first = (tf.constant(1), tf.zeros(len(self.term_names)), inputs)
        _, total, inputs = tf.while_loop(lambda i, *_: i < count, take, first)
        return (total + self._step(*inputs)) / tf.cast(count, tf.float32)

    def _training_inputs(self, rows: tf.Tensor) -> Inputs:
        return self._inputs(tf.gather(self._train, rows), self._corruption_seed)

    def _validation_terms(self, batch: tf.Tensor) -> tf.Tensor:
        return self._terms(self._inputs(batch, self._validation_seed), self._validation_seed, training=False)

    def batches(self, epoch: int) -> np.ndarray:
        """Indices of the images in each step of an epoch (counted from 0), int32 of shape (steps, batch)."""
        order = np.random.default_rng((self.config.seed, epoch)).permutation(len(self._train))
        return order[: self.steps_per_epoch * self.config.batch_size].reshape(self.steps_per_epoch, -1).astype(np.int32)

    def run(self, indices: np.ndarray) -> dict[str, float]:
        """Takes one step for each row of indices; returns the loss terms, averaged over the steps."""
        means = self._steps(tf.constant(indices)).numpy()
        return dict(zip(self.term_names, means.tolist(), strict=True))

    def validate(self) -> dict[str, float]:
        """Computes the loss terms on the held-out images, with the same noise every time."""
        self._validation_seed.state.assign(keras.random.SeedGenerator(self.config.seed).state)
        batches = (self._validation[i : i + VALIDATED] for i in range(0, len(self._validation), VALIDATED))
        sums = sum(self._evaluate(tf.constant(batch)).numpy() * len(batch) for batch in batches)
        return dict(zip(self.term_names, (sums / len(self._validation)).tolist(), strict=True))

    @property
    def learning_rate(self) -> float:
        return float(self.optimizer.learning_rate)

    def _state(self) -> list[keras.Variable]:
        return [
            *self.model.encoder.variables,
            *self.model.decoder.variables,
            *self.optimizer.variables,
            self.seed.state,
            self._corruption_seed.state,
        ]

    def save_state(self, path: Path, epoch: int, history: str, film: Film | None) -> None:
        """Writes weights, optimizer, random state, number of finished epochs, history and film to one .npz file."""
        arrays = {f"v{i}": v.numpy() for i, v in enumerate(self._state())}
        if film is not None:
            arrays |= {"places": film.places, "units": film.units}
        with path.open("wb") as file:
            np.savez(file, epoch=np.int64(epoch), history=np.array(history), **arrays)
            file.flush()
            os.fsync(file.fileno())

    def load_state(self, path: Path) -> tuple[int, str, Film | None]:
        """Restores what `save_state` wrote; returns the number of finished epochs, the history and the film.

        States of older versions have no film.

        Raises:
            TrainingError: if the file is unreadable or belongs to another model.
        """
        try:
            with np.load(path, allow_pickle=False) as saved:
                arrays = [saved[f"v{i}"] for i in range(sum(name.startswith("v") for name in saved.files))]
                epoch, history = int(saved["epoch"]), str(saved["history"])
                film = Film(epoch, saved["places"], saved["units"]) if "places" in saved.files else None
        except Exception as error:
            raise TrainingError(
                f"The saved state of this training cannot be read ({error}): train it again."
            ) from error
        variables = self._state()
        if [a.shape for a in arrays] != [tuple(v.shape) for v in variables]:
            raise TrainingError("The saved state of this training belongs to another network: train it again.")
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        return epoch, history, film


def export(model: Autoencoder, folder: Path, x: np.ndarray) -> None:
    """Writes encoder.onnx and decoder.onnx, and checks them against Keras on images x.

    Large weights that cancel magnify how sums are rounded, which Keras and ONNX Runtime do in different orders. So a
    difference counts beside what Keras's own values change by when each input is rounded up or down.

    Raises:
        TrainingError: if they differ from Keras by more than 1e-5 of the largest value and a hundred such changes.
    """
    from ae_core.inference import OnnxNetwork

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    z = model.encoder(x)[model.kind.heads[0]].numpy()
    rng = np.random.default_rng(0)
    for name, network, given in (("encoder", model.encoder, x), ("decoder", model.decoder, z)):
        rounded = np.nextafter(given, np.copysign(np.inf, rng.choice([-1, 1], given.shape)), dtype=np.float32)
        changed = {k: v.numpy() for k, v in network(rounded).items()}
        path = folder / f"{name}.onnx"
        network.export(path, format="onnx", verbose=False)
        got = OnnxNetwork(path)(given)
        for key, value in ((k, v.numpy()) for k, v in network(given).items()):
            largest = max(1.0, float(np.abs(value).max()))
            allowed = EXPORT_TOLERANCE * largest + ROUNDINGS * float(np.abs(changed[key] - value).max())
            difference = float(np.abs(got[key] - value).max())
            if not difference <= allowed:
                raise TrainingError(
                    f"The exported {name} differs from Keras by {difference:.1e}, more than {allowed:.1e}."
                )
