"""What preparing does to a picture, step by step."""

import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ae_core import data, images
from ae_core.errors import ImageError
from ae_core.preparing import Steps, prepare

SHAPE = (28, 28)
EVERYTHING = Steps()
NOTHING = Steps(invert=False, crop=False, centre=False, contrast=False)


def block(size: tuple[int, int], box: tuple[int, int, int, int], ground: int = 0, thing: int = 255) -> np.ndarray:
    """A block on a plain ground, uint8 (h, w); the box as (top, left, bottom, right)."""
    grey = np.full(size, ground, np.uint8)
    grey[box[0] : box[2], box[1] : box[3]] = thing
    return grey


def photograph() -> np.ndarray:
    """A shirt off the middle of a larger picture, noisy and compressed as a photograph is."""
    image = Image.new("L", (640, 480), 225)
    draw = ImageDraw.Draw(image)
    draw.polygon([(90, 110), (190, 70), (270, 70), (370, 110), (350, 170), (310, 150), (310, 330), (150, 330),
                  (150, 150), (110, 170)], fill=60)  # fmt: skip
    noisy = np.asarray(image) + np.random.default_rng(0).normal(0, 4, (480, 640))
    file = io.BytesIO()
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=60)
    return images.decode(file.getvalue())


def prepared(grey: np.ndarray, steps: Steps = EVERYTHING) -> np.ndarray:
    return prepare(grey, SHAPE, steps)[-1].image


def as_grey(image: np.ndarray) -> np.ndarray:
    return np.round(image * 255).astype(np.uint8)


def centre_of_mass(image: np.ndarray) -> tuple[float, float]:
    rows, columns = np.indices(image.shape)
    return float((rows * image).sum() / image.sum()), float((columns * image).sum() / image.sum())


def test_what_the_models_know_passes_unchanged_and_comes_back_when_enlarged() -> None:
    x = data.load("fashion-mnist").split("test").images[:300]
    changed = [np.abs(prepared(image) - image / 255).max() for image in x]
    # A few are smaller than their frame by more than a pixel.
    assert np.mean(np.array(changed) < 0.01) > 0.98
    enlarged = x[0].repeat(4, axis=0).repeat(4, axis=1)
    np.testing.assert_allclose(prepared(enlarged, NOTHING), x[0] / 255, atol=1e-6)
    np.testing.assert_allclose(prepared(enlarged), x[0] / 255, atol=0.01)


def test_preparing_twice_is_preparing_once() -> None:
    for grey in (photograph(), block((112, 112), (10, 20, 60, 50)), block((90, 40), (50, 5, 80, 25), 200, 90)):
        once = prepared(grey)
        np.testing.assert_allclose(prepared(as_grey(once)), once, atol=0.01)


def test_a_photograph_on_light_ground_becomes_bright_on_black() -> None:
    x = prepared(photograph())
    assert np.median(images.border(x)) == 0
    assert np.mean(x[20:, :3] > 0) < 0.05, "the noise on its ground"
    assert x.max() == 1
    assert x[12:20, 10:18].min() > 0.8, "the shirt's middle"
    dark = prepared(photograph(), Steps(invert=False))
    assert np.median(images.border(dark)) == 1
    assert dark[14, 14] < 0.2, "contrast leaves what was not inverted visible"


def test_white_on_light_grey_is_not_inverted() -> None:
    grey = block((112, 112), (20, 20, 90, 90), 180, 255)
    x = prepared(grey)
    assert x[14, 14] == 1
    np.testing.assert_allclose(prepared(255 - grey), x, atol=1e-6)


def test_every_step_is_shown_in_order_and_can_be_left_out() -> None:
    grey = photograph()
    stages = prepare(grey, SHAPE)
    assert [s.name for s in stages] == ["given", "invert", "crop", "centre", "contrast"]
    for stage in stages:
        assert (stage.image.shape, stage.image.dtype) == (SHAPE, np.float32)
        assert stage.image.min() >= 0
        assert stage.image.max() <= 1
    np.testing.assert_allclose(stages[1].image, 1 - stages[0].image, atol=1e-6)
    for at, name in enumerate(("invert", "crop", "centre", "contrast"), start=1):
        stages = prepare(grey, SHAPE, Steps(**{name: False}))
        assert np.array_equal(stages[at].image, stages[at - 1].image), name
        assert not stages[at].taken


