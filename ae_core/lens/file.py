"""A lens as one HTML file that holds all it shows: no server, no request."""

import io
import json
import tomllib
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from PIL import Image

from ae_core import __version__, disk, images, latent, locations, thumbnails
from ae_core.errors import OptionError
from ae_core.inference import LoadedRun
from ae_core.latent import MAIN_PLANE, PlaneSpec
from ae_core.lens import scripts, tiling
from ae_core.lens.scene import OwnScene, Scene

MOST_BYTES = 8_000_000  # of a file
# In base64 a third more.
TILES_ROOM, SHEET_ROOM = 4_900_000, 800_000
PLACES = 24  # along each side of a tile: smaller ones follow more closely where codes lie
MOST_DOTS = 2000
COLUMNS = 50  # of the sheet of thumbnails
HEIGHT = 760  # pixels of its frame in a notebook


@dataclass(frozen=True, eq=False)
class LensFile:
    """A lens that shows itself in a notebook and can be saved; it is made when one of them first asks for it.

    Attributes:
        run: A loaded run.
        spec: A plane through its codes.
        overlay: A name of latent.OVERLAYS that colours the plane; None for none.
        pin: A place (x, y) on the plane that is pinned.
        view: Middle and half side of what it shows at first, (x, y, reach); None for all of the plane.
        alone: The one class that is in colour at first, if the others are grey.
    """

    run: LoadedRun
    spec: PlaneSpec = MAIN_PLANE
    overlay: str | None = None
    pin: tuple[float, float] | None = None
    view: tuple[float, float, float] | None = None
    alone: str | None = None

    def __post_init__(self) -> None:
        if self.overlay is not None and self.overlay not in latent.OVERLAYS:
            known = ", ".join(latent.OVERLAYS)
            raise OptionError(f"There is no overlay {self.overlay!r}: choose one of {known}, or None.")

    @property
    def name(self) -> str:
        """What to call the file."""
        return f"lens-{self.run.run.name}.html"

    @cached_property
    def html(self) -> str:
        """The file, at most `MOST_BYTES` of UTF-8.

        Raises:
            OptionError: if the run has no such plane.
            DatasetError: if there are no test examples.
        """
        scene = OwnScene(self.run, self.spec, PLACES)
        every, sheet = _sheet(self.run)
        tiles = tiling.tile(scene, scene.codes[::every], TILES_ROOM)
        count = len(range(0, len(scene.codes), every))
        overlays = {name: _overlay(scene.overlay(name)) for name in ("ground", self.overlay) if name}
        data = scene.about() | {
            "link": "file",
            "world": 1,
            "every": every,
            "count": count,
            "view": self.view,
            "alone": self.alone,
            "pin": self.pin,
            "pins": True,
            "tour": False,
            "groups": None,
            "sprites": {"links": [sheet], "size": count, "columns": COLUMNS, "count": count},
            "selected": [],
            "overlay": self.overlay,
            "group": None,
            "layout": "full",
            "steps": None,
            "mark": None,
            "arrow": None,
            "selects": False,
            "debug": False,
        }
        names = {"/".join(map(str, place)): _text(packed) for place, packed in tiles.packed.items()}
        held = {"points": _text(tiling.packed(scene.points(every))), "tiles": names, "overlays": overlays}
        # A "<" could end the script that holds it.
        content = json.dumps({"data": data, "held": held}, ensure_ascii=False).replace("<", "\\u003c")
        noun = self.run.form.noun
        return Template(scripts.read("lens/file.html")).substitute(
            title=escape(f"Lens: {self.run.run.title}"),
            intro=f"Move over the plane: the {noun} that lies under the pointer is decoded.",
            style=f"{_theme()}\n{scripts.read('lens/lens.css')}\n{scripts.read('lens/file.css')}",
            lens=scripts.read("lens/lens.html"),
            notes="\n".join(f"<p>{escape(note)}</p>" for note in self._notes(scene, tiles.error, count)),
            content=content,
            script=scripts.joined("lens/file.js"),
        )

    def save(self, path: str | Path) -> Path:
        """Writes the file.

        Args:
            path: Of the file.

        Returns:
            Its path.

        Raises:
            OptionError: if the run has no such plane.
            OSError: if it cannot be written.
        """
        path = Path(path)
        disk.write_bytes(path, self.html.encode())
        return path

    def _repr_html_(self) -> str:
        """What a notebook shows: the file in a frame of its own."""
        return (
            f'<iframe srcdoc="{escape(self.html)}" title="{escape(self.run.run.title)}" width="100%" '
            f'height="{HEIGHT}" style="border: 0" sandbox="allow-scripts allow-downloads"></iframe>'
        )

    def _notes(self, scene: Scene, error: float, count: int) -> list[str]:
        """What is said below the lens."""
        run, dataset = self.run, self.run.dataset
        noun, units = run.form.noun, run.latent_dim
        total = len(scene.codes)
        dots = f"{count:,} of the {total:,}" if count < total else f"All {total:,}"
        hatched = f"Hatched: no test {noun} lies within one gap, so the decoder invents what it draws here."
        if units > 2:
            hatched += (
                f" Cross-hatched: no {noun} can have its code just there, because a unit would be outside its "
                "activation's range."
            )
        interpolated = (
            f"{dots} test {noun}s are dots. The file holds {noun}s decoded on a grid, finer where codes lie, and "
            f"interpolates: there 99 % of the {run.form.value}s are off by {error:.3f} at most, on a scale from 0 to 1."
        )
        of = f"{run.recipe.title.lower()}, code of {units} unit{'s' * (units > 1)}"
        if units > 2:
            of += f"; this plane holds {100 * scene.plane.share:.0f} % of the codes' variance"
        return [
            *([latent.OVERLAYS[self.overlay].replace("image", noun)] if self.overlay else []),
            f"{hatched} {interpolated}",
            f"Model: “{run.run.title}” ({of}). Data: {dataset.title} ({dataset.source}).",
            f"Made with Latent Explorer {__version__}.",
        ]


def _sheet(run: LoadedRun) -> tuple[int, str]:
    """Thumbnails of test examples as a data URI, at most `SHEET_ROOM` bytes: each n-th example, and that n."""
    every = run.dataset.split("test").images
    step = -(-len(every) // MOST_DOTS)
    while True:
        shown = thumbnails.draw(run.form, every[::step])
        file = io.BytesIO()
        Image.fromarray(images.mosaic(shown, COLUMNS, gap=0)).save(file, "WEBP", lossless=True)
        if file.tell() <= SHEET_ROOM or step >= len(every):
            return step, "data:image/webp;base64," + _text(file.getvalue())
        step *= 2


def _overlay(values: np.ndarray) -> dict[str, Any]:
    return {"side": len(values), "values": _text(values.astype("<f4").tobytes())}


def _text(content: bytes) -> str:
    return b64encode(content).decode()


def _theme() -> str:
    """The dashboard's theme as the variables that Streamlit gives its components, light or dark as the system is."""
    theme = tomllib.loads((locations.ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]
    colours = {
        "primary-color": "primaryColor",
        "background-color": "backgroundColor",
        "secondary-background-color": "secondaryBackgroundColor",
        "text-color": "textColor",
        "border-color": "borderColor",
    }

    def variables(which: str) -> str:
        return " ".join(f"--st-{name}: {theme[which][key]};" for name, key in colours.items())

    shared = f"--st-font: system-ui, {theme['font']}; --st-base-radius: {theme['baseRadius']};"
    return (
        f":root {{ color-scheme: light dark; {shared} --focus: 3px solid var(--st-primary-color); "
        f"{variables('light')} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {variables('dark')} }} }}"
    )
