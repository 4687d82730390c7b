"""Picks a plane through a run's latent space; the choice is in the link."""

import base64
from dataclasses import dataclass

import numpy as np
import streamlit as st

from ae_core import latent
from ae_core.inference import LoadedRun
from ae_core.latent import Plane
from ae_core.runs import Run
from pages.serving import caches, link
from pages.widgets import controls, image_picker


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
    kind = controls.choice(st.segmented_control, "Plane", [PRINCIPAL, UNITS, IMAGES], key=f"{prefix}plane")
    if kind == IMAGES:
        numbers = []
        for i, column in enumerate(st.columns(3), start=1):
            with column:
                numbers.append(image_picker.one(f"Image {i}", run.spec.dataset, f"{prefix}corner{i}", i - 1))
        plane = latent.triangle_plane(codes, codes[numbers])
        return Choice(plane, codes[numbers[0]], f"latent.triangle_plane(codes, codes[{numbers}])")
    what = "direction" if kind == PRINCIPAL else "unit"
    across, up, image = st.columns([1, 1, 2])
    with across:
        first = _number(run, f"{what.capitalize()} across", f"{prefix}{what}1", 1)
    with up:
        second = _number(run, f"{what.capitalize()} up", f"{prefix}{what}2", 2)
    with image:
        through, source = _through(run, codes, prefix)
    name = "principal_plane" if kind == PRINCIPAL else "unit_plane"
    plane = _made(run.run, name, (first, second), through.tobytes())
    return Choice(plane, through, f"latent.{name}(codes, {(first, second)}, {source})")


@caches.memoize(64)
def _made(run: Run, name: str, which: tuple[int, int], through: bytes) -> Plane:
    plane: Plane = getattr(latent, name)(caches.codes(run), which, np.frombuffer(through, np.float32))
    return plane


def _number(run: LoadedRun, label: str, key: str, default: int) -> int:
    return controls.number(label, 1, run.latent_dim, key, default, of=run.run.name)


def cut_through(code: np.ndarray, prefix: str = "") -> None:
    """Makes the plane go through a code (d,), whatever it is the code of."""
    text = base64.urlsafe_b64encode(np.asarray(code, "<f2").tobytes()).decode().rstrip("=")
    link.write(f"{prefix}{THROUGH}-code", text)


def let_go(prefix: str = "") -> None:
    """Makes the plane go through a test image again."""
    link.forget(f"{prefix}{THROUGH}-code")


def _through(run: LoadedRun, codes: np.ndarray, prefix: str) -> tuple[np.ndarray, str]:
    """A code that the plane goes through, and the Python that gives it."""
    code = link.read(
        f"{prefix}{THROUGH}-code", lambda text: _code(text, run.latent_dim), "place that the plane is through"
    )
    if code is not None:
        st.button("Through a test image again", key=f"{prefix}let-go", on_click=let_go, args=(prefix,))
        return code, f"np.array({code.tolist()}, np.float32)"
    number = image_picker.one("Through test image", run.spec.dataset, f"{prefix}{THROUGH}", 0)
    return codes[number], f"codes[{number}]"


def _code(text: str, d: int) -> np.ndarray:
    code = np.frombuffer(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True), "<f2")
    if code.shape != (d,) or not np.isfinite(code).all():
        raise ValueError
    return code.astype(np.float32)
