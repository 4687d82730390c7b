"""The lens: a plane of a run that decodes under the pointer, on a page, in a notebook and as one file."""

from ae_core.lens.file import LensFile
from ae_core.lens.scene import DEEPEST, OwnScene, Scene, View, cubic, differences, places_of

__all__ = ["DEEPEST", "LensFile", "OwnScene", "Scene", "View", "cubic", "differences", "places_of"]
