"""Compression: bits an example takes as a rounded code, against how near it comes back."""

import gzip
import io
import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ae_core import images, metrics, packing
from ae_core.data import Dataset, as_float
from ae_core.inference import LoadedRun
from ae_core.kinds import Measure
from ae_core.uses.base import Subject, Tell, Use
from ae_core.uses.beside import Line, Measured, listed
from ae_core.uses.coders import PART, Coder
from ae_core.uses.contests import Contest
from ae_core.uses.rows import Figures, Row

RATES = tuple(range(1, 9))  # bits of the grid of the unit that varies most; a codec's qualities, the worst first
USUAL = 5  # of them
EXAMPLES = 10_000  # test examples at most
COMPARED = 1_000  # of them by SSIM; and those that codecs pack by themselves
MOSAIC = 1 << 24  # pixels at most
MOST_SIDE = 16_383  # of a WebP
ZLIB = 9  # its highest level


@dataclass(frozen=True)
class Codec:
    """A format of image files.

    Attributes:
        title: Its name.
        format: Of Pillow.
        qualities: Eight, the worst first; none if it is lossless.
        options: Further ones of Pillow, which make files smaller.
        lossless: Options for lossless files; None if there are none.
    """

    title: str
    format: str
    qualities: tuple[int, ...]
    options: dict[str, object]
    lossless: dict[str, object] | None


CODECS = {
    "jpeg": Codec("JPEG", "JPEG", (1, 5, 10, 20, 35, 50, 75, 95), {"optimize": True}, None),
    "webp": Codec("WebP", "WEBP", (0, 5, 10, 20, 35, 50, 75, 95), {"method": 4}, {"lossless": True, "method": 4}),
    "png": Codec("PNG", "PNG", (), {}, {}),
}
WHOLE = "-mosaic"  # ends the kind of a codec that packs all images in one file


def _each(name: str, heading: str, help: str, better: Literal["smaller", "larger"], decimals: int) -> list[Measure]:
    return [Measure(f"{name}_{b}", f"{heading}, {b}", help.format(b=b), better, decimals) for b in RATES]


class Compression(Use):
    """Bits an example against PSNR and SSIM, of codes that are rounded and packed.

    Codes are rounded to a grid with one step for all units, which goes through 0, and packed as `packing.pack` does;
    the bits are those of the stream of all test examples, the entropy coder's tables included, over their number.
    Decoded values are cut to the range from 0 to 1. Beside a run stand PCA of its size, packed likewise; of images
    JPEG, WebP and PNG, each image in a file of its own and all in one; of others zlib, of values of as many bits.
    """

    title = "Compression"
    question = "How few bits keep an example, and how near does it come back?"
    floors = ("pca",)
    headlines = (f"psnr_{USUAL}",)
    order = 5
    figures = (
        *_each("bits", "Bits", "Bits an example on a grid of {b} bits, or at a codec's quality {b}.", "smaller", 1),
        *_each("psnr", "PSNR", "Peak signal-to-noise ratio there, of all examples together, in dB.", "larger", 2),
        *_each("ssim", "SSIM", "Structural similarity there, the mean over images, up to 1.", "larger", 3),
        Measure("lossless", "Lossless", "Bits an example of a codec that gives back the very same.", "smaller", 0),
        Measure(
            "decoder", "Decoder", "Size of what decodes, in bytes: the network, or principal components.", "smaller", 0
        ),
        Measure("gzip", "Decoder, gzip", "The same, packed by gzip, in bytes.", "smaller", 0),
    )

    def beside(self, run: LoadedRun) -> list[Coder]:
        found = super().beside(run)
        if not run.form.is_image:
            return [*found, Coder("zlib", "zlib", "zlib", 0, as_float)]
        for kind, codec in CODECS.items():
            found.append(Coder(kind, kind, f"{codec.title}, a file each", 0, as_float))
            found.append(Coder(kind + WHOLE, kind + WHOLE, f"{codec.title}, one file", 0, as_float))
        return found

    def contests(self, rows: Sequence[Row]) -> list[Contest]:
        """PSNR at as many bits as the model's codes take on the usual grid, of what can be that small."""
        own, *below = rows
        psnr = f"psnr_{USUAL}"
        if psnr not in own.figures:
            return []
        reached = {row.title: psnr_at(row, own.mean(f"bits_{USUAL}")) for row in below if len(curve(row, "psnr")[0])}
        floors = {title: [psnr] for title, psnr in reached.items() if not math.isnan(psnr)}
        missed = tuple(title for title in reached if title not in floors)
        title = "PSNR in dB at as many bits"
        return [Contest(title, "larger", 2, own.figures[psnr], floors, missed, decibels=True)]

    def measure(self, subject: Subject, tell: Tell) -> Figures:
        kind, test = subject.coder.kind, subject.dataset.split("test").images[:EXAMPLES]
        if kind == "zlib":
            return _of_values(subject.dataset, test, tell)
        if subject.coder.decode is None:
            return _of_codec(CODECS[kind.removesuffix(WHOLE)], test, kind.endswith(WHOLE), tell)
        found = _of_codes(subject.coder, test, subject.dataset.form.is_image, tell)
        content = decoder(subject)
        return found | {"decoder": [len(content)], "gzip": [len(gzip.compress(content, 9, mtime=0))]}


