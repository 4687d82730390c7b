"""Pictures that visitors bring: files, photographs, drawings. They stay in the memory of the session."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.typing import UploadedFile

from ae_core import images, logs, settings
from ae_core.errors import ImageError
from ae_core.preparing import Stage, Steps
from pages.serving import page_state, session
from pages.widgets import alerts, gallery, pad

MAX_FILES = 10
SHELF = "own-pictures"  # in the session
PAD, UPLOADER, CAMERA, CAMERA_ON, PICTURES = "pad", "uploader", "camera", "camera-on", "own-gallery"  # keys
DRAWING = "drawing"  # the id of all drawings: one picture that changes
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


@dataclass(frozen=True)
class Refusal:
    """That files could not be read.

    Attributes:
        sentence: What became of them.
        reasons: A line for each of them.
        where: The key of what they were given to.
        link: The number of the link that the page then showed.
    """

    sentence: str
    reasons: str
    where: str
    link: int


@dataclass
class Shelf:
    """What a visitor has brought.

    Attributes:
        pictures: By id, the latest last; at most `MAX_FILES` besides the drawing.
        current: The id of the one that was taken last.
        refused: What could not be read of the latest files, until the visitor goes on to something else.
        uploads: How often files were given.
    """

    pictures: dict[str, Picture] = field(default_factory=dict)
    current: str | None = None
    refused: Refusal | None = None
    uploads: int = 0

    def put(self, picture: Picture) -> None:
        """Adds a picture, or puts it in the place of the one with its id, and takes it."""
        self.pictures[picture.id] = picture
        self.current = picture.id
        brought = self.brought()
        if len(brought) > MAX_FILES:
            del self.pictures[brought[0].id]

    def remove(self, picture: str) -> None:
        """Removes a picture, if it is there."""
        self.pictures.pop(picture, None)
        if self.current == picture:
            self.current = None

    def brought(self) -> list[Picture]:
        """All pictures but the drawing."""
        return [picture for picture in self.pictures.values() if picture.id != DRAWING]


def _shelf() -> Shelf:
    if SHELF not in st.session_state:
        st.session_state[SHELF] = Shelf()
    shelf: Shelf = st.session_state[SHELF]
    return shelf


def current() -> Picture | None:
    """The picture that was taken last, if it is still there."""
    shelf = _shelf()
    return shelf.pictures.get(shelf.current) if shelf.current is not None else None


def others() -> list[Picture]:
    """The pictures that are there besides the current one."""
    shelf = _shelf()
    return [picture for picture in shelf.pictures.values() if picture.id != shelf.current]


def _keep(given: Sequence[UploadedFile], where: str, title: str = "", name: str = "") -> bool:
    """Reads files, takes the last picture in them, and says whether there was any.

    All are freed: a file that both the uploader and this module kept could be lost to one of them alone.
    """
    # Once they are read, nothing looks into the session: see `page_state.putting`.
    shelf, link = _shelf(), page_state.adopted()
    refused: list[str] = []
    read = 0
    for number, file in enumerate(given):
        if number < MAX_FILES:
            try:
                pixels = images.decode(file.getvalue(), colour=True)
                shelf.put(Picture(title or file.name, pixels, file.file_id, name or file.name))
                read += 1
            except ImageError as error:
                logs.event("upload refused", bytes=file.size)
                refused.append(f"{title or file.name}: {error}")
        session.remove_upload(file.file_id)
    if len(given) > MAX_FILES:
        refused.append(f"You chose {len(given)} files; the first {MAX_FILES} were looked at.")
    sentence = "Some files could not be read; the others were added." if read else "No file could be read."
    shelf.refused = Refusal(sentence, "\n".join(refused), where, link) if refused else None
    return read > 0


def upload(on_new: Callable[[], None]) -> None:
    """Shows an uploader; it is empty again once its files were read.

    Args:
        on_new: Is called after a new picture was taken, before the page runs again.
    """
    shelf = _shelf()
    key = f"{UPLOADER}-{shelf.uploads}"

    def keep() -> None:
        # A click while they were read has this called again: they are read and freed by then.
        given = [file for file in st.session_state[key] if isinstance(file, UploadedFile)]
        if not given:
            return
        shelf.uploads += 1  # another uploader
        if _keep(given, UPLOADER):
            on_new()

    st.file_uploader(
        f"Up to {MAX_FILES} images, {images.READ}, together up to {settings.current().upload_mb} MB",
        accept_multiple_files=True,
        max_upload_size=images.MAX_BYTES // 1_000_000,
        key=key,
        on_change=keep,
    )
    _tell(UPLOADER)


def photograph(on_new: Callable[[], None]) -> None:
    """Offers the camera, which is off until it is wanted and after each photograph; `on_new` as of `upload`."""

    def keep() -> None:
        taken = st.session_state[CAMERA]
        if isinstance(taken, UploadedFile):  # not one that was read and freed
            st.session_state[CAMERA_ON] = False
            if _keep([taken], CAMERA, "Your photograph", "photograph.jpg"):
                on_new()

    if st.toggle("Open the camera", key=CAMERA_ON):
        st.camera_input("A photograph: one object on a plain background works best", key=CAMERA, on_change=keep)
    _tell(CAMERA)


def _tell(where: str) -> None:
    """Says what could not be read, where it was given and for as long as the visitor stays there."""
    shelf = _shelf()
    if (refused := shelf.refused) is None:
        return
    if (refused.where, refused.link) == (where, page_state.adopted()):
        alerts.error(refused.sentence, refused.reasons)
    else:
        shelf.refused = None


def brought(is_current: bool, on_choose: Callable[[], None], on_gone: Callable[[], None]) -> None:
    """Shows the pictures that were brought, to choose one, and the way to remove it.

    Args:
        is_current: Whether one's own picture is the current image.
        on_choose: Is called after one was taken, before the page runs again.
        on_gone: Is called after the one that is current was removed.
    """
    shelf = _shelf()
    found = shelf.brought()
    ids = [picture.id for picture in found]
    chosen = ids.index(shelf.current) if is_current and shelf.current in ids else None
    if not found:
        return

    def take(number: int) -> None:
        shelf.current, shelf.refused = ids[number], None
        on_choose()

    gallery.pictures([(picture.title, picture.thumbnail) for picture in found], PICTURES, chosen, take)
    if chosen is None:
        return

    def remove() -> None:
        shelf.remove(ids[chosen])
        shelf.refused = None
        on_gone()

    st.button(f"Remove {alerts.escape_markdown(found[chosen].title)}", icon=":material/delete:", on_click=remove)


def draw(in_colour: bool, is_current: bool, on_new: Callable[[], None], on_gone: Callable[[], None]) -> None:
    """Shows a drawing pad.

    Args:
        in_colour: Whether colours can be chosen.
        is_current: As of `brought`.
        on_new: Is called when there is another drawing than before, which was taken.
        on_gone: Is called when the drawing that was the current image is gone.
    """
    shelf = _shelf()
    shelf.refused = None
    before = shelf.pictures.get(DRAWING)
    drawing = pad.show(PAD, in_colour)
    if drawing is not None:
        if before is None or not np.array_equal(before.pixels, drawing):
            shelf.put(Picture("Your drawing", drawing, DRAWING, "drawing.png"))
            on_new()
    elif before is not None:
        was_taken = is_current and shelf.current == DRAWING
        shelf.remove(DRAWING)
        if was_taken:
            on_gone()


def has_another_drawing(is_current: bool) -> bool:
    """Whether there is a drawing that is not the current image; `is_current` as of `brought`."""
    shelf = _shelf()
    return DRAWING in shelf.pictures and not (is_current and shelf.current == DRAWING)


def take_drawing() -> None:
    """Takes the drawing that is on the pad."""
    _shelf().current = DRAWING
