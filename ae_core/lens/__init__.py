"""The lens: a plane of a run that decodes under the pointer."""

from ae_core.lens.scene import DEEPEST, OwnScene, Scene, View, cubic, differences, places_of

__all__ = ["DEEPEST", "OwnScene", "Scene", "View", "cubic", "differences", "places_of"]