def decoder(subject: Subject) -> bytes:
    """What decodes a code: a run's network as it is exported, or the mean and the principal components as float32."""
    if subject.run is not None:
        return (subject.run.run.path / "decoder.onnx").read_bytes()
    from ae_core import pca as principal

    mean, directions = principal.directions(subject.dataset.name)
    return mean.tobytes() + directions[:, : subject.coder.units].tobytes()


def parts(count: int) -> Iterator[slice]:
    """Slices that cover so many examples."""
    return (slice(i, i + PART) for i in range(0, count, PART))


def decoded(coder: Coder, places: np.ndarray, step: float) -> np.ndarray:
    """What rounded codes (n, d) are decoded to, float32 in [0, 1]."""
    assert coder.decode is not None
    return np.clip(coder.decode(places.astype(np.float32) * np.float32(step)), 0, 1)


@dataclass(frozen=True)
class _Again:
    """What comes back of some examples: of codes it is decoded in parts, since all at once may take a gigabyte."""

    of: np.ndarray
    coder: Coder | None = None
    step: float = 1.0

    def __call__(self, some: slice) -> np.ndarray:
        if self.coder is None:
            return as_float(self.of[some])
        return decoded(self.coder, self.of[some], self.step)


def _of_codes(coder: Coder, test: np.ndarray, is_image: bool, tell: Tell) -> Figures:
    codes, found = coder.encode(test), Figures()
    for i, bits in enumerate(RATES):
        step = packing.step(codes, bits)
        places = packing.rounded(codes, step)
        stream = packing.pack(places, step)
        _quality(found, bits, test, _Again(places, coder, step), is_image)
        found[f"bits_{bits}"] = [8 * len(stream) / len(test)]
        tell((i + 1) / len(RATES))
    return found


def _quality(found: Figures, rate: int, test: np.ndarray, again: Callable[[slice], np.ndarray], is_image: bool) -> None:
    """Adds how near examples come back."""
    errors, alike = [], []
    for some in parts(len(test)):
        x, y = as_float(test[some]), again(some)
        errors.append(metrics.squared_error(x, y))
        if is_image and some.start < COMPARED:
            alike.append(metrics.ssim(x, y)[: COMPARED - some.start])
    error = float(np.concatenate(errors).mean(dtype=np.float64))
    if error:
        found[f"psnr_{rate}"] = [-10 * math.log10(error)]
    if is_image:
        found[f"ssim_{rate}"] = [float(np.concatenate(alike).mean())]


def _of_codec(codec: Codec, test: np.ndarray, whole: bool, tell: Tell) -> Figures:
    found = Figures()
    test = test[: mosaic_count(test)] if whole else test[:COMPARED]
    through = as_mosaic if whole else as_files
    for i, quality in enumerate(codec.qualities):
        sizes, back = through(test, codec, {**codec.options, "quality": quality})
        _quality(found, RATES[i], test, _Again(back), True)
        found[f"bits_{RATES[i]}"] = [8 * float(np.mean(sizes))]
        tell((i + 1) / (1 + len(codec.qualities)))
    # WebP takes a second for every thousand images to pack a mosaic without loss.
    if codec.lossless is not None and not (whole and codec.qualities):
        sizes, back = through(test, codec, codec.lossless)
        assert np.array_equal(back, test)
        found["lossless"] = [8 * float(np.mean(sizes))]
    return found


