"""Picks a plane through a run's latent space; the choice is in the link."""

import numpy as np
import streamlit as st

from ae_core import latent
from ae_core.errors import OptionError
from ae_core.inference import LoadedRun
from ae_core.latent import MAIN_PLANE, PlaneSpec
from pages.serving import link
from pages.widgets import controls, image_picker

PRINCIPAL, UNITS, IMAGES = "Principal directions", "Two units", "Three images"
THROUGH = "through"


def pick(run: LoadedRun, prefix: str = "") -> PlaneSpec:
    """Shows the controls and gives the plane; a code of two units has no choice.

    Args:
        run: A loaded run.
        prefix: Sets the controls of a second plane on a page apart.
    """
    if run.latent_dim <= 2:
        return MAIN_PLANE
    kind = controls.choice(st.segmented_control, "Plane", [PRINCIPAL, UNITS, IMAGES], key=f"{prefix}plane")
    if kind == IMAGES:
        numbers = []
        for i, column in enumerate(st.columns(3), start=1):
            with column:
                numbers.append(image_picker.one(f"Image {i}", run.spec.dataset, f"{prefix}corner{i}", i - 1))
        return PlaneSpec("images", tuple(numbers))
    what = "direction" if kind == PRINCIPAL else "unit"
    across, up, image = st.columns([1, 1, 2])
    with across:
        first = _number(run, f"{what.capitalize()} across", f"{prefix}{what}1", 1)
    with up:
        second = _number(run, f"{what.capitalize()} up", f"{prefix}{what}2", 2)
    with image:
        through = _through(run, prefix)
    return PlaneSpec(f"{what}s", (first, second), through)


def source(spec: PlaneSpec) -> str:
    """The Python that makes a plane of `codes`."""
    if spec.kind == "main":
        return "latent.whole_plane(codes)"
    if spec.kind == "images":
        return f"latent.triangle_plane(codes, codes[{list(spec.numbers)}])"
    name = "principal_plane" if spec.kind == "directions" else "unit_plane"
    if isinstance(spec.through, int):
        through = f"codes[{spec.through}]"
    else:
        through = f"np.array({latent.parse_code(spec.through).tolist()}, np.float32)"
    return f"latent.{name}(codes, {spec.numbers}, {through})"


def _number(run: LoadedRun, label: str, key: str, default: int) -> int:
    return controls.number(label, 1, run.latent_dim, key, default, of=run.run.name)


def cut_through(code: np.ndarray, prefix: str = "") -> None:
    """Makes the plane go through a code (d,), whatever it is the code of."""
    link.write(f"{prefix}{THROUGH}-code", latent.code_text(code))


def let_go(prefix: str = "") -> None:
    """Makes the plane go through a test image again."""
    link.forget(f"{prefix}{THROUGH}-code")


def _through(run: LoadedRun, prefix: str) -> int | str:
    """What the plane goes through: the number of a test image, or a code as the link has it."""
    code = link.read(
        f"{prefix}{THROUGH}-code", lambda text: _code(text, run.latent_dim), "place that the plane is through"
    )
    if code is not None:
        st.button("Through a test image again", key=f"{prefix}let-go", on_click=let_go, args=(prefix,))
        return code
    return image_picker.one("Through test image", run.spec.dataset, f"{prefix}{THROUGH}", 0)


def _code(text: str, d: int) -> str:
    if len(latent.parse_code(text)) != d:
        raise OptionError(f"The plane must go through a code of {d} units.")
    return text