@pytest.mark.parametrize("box", [(5, 5, 25, 45), (60, 80, 110, 100), (0, 0, 30, 30), (40, 0, 60, 112)])
def test_cropping_makes_the_longer_side_fill_the_frame(box: tuple[int, int, int, int]) -> None:
    x = prepared(block((112, 112), box), Steps(centre=False))
    height, width = (len(np.flatnonzero((x > 0.5).any(axis=axis))) for axis in (1, 0))
    assert max(height, width) >= 27
    assert height / width == pytest.approx((box[2] - box[0]) / (box[3] - box[1]), rel=0.12)


@pytest.mark.parametrize("crop", [True, False])
@pytest.mark.parametrize("box", [(5, 5, 25, 45), (60, 80, 110, 100), (0, 0, 30, 30), (90, 3, 97, 10)])
def test_centring_puts_the_middle_of_a_block_in_the_middle(box: tuple[int, int, int, int], crop: bool) -> None:
    x = prepared(block((112, 112), box), Steps(crop=crop))
    assert centre_of_mass(x) == pytest.approx((13.5, 13.5), abs=0.5)


def test_centring_loses_nothing() -> None:
    boot = block((112, 112), (60, 70, 112, 84)) | block((112, 112), (100, 70, 112, 112))  # its mass is at one side
    whole, moved = (prepared(boot, Steps(crop=False, centre=centre)) for centre in (False, True))
    assert moved.sum() == pytest.approx(whole.sum(), rel=0.03)


def test_contrast_reaches_from_black_to_white_and_keeps_the_order() -> None:
    grey = block((112, 112), (20, 40, 90, 75), 60, 140)
    grey[40:60, 50:60] = 100
    before, after = (prepared(grey, Steps(contrast=c)) for c in (False, True))
    assert (before.min(), before.max()) == pytest.approx((60 / 255, 140 / 255), abs=0.05)
    assert (after.min(), after.max()) == (0, 1)
    order = np.argsort(before, axis=None)
    assert all(a <= b for a, b in pairwise(after.ravel()[order]))


def test_without_any_step_the_whole_picture_keeps_its_proportions_on_its_ground() -> None:
    x = prepared(block((20, 80), (2, 2, 18, 78), 40, 240), NOTHING)
    assert x[:10] == pytest.approx(40 / 255)
    assert x[-10:] == pytest.approx(40 / 255)
    assert 5 <= (x[:, 14] > 0.8).sum() <= 7  # 28 wide, so 7 high
    assert x[14, 2:-2].min() > 0.9


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("steps", [EVERYTHING, NOTHING])
def test_a_plain_colour_is_refused_in_a_sentence_that_says_what_to_do(level: int, steps: Steps) -> None:
    with pytest.raises(ImageError, match=r"one plain colour: draw something on it, or choose another one\.$"):
        prepare(np.full((112, 112), level, np.uint8), SHAPE, steps)


@pytest.mark.parametrize(
    ("ground", "thing", "says"),
    [
        (0, 4, "almost black, its grey values go from 0 to 4 of 255: raise its contrast"),
        (255, 252, "almost white, its grey values go from 252 to 255 of 255: raise its contrast"),
        (128, 131, "almost one plain colour, its grey values go from 128 to 131 of 255: raise its contrast"),
    ],
)
@pytest.mark.parametrize("steps", [EVERYTHING, NOTHING])
def test_what_is_almost_plain_is_refused_as_what_it_is(ground: int, thing: int, says: str, steps: Steps) -> None:
    with pytest.raises(ImageError, match=says):
        prepare(block((112, 112), (20, 20, 80, 80), ground, thing), SHAPE, steps)
    prepare(block((112, 112), (20, 20, 80, 80), 0, 30), SHAPE, steps)


def test_pure_noise_has_no_content_and_passes() -> None:
    noise = np.random.default_rng(0).integers(0, 256, SHAPE).astype(np.uint8)
    assert prepared(noise).shape == SHAPE


@pytest.mark.parametrize("size", [(2, 1), (1, 5000), (5000, 2), (31, 17), (3000, 4000)])
@pytest.mark.parametrize("shape", [SHAPE, (8, 8), (5, 9)])
def test_every_size_is_served(size: tuple[int, int], shape: tuple[int, int]) -> None:
    grey = np.zeros(size, np.uint8)
    grey[: (size[0] + 1) // 2, : (size[1] + 1) // 2] = 255
    image = prepare(grey, shape)[-1].image
    assert image.shape == shape
    assert image.min() >= 0
    assert image.max() <= 1
