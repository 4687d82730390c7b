"""Prepares pictures for the models.

For data of one's own they are fitted as the images of those were. For grey things on black it goes step by step, so
that each step can be seen and left out; all steps together imitate the processing of Fashion-MNIST: bright on black,
the longer side filling the frame, centred by its bounding box, contrast from black to white.
Reference: Xiao, Rasul & Vollgraf 2017, Fashion-MNIST, section 2.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from ae_core import images
from ae_core.errors import ImageError
from ae_core.forms import Form

TOLERANCE = 0.05  # difference from the background above which a pixel is content, as in Fashion-MNIST
NOISE = 4.0  # the same in standard deviations of the background's noise; the larger of both counts
KEPT = 2  # pixels a side that are kept at least for each pixel of an image that a picture is fitted to
DETAIL = 4  # pixels a side that are examined for each pixel of the result


@dataclass(frozen=True)
class Steps:
    """Which steps to take.

    Attributes:
        invert: Swap dark and light; None does so if the content is darker than the background.
        crop: Zoom in until the content fills the frame.
        centre: Centre the content's bounding box.
        contrast: Make the background and its noise black and the brightest pixel white.
    """

    invert: bool | None = None
    crop: bool = True
    centre: bool = True
    contrast: bool = True


@dataclass(frozen=True)
class Stage:
    """A picture after a step.

    Attributes:
        name: "given", or the name of a field of `Steps`.
        image: float32 (h, w) in [0, 1], the result if this step were the last.
        taken: Whether the step was taken.
    """

    name: str
    image: np.ndarray
    taken: bool


@dataclass(frozen=True)
class _Frame:
    """A window on a picture in pixels: centre and size; it may extend beyond the picture."""

    y: float
    x: float
    height: float
    width: float


@dataclass(frozen=True)
class _Content:
    """Level and noise of the background, bounding box of the content if any, and whether the content is darker."""

    ground: float
    noise: float
    box: tuple[int, int, int, int] | None
    dark: bool


def read(content: bytes, image_shape: tuple[int, int], steps: Steps = Steps()) -> np.ndarray:
    """Reads an image file as the models get it.

    Args:
        content: The bytes of a file, as for `images.decode`.
        image_shape: (height, width) of the result.
        steps: Which steps are taken.

    Returns:
        float32 of shape `image_shape` in [0, 1].

    Raises:
        ImageError: if the file cannot be read or the picture is one colour, or almost.
    """
    return prepare(images.in_grey(images.decode(content, colour=True)), image_shape, steps)[-1].image


@dataclass(frozen=True)
class Fit:
    """How pictures of any proportions become images of one size.

    Attributes:
        how: "crop" cuts off what is beyond the image's proportions, "pad" adds ground beside the picture, "stretch"
            changes its proportions.
        ground: Value of what is added and of what lies behind transparent parts, 0 to 255; None for the colour of the
            picture's border, and for what lets a picture be seen.
    """

    how: str = "crop"
    ground: int | None = None


HOW = {"crop": "Crop to fill", "pad": "Fit, with ground around", "stretch": "Stretch"}


def fit_of(made: Any) -> Fit:
    """How pictures became the images of a data set, as the details of its card say it."""
    made = made if isinstance(made, dict) else {}
    how, ground = made.get("fit"), made.get("ground")
    return Fit(
        how if isinstance(how, str) and how in HOW else Fit.how,
        ground if isinstance(ground, int) and 0 <= ground <= 255 else None,
    )


def fitted(pixels: np.ndarray, form: Form, fit: Fit = Fit()) -> np.ndarray:
    """Makes an image of a picture.

    Args:
        pixels: uint8 (h, w) or (h, w, 3), any size.
        form: Of the image, grey or in colour.
        fit: How.

    Returns:
        uint8 of the form's shape.
    """
    pixels = images.in_colour(pixels) if form.is_colour else images.in_grey(pixels)
    height, width = form.sides
    h, w = pixels.shape[:2]
    if fit.how == "stretch":
        scale_y, scale_x = h / height, w / width
    else:
        scale_y = scale_x = (min if fit.how == "crop" else max)(h / height, w / width)
    high, wide = scale_y * height, scale_x * width
    beyond = int(np.ceil(max((high - h) / 2, (wide - w) / 2, 0)))
    if beyond:
        ground = np.median(images.border(pixels), axis=0) if fit.ground is None else np.full(form.channels, fit.ground)
        larger = np.empty((h + 2 * beyond, w + 2 * beyond, *pixels.shape[2:]), np.uint8)
        larger[:] = np.asarray(ground, np.uint8)
        larger[beyond : beyond + h, beyond : beyond + w] = pixels
        pixels = larger
    top, left = (pixels.shape[0] - high) / 2, (pixels.shape[1] - wide) / 2
    box = (left, top, left + wide, top + high)
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.HAMMING, box=box))


def read_fitted(content: bytes, form: Form, fit: Fit = Fit()) -> np.ndarray:
    """Reads an image file as models of one's own data get it: float32 of the form's shape in [0, 1].

    Raises:
        ImageError: if the file cannot be read.
    """
    pixels = images.decode(content, KEPT * max(form.sides), form.is_colour, fit.ground)
    return fitted(pixels, form, fit).astype(np.float32) / np.float32(255)


def prepare(grey: np.ndarray, image_shape: tuple[int, int], steps: Steps = Steps()) -> list[Stage]:
    """Prepares a picture; the last stage's image is the result.

    Args:
        grey: uint8 of shape (h, w), any size.
        image_shape: (height, width) of all images returned.
        steps: Which steps are taken.

    Returns:
        "given", then one stage for each field of `Steps`, in order.

    Raises:
        ImageError: if the picture is one colour, or almost.
    """
    reduced = images.reduce(grey, DETAIL * max(image_shape))
    if images.is_plain(reduced):
        raise ImageError(_plain(int(reduced.min()), int(reduced.max())))
    x = reduced.astype(np.float32) / 255
    seen = _content(x)
    frame = _whole(x.shape, image_shape)
    stages = [Stage("given", _through(x, frame, image_shape, seen.ground), True)]

    invert = seen.dark if steps.invert is None else steps.invert
    if invert:
        x, seen = 1 - x, _Content(1 - seen.ground, seen.noise, seen.box, not seen.dark)
    stages.append(Stage("invert", _through(x, frame, image_shape, seen.ground), invert))

    if steps.crop and seen.box:
        frame = _closer(frame, seen.box, image_shape)
    stages.append(Stage("crop", _through(x, frame, image_shape, seen.ground), steps.crop))

    if steps.centre and seen.box:
        frame = _centred(frame, seen.box, image_shape)
    image = _through(x, frame, image_shape, seen.ground)
    stages.append(Stage("centre", image, steps.centre))
    stages.append(Stage("contrast", _stretched(image, seen) if steps.contrast else image, steps.contrast))
    return stages


def _plain(low: int, high: int) -> str:
    """Why nothing is made of a picture with grey values in that range, of 0 to 255."""
    if low == high:
        return "The picture is one plain colour: draw something on it, or choose another one."
    colour = "black" if high < 10 else "white" if low > 245 else "one plain colour"
    return (
        f"The picture is almost {colour}, its grey values go from {low} to {high} of 255: "
        "raise its contrast, or choose another one."
    )


def _content(x: np.ndarray) -> _Content:
    border = images.border(x)
    ground = float(np.median(border))
    noise = 1.4826 * float(np.median(np.abs(border - ground)))  # standard deviation of Gaussian noise
    difference = x - ground
    stands_out = np.abs(difference) > max(TOLERANCE, NOISE * noise)
    if not stands_out.any():
        return _Content(ground, noise, None, ground > 0.5)
    rows, columns = (np.flatnonzero(stands_out.any(axis=axis)) for axis in (1, 0))
    box = int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
    return _Content(ground, noise, box, bool(difference[stands_out].sum() < 0))


def _whole(shape: tuple[int, ...], image_shape: tuple[int, int]) -> _Frame:
    """Smallest centred frame of the result's proportions that contains the picture."""
    scale = max(shape[0] / image_shape[0], shape[1] / image_shape[1])
    return _Frame(shape[0] / 2, shape[1] / 2, image_shape[0] * scale, image_shape[1] * scale)


