"""A film: rows of decoded frames under one slider, which moves in the browser, without asking the server."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ae_core import animation, images, thumbnails
from ae_core.forms import Form
from pages.serving import scripts

SECONDS = 4.0  # that a pass takes
CURVE = 112  # pixels of the picture of a signal
SIDE = 224  # pixels of a frame in a GIF, at least: its title has room


@dataclass(frozen=True)
class Strip:
    """One row of a film.

    Attributes:
        title: Its name.
        images: Its frames, (n, *shape).
        note: What there is to say about it.
        stops: Frames to mark with a dot.
        form: What a frame is.
    """

    title: str
    images: np.ndarray
    note: str
    stops: Sequence[int]
    form: Form

    @property
    def pictures(self) -> np.ndarray:
        """Its frames as pictures, uint8 (n, h, w) or (n, h, w, 3)."""
        return thumbnails.draw(self.form, self.images, CURVE)


def gif(strips: Sequence[Strip], back: bool) -> bytes:
    """Rows of frames, side by side, as a GIF; `back` if it also plays backwards."""
    frames = animation.side_by_side([strip.pictures for strip in strips])
    scale = -(-SIDE // frames.shape[1])
    return animation.to_gif(frames, scale, SECONDS, back, [strip.title for strip in strips])


def show(strips: Sequence[Strip], key: str, start: float = 0.5, values: Sequence[float] | None = None) -> None:
    """Shows rows of frames and a slider that moves through all of them at once.

    Args:
        strips: At least one, all of the same number, at least 2, and size of frames.
        key: Of this film on its page; under the same key the next film takes its place, and keeps its slider's.
        start: Where the slider stands at first, as a share of the way.
        values: A number for each frame, to be shown instead of the frame's own.
    """
    sheet = np.concatenate([strip.pictures for strip in strips])
    frames, (h, w) = len(strips[0].images), sheet.shape[1:3]
    payload = {
        "image": [h, w],
        "frames": frames,
        "seconds": SECONDS,
        "start": start,
        "values": None if values is None else [float(v) for v in values],
        "sheet": images.data_uri(images.mosaic(sheet, frames, gap=0)),
        "rows": [{"title": s.title, "note": s.note, "stops": [int(i) for i in s.stops]} for s in strips],
    }
    version = hashlib.sha256(json.dumps(payload).encode()).hexdigest()
    scripts.component("film.js", "transport.css")(key=key, data=payload | {"version": version})
