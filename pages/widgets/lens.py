"""The lens: a latent plane that decodes under the pointer, in the browser, without asking the server.

A lattice of decoded images is sent once, as one PNG; the page interpolates between its four nearest.
"""

import base64
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from ae_core import data, images, latent
from ae_core.figures.style import CLASS_COLOURS
from ae_core.inference import LoadedRun
from ae_core.latent import Plane
from pages.widgets import caches

SIDE = 32  # decoded images along each side of the lattice
DOTS = 1500  # test images on the plane
HERE = Path(__file__).parent


@cache
def _component() -> Any:
    return st.components.v2.component(
        "lens",
        html=(HERE / "lens.html").read_text(),
        css=(HERE / "lens.css").read_text(),
        js=(HERE / "lens.js").read_text(),
    )


@st.cache_data(max_entries=16, show_spinner=False)
def _payload(_run: LoadedRun, _plane: Plane, digest: str) -> dict[str, Any]:
    """All that the page needs, as JSON; the arrays as base64 of their bytes."""
    dataset = data.load(_run.spec.dataset)
    points = _plane.points(caches.codes(_run.run))[:DOTS]
    left, right, bottom, top = latent.extent(points)
    across, up = np.linspace(left, right, SIDE), np.linspace(bottom, top, SIDE)
    lattice = _run.decode(_plane.codes(latent.grid(across, up)))
    h, w = _run.image_shape
    sprites = dataset.split("test").images[: len(points)]
    return {
        "version": digest,
        "box": [left, right, bottom, top],
        "side": SIDE,
        "image": [h, w],
        "lattice": images.data_uri(images.mosaic(lattice, SIDE, gap=0)),
        "points": _base64(points.astype("<f4")),
        "labels": _base64(dataset.split("test").labels[: len(points)]),
        "sprites": images.data_uri(images.mosaic(sprites, 50, gap=0)),
        "sprite_columns": 50,
        "classes": list(dataset.class_names),
        "colours": [CLASS_COLOURS[i % len(CLASS_COLOURS)] for i in range(len(dataset.class_names))],
        "axes": list(_plane.labels),
    }


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def prepare(run: LoadedRun, plane: Plane) -> None:
    """Computes what `show` will need."""
    _payload(run, plane, run.run.digest)


def show(run: LoadedRun, plane: Plane, key: str) -> None:
    """Shows a plane of a run's latent space: its test images as dots, decoded wherever the pointer is."""
    _component()(key=key, data=_payload(run, plane, run.run.digest))
