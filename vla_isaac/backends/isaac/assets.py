"""Path of NVIDIA's Franka on the asset server, which differs between releases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vla_isaac.backends.isaac.app_loop import Loop
from vla_isaac.sim.backend import Steps

FRANKA_PATHS = (
    "/Isaac/Robots/FrankaRobotics/FrankaPanda/franka.usd",  # 5.0 and newer
    "/Isaac/Robots/Franka/franka.usd",  # 4.2, 4.5
)
"""Paths below the assets root, newest first; made for PhysX."""

# source: 6.2 wheel (audit), skills/physx-to-newton-conversion: the asset above works in PhysX only
MULTIPHYSICS_PATHS = ("/Isaac/Robots_Multiphysics/FrankaRobotics/FrankaPanda/franka/franka.usda",)  # 6.1 and newer
"""Paths for other engines, such as Newton."""

SETTING = "/persistent/isaac/asset_root/default"


@dataclass(frozen=True)
class FoundAsset:
    """The address of a Franka, or why there is none."""

    address: str | None
    why: str


class AssetServer:
    """The server behind `get_assets_root_path`; both APIs have its two functions, each plain and as a coroutine."""

    def __init__(self, loop: Loop, root_path: tuple[Any, Any], is_file: tuple[Any, Any]) -> None:
        """Store the functions, each as (plain, coroutine); `is_file` is called with an address."""
        self._loop, self._root_path, self._is_file = loop, root_path, is_file

    def root(self) -> Steps[str | None]:
        """Return the address of NVIDIA's assets, None if no server answers (some releases raise then)."""
        try:
            root = yield from self._loop.call(*self._root_path)
        except RuntimeError:
            return None
        return root or None

    def exists(self, address: str) -> Steps[bool]:
        """Return whether a file exists."""
        plain, awaited = self._is_file
        return (yield from self._loop.call(lambda: plain(address), lambda: awaited(address)))


def find_franka(assets: AssetServer, engine: str = "physx") -> Steps[FoundAsset]:
    """Return the first Franka for a physics engine that the server has."""
    paths = FRANKA_PATHS if engine == "physx" else MULTIPHYSICS_PATHS
    root = yield from assets.root()
    if root is None:
        return FoundAsset(
            None, f"no asset server answers (setting {SETTING}); check the network, or set the path of a local copy there"
        )
    for path in paths:
        if (yield from assets.exists(root + path)):
            return FoundAsset(root + path, f"NVIDIA's Franka from {root + path}")
    return FoundAsset(None, f"the assets at {root} have none of: {', '.join(paths)}; are they of another release?")
