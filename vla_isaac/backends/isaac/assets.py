"""Where NVIDIA's Franka lies in each release; asked of the server, since the path moved between releases."""

from __future__ import annotations

from dataclasses import dataclass

from vla_isaac.backends.isaac.ports import AssetsPort
from vla_isaac.sim.backend import Steps

FRANKA_PATHS = (
    "/Isaac/Robots/FrankaRobotics/FrankaPanda/franka.usd",  # 5.0 and newer
    "/Isaac/Robots/Franka/franka.usd",  # 4.2, 4.5
)
"""Below the assets root, newest first."""

SETTING = "/persistent/isaac/asset_root/default"


@dataclass(frozen=True)
class FoundAsset:
    """The address of a Franka, or why there is none."""

    address: str | None
    why: str


def find_franka(assets: AssetsPort) -> Steps[FoundAsset]:
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
