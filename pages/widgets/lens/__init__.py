"""The lens: a latent plane that decodes under the pointer, in the browser, without asking the server.

Tiles of decoded images are fetched once for a view; the page interpolates between the nearest sixteen.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import streamlit as st

from ae_core.figures.style import edge
from ae_core.inference import LoadedRun
from ae_core.latent import PlaneSpec
from ae_core.latent.directions import Direction
from pages.serving import caches, fields, routes, scripts, sprites
from pages.serving.fields import Field, Values
from pages.serving.lens_tiles import Scene, scene
from pages.widgets.colour_input import Colours

FAN = 60  # bootstrap samples of a direction that are drawn
GROUND = "Hatched: no test image lies within one gap, so the decoder invents what it draws here."
IMPOSSIBLE = (
    "Cross-hatched: no image can have its code just there, because a unit would be outside its activation's range. "
    "Codes of dots there lie beside the plane."
)


@dataclass(frozen=True)
class Look:
    """What a visitor did to a lens.

    Attributes:
        pin: The place that is pinned, if any.
        view: Middle and half side of what is on screen; None for all of the plane.
        alone: The one class that is in colour, if the others are grey.
    """

    pin: tuple[float, float] | None = None
    view: tuple[float, float, float] | None = None
    alone: str | None = None


def show(
    run: LoadedRun,
    spec: PlaneSpec,
    key: str,
    *,
    first: Look | None = None,
    selected: np.ndarray | None = None,
    coloured: Colours | None = None,
    overlay: str | None = None,
    layout: Literal["full", "left", "right", "flow"] = "full",
    mark: tuple[float, float] | None = None,
    arrow: Direction | None = None,
    on_select: Callable[[list[int]], None] | None = None,
    debug: bool = False,
) -> Look:
    """Shows a plane of a run's latent space: its test images as dots, decoded wherever the pointer is.

    Args:
        run: A loaded run.
        spec: A plane through its codes.
        key: Of this lens on its page; it keeps its pin and view for as long as run and plane stay.
        first: Where it begins; without it the lens takes no pins, and wanders until someone takes over.
        selected: Numbers of the test images that stay in colour; the others go grey. None or empty: all.
        coloured: What dots are coloured by; by default their classes.
        overlay: A name of latent.OVERLAYS.
        layout: "left" and "right" are two that follow one pointer; "flow" shows the layers that an image goes through.
        mark: A place with a mark on it: that of the current image.
        arrow: A direction to draw, with those of its bootstrap samples.
        on_select: Called before the next run with the numbers of the dots that were drawn around; without it none can.
        debug: Whether to show how long a move takes.

    Returns:
        What the visitor did, `first` until then.
    """
    shown = scene(run.run, spec)
    about, groups = shown.about(), None
    if coloured is not None and not coloured.is_class:
        about |= {"colours": list(coloured.colours), "edges": [edge(colour) for colour in coloured.colours]}
        groups = {"labels": base64.b64encode(coloured.labels.tobytes()).decode(), "names": list(coloured.names)}
    name = f"{key}-{shown.token}"  # a pin belongs to its plane: on another one it would be another code
    now = _look(st.session_state[name], shown) if name in st.session_state else first

    def selected_now() -> None:
        numbers = st.session_state[name].get("selected")
        if on_select is not None and isinstance(numbers, list):
            on_select([n for n in numbers if isinstance(n, int)])

    state = scripts.component("lens/lens.js")(
        key=name,
        data=about
        | {
            "link": routes.link(shown.path),
            "view": now and now.view,
            "alone": now and now.alone,
            "pin": now and now.pin,
            "pins": first is not None,
            "tour": first is None,
            "groups": groups,
            "sprites": sprites.about(run.dataset.name),
            "selected": [] if selected is None else selected.tolist(),
            "overlay": overlay,
            "group": "pair" if layout in ("left", "right") else None,
            "layout": layout,
            "steps": run.spec.architecture.steps if layout == "flow" else None,
            "mark": mark,
            "arrow": arrow and _arrow(run, spec, arrow),
            "selects": on_select is not None,
            "debug": debug,
        },
        default={"pin": first and first.pin, "view": first and first.view, "alone": first and first.alone},
        on_pin_change=lambda: None,
        on_view_change=lambda: None,
        on_alone_change=lambda: None,
        on_selected_change=selected_now,
    )
    return _look(state, shown)


def _arrow(run: LoadedRun, spec: PlaneSpec, direction: Direction) -> dict[str, Any]:
    plane, start = caches.plane(run.run, spec), direction.start
    return {
        "start": plane.points(start[None])[0].tolist(),
        "end": plane.points((start + direction.vector)[None])[0].tolist(),
        "fan": plane.points(start + direction.drawn[:FAN]).tolist(),
    }


def fields_of(run: LoadedRun, spec: PlaneSpec, mark: tuple[float, float]) -> tuple[Field, Field, Field]:
    """What a link may ask of a lens: a pin and a view, which belong to the plane, and a class.

    At first the pin is at `mark`, or at the place about which the plane was turned.
    """
    shown = scene(run.run, spec)
    x, y = mark
    if isinstance(spec.through, str) or not shown.world.holds(x, y):  # no test image is as far out
        x, y = caches.plane(run.run, spec).points(spec.start(caches.codes(run.run))[None])[0].tolist()

    def numbers(name: str, count: int, default: tuple[float, ...] | None) -> Field:
        def parse(text: str, values: Values) -> tuple[float, ...]:
            found: tuple[float, ...] | None = _numbers([float(part) for part in text.split(",")], count, shown)
            if found is None:
                raise ValueError(f"Expected {count} numbers on the plane, got {text!r}.")
            return found

        return Field(
            name, name, parse, lambda found: ",".join(f"{n:.7g}" for n in found), default, of=lambda v: shown.token
        )

    dataset = run.dataset
    alone = fields.choice("class", "class", dataset.class_names, default=None, of=lambda v: dataset.name)
    return numbers("pin", 2, (x, y)), numbers("view", 3, None), alone


def _look(state: Any, shown: Scene) -> Look:
    alone = state.get("alone")
    known = isinstance(alone, str) and alone in shown.of.dataset.class_names
    return Look(_numbers(state.get("pin"), 2, shown), _numbers(state.get("view"), 3, shown), alone if known else None)


def _numbers(value: Any, count: int, shown: Scene) -> Any:
    """What the browser or a link says, if it is that many numbers, of a place or a view on the plane."""
    if not isinstance(value, list | tuple) or len(value) != count:
        return None
    if not all(isinstance(v, int | float) for v in value) or not all(v > 0 for v in value[2:]):
        return None
    try:
        numbers = tuple(float(v) for v in value)
    except OverflowError:
        return None
    return numbers if shown.world.holds(*numbers) else None
