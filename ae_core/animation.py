"""Films as GIF files."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ae_core.errors import OptionError
from ae_core.images import as_uint8, enlarged

SHORTEST = 0.02  # seconds; browsers slow down what asks for less
GAP = 2  # pixels between films
TITLE, MARGIN = 16, 6  # pixels: of a title's letters, and around it


def side_by_side(films: list[np.ndarray], gap: int = GAP) -> np.ndarray:
    """Joins films (n, h, w) or (n, h, w, 3) of equal length and height into one, with black gaps between them."""
    if not films:
        raise OptionError("There is no film to show.")
    n, h, _, *channels = films[0].shape
    if any((*film.shape[:2], *film.shape[3:]) != (n, h, *channels) for film in films):
        raise OptionError("Films side by side must have the same number of frames, height and colours.")
    between = np.zeros((n, h, gap, *channels), films[0].dtype)
    parts = [part for film in films for part in (film, between)][:-1]
    return np.concatenate(parts, axis=2)


def to_gif(
    frames: np.ndarray, scale: int = 8, seconds: float = 3.0, back: bool = True, titles: Sequence[str] = ()
) -> bytes:
    """Encodes frames as a GIF that loops for ever, each pixel a square; grey values are exact, colours as GIF can.

    Args:
        frames: At least 2, (n, h, w) or (n, h, w, 3), in [0, 1] or uint8.
        scale: Side of a pixel's square.
        seconds: Duration of one pass.
        back: Whether to play the frames backwards too, 2n − 2 frames instead of n.
        titles: What stands above the frames; if there are several, one above each of as many films of one width that
            `side_by_side` joined.

    Returns:
        The bytes of a GIF file.

    Raises:
        OptionError: if there are fewer than 2 frames, one is not finite, or scale or seconds are not positive.
    """
    frames = np.asarray(frames)
    if frames.ndim not in (3, 4) or frames.shape[3:] not in ((), (3,)) or len(frames) < 2:
        raise OptionError(
            f"An animation needs at least 2 frames of shape (n, h, w) or (n, h, w, 3), got {frames.shape}."
        )
    if not np.isfinite(frames).all():
        raise OptionError("Frames must be finite numbers.")
    if scale < 1 or not 0 < seconds <= 600:
        raise OptionError(f"An animation needs a scale of at least 1 and 0 to 600 seconds, got {scale} and {seconds}.")
    shown = as_uint8(frames)
    if back:
        shown = np.concatenate([shown, shown[-2:0:-1]])
    above = _heading(titles, scale * shown.shape[2], scale * GAP)
    if shown.ndim == 4:
        above = np.repeat(above[..., None], 3, axis=-1)
    pictures = [np.concatenate([above, enlarged(f, scale)]) for f in shown]
    first, *others = [Image.fromarray(picture) for picture in pictures]
    duration = round(1000 * max(seconds / len(frames), SHORTEST))
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=duration, loop=0)
    return file.getvalue()


def _heading(titles: Sequence[str], width: int, gap: int) -> np.ndarray:
    """Titles in white on black, each above its share of a width: uint8 (h, width), with h of 0 for none."""
    if not titles:
        return np.zeros((0, width), np.uint8)
    font = ImageFont.load_default(TITLE)
    share = (width + gap) // len(titles) - gap
    texts = [_wrapped(title, share - 2 * MARGIN, font) for title in titles]
    height = max(round(ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((0, 0), t, font)[3]) for t in texts)
    heading = Image.new("L", (width, height + 2 * MARGIN))
    for i, text in enumerate(texts):
        cell = Image.new("L", (share, heading.height))  # nothing reaches into the next
        ImageDraw.Draw(cell).multiline_text((MARGIN, MARGIN), text, 255, font)
        heading.paste(cell, (i * (share + gap), 0))
    return np.asarray(heading)


def _wrapped(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """A text in lines that are no wider, except for words that are."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)
