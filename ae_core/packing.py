"""Codes rounded to a grid and packed by an entropy coder into bytes that hold all that is needed to unpack them."""

import struct

import numpy as np

from ae_core.errors import OptionError

LEVEL = 8  # of pcodec's 12: higher ones take longer and save nothing here
LEAST, MOST = -(1 << 15), (1 << 15) - 1
FEW = 1 << 16  # values up to which all units are also tried together
MOST_VALUES = 1 << 28  # that bytes may promise
HEADER = struct.Struct("<IIf?")  # examples, units, step, whether the units are packed together


def step(codes: np.ndarray, bits: int) -> float:
    """The step of a grid with 2^bits steps over all that codes (n, d) span around 0; 1.0 if all are 0.

    One step for all units: a unit that varies little matters little, and needs few bits. The grid goes through 0, which
    most activations of many networks are exactly: a grid beside it would move all of them.

    Raises:
        OptionError: if `bits` is not from 1 to 14.
    """
    if not 1 <= bits <= 14:
        raise OptionError(f"A grid has from 1 to 14 bits, got {bits}.")
    widest = float(np.abs(codes).max(initial=0.0))
    return float(np.float32(2 * widest / 2**bits)) or 1.0


def rounded(codes: np.ndarray, step: float) -> np.ndarray:
    """Numbers of the places on the grid nearest to codes (n, d), int16 of the same shape; times the step, codes again.

    Raises:
        OptionError: if the grid is too fine for 16 bits.
    """
    places = np.round(np.asarray(codes, np.float64) / step)
    if places.size and (places.min() < LEAST or places.max() > MOST):
        raise OptionError(f"A step of {step:g} is too fine for these codes: take a larger one.")
    return places.astype(np.int16)


def pack(places: np.ndarray, step: float) -> bytes:
    """Packs rounded codes.

    Each unit has a model of its own of how often it has which value, which is in the bytes; few values have one for all
    units if that takes less. The coder is pcodec's: it bins values and codes the bins by asymmetric numeral systems.
    References: Duda 2013, Asymmetric numeral systems; Loncaric, Jeppesen & Zinberg 2025, Pcodec.

    Args:
        places: int16 (n, d), of at least one example, as `rounded` gives them.
        step: Of the grid.

    Raises:
        OptionError: if there is nothing to pack.
    """
    if places.ndim != 2 or not places.size or places.dtype != np.int16:
        raise OptionError(f"Rounded codes are int16 of shape (n, d), got {places.dtype} of {places.shape}.")
    units = np.ascontiguousarray(places.T)
    streams = [HEADER.pack(*places.shape, step, False) + _packed(list(units))]
    if places.size <= FEW:
        streams.append(HEADER.pack(*places.shape, step, True) + _packed([units.ravel()]))
    return min(streams, key=len)


def unpack(stream: bytes) -> tuple[np.ndarray, float]:
    """The rounded codes, int16 (n, d), and the step that `pack` was given.

    Raises:
        OptionError: if the bytes are not what `pack` gives.
    """
    from pcodec import wrapped

    try:
        n, d, step, together = HEADER.unpack_from(stream)
        if n * d > MOST_VALUES:
            raise ValueError(f"{n:,} codes of {d:,} units are promised")
        units = np.empty((d, n), np.int16)
        file, read = wrapped.FileDecompressor.new(stream[HEADER.size :])
        at = HEADER.size + read
        for values in [units.reshape(-1)] if together else units:
            chunk, read = file.chunk_decompressor(stream[at:], "i16")
            at += read
            _, read = chunk.read_page_into(stream[at:], len(values), values)
            at += read
    except (RuntimeError, TypeError, ValueError, struct.error) as error:
        raise OptionError(f"These bytes are no packed codes, or are damaged ({error}).") from None
    return units.T, step


def ideal_bits(places: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Bits that rounded codes take by how often each unit has their values among others: −Σ log₂ p, (n,) float64.

    What a packed stream grows by for one of many codes, which as a whole number of bytes it does not tell. Values that
    are not among the others count as seen once.

    Args:
        places: int16 (n, d).
        among: int16 (m, d).
    """
    found = np.zeros(len(places))
    for values, others in zip(places.T, among.T, strict=True):
        known, counts = np.unique(others, return_counts=True)
        at = np.searchsorted(known, values).clip(max=len(known) - 1)
        found -= np.log2(np.where(known[at] == values, counts[at], 1) / len(others))
    return found


def _packed(parts: list[np.ndarray]) -> bytes:
    from pcodec import ChunkConfig, DeltaSpec, ModeSpec, PagingSpec, wrapped

    file = wrapped.FileCompressor()
    found = [file.write_header()]
    for values in parts:
        config = ChunkConfig(
            compression_level=LEVEL,
            mode_spec=ModeSpec.classic(),
            delta_spec=DeltaSpec.no_op(),
            paging_spec=PagingSpec.exact_page_sizes([len(values)]),
        )
        chunk = file.chunk_compressor(values, config)
        found += [chunk.write_meta(), chunk.write_page(0)]
    return b"".join(found)
