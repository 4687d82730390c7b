"""Reads image files of any origin into grey arrays, and writes arrays as PNG."""

import base64
import io
import struct
import zlib
from math import ceil

import numpy as np
from isal import isal_zlib
from PIL import Image

from ae_core.errors import ImageError

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MAX_BYTES = 10_000_000
MAX_PIXELS = 16_000_000
MAX_WEBP_PIXELS = 12_500_000  # the decoder keeps four copies in colour: more would take over 256 MB
MAX_SIDE = 20_000
KEPT_SIDE = 224  # eight pixels for each of a 28 × 28 image
PIECE = 1_000_000  # pixels converted to grey at a time

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


def decode(content: bytes, side: int = KEPT_SIDE) -> np.ndarray:
    """Decodes an image file: its first frame, upright, in grey, transparency on white.

    Args:
        content: The bytes of a PNG, JPEG, WebP, GIF or BMP file; its name does not matter.
        side: Pixels that are kept at least of a longer side that has as many.

    Returns:
        uint8 of shape (h, w), reduced to less than `2 * side` on the longer side.

    Raises:
        ImageError: if the file is empty, too large, damaged, or not an image.
    """
    if not content:
        raise ImageError("The file is empty: choose another one.")
    if len(content) > MAX_BYTES:
        raise ImageError(
            f"The file has {len(content) / 1e6:.1f} MB, at most {MAX_BYTES / 1e6:.0f} MB are read: "
            "save a smaller version of the image."
        )
    try:
        # Pillow's own guards run while it opens: beyond 179 million pixels it raises, below it only warns.
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(_too_many("far too many pixels")) from None
    except Exception:  # at least six classes, SyntaxError and struct.error among them
        raise ImageError(
            "The file is no image that can be read: PNG, JPEG, WebP, GIF and BMP can; save it as one of these."
        ) from None
    with image:
        width, height = image.size
        kind = image.format
        most = MAX_WEBP_PIXELS if kind == "WEBP" else MAX_PIXELS
        if width > MAX_SIDE or height > MAX_SIDE or width * height > most:
            raise ImageError(_too_many(f"{width:,} × {height:,} pixels", most))
        try:
            # A JPEG can be decoded at a half, a quarter or an eighth of its size; other formats ignore this.
            image.draft(None, (side, side))
            image.load()
            grey = _on_white(image)
            turn = _UPRIGHT.get(_orientation(image))
            return reduce(np.asarray(grey if turn is None else grey.transpose(turn)), side)
        except Exception:
            raise ImageError(f"The {kind} image is damaged or cut short: open it elsewhere and save it anew.") from None


def reduce(pixels: np.ndarray, side: int) -> np.ndarray:
    """Shrinks a picture, uint8 (h, w), by a whole factor until its longer side is less than `2 * side`.

    Pixels are averaged, which also reduces noise.
    """
    factor = max(1, max(pixels.shape) // side)
    return np.asarray(Image.fromarray(pixels).reduce(factor))


def border(pixels: np.ndarray) -> np.ndarray:
    """Returns the outermost pixels of a picture (h, w)."""
    return np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])


def to_png(image: np.ndarray) -> bytes:
    """Encodes an image, float of shape (h, w) in [0, 1], as PNG."""
    return _png(as_uint8(image))


def data_uri(image: np.ndarray) -> str:
    """Encodes a uint8 image, grey (h, w) or (h, w, c) with alpha or colour, as a PNG data URI."""
    return "data:image/png;base64," + base64.b64encode(_png(image)).decode("ascii")


def mosaic(images: np.ndarray, columns: int, gap: int = 1, fill: int = 0) -> np.ndarray:
    """Tiles images, row by row.

    Args:
        images: float in [0, 1] or uint8, of shape (n, h, w).
        columns: Images in a row.
        gap: Pixels between two images.
        fill: Grey value, 0 to 255, of gaps and empty cells.

    Returns:
        uint8 of shape (rows · (h + gap) − gap, columns · (w + gap) − gap), at least one row.
    """
    n, h, w = images.shape
    rows = max(1, ceil(n / columns))
    cells = np.full((rows * columns, h + gap, w + gap), fill, np.uint8)
    cells[:n, :h, :w] = as_uint8(images)
    sheet = cells.reshape(rows, columns, h + gap, w + gap).swapaxes(1, 2).reshape(rows * (h + gap), -1)
    return sheet[: len(sheet) - gap, : sheet.shape[1] - gap]


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
    return f"The image has {size}, at most {most:,} and {MAX_SIDE:,} on a side are read: save a smaller version of it."


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 if the tag is missing or broken."""
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:
        return 1


def _on_white(image: Image.Image) -> Image.Image:
    """Converts a picture to grey in pieces: copies of sixteen million pixels would take 200 MB."""
    width, height = image.size
    grey = Image.new("L", image.size)
    rows = max(1, PIECE // width)
    for top in range(0, height, rows):
        piece = image.crop((0, top, width, min(top + rows, height)))
        grey.paste(_piece_on_white(piece), (0, top))
    return grey


def _piece_on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits: Pillow's own conversion would clip at 255
        values = np.clip(np.asarray(image), 0, 65535).astype(np.uint32)
        return Image.fromarray(((values + 128) // 257).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.composite(image.convert("L"), Image.new("L", image.size, 255), image.getchannel("A"))
    if image.mode in ("1", "L", "RGB"):
        return image.convert("L")
    return image.convert("RGB").convert("L")
