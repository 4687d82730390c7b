"""Pictures that visitors bring: files, photographs, drawings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from streamlit.typing import UploadedFile

from ae_core import data, images, logs
from ae_core.errors import ImageError
from pages.serving import uploads
from pages.widgets import alerts, pad

MAX_FILES = 10
PAD = "pad"
UPLOADER = "uploader"
BROUGHT, TAKEN = "brought-pictures", "taken-pictures"  # in the session
NAME_LENGTH = 24  # of a file's name, where several are to choose from


@dataclass(frozen=True)
class Picture:
    """A picture before it is prepared.

    Attributes:
        name: What the visitor calls it, or would call its file.
        grey: uint8 (h, w).
        id: What tells it from others; all drawings are one picture that changes.
    """

    name: str
    grey: np.ndarray
    id: str


def _pictures(given: Sequence[UploadedFile], kept: str) -> list[Picture]:
    """The pictures in files, and on the page one sentence for each in which there is none.

    Each file is read once, when it comes: ten of ten megabytes would hold up every change of a control.
    """
    before: dict[str, Picture | str] = st.session_state.get(kept, {})
    now = {file.file_id: before.get(file.file_id) or _read(file) for file in given}
    st.session_state[kept] = now
    for file in given:
        if isinstance(refusal := now[file.file_id], str):
            alerts.error("One file could not be read; the others are not affected.", f"{file.name}: {refusal}")
    return [picture for picture in now.values() if isinstance(picture, Picture)]


def _read(file: UploadedFile) -> Picture | str:
    """The picture in a file, or one sentence why there is none."""
    try:
        return Picture(file.name, images.decode(file.getvalue()), file.file_id)
    except ImageError as error:
        logs.event("upload refused", bytes=file.size)
        return str(error)


def files() -> list[Picture]:
    """Shows an uploader and gives the pictures that can be read; says of the others why not.

    They outlive the uploader, which forgets its files when another page is opened.
    """

    def let_go() -> None:
        if not st.session_state[UPLOADER]:
            st.session_state.pop(BROUGHT, None)

    given = st.file_uploader(
        f"Up to {MAX_FILES} images, {images.READ}",
        accept_multiple_files=True,
        max_upload_size=images.MAX_BYTES // 1_000_000,
        key=UPLOADER,
        on_change=let_go,
    )
    uploads.use(file.file_id for file in given)
    st.caption(uploads.told())
    if len(given) > MAX_FILES:
        st.warning(f"{len(given)} files were given; the first {MAX_FILES} are shown.")
    if given:
        return _pictures(given[:MAX_FILES], BROUGHT)
    before = [picture for picture in st.session_state.get(BROUGHT, {}).values() if isinstance(picture, Picture)]
    if before:
        st.caption("From before; the next upload takes the place of:")
        st.text(", ".join(picture.name for picture in before))
    return before


def one_file() -> Picture | None:
    """Shows an uploader, and, of several pictures, which one to look at."""
    found = files()
    if len(found) < 2:
        return found[0] if found else None

    def called(number: int) -> str:
        name = found[number].name
        short = name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}…"
        return f"{number + 1} · {alerts.escape_markdown(short)}"

    chosen = st.segmented_control(
        "Which one", range(len(found)), default=0, required=True, format_func=called, key=f"which-of-{len(found)}"
    )
    return found[chosen or 0]


def photograph() -> Picture | None:
    """Offers the camera, which stays off until the visitor wants it."""
    if not st.toggle("Open the camera", key="camera-on"):
        return None
    taken = st.camera_input("A photograph: one thing on a plain ground works best")
    uploads.use([taken.file_id] if taken else [])
    found = _pictures([taken] if taken else [], TAKEN)
    return replace(found[0], name="photograph.jpg") if found else None


def drawing(dataset: str) -> Picture | None:
    """Shows a drawing pad, and the way to begin with a test image instead of a black square."""
    test, names = data.load(dataset).split("test"), data.load(dataset).class_names
    grey = pad.show(PAD)

    def begin() -> None:
        rows = np.flatnonzero(test.labels == names.index(st.session_state[key]))
        pad.put(PAD, data.as_float(test.images[np.random.default_rng().choice(rows)]))

    key = f"begin-with-{dataset}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("Or begin with a test image", names, key=key, persist_state="session", width="stretch")
        st.button("Put it on the pad", icon=":material/add_photo_alternate:", on_click=begin)
    return None if grey is None else Picture("drawing.png", grey, "drawing")
