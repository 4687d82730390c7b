"""Picks a plane through a run's latent space; the choice is in the link."""

import base64
import binascii
from dataclasses import dataclass

import numpy as np
import streamlit as st

from ae_core import data, latent
from ae_core.inference import LoadedRun
from ae_core.latent import Plane
from pages.widgets import caches


@dataclass(frozen=True)
class Choice:
    """A plane that a visitor chose.

    Attributes:
        plane: The plane.
        start: A code (d,) on it to begin at.
        source: The Python that makes the plane of `codes`.
    """

    plane: Plane
    start: np.ndarray
    source: str


PRINCIPAL, UNITS, IMAGES = "Principal directions", "Two units", "Three images"
CORNERS = (0, 1, 2)
THROUGH = "through"


def pick(run: LoadedRun, prefix: str = "") -> Choice:
    """Shows the controls and gives the plane; a code of two units has no choice.

    Args:
        run: A loaded run.
        prefix: Sets the controls of a second plane on a page apart.

    Raises:
        OptionError: if what is picked makes no plane.
    """
    codes = caches.codes(run.run)
    if run.latent_dim <= 2:
        return Choice(latent.whole_plane(codes), codes[0], "latent.whole_plane(codes)")
    kind = st.segmented_control(
        "Plane",
        [PRINCIPAL, UNITS, IMAGES],
        default=PRINCIPAL,
        required=True,
        key=f"{prefix}plane",
        bind="query-params",
        persist_state="session",
    )
    if kind == IMAGES:
        count = len(codes)
        numbers = [
            _number(column, f"Test image {i + 1}", f"{prefix}corner{i + 1}", 0, count - 1, CORNERS[i] % count)
            for i, column in enumerate(st.columns(3))
        ]
        _thumbnails(run, numbers)
        plane = latent.triangle_plane(codes, codes[numbers])
        return Choice(plane, codes[numbers[0]], f"latent.triangle_plane(codes, codes[{numbers}])")
    what = "Direction" if kind == PRINCIPAL else "Unit"
    across, up, image = st.columns(3)
    first, second = (
        _number(column, f"{what} {side}", f"{prefix}{what.lower()}{i}", 1, run.latent_dim, i)
        for i, (column, side) in enumerate([(across, "across"), (up, "up")], start=1)
    )
    which = (first, second)
    through, source = _through(run, codes, image, prefix)
    make = latent.principal_plane if kind == PRINCIPAL else latent.unit_plane
    plane = make(codes, which, through)
    return Choice(plane, through, f"latent.{make.__name__}(codes, {which}, {source})")


def cut_through(code: np.ndarray, prefix: str = "") -> None:
    """Makes the plane go through a code (d,), whatever it is the code of."""
    text = base64.urlsafe_b64encode(np.asarray(code, "<f2").tobytes()).decode().rstrip("=")
    st.query_params[f"{prefix}{THROUGH}-code"] = text


def let_go(prefix: str = "") -> None:
    """Makes the plane go through a test image again."""
    st.query_params.pop(f"{prefix}{THROUGH}-code", None)


def _through(
    run: LoadedRun, codes: np.ndarray, place: st.delta_generator.DeltaGenerator, prefix: str
) -> tuple[np.ndarray, str]:
    text = st.query_params.get(f"{prefix}{THROUGH}-code")
    if text is not None:
        code = _code(text, run.latent_dim)
        if code is not None:
            place.button(
                "Through a test image again", key=f"{prefix}let-go", on_click=let_go, args=(prefix,), width="stretch"
            )
            return code, f"np.array({code.tolist()}, np.float32)"
        st.warning("The place in this link cannot be read; the plane goes through a test image instead.")
        let_go(prefix)
    number = _number(place, "Through test image", f"{prefix}{THROUGH}", 0, len(codes) - 1, 0)
    return codes[number], f"codes[{number}]"


def _code(text: str, d: int) -> np.ndarray | None:
    try:
        code = np.frombuffer(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True), "<f2")
    except (ValueError, binascii.Error):
        return None
    return code.astype(np.float32) if code.shape == (d,) and np.isfinite(code).all() else None


def _number(place: st.delta_generator.DeltaGenerator, label: str, key: str, low: int, high: int, default: int) -> int:
    # What another run allowed, or a link claims, may be beyond this run's range.
    if not low <= st.session_state.get(key, low) <= high:
        del st.session_state[key]
    chosen = place.number_input(label, low, high, default, 1, key=key, bind="query-params", persist_state="session")
    return int(chosen)


def _thumbnails(run: LoadedRun, numbers: list[int]) -> None:
    dataset = data.load(run.spec.dataset)
    labels = caches.test_labels(dataset.name)
    for column, number in zip(st.columns(3), numbers, strict=True):
        name = dataset.class_names[labels[number]]
        column.image(caches.test_images(dataset.name)[number], width=84, caption=name, alt=f"{name}, image {number}")
