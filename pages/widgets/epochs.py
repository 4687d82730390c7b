"""A film of a training: where examples lay after each epoch, under a slider that moves without asking the server."""

import json
from collections.abc import Callable, Hashable, Sequence
from threading import Condition
from typing import Any

import numpy as np
from cachetools import LRUCache, cached

from ae_core.figures.style import CLASS_COLOURS, edge
from pages.serving import scripts

LARGEST = np.iinfo(np.uint16).max
BEYOND = 0.1  # per cent of all places at each end of an axis, which stand at its border instead
NAMED = 20  # classes that a legend has room for
CACHE = 6 << 20  # bytes; one takes up to 0.8 MB
NO_CLASS = "#808080"


def show(
    frames: np.ndarray | Callable[[], np.ndarray],
    epochs: Sequence[int],
    labels: np.ndarray | None,
    class_names: Sequence[str],
    key: str,
    alt: str,
    at_end: bool,
    of: Hashable = None,
) -> None:
    """Shows dots on axes that are the same in all frames, a slider over the frames, and a button that plays them.

    Args:
        frames: Where examples lie in each, (k, n, 2); or what computes that.
        epochs: The number of each frame's epoch, rising; 0 is before the first, (k,).
        labels: Class numbers, (n,); of what has none, any that no class has. None if classes are not known.
        class_names: One for each class number.
        key: Of this film on its page; under the same key the next film takes its place, and keeps its slider's.
        alt: What it shows, for those who cannot see it.
        at_end: Whether it begins with the newest epoch and stays there as more come, until somebody moves the slider;
            else it begins with the first.
        of: All that decides what is shown, where the same is shown again and again: it is then packed once.
    """
    given = frames, epochs, labels, class_names, alt, at_end
    packed = _packed(*given) if of is None else _packed_once((of, alt, at_end), *given)
    scripts.component("epochs.js", "transport.css")(key=key, data=packed)


@cached(LRUCache(CACHE, getsizeof=len), key=lambda of, *given: of, condition=Condition())
def _packed_once(of: Hashable, *given: Any) -> bytes:
    return _packed(*given)


def _packed(
    frames: np.ndarray | Callable[[], np.ndarray],
    epochs: Sequence[int],
    labels: np.ndarray | None,
    class_names: Sequence[str],
    alt: str,
    at_end: bool,
) -> bytes:
    """A line about the frames, then the examples' classes and places, all as uint16."""
    frames = frames() if callable(frames) else frames
    every = np.asarray(frames, np.float32).reshape(-1, 2)
    low, high = np.percentile(every, (BEYOND, 100 - BEYOND), axis=0)
    extent = np.maximum(high - low, max(float((high - low).max()) * 0.01, 1e-6))
    share = np.clip((every - low) / extent, 0, 1)
    names = list(class_names) if labels is not None else []
    colours = [CLASS_COLOURS[i % len(CLASS_COLOURS)] for i in range(len(names))]
    colours.append(NO_CLASS if names else CLASS_COLOURS[0])
    about = {
        "examples": frames.shape[1],
        "epochs": [int(epoch) for epoch in epochs],
        "extent": extent.tolist(),
        "classes": names,
        "colours": colours,
        "edges": [edge(colour) for colour in colours],
        "legend": 1 < len(names) <= NAMED,
        "follow": at_end,
        "alt": alt,
    }
    classes = np.zeros(frames.shape[1], int) if labels is None else np.minimum(labels, len(names))
    numbers = [classes.astype("<u2"), np.round(share * LARGEST).astype("<u2")]
    return json.dumps(about).encode() + b"\n" + b"".join(each.tobytes() for each in numbers)
