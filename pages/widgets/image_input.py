"""Images that visitors bring."""

import numpy as np
import streamlit as st

from ae_core import images
from ae_core.errors import ImageError

MAX_FILES = 10


def upload(image_shape: tuple[int, int]) -> tuple[np.ndarray, list[str]]:
    """Shows an uploader and gives images (n, h, w) in [0, 1] with their names; ends the page while there are none."""
    files = st.file_uploader(
        f"Up to {MAX_FILES} images, PNG, JPEG, WebP, GIF or BMP",
        accept_multiple_files=True,
        max_upload_size=images.MAX_BYTES // 1_000_000,
    )
    ground = st.segmented_control(
        "Ground",
        ["Automatic", "Dark", "Light"],
        default="Automatic",
        required=True,
        help="The models know bright things on a dark ground: an image on a light ground is inverted.",
    )
    invert = {"Automatic": None, "Dark": False, "Light": True}[ground or "Automatic"]
    if len(files) > MAX_FILES:
        st.warning(f"{len(files)} files were given; the first {MAX_FILES} are shown.")
    read: list[np.ndarray] = []
    names = []
    for file in files[:MAX_FILES]:
        try:
            read.append(images.read(file.getvalue(), image_shape, invert=invert))
            names.append(file.name)
        except ImageError as error:
            # Names of files are people's text: never Markdown.
            st.error("One file could not be read; the others are not affected.")
            st.text(f"{file.name}: {error}")
    if not read:
        st.info("Upload an image to see what the run makes of it: clothing on a plain ground works best.")
        st.stop()
    return np.stack(read), names
