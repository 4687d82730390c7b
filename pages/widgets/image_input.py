"""Pictures that visitors bring: files, photographs, drawings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.typing import UploadedFile

from ae_core import images
from ae_core.data import Dataset
from ae_core.preparing import Stage, Steps
from pages.widgets import pad, shelf
from pages.widgets.shelf import CAMERA as FROM_CAMERA
from pages.widgets.shelf import DRAW, DRAWING, TEST, UPLOAD, Shelf

SOURCES = (TEST, DRAW, UPLOAD, FROM_CAMERA)
PAD, CAMERA, CAMERA_ON = "pad", "camera", "camera-on"  # keys
THUMBNAIL = 84  # pixels


@dataclass(frozen=True)
class Picture:
    """A picture before it is prepared.

    Attributes:
        title: What it is called on the page.
        pixels: In colour, uint8 (h, w, 3), or grey, (h, w).
        id: What tells it from others.
        file: The name that its file has or would have.
        prepared: By the name of a data set, the steps that were taken last and what they made of it.
    """

    title: str
    pixels: np.ndarray
    id: str
    file: str
    prepared: dict[str, tuple[Steps, list[Stage]]] = field(default_factory=dict, compare=False)

    @cached_property
    def grey(self) -> np.ndarray:
        """It in grey, uint8 (h, w)."""
        return images.in_grey(self.pixels)

    @cached_property
    def thumbnail(self) -> str:
        """The whole picture on a black square, small, as a data URI."""
        whole = Image.fromarray(self.pixels)
        whole.thumbnail((THUMBNAIL, THUMBNAIL))
        square = Image.new(whole.mode, (THUMBNAIL, THUMBNAIL))
        square.paste(whole, ((THUMBNAIL - whole.width) // 2, (THUMBNAIL - whole.height) // 2))
        return images.data_uri(np.asarray(square))


def brought(_dataset: Dataset) -> Shelf[Picture]:
    """What the visitor has brought, the same for all data sets of images."""
    return shelf.opened("pictures", Picture)


def bring(source: str, dataset: Dataset, on_new: Callable[[], None]) -> None:
    """Shows the way from a source, UPLOAD or CAMERA.

    Args:
        source: Where pictures come from.
        dataset: Whose models they are for.
        on_new: Is called after a new one was taken, before the page runs again.
    """
    (_upload if source == UPLOAD else _photograph)(brought(dataset), on_new)


def _upload(own: Shelf[Picture], on_new: Callable[[], None]) -> None:

    def read(file: UploadedFile) -> list[Picture]:
        return [Picture(file.name, images.decode(file.getvalue(), colour=True), file.file_id, file.name)]

    own.upload(f"images, {images.READ}", images.MAX_BYTES // 1_000_000, read, on_new)


def _photograph(own: Shelf[Picture], on_new: Callable[[], None]) -> None:
    """Offers the camera, which is off until it is wanted and after each photograph."""
    title = "Your photograph"

    def read(file: UploadedFile) -> list[Picture]:
        return [Picture(title, images.decode(file.getvalue(), colour=True), file.file_id, "photograph.jpg")]

    def keep() -> None:
        taken = st.session_state[CAMERA]
        if isinstance(taken, UploadedFile):  # not one that was read and freed
            st.session_state[CAMERA_ON] = False
            if own.keep([taken], CAMERA, read, title):
                on_new()

    if st.toggle("Open the camera", key=CAMERA_ON):
        st.camera_input("A photograph: one object on a plain background works best", key=CAMERA, on_change=keep)
    own.tell(CAMERA)


def draw(dataset: Dataset, is_current: bool, on_new: Callable[[], None], on_gone: Callable[[], None]) -> None:
    """Shows a drawing pad; `is_current`, `on_new` and `on_gone` as of `Shelf.draw`."""
    own, pixels = brought(dataset), pad.show(PAD, dataset.form.is_colour)
    before = own.things.get(DRAWING)
    same = before is not None and pixels is not None and np.array_equal(before.pixels, pixels)
    drawing = None if pixels is None else Picture("Your drawing", pixels, DRAWING, "drawing.png")
    own.draw(drawing, same, is_current, on_new, on_gone)


def put(_dataset: Dataset, x: np.ndarray) -> None:
    """Puts an image on the pad, in place of the drawing."""
    pad.put(PAD, x)
