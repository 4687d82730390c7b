"""Noise has the strength it claims, and NumPy and Keras agree on it."""

import numpy as np
import pytest
from scipy import stats

from ae_core import kinds, noise
from ae_core.errors import OptionError

GREY = np.full((200, 20, 20), 0.5, np.float32)
RAMP = np.linspace(0, 1, 50 * 8 * 8, dtype=np.float32).reshape(50, 8, 8)


@pytest.mark.parametrize("name", noise.NOISES)
def test_noise_is_a_function_of_its_seed_and_stays_in_range(name: str) -> None:
    noisy = noise.add(RAMP, name, 0.7, seed=3)
    assert noisy.dtype == np.float32
    assert noisy.shape == RAMP.shape
    assert noisy.min() >= 0
    assert noisy.max() <= 1
    assert np.array_equal(noisy, noise.add(RAMP, name, 0.7, seed=3))
    assert not np.array_equal(noisy, noise.add(RAMP, name, 0.7, seed=4))
    assert np.array_equal(noise.add(RAMP, name, 0.0, seed=3), RAMP)


def test_gaussian_level_is_its_standard_deviation() -> None:
    added = noise.add(GREY, "gaussian", 0.1, seed=0) - GREY
    assert added.std() == pytest.approx(0.1, rel=0.01)
    assert added.mean() == pytest.approx(0, abs=0.002)
    assert stats.kstest(added.ravel()[:5000] / 0.1, "norm").pvalue > 1e-3
    clipped = noise.add(np.zeros_like(GREY), "gaussian", 0.5, seed=0)
    assert np.mean(clipped == 0) == pytest.approx(0.5, abs=0.01)
    assert np.mean(clipped == 1) == pytest.approx(stats.norm.sf(2), abs=0.003)


@pytest.mark.parametrize(("name", "black", "white"), [("salt-and-pepper", 0.15, 0.15), ("masking", 0.3, 0)])
def test_the_level_of_other_noise_is_the_share_of_pixels(name: str, black: float, white: float) -> None:
    noisy, whole = (noise.add(GREY, name, level, seed=0) for level in (0.3, 1.0))
    for value, share in ((0, black), (1, white), (0.5, 0.7)):
        assert np.mean(noisy == value) == pytest.approx(share, abs=0.01)
    assert not (whole == 0.5).any()


@pytest.mark.parametrize("name", noise.NOISES)
def test_training_draws_the_same_noise_as_the_pages(name: str) -> None:
    import keras

    field = noise.draw_field(name, RAMP.shape, seed=5)
    with_keras = noise.corrupt(keras.ops.convert_to_tensor(RAMP), name, 0.4, field, keras.ops)
    assert keras.ops.convert_to_numpy(with_keras) == pytest.approx(noise.corrupt(RAMP, name, 0.4, field), abs=1e-7)
    grey, source = keras.ops.convert_to_tensor(GREY), keras.random.SeedGenerator(1)
    trained = keras.ops.convert_to_numpy(kinds.get("denoising")(noise=name, level=0.4).corrupt(grey, source))
    assert stats.ks_2samp(trained.ravel(), noise.add(GREY, name, 0.4, seed=1).ravel()).statistic < 0.01
    # Neighbouring pixels are independent of each other.
    assert abs(np.corrcoef(trained[:, :, :-1].ravel(), trained[:, :, 1:].ravel())[0, 1]) < 0.02


def test_unknown_noise_and_levels_out_of_range_are_refused() -> None:
    with pytest.raises(OptionError, match=r"'fog'.*gaussian, salt-and-pepper, masking"):
        noise.add(GREY, "fog", 0.5, seed=0)
    for level in (-0.1, 1.1, float("nan")):
        with pytest.raises(OptionError, match=r"in \[0, 1\]"):
            noise.add(GREY, "masking", level, seed=0)
