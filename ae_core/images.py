"""Reads image files of any origin into arrays, grey or in colour, and writes arrays as PNG."""

import base64
import io
import re
import struct
import zlib
from collections.abc import Iterable
from itertools import islice
from math import ceil

import numpy as np
from isal import isal_zlib
from PIL import Image, ImageChops, ImageSequence

from ae_core.errors import ImageError

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF")
READ = "PNG, JPEG, WebP, GIF, BMP or AVIF"
MAX_BYTES = 10_000_000
MAX_PIXELS = 16_000_000
MAX_PIXELS_OF = {"WEBP": 12_500_000, "AVIF": 12_500_000}  # their decoders keep copies: more would take over 256 MB
MAX_SIDE = 20_000
MAX_FRAMES = 100  # looked at for one that is not blank, and at most MAX_PIXELS in all
KEPT_SIDE = 224  # eight pixels for each of a 28 × 28 image
PIECE = 1_000_000  # pixels converted to grey at a time
FLAT = 0.02  # range of grey values below which a picture counts as plain
TRIMMED = 0.1  # share of a picture: with less of it transparent, its corners or edges were cut off

Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # a later frame of a GIF may be larger than the first

# How files begin that are pictures to people, whatever their names end in.
_NOT_READ = {
    rb"....ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)": "HEIC",
    rb"\xff\x0a|\0\0\0\x0cJXL ": "JPEG XL",
    rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51": "JPEG 2000",
    rb"II\*\0|MM\0\*": "TIFF",
    rb"8BPS": "Photoshop",
    rb"%PDF": "PDF",
    rb".{0,500}<svg\s": "SVG",
}

_EXIF_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(content: bytes, side: int = KEPT_SIDE, colour: bool = False, ground: int | None = None) -> np.ndarray:
    """Decodes an image file: upright, of an animation the first frame that is not blank.

    Transparent parts become black or white, whichever lets the others be seen, unless their ground is given. Grey
    values of 16 bits are scaled by their own range.

    Args:
        content: The bytes of a PNG, JPEG, WebP, GIF, BMP or AVIF file; its name does not matter.
        side: Pixels that are kept at least of a longer side that has as many.
        colour: Whether colours are kept.
        ground: Value behind transparent parts, 0 to 255.

    Returns:
        uint8 of shape (h, w) in grey, or (h, w, 3) in colour, reduced to less than `2 * side` on the longer side.

    Raises:
        ImageError: if the file is empty, too large, damaged, or not an image.
    """
    if not content:
        raise ImageError("The file is empty: choose another one.")
    if len(content) > MAX_BYTES:
        raise ImageError(
            f"The file has {len(content) / 1e6:.1f} MB; at most {MAX_BYTES / 1e6:.0f} MB are read: "
            "save a smaller version of the image."
        )
    try:
        # Pillow's own guards run while it opens: beyond twice MAX_IMAGE_PIXELS it raises, below it only warns.
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        told = re.search(r"\d+", str(error))
        raise ImageError(_too_many(f"{int(told[0]):,} pixels" if told else "far too many pixels")) from None
    except Exception:  # at least six classes, SyntaxError and struct.error among them
        raise ImageError(_unreadable(content)) from None
    with image:
        width, height = image.size
        kind = image.format or ""
        most = MAX_PIXELS_OF.get(kind, MAX_PIXELS)
        if width > MAX_SIDE or height > MAX_SIDE or width * height > most:
            raise ImageError(_too_many(f"{width:,} × {height:,} pixels", most))
        try:
            # A JPEG can be decoded at a half, a quarter or an eighth of its size; other formats ignore this.
            image.draft(None, (side, side))
            frames = min(MAX_FRAMES, max(1, MAX_PIXELS // (width * height)))
            pixels = _first_with_content(image, side, frames, "RGB" if colour else "L", ground)
        except Exception:
            raise ImageError(_damaged(kind)) from None
    if is_plain(pixels) and kind == "PNG" and content[24] == 16 and content[25] != 0:  # bits a channel, kind of colour
        raise ImageError(
            "The PNG has 16 bits per colour; the upper 8, which are read, show one plain colour: save it with 8 bits."
        )
    return pixels


def is_plain(pixels: np.ndarray) -> bool:
    """Whether a picture, uint8 (h, w) or (h, w, 3), shows next to nothing."""
    return int(np.ptp(pixels, axis=(0, 1)).max()) < FLAT * 255


def in_grey(pixels: np.ndarray) -> np.ndarray:
    """A picture in grey, uint8 (h, w): the luma of one in colour."""
    return pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L"))


def in_colour(pixels: np.ndarray) -> np.ndarray:
    """A picture in colour, uint8 (h, w, 3); of a grey one its three channels are the same."""
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=-1)


def reduce(pixels: np.ndarray, side: int) -> np.ndarray:
    """Shrinks a picture, uint8 (h, w) or (h, w, 3), by a whole factor until its longer side is less than `2 * side`.

    Pixels are averaged, which also reduces noise.
    """
    factor = max(1, max(pixels.shape[:2]) // side)
    return np.asarray(Image.fromarray(pixels).reduce(factor))


def border(pixels: np.ndarray) -> np.ndarray:
    """Returns the outermost pixels of a picture (h, w) or (h, w, 3)."""
    return np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])


