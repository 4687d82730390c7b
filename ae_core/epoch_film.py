"""What a training looked like after each of its epochs: where test examples lay, and what each unit did.

A film keeps at most `FRAMES` epochs: beyond that every second, then every fourth, always the first and the last. So
its shape follows from the number of epochs, and it has at most 1.3 MB.
"""

import io
from dataclasses import dataclass, replace

import numpy as np

EXAMPLES = 1000
FRAMES = 200
LARGEST = 60_000.0  # near what a float16 can hold
MAX_FILE = 2 << 20


@dataclass(frozen=True)
class Film:
    """k frames of n test examples and d units.

    Attributes:
        epochs: How many it is of; `kept` has the epoch of each frame.
        places: float16 (k, n, 2), on a plane of two units, or on the two main directions of the codes of each frame.
        units: float16 (k, d), what `Kind.watch_units` gives.
    """

    epochs: int
    places: np.ndarray
    units: np.ndarray


def examples(count: int) -> np.ndarray:
    """The numbers of the test examples in a film, of `count` that there are: evenly spaced, (n,)."""
    return np.linspace(0, count - 1, min(EXAMPLES, count)).astype(int)


def kept(epochs: int) -> tuple[int, ...]:
    """The numbers of the epochs in the film of so many; 0 is before the first."""
    step = 1
    while epochs / step > FRAMES - 2:
        step *= 2
    return (*range(0, epochs, step), epochs)


def begun(places: np.ndarray, units: np.ndarray) -> Film:
    """A film of one frame, that of an untrained network: (n, 2) and (d,)."""
    return Film(0, _small(places)[None], _small(units)[None])


def grown(film: Film, places: np.ndarray, units: np.ndarray) -> Film:
    """The film up to the next epoch, given the frame after it."""
    epochs, before = film.epochs + 1, kept(film.epochs)
    stay = [before.index(number) for number in kept(epochs)[:-1]]
    return Film(
        epochs,
        np.concatenate([film.places[stay], _small(places)[None]]),
        np.concatenate([film.units[stay], _small(units)[None]]),
    )


def aligned(film: Film, last: np.ndarray | None = None) -> Film:
    """Turns, mirrors and moves each frame onto the one after it, so that what moves is what was learnt.

    A code means the same when it is turned, and a network turns it while it learns. Sizes stay.

    Args:
        film: As it was kept.
        last: Where the examples are to lie in the last frame, (n, 2), nearly as they do; by default as they do.

    Returns:
        The film in float32.

    Raises:
        ValueError: if `last` is of other examples than the film.

    Reference: Schönemann 1966, the orthogonal Procrustes problem.
    """
    from scipy.linalg import orthogonal_procrustes

    frames = film.places.astype(np.float32)
    following = frames[-1] if last is None else np.asarray(last, np.float32)
    if following.shape != frames[-1].shape:
        raise ValueError(f"The film's last places have shape {frames[-1].shape}, got {following.shape}.")
    for k in range(len(frames) - 1, -1, -1):
        centre, target = frames[k].mean(axis=0), following.mean(axis=0)
        turn, _ = orthogonal_procrustes(frames[k] - centre, following - target)
        frames[k] = (frames[k] - centre) @ turn + target
        following = frames[k]
    return replace(film, places=frames)


def pack(film: Film) -> bytes:
    """A film as the bytes of an .npz file."""
    packed = io.BytesIO()
    np.savez_compressed(packed, epochs=film.epochs, places=film.places, units=film.units)
    return packed.getvalue()


def unpack(content: bytes, epochs: int | None, count: int, units: int) -> Film:
    """Reads what `pack` gave.

    Args:
        content: The bytes.
        epochs: How many epochs it is to be of; None if it says so itself, as films of older versions do not.
        count: How many test examples the data set has.
        units: Of the code.

    Raises:
        ValueError: if it is no film of that size.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as saved:
            told = int(saved["epochs"]) if epochs is None or "epochs" in saved.files else epochs
            film = Film(told, saved["places"], saved["units"])
    except Exception as error:  # whatever NumPy makes of a damaged file
        raise ValueError(f"it cannot be read ({error})") from None
    if epochs not in (None, film.epochs):
        raise ValueError(f"it is of {film.epochs} epochs, expected {epochs}")
    return checked(film, count, units)


def shapes(epochs: int, count: int, units: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays of a film, by name, given how many epochs, test examples and units there are."""
    frames = len(kept(epochs))
    return {"places": (frames, len(examples(count)), 2), "units": (frames, units)}


def checked(film: Film, count: int, units: int) -> Film:
    """The film itself; the arguments are those of `unpack`.

    Raises:
        ValueError: if its arrays have other shapes or types, or are not finite.
    """
    for name, shape in shapes(film.epochs, count, units).items():
        array = getattr(film, name)
        if array.shape != shape or array.dtype != np.float16:
            raise ValueError(f"its {name} are {array.dtype} of shape {array.shape}, expected float16 of {shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"its {name} are not finite numbers")
    return film


def _small(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -LARGEST, LARGEST).astype(np.float16)
