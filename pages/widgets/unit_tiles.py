"""Units side by side, each with what it adds to a picture and the test images that drive it most; a click opens one."""

from collections.abc import Sequence

import numpy as np

from ae_core import figures, images, thumbnails
from ae_core.forms import Form
from ae_core.inference import LoadedRun
from ae_core.latent import unit_facts
from pages.serving import caches, fields, page_state, scripts, sprites
from pages.widgets import menu, run_picker

EXAMPLES = 4  # beside what a unit adds
STRONGEST = unit_facts.STRONGEST
FULL = 0.5  # of the range of grey: the difference that is drawn at full strength
UNIT = fields.number("unit", "Unit", 1, run_picker.units_of, 1, of=run_picker.name_of)  # whose page is shown


def show(run: LoadedRun, units: Sequence[int], notes: Sequence[str], key: str, codes: np.ndarray | None = None) -> None:
    """Shows units, and opens the page of one that is clicked.

    Args:
        run: A loaded run.
        units: Their numbers from 0.
        notes: A few words about each.
        key: Of these tiles on their page.
        codes: To which they add, one for each, (k, d); by default that of the test image that drives each most.
    """
    numbers = np.array(units, int)
    driving = caches.driving(run.run)
    first = driving.examples[numbers, 0]
    codes = caches.codes(run.run)[first] if codes is None else codes
    with_them, without = unit_facts.additions(run, codes, caches.off_values(run.run), numbers)
    silent = caches.activity(run.run).rates[numbers] == 0
    tiles = [
        {"number": int(unit) + 1, "note": note, "examples": [] if off else driving.examples[unit, :EXAMPLES].tolist()}
        for unit, note, off in zip(numbers, notes, silent, strict=True)
    ]

    added = added_pictures(run.form, with_them, without)
    state = scripts.component("unit_tiles.js")(
        key=key,
        data={
            "units": tiles,
            "added": images.data_uri(np.concatenate(list(added), axis=1)),
            "image": thumbnails.size(run.form),
            "sprites": sprites.about(run.dataset.name),
            "noun": run.form.noun,
        },
        on_chosen_change=lambda: None,
    )
    if isinstance(state.chosen, int) and 1 <= state.chosen <= run.latent_dim:
        open_page(run, state.chosen)


def open_page(run: LoadedRun, number: int) -> None:
    """Leads to the page of a unit, whose number counts from 1."""
    page_state.lead_to(menu.PAGES["unit"].file, run=run.run.name, unit=str(number))


def added_pictures(form: Form, with_them: np.ndarray, without: np.ndarray) -> np.ndarray:
    """What units add, as pictures, each at the strength of its own largest difference.

    Args:
        form: Of the examples.
        with_them: Examples, (k, *shape).
        without: The same without one unit each.

    Returns:
        uint8: of images RGBA, orange where something was added and blue where it was taken; else curves.
    """
    if not form.is_image:
        return thumbnails.draw(form, with_them, against=without)
    difference = with_them - without
    largest = np.abs(difference).max(axis=tuple(range(1, difference.ndim)), keepdims=True)
    scaled = difference / np.maximum(largest, 1e-6) * FULL
    shown: np.ndarray = figures.signed_error(np.zeros_like(scaled), scaled)
    return shown
