"""Images that visitors bring: files, photographs, drawings."""

import hashlib
from dataclasses import dataclass

import numpy as np
import streamlit as st

from ae_core import data, images
from ae_core.errors import ImageError
from pages.widgets import pad, say

MAX_FILES = 10
PAD = "pad"
BROUGHT = "brought-pictures"  # in the session
KEPT = 8  # pixels a side for each pixel of the models' images: what is kept of a picture
NAME_LENGTH = 24  # of a file's name, where several are to choose from


@dataclass(frozen=True)
class Picture:
    """A picture before it is prepared.

    Attributes:
        name: What the visitor calls it.
        grey: uint8 (h, w).
        digest: Of its content.
    """

    name: str
    grey: np.ndarray
    digest: str


@st.cache_data(max_entries=32, show_spinner=False)
def _decoded(content: bytes, image_shape: tuple[int, int]) -> np.ndarray:
    return images.reduce(images.decode(content, image_shape), KEPT * max(image_shape))


def _read(name: str, content: bytes, image_shape: tuple[int, int]) -> Picture | None:
    """The picture in a file, or one sentence on the page why there is none."""
    try:
        return Picture(name, _decoded(content, image_shape), hashlib.sha256(content).hexdigest())
    except ImageError as error:
        say.refused("One file could not be read; the others are not affected.", f"{name}: {error}")
        return None


def files(image_shape: tuple[int, int]) -> list[Picture]:
    """Shows an uploader and gives the pictures that can be read; says of the others why not.

    They outlive the uploader, which forgets its files when another page is opened.
    """
    given = st.file_uploader(
        f"Up to {MAX_FILES} images, PNG, JPEG, WebP, GIF or BMP",
        accept_multiple_files=True,
        max_upload_size=images.MAX_BYTES // 1_000_000,
        on_change=lambda: st.session_state.pop(BROUGHT, None),
    )
    if len(given) > MAX_FILES:
        st.warning(f"{len(given)} files were given; the first {MAX_FILES} are shown.")
    if given:
        read = [_read(file.name, file.getvalue(), image_shape) for file in given[:MAX_FILES]]
        st.session_state[BROUGHT] = [picture for picture in read if picture]
    found: list[Picture] = st.session_state.get(BROUGHT, [])
    if found and not given:
        st.caption("From before; the next upload takes the place of:")
        st.text(", ".join(picture.name for picture in found))
    return found


def one_file(image_shape: tuple[int, int]) -> Picture | None:
    """Shows an uploader, and, of several pictures, which one to look at."""
    found = files(image_shape)
    if len(found) < 2:
        return found[0] if found else None

    def called(number: int) -> str:
        name = found[number].name
        short = name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}…"
        return f"{number + 1} · {say.as_text(short)}"

    chosen = st.segmented_control(
        "Which one", range(len(found)), default=0, required=True, format_func=called, key=f"which-of-{len(found)}"
    )
    return found[chosen or 0]


def photograph(image_shape: tuple[int, int]) -> Picture | None:
    """Offers the camera, which stays off until the visitor wants it."""
    if not st.toggle("Open the camera", key="camera-on"):
        return None
    taken = st.camera_input("A photograph: one thing on a plain ground works best")
    return _read("photograph", taken.getvalue(), image_shape) if taken else None


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
    return None if grey is None else Picture("drawing", grey, "")


def upload(image_shape: tuple[int, int]) -> tuple[np.ndarray, list[str]]:
    """Shows an uploader and gives images (n, h, w) in [0, 1] with their names; ends the page while there are none."""
    found = files(image_shape)
    chosen = st.segmented_control(
        "Ground",
        ["Automatic", "Dark", "Light"],
        default="Automatic",
        required=True,
        help="The models know bright things on a dark ground: an image on a light ground is inverted.",
    )
    if not found:
        st.info("Upload an image to see what the run makes of it: clothing on a plain ground works best.")
        st.stop()
    invert = {"Automatic": None, "Dark": False, "Light": True}[chosen or "Automatic"]
    return np.stack([images.fit(p.grey, image_shape, invert=invert) for p in found]), [p.name for p in found]
