"""One numeric fact for each kind, against NumPy, central differences, or a second way to count."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ae_core import data, forms, kinds, networks
from ae_core.backend import keras, tf
from ae_core.data import as_float
from ae_core.errors import OptionError
from ae_core.forms import Form
from ae_core.keras_model import Autoencoder, Optimisation
from ae_core.kinds import contractive, sparse
from ae_core.networks import Network, building
from ae_core.spec import make_spec

X = as_float(data.load("digits").split("test").images[:12])


@pytest.fixture
def doubles() -> Iterator[None]:
    """Networks built in float64, where central differences are exact to many digits."""
    for bits in (64, 32):
        keras.config.set_floatx(f"float{bits}")
        keras.config.set_dtype_policy(f"float{bits}")
        if bits == 64:
            yield


def model_of(kind: str, hyperparameters: dict[str, Any] | None = None, **network: Any) -> Autoencoder:
    return Autoencoder(make_spec(kind, "digits", hyperparameters, network or None))


def forward(
    model: Autoencoder, training: bool = True, seed: int = 0, x: np.ndarray = X, progress: float = 1.0
) -> kinds.Forward:
    source = keras.random.SeedGenerator(seed)
    clean = tf.constant(x)
    near = model.kind.nudge_examples(clean, source)
    return model.forward(clean, model.kind.corrupt(clean, source), near, source, training, progress)


def terms_of(model: Autoencoder, p: kinds.Forward) -> dict[str, float]:
    return {name: float(value) for name, value in model.kind.loss_terms(p).items()}


def cross_entropy(x: np.ndarray, logits: Any) -> np.ndarray:
    """Of each pixel, in float64, from its definition."""
    p = 1 / (1 + np.exp(-np.asarray(logits, np.float64)))
    return -(x * np.log(p) + (1 - x) * np.log(1 - p))


def jacobian(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """∂function/∂x of each image by central differences, (n, latent_dim, pixels)."""
    columns, step = [], 1e-6
    for i in np.ndindex(x.shape[1:]):
        nudge = np.zeros_like(x)
        nudge[(slice(None), *i)] = step
        columns.append((function(x + nudge) - function(x - nudge)) / (2 * step))
    return np.stack(columns, axis=-1)


# Vanilla and the two that bound the network


@pytest.mark.parametrize("kind", ["vanilla", "undercomplete", "convolutional"])
def test_plain_kinds_minimise_mean_cross_entropy_and_nothing_else(kind: str) -> None:
    model = model_of(kind)
    p = forward(model)
    assert terms_of(model, p) == {"reconstruction": pytest.approx(cross_entropy(X, p.logits).mean(), rel=1e-5)}
    assert np.asarray(p.x_hat) == pytest.approx(1 / (1 + np.exp(-np.asarray(p.logits))), abs=1e-6)
    assert p.x_in is p.x
    assert p.z is p.code["z"]
    sure = replace(p, logits=tf.constant(1000 * (2 * np.round(X) - 1)), x=tf.constant(np.round(X)))
    assert float(tf.reduce_max(sure.cross_entropy())) == 0, "it survives certainty"
    assert np.isfinite(replace(sure, x=tf.constant(1 - np.round(X))).cross_entropy()).all()


# Sparse


def test_l1_is_lambda_times_the_mean_absolute_sum() -> None:
    model = model_of("sparse", {"method": "l1", "l1": 0.03}, code_activation="linear")
    p = forward(model)
    h = np.asarray(p.code["z"], np.float64)
    assert (h < 0).any()  # so that the absolute value counts
    assert terms_of(model, p)["sparsity"] == pytest.approx(0.03 * np.abs(h).sum(axis=1).mean(), rel=1e-5)


def with_code(model: Autoencoder, **code: np.ndarray) -> dict[str, float]:
    """The loss terms of images whose codes are given."""
    p = forward(model, x=np.zeros((len(next(iter(code.values()))), 8, 8), np.float32))
    return terms_of(model, replace(p, code={name: tf.constant(z, tf.float32) for name, z in code.items()}))


def test_kl_sparsity_is_the_divergence_of_two_coins() -> None:
    from scipy.stats import entropy

    model = model_of("sparse", {"method": "kl", "target": 0.1, "kl_weight": 0.5})
    h = np.random.default_rng(0).random((6, 32))
    expected = 0.5 * sum(entropy([0.1, 0.9], [a, 1 - a]) for a in h.mean(axis=0))
    assert with_code(model, z=h)["sparsity"] == pytest.approx(expected, rel=1e-4)
    at_target = np.tile([[0.0], [0.2]], (3, 32))  # mean 0.1, though no value is 0.1
    assert with_code(model, z=at_target)["sparsity"] == pytest.approx(0, abs=1e-6)
    for end in (0.0, 1.0):
        assert 0 < with_code(model, z=np.full((4, 32), end))["sparsity"] < 1000


def test_dropout_silences_its_share_in_training_only() -> None:
    model = model_of("sparse", {"method": "dropout", "rate": 0.3}, code_activation="sigmoid")
    x = np.repeat(X, 50, axis=0)
    training, looking = forward(model, True, x=x), forward(model, False, x=x)
    z, h = np.asarray(training.z), np.asarray(training.code["z"])
    assert np.mean(z == 0) == pytest.approx(0.3, abs=0.02)
    assert z[z != 0] == pytest.approx(h[z != 0] / 0.7, rel=1e-5)  # so that the mean stays
    assert np.array_equal(looking.z, looking.code["z"])
    assert set(terms_of(model, training)) == {"reconstruction"}


TOP = {"method": "topk", "k": 4}


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("hidden", [(), (20,)])
def test_only_the_k_largest_units_are_active(hidden: tuple[int, ...], tied: bool) -> None:
    if tied and hidden:
        return
    model = model_of("sparse", TOP, hidden=hidden, tied=tied)
    z = np.asarray(forward(model).z)
    head = model.encoder.get_layer("z")
    features = sparse.features_of(model.encoder, head)(X)
    everything = np.maximum(np.asarray(features) @ head.kernel.numpy() + head.bias.numpy(), 0)
    for got, of in zip(z, everything, strict=True):
        kept = np.argsort(-of, kind="stable")[:4]
        assert set(np.flatnonzero(got)) == {unit for unit in kept if of[unit] > 0}
        assert got[kept] == pytest.approx(of[kept], rel=1e-5)


def test_k_must_be_less_than_the_code() -> None:
    with pytest.raises(OptionError, match="Of 4 units, 4 may be active: choose fewer"):
        model_of("sparse", TOP, latent_dim=4)


def test_a_code_begins_centred_on_the_examples() -> None:
    model = model_of("sparse", TOP)
    model.kind.begin(model, X)
    head = model.encoder.get_layer("z")
    before = X.reshape(len(X), -1) @ head.kernel.numpy() + head.bias.numpy()
    assert before.mean(axis=0) == pytest.approx(np.zeros(32), abs=1e-5)
    empty = np.asarray(model.decoder(np.zeros((1, 32), np.float32))["x_hat"])[0]
    assert empty == pytest.approx(np.clip(X.mean(axis=0), 1e-3, 1 - 1e-3), abs=1e-5)


def test_a_dead_unit_comes_back_to_life_and_one_without_revival_does_not() -> None:
    def units_after(revival: float) -> int:
        spec = make_spec(
            "sparse", "digits", {**TOP, "revival": revival}, {"latent_dim": 32}, epochs=8, learning_rate=0.01
        )
        images = data.load("digits").split("train").images
        model = Autoencoder(spec)
        bias = model.encoder.get_layer("z").bias
        bias.assign(np.where(np.arange(32) < 16, -3.0, 0.0))  # sixteen that no image can wake
        work = Optimisation(model, spec, images, images[:50])
        assert not model.encode(as_float(images))["z"][:, :16].any()
        for epoch in range(8):
            work.run(work.batches(epoch))
        return int((model.encode(as_float(images))["z"][:, :16] > 0).any(axis=0).sum())

    assert units_after(0.0) == 0
    assert units_after(0.1) >= 12


# Denoising


@pytest.mark.parametrize("name", ["gaussian", "salt-and-pepper", "masking"])
def test_noise_is_fresh_at_every_step_and_repeats_with_the_seed(name: str) -> None:
    recipe = kinds.get("denoising")(noise=name, level=0.5)

    def two_steps(seed: int) -> tuple[np.ndarray, np.ndarray]:
        source = keras.random.SeedGenerator(seed)
        step = tf.function(lambda x: recipe.corrupt(x, source))  # traced once, as training is
        return step(tf.constant(X)).numpy(), step(tf.constant(X)).numpy()

    first, second = two_steps(0)
    assert np.mean(first != second) > 0.2
    again, _ = two_steps(0)
    assert np.array_equal(first, again)
    other, _ = two_steps(1)
    assert np.mean(first != other) > 0.2


def test_denoising_asks_for_the_clean_image() -> None:
    model = model_of("denoising", {"noise": "masking", "level": 0.6})
    p = forward(model)
    noisy = np.asarray(p.x_in)
    assert np.array_equal(p.x, X)
    expected, other = cross_entropy(X, p.logits).mean(), cross_entropy(noisy, p.logits).mean()
    assert terms_of(model, p)["reconstruction"] == pytest.approx(expected, rel=1e-5)
    assert abs(expected - other) > 1e-3
    assert np.asarray(p.code["z"]) == pytest.approx(np.asarray(model.encoder(noisy)["z"]), abs=1e-6)


# Contractive


def test_contraction_of_a_linear_encoder_is_its_weights_norm() -> None:
    model = model_of("contractive", {"method": "jacobian", "contraction": 0.25}, code_activation="linear")
    p = forward(model)
    norm = np.linalg.norm(model.encoder.get_layer("z").kernel.numpy()) ** 2
    assert np.asarray(contractive.squared_jacobian_norm(p)) == pytest.approx(np.full(len(X), norm), rel=1e-5)
    assert terms_of(model, p)["contraction"] == pytest.approx(0.25 * norm, rel=1e-5)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_closed_form_matches_central_differences(activation: str) -> None:
    model = model_of("contractive", latent_dim=9, code_activation=activation)
    kernel, bias = (v.numpy().astype(np.float64) for v in model.encoder.get_layer("z").trainable_variables)
    phi = {"relu": lambda a: np.maximum(a, 0), "sigmoid": lambda a: 1 / (1 + np.exp(-a)), "tanh": np.tanh}[activation]
    rows = jacobian(lambda x: phi(x.reshape(len(x), -1) @ kernel + bias), X.astype(np.float64))
    p = forward(model)
    got = np.asarray(contractive.squared_jacobian_norm(p))
    assert got == pytest.approx((rows**2).sum(axis=(1, 2)), rel=1e-4)
    differentiated = contractive.differentiated_norm(model.encoder, p.x_in, len(bias), p.seed)
    assert np.asarray(differentiated) == pytest.approx(got, rel=1e-4), "the two ways agree on one layer"


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize(("family", "hidden"), [("dense", (20,)), ("pooling", ()), ("strided", (10,))])
@pytest.mark.usefixtures("doubles")
def test_automatic_differentiation_matches_central_differences(
    family: str, hidden: tuple[int, ...], activation: str
) -> None:
    keras.utils.set_random_seed(1)
    network = Network(family, 5, hidden, code_activation=activation)
    encoder, _, _ = building.build(network.describe(forms.image(8, 8), ("z",)))
    # Ties under a pooling window have no derivative: real-valued images have none.
    x = X[:4].astype(np.float64) + 0.01 * np.random.default_rng(0).random((4, 8, 8))
    rows = jacobian(lambda x: encoder(x)["z"].numpy(), x)
    got = contractive.differentiated_norm(encoder, tf.constant(x), 5, keras.random.SeedGenerator(0))
    assert np.asarray(got) == pytest.approx((rows**2).sum(axis=(1, 2)), rel=1e-5)
    assert np.asarray(got).min() > 0


def test_hutchinsons_estimate_is_unbiased(monkeypatch: pytest.MonkeyPatch) -> None:
    units = contractive.EXACT_UNITS + 8
    encoder = model_of("contractive", latent_dim=units, hidden=(20,), code_activation="tanh").encoder
    x, source = tf.constant(X[:4]), keras.random.SeedGenerator(0)
    estimate = tf.function(lambda: contractive.differentiated_norm(encoder, x, units, source))
    draws = np.array([estimate().numpy() for _ in range(400)])
    monkeypatch.setattr(contractive, "EXACT_UNITS", units)
    exact = contractive.differentiated_norm(encoder, x, units, source).numpy()
    standard_error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (standard_error > 0).all()  # it is an estimate
    assert (standard_error < 0.03 * exact).all()
    assert (np.abs(draws.mean(axis=0) - exact) < 4 * standard_error).all()


def test_a_nudge_is_measured_against_the_spread_of_the_codes() -> None:
    model = model_of("contractive", {"stillness": 0.5, "nudge": 0.2}, hidden=(20,))
    p = forward(model)
    near = np.asarray(p.x_near, np.float64)
    assert near.min() >= 0
    assert near.max() <= 1
    inside = (near > 0) & (near < 1)
    assert (near - X)[inside].std() == pytest.approx(0.2, rel=0.2)
    codes, moved = (np.asarray(model.encoder(x)["z"], np.float64) for x in (X, near.astype(np.float32)))
    shares = np.square(moved - codes).mean(axis=0) / np.maximum(np.concatenate([codes, moved]).var(axis=0), 1e-12)
    expected = 0.5 * shares.mean() / 0.2**2
    assert terms_of(model, p)["contraction"] == pytest.approx(expected, rel=1e-4)
    scale = tf.constant(np.geomspace(0.1, 100, codes.shape[1]), tf.float32)
    scaled = replace(
        p, code={"z": scale * p.code["z"]}, encoder=lambda x, training: {"z": scale * model.encoder(x)["z"]}
    )
    found = terms_of(model, scaled)["contraction"]
    assert found == pytest.approx(expected, rel=1e-3), "no scale of the code nor of a unit changes anything"


def test_vanilla_nudges_nothing() -> None:
    p = forward(model_of("vanilla"))
    assert p.x_near is p.x


# Variational


def test_elbo_terms_match_numpy() -> None:
    model = model_of("variational", {"beta": 3.0}, latent_dim=4)
    p = forward(model)
    mean, log_var = (np.asarray(p.code[name], np.float64) for name in ("z_mean", "z_log_var"))
    kl = 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var).sum(axis=1)
    assert terms_of(model, p) == {
        "reconstruction": pytest.approx(cross_entropy(X, p.logits).sum(axis=(1, 2)).mean(), rel=1e-5),
        "kl": pytest.approx(3 * kl.mean(), rel=1e-4),
    }
    assert with_code(model, z_mean=np.zeros((5, 4)), z_log_var=np.zeros((5, 4)))["kl"] == 0, "at the prior"
    mean, log_var = np.random.default_rng(0).standard_normal((2, 5, 4))
    kl = 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var).sum(axis=1)
    assert with_code(model, z_mean=mean, z_log_var=log_var)["kl"] == pytest.approx(3 * kl.mean(), rel=1e-4)


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({}, {0.0: 1, 0.5: 1, 1.0: 1}),
        ({"schedule": "warm-up", "rise": 0.4}, {0.0: 0, 0.1: 0.25, 0.4: 1, 0.7: 1, 1.0: 1}),
        ({"schedule": "cyclical", "cycles": 2}, {0.0: 0, 0.125: 0.5, 0.25: 1, 0.4: 1, 0.5: 0, 0.625: 0.5, 1.0: 1}),
    ],
)
def test_beta_rises_as_its_schedule_says(options: dict[str, Any], steps: dict[float, float]) -> None:
    model = model_of("variational", {"beta": 3.0, **options}, latent_dim=4)
    whole = terms_of(model, forward(model, training=False))["kl"]
    for progress, share in steps.items():
        assert terms_of(model, forward(model, progress=progress))["kl"] == pytest.approx(share * whole, rel=1e-4)


def test_free_bits_count_each_unit_at_least_that_much() -> None:
    model = model_of("variational", {"beta": 2.0, "free_bits": 0.5}, latent_dim=3)
    mean, log_var = np.zeros((6, 3)), np.zeros((6, 3))
    mean[:, 1], mean[:, 2] = 0.1, [3, -3, 3, -3, 3, -3]  # 0, 0.005 and 4.5 nats
    assert with_code(model, z_mean=mean, z_log_var=log_var)["kl"] == pytest.approx(2 * (0.5 + 0.5 + 4.5), rel=1e-5)


def test_codes_are_drawn_from_the_encoders_distribution() -> None:
    recipe = kinds.get("variational")()
    code = {"z_mean": tf.constant([[3.0, -1.0]] * 20_000), "z_log_var": tf.constant([np.log([4.0, 0.25])] * 20_000)}
    code = {name: tf.cast(value, tf.float32) for name, value in code.items()}
    source = keras.random.SeedGenerator(0)
    z, again = (np.asarray(recipe.draw(code, source, True)) for _ in range(2))
    assert z.mean(axis=0) == pytest.approx([3, -1], abs=0.05)
    assert z.std(axis=0) == pytest.approx([2, 0.5], rel=0.03)
    assert abs(np.corrcoef(z.T)[0, 1]) < 0.03
    assert not np.array_equal(z, again)


# What the networks promise all kinds


FORMS = (
    *(forms.image(*side) for side in ((8, 8), (9, 7), (28, 28))),
    forms.image(33, 20, colour=True),
    Form("signal", (24, 1)),
    Form("signal", (131, 3)),
)


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("family", networks.names())
def test_networks_give_back_the_shape_they_took(family: str, form: Form) -> None:
    network = Network(family, 5, (6,), (7,))
    encoder, decoder, logits = building.build(network.describe(form, ("z_mean", "z_log_var")))
    x = np.random.default_rng(0).random((3, *form.shape), dtype=np.float32)
    code = encoder(x)
    assert {name: tuple(z.shape) for name, z in code.items()} == {"z_mean": (3, 5), "z_log_var": (3, 5)}
    x_hat = decoder(code["z_mean"])["x_hat"].numpy()
    assert x_hat.shape == x.shape
    assert x_hat == pytest.approx(1 / (1 + np.exp(-logits(code["z_mean"]).numpy())), abs=1e-6)


def test_the_convolutional_code_is_the_feature_map_itself() -> None:
    model = model_of("convolutional")
    assert not [layer for layer in model.encoder.layers if isinstance(layer, keras.layers.Dense)]
    assert np.asarray(model.encoder(X)["z"]).shape == (12, 2 * 2 * 8)


def test_tied_weights_are_counted_once_and_shared() -> None:
    model = model_of("vanilla", latent_dim=6, tied=True)
    names = [v.path for v in model.decoder.trainable_variables]
    assert len(names) == 1, "the decoder's own bias only"
    kernel = model.encoder.get_layer("z").kernel
    kernel.assign(kernel * 2)
    z = np.random.default_rng(0).random((2, 6), dtype=np.float32)
    expected = (z @ kernel.numpy().T + model.decoder.trainable_variables[0].numpy()).reshape(2, 8, 8)
    assert model.logits(z).numpy() == pytest.approx(expected, abs=1e-5)
