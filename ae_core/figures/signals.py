"""Signals and rows of tables as small curves, in tiles beside and below one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ae_core import thumbnails
from ae_core.figures.style import Trace, trace
from ae_core.forms import Form
from ae_core.thumbnails import COLOURS, has_order, in_channels

HEIGHT, WIDTH = 48, 72  # of a tile, in units of the axes
MOST_STEPS = 160  # of a curve that are drawn
ROOM = 0.06  # of a tile's height, beyond the range of values on either side
SIDE_ROOM = 0.04  # of its width, so that curves of neighbours do not meet
ERROR_SCALE = 0.25  # an error of a quarter of the range reaches the edge of its tile
GROUND = "rgba(128, 128, 128, 0.10)"
ADDED, LOST = ("rgba({}, {}, {}, 0.75)".format(*colour) for colour in (thumbnails.ADDED, thumbnails.LOST))
TINT, TINTS = "31, 105, 190", 16  # colour, and how many levels of it


@dataclass(frozen=True)
class Curves:
    """Examples to be drawn as curves.

    Attributes:
        values: (n, t, c), about in [0, 1].
        against: What they are compared with, likewise: where values are larger it is filled orange, else blue, and no
            line is drawn.
        has_order: Whether neighbouring steps are alike; if not, they are drawn as bars.
        tints: How strongly the ground of each is tinted, (n,) in [0, 1].
    """

    values: np.ndarray
    against: np.ndarray | None = None
    has_order: bool = True
    tints: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Their number, and the height and width of a tile."""
        return len(self.values), HEIGHT, WIDTH

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: slice) -> "Curves":
        against, tints = (None if part is None else part[rows] for part in (self.against, self.tints))
        return Curves(self.values[rows], against, self.has_order, tints)


def curves(form: Form, x: np.ndarray) -> Curves:
    """Examples (n, *shape) of signals or tables as curves."""
    return Curves(in_channels(form, x), has_order=has_order(form))


def errors(form: Form, x: np.ndarray, x_hat: np.ndarray) -> Curves:
    """What reconstruction x_hat added to examples x (n, *shape) and lost of them, around the middle of tiles."""
    difference = in_channels(form, x_hat) - in_channels(form, x)
    middle = np.full_like(difference, 0.5)
    return Curves(middle + difference * (0.5 / ERROR_SCALE), middle, has_order(form))


