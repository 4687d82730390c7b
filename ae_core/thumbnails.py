"""Small pictures of examples: an image is its own, a signal or a row of a table becomes a curve on black."""

import numpy as np

from ae_core.forms import Form
from ae_core.images import as_uint8

SIDE = 72  # pixels of a curve's picture
ROOM = 3.0  # pixels above the largest value and below the smallest one
HALF = 0.75  # of a line's width, in pixels
FINE = 4  # places along a curve for each column of pixels, at least
PART = 4_000_000  # numbers at a time
WHITE = (255, 255, 255)
# Of channels, on every ground, as pages/widgets/picture.js has them; of a single one on black white.
COLOURS = ("#3f90da", "#e76300", "#8a48d2", "#717581", "#c93115", "#a96b59", "#ffa90e", "#92dadd")
ADDED, LOST = (231, 99, 0), (63, 144, 218)


def size(form: Form, side: int = SIDE) -> tuple[int, int]:
    """Height and width of the picture of an example."""
    return (form.shape[0], form.shape[1]) if form.is_image else (side, side)


def draw(form: Form, x: np.ndarray, side: int = SIDE, against: np.ndarray | None = None) -> np.ndarray:
    """Draws examples.

    Args:
        form: What they are.
        x: Examples (n, *shape), uint8 or floats in [0, 1].
        side: Pixels of a curve's picture.
        against: Examples, with which those of signals and tables are compared: what is above them is filled orange,
            what is below blue.

    Returns:
        uint8 of shape (n, h, w), or (n, h, w, 3) in colour.
    """
    if form.is_image:
        return as_uint8(x)
    values, other = in_channels(form, x), None if against is None else in_channels(form, against)
    few = max(1, PART // (side * side * max(values.shape[2], FINE)))
    parts = [
        _curves(values[i : i + few], side, None if other is None else other[i : i + few], has_order(form))
        for i in range(0, max(len(values), 1), few)
    ]
    return np.concatenate(parts)


def in_channels(form: Form, x: np.ndarray) -> np.ndarray:
    """Examples that are no images as curves, float32 (n, t, c)."""
    return np.asarray(x, np.float32).reshape(-1, form.shape[0], form.channels if form.sides else 1)


def has_order(form: Form) -> bool:
    """Whether neighbouring values are alike; else, as those of a table, they are drawn as bars."""
    return bool(form.sides)


def _curves(values: np.ndarray, side: int, against: np.ndarray | None, in_order: bool) -> np.ndarray:
    """Curves of values (n, t, c) as pictures."""
    n, _, channels = values.shape
    low, high = _envelope(values, side, in_order)
    down = np.arange(side, dtype=np.float32)[None, :, None, None]
    # A line, or bars that stand on the ground; what is compared with something else stays a line.
    share = _covered(
        down, high - HALF, low + HALF if in_order or against is not None else np.full_like(low, side - ROOM)
    )
    if channels == 1 and against is None:
        return np.round(255 * share[..., 0]).astype(np.uint8)
    picture = np.zeros((n, side, side, 3), np.float32)
    if against is not None:
        lower, upper = _envelope(against, side, in_order)
        middle, own = (lower + upper) / 2, (low + high) / 2
        for colour, top, bottom in ((ADDED, own, middle), (LOST, middle, own)):
            filled = _covered(down, top, np.maximum(bottom, top)).max(axis=-1)
            _lay(picture, filled, colour)
    for channel in range(channels):
        own_colour = tuple(bytes.fromhex(COLOURS[channel % len(COLOURS)][1:]))
        _lay(picture, share[..., channel], WHITE if channels == 1 else own_colour)
    return np.round(picture).astype(np.uint8)


def _envelope(values: np.ndarray, side: int, in_order: bool) -> tuple[np.ndarray, np.ndarray]:
    """Where curves are lowest and highest in each column of pixels: rows from the top, (n, 1, side, c)."""
    n, steps, channels = values.shape
    fine = max(FINE, -(-steps // side))
    if in_order:
        at = np.linspace(0, steps - 1, side * fine, dtype=np.float32)
        before = np.minimum(at.astype(int), max(steps - 2, 0))
        after = np.minimum(before + 1, steps - 1)
        share = (at - before)[None, :, None]
        along = np.clip(values[:, before] * (1 - share) + values[:, after] * share, 0, 1)
    else:
        along = np.clip(values[:, np.arange(side * fine) * steps // (side * fine)], 0, 1)
    rows = (ROOM + (1 - along) * (side - 1 - 2 * ROOM)).reshape(n, side, fine, channels)
    return rows.max(axis=2)[:, None], rows.min(axis=2)[:, None]


def _covered(down: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Which share of each pixel lies between two rows."""
    return np.clip(np.minimum(down + 0.5, bottom) - np.maximum(down - 0.5, top), 0, 1)


def _lay(picture: np.ndarray, share: np.ndarray, colour: tuple[int, ...]) -> None:
    """Paints a colour over a picture (n, side, side, 3)."""
    picture *= 1 - share[..., None]
    picture += share[..., None] * np.array(colour, np.float32)