def to_png(image: np.ndarray) -> bytes:
    """Encodes an image, float of shape (h, w) or (h, w, 3) in [0, 1] or uint8, as PNG."""
    return _png(as_uint8(image))


def data_uri(image: np.ndarray) -> str:
    """Encodes a uint8 image, grey (h, w) or (h, w, c) with alpha or colour, as a PNG data URI."""
    return "data:image/png;base64," + base64.b64encode(_png(image)).decode("ascii")


def mosaic(images: np.ndarray, columns: int, gap: int = 1, fill: int = 0) -> np.ndarray:
    """Tiles images, row by row.

    Args:
        images: float in [0, 1] or uint8, of shape (n, h, w) or (n, h, w, 3).
        columns: Images in a row.
        gap: Pixels between two images.
        fill: Value, 0 to 255, of gaps and empty cells.

    Returns:
        uint8 of shape (rows · (h + gap) − gap, columns · (w + gap) − gap), in colour (…, 3); at least one row.
    """
    n, h, w, *channels = images.shape
    rows = max(1, ceil(n / columns))
    cells = np.full((rows * columns, h + gap, w + gap, *channels), fill, np.uint8)
    cells[:n, :h, :w] = as_uint8(images)
    sheet = cells.reshape(rows, columns, h + gap, w + gap, *channels).swapaxes(1, 2)
    sheet = sheet.reshape(rows * (h + gap), columns * (w + gap), *channels)
    return sheet[: len(sheet) - gap, : sheet.shape[1] - gap]


def enlarged(image: np.ndarray, scale: int) -> np.ndarray:
    """Makes each pixel of an image, (h, w) or (h, w, c), a square of that side."""
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


def as_uint8(images: np.ndarray) -> np.ndarray:
    """Converts images in [0, 1] to uint8, clipping values beyond; uint8 images stay as they are."""
    return images if images.dtype == np.uint8 else np.round(np.clip(images, 0, 1) * 255).astype(np.uint8)


