"""The tiles of every run that ships are fine enough: what a lens shows between them is what the decoder gives."""

import numpy as np
import pytest

from ae_core import images, runs
from ae_core.latent import MAIN_PLANE
from pages.serving import lens_tiles

PLACES = 60
TOLERANCE = 0.02  # at the 99th percentile of the values that are not background in either


@pytest.mark.parametrize("name", [run.name for run in runs.shipped()])
def test_what_lies_between_tiles_is_what_the_decoder_gives(name: str) -> None:
    scene = lens_tiles.scene(runs.read(runs.SHIPPED / name), MAIN_PLANE)
    home, world = scene.home, scene.world
    rng = np.random.default_rng(7)  # others than those by which the level was chosen
    p = np.array([home.x, home.y]) + home.reach * rng.uniform(-0.98, 0.98, (PLACES, 2))
    step = 2 * world.reach / (scene.places - 1) / 2**scene.level
    origin = np.array([world.x - world.reach, world.y - world.reach])
    at = np.floor((p - origin) / step)
    t = ((p - origin) / step - at).astype(np.float32)
    corners = np.array([(i, j) for j in range(-1, 3) for i in range(-1, 3)])
    lattice = origin + step * (at[:, None] + corners)
    decoded = images.as_uint8(scene.run.decode(scene.plane.codes(lattice.reshape(-1, 2)))) / np.float32(255)
    # Keys 1981, Cubic convolution interpolation, equation 15, written out for the four neighbours.
    weights = [
        np.stack([-(a**3) + 2 * a**2 - a, 3 * a**3 - 5 * a**2 + 2, -3 * a**3 + 4 * a**2 + a, a**3 - a**2]).T / 2
        for a in t.T
    ]
    both = (weights[1][:, :, None] * weights[0][:, None]).reshape(PLACES, 16)
    shown = np.einsum("nk,nk...->n...", both, decoded.reshape(PLACES, 16, *decoded.shape[1:]))
    exact = np.clip(scene.run.decode(scene.plane.codes(p)), 0, 1)
    seen = (shown > 1 / 255) | (exact > 1 / 255)
    assert np.quantile(np.abs(np.clip(shown, 0, 1) - exact)[seen], 0.99) <= TOLERANCE
