"""The pinned place, the view and the class of a lens, in the link."""

from ae_core import data
from ae_core.inference import LoadedRun
from ae_core.latent import PlaneSpec
from pages.serving import caches, link
from pages.widgets import lens
from pages.widgets.lens import Look


def from_link(run: LoadedRun, spec: PlaneSpec, prefix: str = "") -> Look:
    """Where a lens begins: at what the link says of this plane, else at the plane's start with all of it in view.

    A class stays from plane to plane.
    """
    of = run.run.digest, spec
    start = spec.start(caches.codes(run.run))
    x, y = caches.plane(run.run, spec).points(start[None])[0].tolist()
    pin = link.read(f"{prefix}pin", lens.parse(run, spec, 2), "pin", of)
    view = link.read(f"{prefix}view", lens.parse(run, spec, 3), "view", of)
    classes = data.load(run.spec.dataset).class_names
    return Look(pin or (x, y), view, link.read(f"{prefix}class", link.one_of(classes), "class"))


def to_link(look: Look, prefix: str = "") -> None:
    """Puts a place, a view and a class into the link."""
    for name, numbers in {"pin": look.pin, "view": look.view}.items():
        link.write(prefix + name, ",".join(f"{n:.7g}" for n in numbers or ()))
    link.write(f"{prefix}class", look.alone)