def _png(image: np.ndarray) -> bytes:
    """Encodes uint8 (h, w), or (h, w, c) of grey with alpha, RGB or RGBA, as PNG.

    With the filter "up" for all rows and fast compression: a tenth of Pillow's time, a fifth more bytes.

    Reference: W3C, Portable Network Graphics, third edition, 5 and 9.
    """
    h, w, channels = (*image.shape, 1)[:3]
    up = 2  # PNG's number of the filter
    rows = np.empty((h, 1 + w * channels), np.uint8)
    rows[:, 0], rows[:, 1:] = up, image.reshape(h, -1)
    rows[1:, 1:] -= image.reshape(h, -1)[:-1]
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", w, h, 8, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", isal_zlib.compress(rows, 1)), (b"IEND", b""))
    packed = (struct.pack(">I", len(c)) + name + c + struct.pack(">I", zlib.crc32(name + c)) for name, c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def _too_many(size: str, most: int = MAX_PIXELS) -> str:
    return f"The image has {size}; at most {most:,} and {MAX_SIDE:,} on a side are read: save a smaller version of it."


def _damaged(kind: str) -> str:
    return f"The {kind} image is damaged or cut short: open it in another app and save it again."


def _unreadable(content: bytes) -> str:
    """Why there is no image in a file, for Pillow."""
    if content[4:8] == b"ftyp" and b"avi" in content[8:64]:
        return _damaged("AVIF")
    for beginning, name in _NOT_READ.items():
        if re.match(beginning, content, re.DOTALL):
            return f"The file is {name}, whatever its name ends in, and cannot be read: save it as {READ}."
    return f"The file is not an image that can be read: save it as {READ}."


def _first_with_content(image: Image.Image, side: int, most: int, mode: str, ground: int | None) -> np.ndarray:
    """The first of so many frames that is not plain, else the first of all; upright and reduced, of Pillow's mode."""
    size, first = image.size, None
    for frame in islice(ImageSequence.Iterator(image), most):
        if frame.size != size:  # which was not checked
            break
        frame.load()
        turn = _UPRIGHT.get(_orientation(frame))
        whole = _opaque(frame, mode, ground)
        pixels = reduce(np.asarray(whole if turn is None else whole.transpose(turn)), side)
        if not is_plain(pixels):
            return pixels
        first = pixels if first is None else first
    if first is None:
        raise ValueError("no frame")
    return first


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 if the tag is missing or broken."""
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:
        return 1


def _opaque(image: Image.Image, mode: str, ground: int | None) -> Image.Image:
    """Converts a picture to "L" or "RGB" in pieces: copies of sixteen million pixels would take 200 MB."""
    width, height = image.size
    rows = max(1, PIECE // width)
    tops = range(0, height, rows)
    levels = _levels(image) if image.mode.startswith("I") else (0, 255)

    def piece(top: int) -> tuple[Image.Image, Image.Image | None]:
        return _values_and_alpha(image.crop((0, top, width, min(top + rows, height))), levels, mode)

    if ground is None:
        ground = _ground(map(piece, tops)) if image.has_transparency_data else 0
    whole = Image.new(mode, image.size)
    for top in tops:
        values, alpha = piece(top)
        if alpha is not None:
            behind = Image.new("L", values.size, ground).convert(mode)
            values = Image.composite(values, behind, alpha)
        whole.paste(values, (0, top))
    return whole


def _levels(image: Image.Image) -> tuple[int, int]:
    """The values of a 16-bit picture that become black and white: its own range, if that has 256 levels.

    A file does not say how many of its 16 bits are used.
    """
    values = np.asarray(image)
    low, high = int(values.min()), int(values.max())
    return (low, high) if high - low > 255 else (0, (1 << max(8, high.bit_length())) - 1)


def _values_and_alpha(image: Image.Image, levels: tuple[int, int], mode: str) -> tuple[Image.Image, Image.Image | None]:
    """The values and the opacity of a piece of a picture; None if all of it is opaque."""
    if image.mode.startswith("I"):  # 16 bits: Pillow's own conversion would clip at 255
        values, (low, high) = np.asarray(image, np.float32), levels
        grey = Image.fromarray(np.round((values - low) * (255 / (high - low))).astype(np.uint8)).convert(mode)
        hidden = image.info.get("transparency")
        return grey, None if hidden is None else Image.fromarray(np.where(values == hidden, 0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return image.convert(mode), image.getchannel("A")
    if image.mode == "CMYK" and "adobe" not in image.info:
        image = ImageChops.invert(image)  # Pillow takes all for Adobe's, in which 0 is full ink
    if image.mode in ("1", "L", "RGB"):
        return image.convert(mode), None
    return image.convert("RGB").convert(mode), None


def _ground(pieces: Iterable[tuple[Image.Image, Image.Image | None]]) -> int:
    """The grey value to show behind a transparent picture, 0 or 255: far from the mean of what is opaque.

    Near to it if only corners or edges are transparent: they would be taken for content.
    """
    opaque = light = area = 0.0
    for values, alpha in pieces:
        grey = values.convert("L")
        weights = np.asarray(alpha, np.float32) / 255
        opaque += float(weights.sum(dtype=np.float64))
        light += float((weights * np.asarray(grey)).sum(dtype=np.float64))
        area += weights.size
    is_light = light > 127.5 * opaque
    is_trimmed = area - opaque < TRIMMED * area
    return 255 if is_light == is_trimmed else 0