def traces(blocks: Sequence[tuple[Curves, np.ndarray, np.ndarray]]) -> list[Trace]:
    """Curves in tiles.

    Args:
        blocks: Curves with the left and upper edges of their tiles, (n,) each.
    """
    found = [_ground(left, top) for _, left, top in blocks]
    tinted = [(shown.tints, left, top) for shown, left, top in blocks if shown.tints is not None]
    if tinted:
        tints, lefts, tops = (np.concatenate(parts) for parts in zip(*tinted, strict=True))
        levels = np.ceil(tints * TINTS).astype(int)
        for level in np.unique(levels[levels > 0]):  # a trace for each, not for each tile
            among = levels == level
            found.append(_ground(lefts[among], tops[among], f"rgba({TINT}, {0.7 * level / TINTS:.3f})"))
    for shown, left, top in blocks:
        if shown.against is not None:
            found += [
                _filled(shown, left, top, 1, ADDED),
                _filled(shown, left, top, -1, LOST),
            ]
    lined = [block for block in blocks if block[0].against is None]
    if lined and not lined[0][0].has_order:
        bars = [_bars(shown.values[..., 0], np.zeros(shown.values.shape[:2]), left, top) for shown, left, top in lined]
        x, y = (np.concatenate(parts) for parts in zip(*bars, strict=True))
        return [*found, _area(x, y, COLOURS[0])]
    for channel in range(blocks[0][0].values.shape[2] if lined else 0):
        lines = [_line(shown.values[..., channel], left, top) for shown, left, top in lined]
        x, y = (np.concatenate(parts) for parts in zip(*lines, strict=True))
        found.append(
            trace(
                "scatter",
                x=x,
                y=y,
                mode="lines",
                line={"color": COLOURS[channel % len(COLOURS)], "width": 1.5},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    return found


def _ground(left: np.ndarray, top: np.ndarray, colour: str = GROUND) -> Trace:
    across, down = np.array([0, 1, 1, 0, 0, np.nan]) * WIDTH, np.array([0, 0, 1, 1, 0, np.nan]) * HEIGHT
    return _area((left[:, None] + across).ravel(), (top[:, None] + down).ravel(), colour)


def _area(x: np.ndarray, y: np.ndarray, colour: str) -> Trace:
    return trace(
        "scatter",
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=colour,
        hoverinfo="skip",
        showlegend=False,
    )


def _line(values: np.ndarray, left: np.ndarray, top: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of curves (n, t) with a gap after each."""
    n, steps = values.shape
    places = _drawn(values)
    x = left[:, None] + _across(places / max(steps - 1, 1))
    y = top[:, None] + _height(np.take_along_axis(values, places, axis=1))
    gap = np.full((n, 1), np.nan)
    return (np.concatenate([part, gap], axis=1).ravel().astype(np.float32) for part in (x, y))  # type: ignore[return-value]


def _bars(values: np.ndarray, base: np.ndarray, left: np.ndarray, top: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of a bar from a base to each of the values (n, t), with a gap after each."""
    steps = values.shape[1]
    edges = _across(np.array([[i + 0.06, i + 0.06, i + 0.94, i + 0.94, np.nan] for i in range(steps)]) / steps)
    ends = np.stack([base, values, values, base, np.full_like(values, np.nan)], axis=2)
    return (left[:, None, None] + edges).ravel(), (top[:, None, None] + _height(ends)).ravel()


def _filled(shown: Curves, left: np.ndarray, top: np.ndarray, sign: int, colour: str) -> Trace:
    """What lies between two curves where their difference has a sign, for all channels."""
    values, against = shown.values, shown.against
    assert against is not None
    n, steps, channels = values.shape
    if not shown.has_order:
        beyond = np.maximum(values, against) if sign > 0 else np.minimum(values, against)
        return _area(*_bars(beyond[..., 0], against[..., 0], left, top), colour)
    x, y = [], []
    for channel in range(channels):
        places = _drawn(values[..., channel] - against[..., channel])
        own, base = (np.take_along_axis(part[..., channel], places, axis=1) for part in (values, against))
        beyond = np.maximum(own, base) if sign > 0 else np.minimum(own, base)
        along = left[:, None] + _across(places / max(steps - 1, 1))
        gap = np.full((n, 1), np.nan)
        x.append(np.concatenate([along, along[:, ::-1], gap], axis=1))
        y.append(np.concatenate([top[:, None] + _height(beyond), top[:, None] + _height(base[:, ::-1]), gap], axis=1))
    return _area(np.concatenate(x).ravel(), np.concatenate(y).ravel(), colour)


def _across(along: np.ndarray) -> np.ndarray:
    """How far from the left edge of a tile something is drawn, given a share of the way."""
    return (SIDE_ROOM + along * (1 - 2 * SIDE_ROOM)) * WIDTH


def _height(values: np.ndarray) -> np.ndarray:
    """How far below the upper edge of a tile values are drawn."""
    return (ROOM + (1 - np.clip(values, -ROOM, 1 + ROOM)) * (1 - 2 * ROOM)) * HEIGHT


def _drawn(values: np.ndarray) -> np.ndarray:
    """Which steps of curves (n, t) are drawn, (n, k): of a long one its ends, and the extremes of each piece."""
    n, steps = values.shape
    if steps <= MOST_STEPS:
        return np.arange(steps)[None].repeat(n, axis=0)
    pieces = list(pairwise(np.linspace(0, steps, MOST_STEPS // 2 + 1).round().astype(int)))
    lows = np.stack([values[:, a:b].argmin(axis=1) + a for a, b in pieces], axis=1)
    highs = np.stack([values[:, a:b].argmax(axis=1) + a for a, b in pieces], axis=1)
    ends = np.broadcast_to([0, steps - 1], (n, 2))
    return np.sort(np.concatenate([lows, highs, ends], axis=1), axis=1)
