"""Detect Isaac Sim's APIs in this process by its modules, not by version string.

Three generations exist: `omni.isaac.*` (4.2), `isaacsim.*` with the same classes (4.5 to 6.2), and the experimental
interface (6.0 and newer). Nothing is imported from Isaac for this. Outside Kit nothing is probed: finding
``isaacsim.core.api`` would import ``isaacsim``, which in a pip installation starts Kit and asks to accept its licence.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Port = Literal["classic", "experimental"]
Names = Literal["omni.isaac", "isaacsim"]

CLASSIC_NEEDS: dict[Names, tuple[str, ...]] = {
    "isaacsim": (
        "isaacsim.core.api",
        "isaacsim.core.prims",
        "isaacsim.core.utils",
        "isaacsim.sensors.camera",
        "isaacsim.storage.native",
    ),
    "omni.isaac": ("omni.isaac.core", "omni.isaac.sensor", "omni.isaac.nucleus"),
}
"""Modules of the classic interface under each of its two names; the newer name is tried first, since in 4.5 to 5.1 the
older one is a shim that warns."""

EXPERIMENTAL_NEEDS = (
    "isaacsim.core.experimental.prims",
    "isaacsim.core.experimental.utils",
    "isaacsim.core.simulation_manager",
    "isaacsim.core.rendering_manager",
    "isaacsim.sensors.experimental.rtx",
    "isaacsim.storage.native",
)
"""All of these came together first in 6.0; 5.x has only some of them."""


@dataclass(frozen=True)
class Offer:
    """APIs that were found."""

    names: Names | None
    """Package name of the classic API; None if it is missing."""

    experimental: bool
    """Whether the experimental interface is complete."""

    why: str
    """The result as text, for `doctor`, the panel and the log."""

    def choose(self) -> Port | None:
        """Return the port to use: classic where it is complete, since the same code runs on all releases."""
        if self.names is not None:
            return "classic"
        return "experimental" if self.experimental else None


def is_inside_kit() -> bool:
    """Return whether this process runs Kit already, so that finding modules starts nothing."""
    return "omni.kit.app" in sys.modules


def probe(*, exists: Callable[[str], bool] | None = None) -> Offer:
    """Return the available APIs.

    Args:
        exists: Returns whether a module can be imported; None uses Python's finder, only inside Kit.
    """
    if exists is None:
        if not is_inside_kit():
            return Offer(
                None, False, "this process does not run Isaac Sim; start it by Isaac's own Python or enable the extension"
            )
        exists = _can_be_imported
    names: Names | None = next((n for n, needs in CLASSIC_NEEDS.items() if all(map(exists, needs))), None)
    lacking = [module for module in EXPERIMENTAL_NEEDS if not exists(module)]
    classic = f"classic interface as {names}.*" if names else "no complete classic interface"
    experimental = f"the experimental one lacks {lacking[0]}" if lacking else "the experimental one is complete"
    return Offer(names, not lacking, f"{classic}; {experimental}")


def _can_be_imported(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
