"""`StageContent`: what the open stage holds besides our scene; `confirmation` is the question before it is closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STAGES: Mapping[str, str] = {"this": "the open stage", "new": "a new stage"}
"""Where Load builds the scene, and the texts in the panel."""

ROOT_NAMES = ("World", "VLA")
"""Names on the path of our scene's root."""

OWN_LAYER_PRIMS = ("Render",)
"""Root prims that Kit writes itself: its render settings and products."""


@dataclass(frozen=True)
class StageContent:
    """What would be lost or stay when a scene is loaded."""

    others: tuple[str, ...] = ()
    """Paths of prims that are not ours, at the root or below /World; and sublayers by their address."""

    is_unsaved: bool = False
    """Whether the stage has changes that are not saved."""

    @property
    def confirmation(self) -> str:
        """Return what a new stage closes, as a sentence; empty if nothing of the user's is there."""
        if not self.others:
            return ""
        unsaved = "its unsaved changes are lost" if self.is_unsaved else "it has no unsaved changes"
        return f"a new stage closes the open one with {', '.join(self.others[:3])}; {unsaved}"


def content_of(layer: Any, *, is_unsaved: bool) -> StageContent:
    """Return the content of a stage by its root layer, whose session layer is Kit's own.

    Source: OpenUSD API documentation, SdfLayer: rootPrims, subLayerPaths; SdfPrimSpec: name, nameChildren.
    """
    world, ours = ROOT_NAMES
    others = [str(path) for path in layer.subLayerPaths]
    for prim in layer.rootPrims:
        if prim.name == world:
            others += [f"/{world}/{child.name}" for child in prim.nameChildren if child.name != ours]
        elif prim.name not in OWN_LAYER_PRIMS:
            others.append(f"/{prim.name}")
    return StageContent(tuple(others), is_unsaved)