def mosaic_count(test: np.ndarray) -> int:
    """How many of these images (n, h, w) or (n, h, w, 3) go into a mosaic."""
    h, w = test.shape[1:3]
    return min(len(test), MOSAIC // (h * w), (MOST_SIDE // h) * (MOST_SIDE // w))


def as_files(test: np.ndarray, codec: Codec, options: dict[str, object]) -> tuple[np.ndarray, np.ndarray]:
    """Images through files of their own.

    Args:
        test: uint8 (n, h, w) or (n, h, w, 3).
        codec: The format.
        options: Of Pillow.

    Returns:
        Bytes of each, (n,), and the images as they come back.
    """
    files = [_file(image, codec, options) for image in test]
    return np.array([len(file) for file in files]), np.stack([_image(file, test) for file in files])


def as_mosaic(test: np.ndarray, codec: Codec, options: dict[str, object]) -> tuple[np.ndarray, np.ndarray]:
    """The same, all in one file, without gaps: bytes of each are its share, a fraction."""
    n, h, w, *channels = test.shape
    columns = math.ceil(math.sqrt(n))
    sheet = images.mosaic(test, columns, gap=0)
    file = _file(sheet, codec, options)
    back = _image(file, test).reshape(-1, h, columns, w, *channels).swapaxes(1, 2).reshape(-1, h, w, *channels)[:n]
    return np.full(n, len(file) / n), back


def _file(image: np.ndarray, codec: Codec, options: dict[str, object]) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, codec.format, **options)
    return file.getvalue()


def _image(file: bytes, like: np.ndarray) -> np.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image.convert("RGB" if like.ndim == 4 else "L"))


def _of_values(dataset: Dataset, test: np.ndarray, tell: Tell) -> Figures:
    """Values rounded to so many bits, those of one place after another, by zlib."""
    x, found = as_float(test), Figures()
    for i, bits in enumerate(RATES):
        most = 2**bits - 1
        places = np.round(x * most).astype(np.uint8)
        column = np.ascontiguousarray(places.reshape(len(test), -1).T)
        found[f"bits_{bits}"] = [8 * len(zlib.compress(column.tobytes(), ZLIB)) / len(test)]
        again = places.astype(np.float32) / np.float32(most)
        _quality(found, bits, test, _Again(again), False)
        tell((i + 1) / len(RATES))
    return found


def curves(measured: Measured, figure: str) -> list[Line]:
    """Quality over bits an example, for `figures.over`.

    Args:
        measured: Of the models.
        figure: "psnr" or "ssim".
    """
    found = []
    for title, model, row in listed(measured):
        x, y = curve(row, figure)
        if len(x):
            found.append(Line(title, row.kind, model, x.tolist(), y.tolist(), [math.nan] * len(x)))
    return found


def curve(row: Row, figure: str) -> tuple[np.ndarray, np.ndarray]:
    """Bits an example and quality of a code, (k,) each, the fewest bits first."""
    at = [b for b in RATES if f"{figure}_{b}" in row.figures]
    x, y = (np.array([row.mean(f"{name}_{b}") for b in at]) for name in ("bits", figure))
    order = np.argsort(x, kind="stable")
    return x[order], y[order]


def bits_for(row: Row, psnr: float) -> float:
    """Bits an example with which a code reaches a PSNR: between two that were measured along the line in log bits.

    Returns:
        The fewest that were measured if those do better; NaN if none reaches it.
    """
    if math.isnan(psnr):  # of what comes back as it was
        return math.nan
    x, y = curve(row, "psnr")
    best = np.maximum.accumulate(y) if len(y) else y  # more bits can always be left unused
    if not len(x) or psnr > best[-1]:
        return math.nan
    above = int(np.argmax(best >= psnr))
    if above == 0 or best[above] == best[above - 1]:
        return float(x[above])
    share = (psnr - best[above - 1]) / (best[above] - best[above - 1])
    return float(np.exp((1 - share) * np.log(x[above - 1]) + share * np.log(x[above])))


