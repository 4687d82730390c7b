"""GIFs, read again by Pillow."""

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from ae_core import animation
from ae_core.errors import OptionError


def opened(content: bytes) -> tuple[Image.Image, np.ndarray]:
    """The file, and its frames as grey values (n, h, w)."""
    image = Image.open(io.BytesIO(content), formats=["GIF"])
    return image, np.stack([np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(image)])


@pytest.mark.parametrize("scale", [1, 5])
@pytest.mark.parametrize("shape", [(2, 3, 3), (16, 28, 28), (7, 8, 20)])
def test_each_pixel_is_a_square_of_its_own_grey(shape: tuple[int, int, int], scale: int) -> None:
    frames = np.random.default_rng(0).random(shape).astype(np.float32)
    image, read = opened(animation.to_gif(frames, scale, back=False))
    assert (image.n_frames, image.info["loop"]) == (len(frames), 0)
    grey = np.round(frames * 255).astype(np.uint8)
    np.testing.assert_array_equal(read, grey.repeat(scale, axis=1).repeat(scale, axis=2))


def test_a_film_runs_back_and_takes_its_time() -> None:
    frames = np.linspace(0, 1, 5)[:, None, None] * np.ones((1, 4, 4))
    image, read = opened(animation.to_gif(frames, 1, back=True))
    assert image.n_frames == 8
    np.testing.assert_array_equal(read[:, 0, 0], np.round(np.array([0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25]) * 255))
    greys = np.stack([np.arange(256).reshape(16, 16), np.arange(256)[::-1].reshape(16, 16)]) / 255
    image, read = opened(animation.to_gif(greys, 1, seconds=0.4, back=False))
    np.testing.assert_array_equal(read, np.round(greys * 255))
    assert image.info["duration"] == 200
    frames = np.zeros((4, 4, 4))
    frames[3] = 1
    image, read = opened(animation.to_gif(frames, 1, seconds=4.0, back=False))
    assert image.n_frames == 2, "frames that are the same only last longer"
    assert image.info["duration"] + 0 in (1000, 3000)
    np.testing.assert_array_equal(read[[0, -1], 0, 0], [0, 255])


def test_titles_stand_above_the_films_and_leave_the_frames_alone() -> None:
    films = list(np.random.default_rng(0).random((3, 4, 28, 28)))
    titles = ["Variational", "A title of many words that takes more than a line", "Unbreakable" * 6]
    frames = animation.side_by_side(films)
    plain, titled = (opened(animation.to_gif(frames, 8, back=False, titles=t))[1] for t in ((), titles))
    high = titled.shape[1] - plain.shape[1]
    np.testing.assert_array_equal(titled[:, high:], plain)
    assert (titled[:, :high] == titled[:1, :high]).all()
    heading = titled[0, :high] > 128
    cells = [heading[:, i * 240 : i * 240 + 224] for i in range(3)]
    assert sum(cell.sum() for cell in cells) == heading.sum(), "nothing stands between the films"
    rows = [np.ptp(np.flatnonzero(cell.any(axis=1))) for cell in cells]
    assert 10 <= rows[0] < rows[1], "letters that can be read, in one line and in more"
    alone = opened(animation.to_gif(films[0], 8, back=False, titles=titles[:1]))[1]
    assert alone[0, : alone.shape[1] - 224].any()


def test_films_of_one_size_stand_side_by_side() -> None:
    a, b = np.full((3, 4, 5), 0.5), np.ones((3, 4, 2))
    both = animation.side_by_side([a, b], gap=1)
    assert both.shape == (3, 4, 8)
    np.testing.assert_array_equal(both[0, 0], [0.5] * 5 + [0] + [1] * 2)
    np.testing.assert_array_equal(animation.side_by_side([a]), a)
    for films in ([], [a, b[:2]], [a, b[:, :3]]):
        with pytest.raises(OptionError):
            animation.side_by_side(films)


@pytest.mark.parametrize(
    ("frames", "scale", "seconds", "why"),
    [
        (np.zeros((1, 4, 4)), 8, 3, "at least 2 frames"),
        (np.zeros((4, 4)), 8, 3, "at least 2 frames"),
        (np.full((3, 4, 4), np.nan), 8, 3, "finite"),
        (np.zeros((3, 4, 4)), 0, 3, "scale"),
        (np.zeros((3, 4, 4)), 8, 0, "seconds"),
        (np.zeros((3, 4, 4)), 8, np.nan, "seconds"),
    ],
)
def test_no_animation_is_made_of_these(frames: np.ndarray, scale: int, seconds: float, why: str) -> None:
    with pytest.raises(OptionError, match=why):
        animation.to_gif(frames, scale, seconds)
