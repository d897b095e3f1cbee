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
"""Paths below the assets root, newest first."""

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


def find_franka(assets: AssetServer) -> Steps[FoundAsset]:
    """Return the first of `FRANKA_PATHS` that the server has."""
    root = yield from assets.root()
    if root is None:
        return FoundAsset(
            None, f"no asset server answers (setting {SETTING}); check the network, or set the path of a local copy there"
        )
    for path in FRANKA_PATHS:
        if (yield from assets.exists(root + path)):
            return FoundAsset(root + path, f"NVIDIA's Franka from {root + path}")
    return FoundAsset(None, f"the assets at {root} have none of: {', '.join(FRANKA_PATHS)}; are they of another release?")
