"""Detect Isaac Sim's APIs in this process by its modules, not by version string.

Three generations exist: `omni.isaac.*` (4.2), `isaacsim.*` with the same classes (4.5 to 6.2), and the experimental
interface (6.0 and newer). Nothing is imported from Isaac for this. Outside Kit nothing is probed: finding
``isaacsim.core.api`` would import ``isaacsim``, which in a pip installation starts Kit and asks to accept its licence.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

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
        """Return the port to use: experimental where it is complete, since 6.0 deprecates the classic one."""
        if self.experimental:
            return "experimental"
        return None if self.names is None else "classic"


def is_inside_kit() -> bool:
    """Return whether this process runs Kit already, so that finding modules starts nothing."""
    kit = sys.modules.get("omni.kit.app")  # `from isaacsim import SimulationApp` imports it and starts nothing
    app = kit.get_app() if kit is not None else None  # source: Kit manual, omni.kit.app: get_app(), IApp.is_running()
    return app is not None and bool(app.is_running())


def enable_extensions(port: Port | None = None) -> None:
    """Enable the extensions of one port, the best that this release has, or the requested one; only inside Kit.

    Optional dependencies of a manifest are not enabled, and a module may be importable before its extension has started.
    Each module that a port needs has the name of its extension.
    """
    import omni.kit.app  # source: docs.omniverse.nvidia.com Kit manual, omni.kit.app: get_app()

    # source: docs.omniverse.nvidia.com Kit manual, omni.ext: get_extensions(), is_extension_enabled(name);
    # isaac-sim/IsaacSim v6.0.1, isaacsim.core.utils, extensions.py: set_extension_enabled_immediate(name, enabled)
    manager: Any = omni.kit.app.get_app().get_extension_manager()
    known = {extension["name"] for extension in manager.get_extensions()}
    sets = [("experimental", EXPERIMENTAL_NEEDS), *(("classic", needs) for needs in CLASSIC_NEEDS.values())]
    wanted = [needs for name, needs in sets if port in (None, name)]
    for name in next((needs for needs in wanted if known.issuperset(needs)), ()):
        if not manager.is_extension_enabled(name):
            manager.set_extension_enabled_immediate(name, True)


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
