"""Picks a plane through a run's latent space."""

import streamlit as st

from ae_core import latent
from ae_core.errors import OptionError
from ae_core.inference import LoadedRun
from ae_core.latent import MAIN_PLANE, PlaneSpec
from pages.serving import fields, page_state
from pages.serving.fields import Field, Values
from pages.serving.page_state import State
from pages.widgets import image_picker, run_picker
from pages.widgets.words import Words

PRINCIPAL, UNITS, IMAGES = "Principal directions", "Two units", "Three images"
WIDTH = 150  # pixels of a number: two stand beside the kinds of planes


def _number(name: str, label: str, plane: str, default: int) -> Field:
    applies = {"of": run_picker.name_of, "when": lambda values: values.get("plane") == plane}
    return fields.number(name, label, 1, run_picker.units_of, default, **applies)


def _code(text: str, values: Values) -> str:
    if len(latent.parse_code(text)) != (units := run_picker.units_of(values)):
        raise OptionError(f"The plane must go through a code of {units} units.")
    return text


# They need the run and the name of its data set as `dataset`; a code of two units has no choice.
FIELDS = (
    fields.choice("plane", "Plane", [PRINCIPAL, UNITS, IMAGES], when=lambda values: values["run"].latent_dim > 2),
    *(
        image_picker.field(f"corner{i}", f"Image {i}", i - 1, when=lambda values: values.get("plane") == IMAGES)
        for i in (1, 2, 3)
    ),
    _number("direction1", "Direction across", PRINCIPAL, 1),
    _number("direction2", "Direction up", PRINCIPAL, 2),
    _number("unit1", "Unit across", UNITS, 1),
    _number("unit2", "Unit up", UNITS, 2),
    Field(
        "through-code",
        "Code that the plane goes through",
        _code,
        of=run_picker.name_of,
        when=lambda values: values.get("plane") in (PRINCIPAL, UNITS),
    ),
)


def pick(state: State, run: LoadedRun, through: int) -> PlaneSpec:
    """Shows the controls of `FIELDS` and gives the plane.

    Args:
        state: The page's.
        run: A loaded run.
        through: The number of the test image that the plane goes through, unless another place or three are chosen.
    """
    if run.latent_dim <= 2:
        return MAIN_PLANE
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    if state.segments("plane", row, format_func=Words(run.form)) == IMAGES:
        numbers = []
        for i, column in enumerate(st.columns(3), start=1):
            with column:
                numbers.append(image_picker.one(state, f"corner{i}"))
        return PlaneSpec("images", tuple(numbers))
    what = "direction" if state["plane"] == PRINCIPAL else "unit"
    across, up = (state.draw(row.number_input, f"{what}{axis}", width=WIDTH) for axis in (1, 2))
    if state["through-code"] is None:
        return PlaneSpec(f"{what}s", (across, up), through)
    let_go = (state.key("through-code"), None)
    key = f"{state.prefix}let-go"
    row.button(Words(run.form)("Go through a test image again"), key=key, on_click=page_state.put, args=let_go)
    return PlaneSpec(f"{what}s", (across, up), state["through-code"])


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