def _closer(frame: _Frame, box: tuple[int, int, int, int], image_shape: tuple[int, int]) -> _Frame:
    """Smallest frame that contains the content, moved no more than necessary."""
    top, left, bottom, right = box
    scale = max((bottom - top) / image_shape[0], (right - left) / image_shape[1])
    height, width = image_shape[0] * scale, image_shape[1] * scale
    if frame.height - height < 1.5 * frame.height / image_shape[0]:
        return frame  # less than a pixel on either side is not worth the blur
    y = np.clip(frame.y, bottom - height / 2, top + height / 2)
    x = np.clip(frame.x, right - width / 2, left + width / 2)
    return _Frame(float(y), float(x), height, width)


def _centred(frame: _Frame, box: tuple[int, int, int, int], image_shape: tuple[int, int]) -> _Frame:
    """Centres the frame on the bounding box; the centre of mass would push a boot's shaft out of the frame."""
    y, x = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    pixel = frame.height / image_shape[0]
    if max(abs(y - frame.y), abs(x - frame.x)) <= 0.5 * pixel:
        return frame
    return _Frame(y, x, frame.height, frame.width)


def _through(x: np.ndarray, frame: _Frame, image_shape: tuple[int, int], ground: float) -> np.ndarray:
    """Resamples the frame, float32 of shape `image_shape` in [0, 1]; beyond the picture lies background."""
    top, left = frame.y - frame.height / 2, frame.x - frame.width / 2
    beyond = max(-top, -left, top + frame.height - x.shape[0], left + frame.width - x.shape[1], 0)
    pad = int(np.ceil(beyond))
    box = (left + pad, top + pad, left + pad + frame.width, top + pad + frame.height)
    # Averaging by a whole factor is exact: an enlarged image comes back unchanged.
    whole = all(float(edge).is_integer() for edge in box) and frame.height % image_shape[0] == 0
    # Otherwise a filter that does not ring: contrast would stretch to the ringing.
    method = Image.Resampling.BOX if whole else Image.Resampling.HAMMING
    padded = Image.fromarray(np.pad(x, pad, constant_values=ground))
    return np.clip(np.asarray(padded.resize(image_shape[::-1], method, box=box)), 0, 1)


def _stretched(image: np.ndarray, seen: _Content) -> np.ndarray:
    """Stretches to the full range; the background with its noise becomes black, or white under dark content."""
    noise = NOISE * seen.noise
    low, high = (float(image.min()), seen.ground - noise) if seen.dark else (seen.ground + noise, float(image.max()))
    if high - low < images.FLAT:
        return image
    return np.clip((image - low) / (high - low), 0, 1)