def psnr_at(row: Row, bits: float) -> float:
    """The PSNR that a code has with so many bits an example: between two that were measured along the line in log bits.

    Returns:
        The best that was measured with fewer if they are not more; NaN if it takes more at least.
    """
    x, y = curve(row, "psnr")
    if not len(x) or bits < x[0]:
        return math.nan
    return float(np.interp(np.log(bits), np.log(x), np.maximum.accumulate(y)))


def pays_from(decoder: float, bits: float, others: float) -> float:
    """From how many examples on a decoder of so many bytes pays, against bits an example; inf if never."""
    return math.ceil(8 * decoder / (others - bits)) if others > bits else math.inf


@dataclass(frozen=True)
class Bill:
    """What one would use instead of a model, to come as near.

    Attributes:
        title: What is used instead.
        bits: Bits an example with which it reaches the model's PSNR; NaN if it does not.
        pays: The number of examples from which the model's decoder pays, its own subtracted; inf if never, NaN if it
            cannot be told.
    """

    title: str
    bits: float
    pays: float


def bill(rows: Sequence[Row], rate: int) -> list[Bill]:
    """What one would use instead of a model at the PSNR that it has on a grid of so many bits.

    Args:
        rows: The model's own, then those of its floors.
        rate: One of `RATES`.
    """
    own, *floors = rows
    bits, psnr, size = own.mean(f"bits_{rate}"), own.mean(f"psnr_{rate}"), own.mean("gzip")
    found = []
    for floor in floors:
        extra = size - (floor.mean("gzip") if "gzip" in floor.figures else 0)
        for title, others in (
            (floor.title, bits_for(floor, psnr)),
            (f"{floor.title}, lossless", floor.mean("lossless")),
        ):
            if math.isnan(others) and (title.endswith("lossless") or not curve(floor, "psnr")[0].size):
                continue
            pays = math.nan if math.isnan(others) else pays_from(max(extra, 0), bits, others)
            found.append(Bill(title, others, pays))
    return found


def through(coder: Coder, x: np.ndarray, among: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Examples through rounded codes.

    Args:
        coder: What codes them.
        x: float32 (n, *shape) in [0, 1].
        among: Codes of the test examples, (m, d), which the grid spans and which say how often values are.
        rate: One of `RATES`.

    Returns:
        What comes back, of x's shape, and the bits that each takes among the others, (n,), as `packing.ideal_bits`.
    """
    step = packing.step(among, rate)
    places = packing.rounded(coder.encode(x), step)
    return decoded(coder, places, step), packing.ideal_bits(places, packing.rounded(among, step))


def beside_others(kind: str, x: np.ndarray, others: np.ndarray, rate: int) -> tuple[np.ndarray, float]:
    """Images through one file that they share with others.

    Args:
        kind: "jpeg" or "webp".
        x: float32 (n, h, w) or (n, h, w, 3) in [0, 1].
        others: uint8 (m, h, w) or (m, h, w, 3), of which as many are taken as make a thousand in all.
        rate: Number of the quality, one of `RATES`.

    Returns:
        What comes back, of x's shape, and the bits that each image of the file takes on average.
    """
    codec = CODECS[kind]
    sheet = np.concatenate([images.as_uint8(x), others[: max(0, COMPARED - len(x))]])
    sizes, back = as_mosaic(sheet, codec, {**codec.options, "quality": codec.qualities[RATES.index(rate)]})
    return as_float(back[: len(x)]), float(8 * sizes.mean())


def alone(kind: str, image: np.ndarray) -> int:
    """Bits that an image, float32 (h, w) or (h, w, 3) in [0, 1], takes in the smallest file of its own."""
    codec = CODECS[kind]
    options = {**codec.options, "quality": codec.qualities[0]} if codec.qualities else codec.options
    return 8 * int(as_files(images.as_uint8(image)[None], codec, options)[0][0])


def nearest(row: Row, bits: float) -> int:
    """The one of `RATES` at which a code takes nearest to so many bits an example, by ratio."""
    at = [b for b in RATES if f"bits_{b}" in row.figures]
    return min(at, key=lambda b: abs(math.log(row.mean(f"bits_{b}") / bits)))
