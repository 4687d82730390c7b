"""The untrained encoder is Keras's with the same weights, and its decoder scikit-learn's ridge regression."""

import math

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from ae_core import comparison, data, untrained
from ae_core.errors import OptionError
from ae_core.networks.layers import Conv2DTranspose, Dense
from ae_core.spec import Spec, make_spec

RNG = np.random.default_rng(0)
NETWORK = {"family": "dense", "latent_dim": 12, "hidden": (24, 16), "normalised": True}


def layers_of(spec: Spec) -> tuple:
    return (*spec.architecture.encoder, spec.architecture.head)


@pytest.mark.parametrize(
    ("kind", "options", "network", "dataset"),
    [
        ("vanilla", {}, NETWORK, "digits"),
        ("sparse", {"method": "topk", "k": 5}, NETWORK, "digits"),
        ("vanilla", {}, NETWORK | {"normalised": False}, "digits"),
        ("vanilla", {}, {"family": "strided", "latent_dim": 9}, "digits"),
        ("convolutional", {}, {}, "digits"),
        ("vanilla", {}, {"family": "strided", "latent_dim": 9}, "ecg"),
        ("vanilla", {}, {"family": "pooling", "latent_dim": 9}, "emoji"),
    ],
)
def test_codes_are_those_of_keras_with_the_same_weights(kind: str, options: dict, network: dict, dataset: str) -> None:
    from ae_core.networks import building

    spec = make_spec(kind, dataset, options, network)
    encoder, _, _ = building.build(spec.architecture)
    rng = np.random.default_rng(3)
    for variable in encoder.trainable_variables:
        if variable.name == "kernel":
            *sides, inner, outer = variable.shape
            limit = math.sqrt(6 / (math.prod(sides) * (inner + outer)))
            variable.assign(rng.uniform(-limit, limit, variable.shape))
    x = RNG.random((20, *spec.form.shape), np.float32)
    expected = encoder(x)["z"].numpy()
    np.testing.assert_allclose(untrained.encode(layers_of(spec), x, seed=3), expected, atol=1e-5)


def test_weights_are_spread_as_keras_spreads_them() -> None:
    import keras

    (found,) = [untrained.encode([Dense(300)], np.eye(200, dtype=np.float32))]
    expected = keras.initializers.GlorotUniform(0)((200, 300)).numpy()
    assert found.std() == pytest.approx(expected.std(), rel=0.01)
    assert np.abs(found).max() == pytest.approx(np.abs(expected).max(), rel=0.01)


def test_what_decodes_is_refused_and_a_huge_decoder_has_no_error() -> None:
    with pytest.raises(OptionError, match="must be of layers that encode, got Conv2DTranspose"):
        untrained.encode([Conv2DTranspose(4)], np.zeros((1, 8, 8, 1), np.float32))
    large = make_spec("vanilla", "emoji", network={"family": "dense", "latent_dim": 1024}).network
    assert large.latent_dim * 32 * 32 * 3 <= untrained.MOST_WEIGHTS
    spec = make_spec("vanilla", "digits", network={"family": "dense", "latent_dim": 12})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(untrained, "MOST_WEIGHTS", 12 * 64 - 1)
        assert np.isnan(untrained.errors([spec])).all()
    assert untrained.errors([]) == []


def test_the_decoder_is_scikit_learns_ridge_regression() -> None:
    codes, x = RNG.normal(2, 3, (90, 6)), RNG.normal(size=(90, 11))
    weights, bias = untrained.fit_decoder([(codes[:50], x[:50]), (codes[50:], x[50:])], ridge=0.3)
    expected = Ridge(alpha=0.3 * len(codes) * codes.var(axis=0).mean()).fit(codes, x)
    np.testing.assert_allclose(weights, expected.coef_.T, atol=1e-8)
    np.testing.assert_allclose(bias, expected.intercept_, atol=1e-8)


def test_codes_of_dead_and_equal_units_have_a_decoder() -> None:
    one = RNG.normal(size=(40, 1))
    codes = np.hstack([one, one, np.zeros((40, 1))])
    weights, bias = untrained.fit_decoder([(codes, 5 * one + 1)])
    np.testing.assert_allclose(codes @ weights + bias, 5 * one + 1, atol=1e-3)
    weights, bias = untrained.fit_decoder([(np.zeros((40, 2)), one)])
    np.testing.assert_allclose(bias, one.mean(axis=0))
    assert np.abs(weights).max() == 0


def test_the_error_is_that_of_test_examples_which_the_decoder_did_not_see() -> None:
    spec = make_spec("vanilla", "digits", network={"family": "dense", "latent_dim": 24})
    train, test = (data.as_float(data.load("digits").split(which).images) for which in ("train", "test"))
    codes = [untrained.encode(layers_of(spec), x) for x in (train, test)]
    alpha = untrained.RIDGE * len(train) * codes[0].var(axis=0).mean()
    ridge = Ridge(alpha=alpha).fit(codes[0].astype(float), train.reshape(len(train), -1))
    expected = np.mean((test.reshape(len(test), -1) - ridge.predict(codes[1])) ** 2)
    (error,) = untrained.errors([spec])
    assert error == pytest.approx(expected, rel=1e-3)
    assert error > comparison.pca_error("digits", 24), "PCA is the best linear code"


def test_more_units_lose_less() -> None:
    specs = [make_spec("vanilla", "digits", network={"family": "dense", "latent_dim": d}) for d in (2, 8, 32, 128)]
    assert np.all(np.diff(untrained.errors(specs)) < 0)
