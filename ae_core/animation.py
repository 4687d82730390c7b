"""Films as GIF files."""

import io

import numpy as np
from PIL import Image

from ae_core.errors import OptionError
from ae_core.images import as_uint8

SHORTEST = 0.02  # seconds; browsers slow down what asks for less


def side_by_side(films: list[np.ndarray], gap: int = 2) -> np.ndarray:
    """Joins films (n, h, w) of equal length and height into one, (n, h, sum of widths and black gaps)."""
    if not films:
        raise OptionError("There is no film to show.")
    n, h, _ = films[0].shape
    if any(film.shape[:2] != (n, h) for film in films):
        raise OptionError("Films side by side must have the same number of frames and the same height.")
    between = np.zeros((n, h, gap), np.float32)
    parts = [part for film in films for part in (film, between)][:-1]
    return np.concatenate(parts, axis=2)


def to_gif(frames: np.ndarray, scale: int = 8, seconds: float = 3.0, back: bool = True) -> bytes:
    """Encodes frames as a GIF that loops for ever, each pixel a square, grey values exact.

    Args:
        frames: At least 2, (n, h, w) in [0, 1].
        scale: Side of a pixel's square.
        seconds: Duration of one pass.
        back: Whether to play the frames backwards too, 2n − 2 frames instead of n.

    Returns:
        The bytes of a GIF file.

    Raises:
        OptionError: if there are fewer than 2 frames, one is not finite, or scale or seconds are not positive.
    """
    frames = np.asarray(frames)
    if frames.ndim != 3 or len(frames) < 2:
        raise OptionError(f"An animation needs at least 2 frames of shape (n, h, w), got {frames.shape}.")
    if not np.isfinite(frames).all():
        raise OptionError("Frames must be finite numbers.")
    if scale < 1 or not 0 < seconds <= 600:
        raise OptionError(f"An animation needs a scale of at least 1 and 0 to 600 seconds, got {scale} and {seconds}.")
    grey = as_uint8(frames)
    if back:
        grey = np.concatenate([grey, grey[-2:0:-1]])
    first, *others = [Image.fromarray(f.repeat(scale, axis=0).repeat(scale, axis=1)) for f in grey]
    duration = round(1000 * max(seconds / len(frames), SHORTEST))
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=duration, loop=0)
    return file.getvalue()
