"""Which tiles of a plane a file holds: coarse ones everywhere, finer ones where codes lie and images change fast."""

import heapq
import zlib
from dataclasses import dataclass, field

import numpy as np

from ae_core.lens.scene import DEEPEST, Scene, cubic, differences

# Values are kept in steps, which takes a quarter less: each is off by 1/255 at most, and white stays white.
STEP = 3
COARSE = 96  # examples along all of the plane that there are everywhere
TOLERANCE = 0.014  # of the 99th percentile of what is off within a tile; what a browser shows is rounded once more
LEVEL, MEMORY = 6, 9  # of zlib; the latter is its most

Place = tuple[int, int, int]  # level, column and row of a tile


@dataclass
class Tiling:
    """The tiles that a file holds.

    Attributes:
        packed: By place, coarse ones first: differences between a tile's examples, gzipped.
        error: The 99th percentile of |shown − decoded| where codes lie, over values that are not 0 in both.
    """

    packed: dict[Place, bytes] = field(default_factory=dict)
    error: float = 0.0


def tile(scene: Scene, codes: np.ndarray, room: int) -> Tiling:
    """Chooses tiles: all of the home view, then the four quarters of whichever shows most codes worst.

    Args:
        scene: A plane.
        codes: Some of its codes, (n, d), at whose places it is tried.
        room: Bytes that the packed tiles may take.

    Returns:
        Tiles of `room` bytes at most. A quarter where no code lies is left to the coarser tile.
    """
    return _Choice(scene, codes, room).run()


class _Choice:
    def __init__(self, scene: Scene, codes: np.ndarray, room: int) -> None:
        self.scene, self.room = scene, room
        self.places = scene.plane.points(codes)
        self.exact = scene.run.decode(scene.plane.codes(self.places)).reshape(len(codes), -1)
        self.shown = np.zeros_like(self.exact)
        self.packed: dict[Place, bytes] = {}
        self.worst: list[tuple[float, Place]] = []  # a heap

    def run(self) -> Tiling:
        """The tiles that have room."""
        # Of large examples even so few may be too many.
        for level in range(self.scene.level_of(COARSE), -1, -1):
            self.packed, self.worst = {}, []
            count = 2**level
            home = range(count // 4, -(-3 * count // 4))  # it is the middle half of the plane
            for row in home:
                for column in home:
                    self._take((level, column, row), self._made((level, column, row)))
            if self._size <= self.room:
                break
        while self.worst:
            _, (level, column, row) = heapq.heappop(self.worst)
            quarters = [(level + 1, 2 * column + right, 2 * row + down) for down in (0, 1) for right in (0, 1)]
            made = {place: self._made(place) for place in quarters if len(self._inside(place))}
            rest = self._size - (len(made) == len(quarters)) * len(self.packed[level, column, row])
            if rest + sum(len(packed) for packed, _ in made.values()) > self.room:
                break
            if len(made) == len(quarters):
                del self.packed[level, column, row]
            for place, tile in made.items():
                self._take(place, tile)
        return Tiling(self.packed, _error(self.shown, self.exact))

    @property
    def _size(self) -> int:
        return sum(map(len, self.packed.values()))

    def _inside(self, place: Place) -> np.ndarray:
        """Numbers of the codes in a tile."""
        view = self.scene.view_of(*place)
        away = np.abs(self.places - np.array([view.x, view.y], np.float32))
        return np.flatnonzero((away <= view.reach).all(axis=1))

    def _made(self, place: Place) -> tuple[bytes, np.ndarray]:
        """A tile, packed, and what it shows of the codes in it."""
        side = self.scene.places + 2
        values = (STEP * np.round(self.scene.tile(*place) / np.float32(STEP))).astype(np.uint8)
        shown = _between(values.reshape(side, side, -1), self._cells(place), self.scene.places)
        return packed(differences(values, side).tobytes()), shown

    def _cells(self, place: Place) -> np.ndarray:
        """Where the codes in a tile lie, in steps from its first example, (n, 2): across and down."""
        view, inside = self.scene.view_of(*place), self._inside(place)
        step = 2 * view.reach / (self.scene.places - 1)
        corner = np.array([view.x - view.reach, view.y + view.reach])
        return (self.places[inside] - corner) * (1, -1) / step + 1  # the first example lies beyond the rim

    def _take(self, place: Place, made: tuple[bytes, np.ndarray]) -> None:
        self.packed[place], shown = made
        inside = self._inside(place)
        self.shown[inside] = shown
        if len(inside) and place[0] < DEEPEST:
            error = _error(shown, self.exact[inside])
            if error > TOLERANCE:
                heapq.heappush(self.worst, (-error * len(inside), place))


def packed(content: bytes) -> bytes:
    """A content, gzipped."""
    # Differences are small numbers that hardly repeat: what zlib calls filtered.
    packing = zlib.compressobj(LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS, MEMORY, zlib.Z_FILTERED)
    return packing.compress(content) + packing.flush()


def _between(values: np.ndarray, cells: np.ndarray, places: int) -> np.ndarray:
    """What pages/widgets/lens/tiles.js shows of a tile (side, side, p), uint8, at cells (n, 2): (n, p) in [0, 1]."""
    first = np.clip(np.floor(cells).astype(int), 1, places - 1)
    share = cells - first
    across, down = cubic(share[:, 0]), cubic(share[:, 1])
    found = np.zeros((len(cells), values.shape[-1]), np.float32)
    for i in range(4):
        for j in range(4):
            weight = (down[:, i] * across[:, j]).astype(np.float32)
            found += weight[:, None] * values[first[:, 1] - 1 + i, first[:, 0] - 1 + j]
    return np.clip(np.round(found), 0, 255) / np.float32(255)


def _error(shown: np.ndarray, exact: np.ndarray) -> float:
    seen = (shown > 1 / 255) | (exact > 1 / 255)  # background is easy
    return float(np.quantile(np.abs(shown - exact)[seen], 0.99)) if seen.any() else 0.0
