"""Where the classic API stands in each release: 4.2 has one package, 4.5 to 6.2 another, with the same classes."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from vla_isaac.backends.isaac.probe import Names

IMPORTS: dict[Names, dict[str, str]] = {
    "omni.isaac": {  # 4.2
        "World": "omni.isaac.core:World",
        "SimulationContext": "omni.isaac.core:SimulationContext",
        "Articulation": "omni.isaac.core.articulations:Articulation",
        "RigidPrim": "omni.isaac.core.prims:RigidPrim",
        "ArticulationAction": "omni.isaac.core.utils.types:ArticulationAction",
        "Camera": "omni.isaac.sensor:Camera",
        "create_new_stage": "omni.isaac.core.utils.stage:create_new_stage",
        "create_new_stage_async": "omni.isaac.core.utils.stage:create_new_stage_async",
        "get_current_stage": "omni.isaac.core.utils.stage:get_current_stage",
        "get_assets_root_path": "omni.isaac.nucleus:get_assets_root_path",
        "get_assets_root_path_async": "omni.isaac.nucleus:get_assets_root_path_async",
        "is_file": "omni.isaac.nucleus:is_file",
        "is_file_async": "omni.isaac.nucleus:is_file_async",
    },
    "isaacsim": {  # 4.5 to 6.2
        "World": "isaacsim.core.api:World",
        "SimulationContext": "isaacsim.core.api:SimulationContext",
        "Articulation": "isaacsim.core.prims:SingleArticulation",
        "RigidPrim": "isaacsim.core.prims:SingleRigidPrim",
        "ArticulationAction": "isaacsim.core.utils.types:ArticulationAction",
        "Camera": "isaacsim.sensors.camera:Camera",
        "create_new_stage": "isaacsim.core.utils.stage:create_new_stage",
        "create_new_stage_async": "isaacsim.core.utils.stage:create_new_stage_async",
        "get_current_stage": "isaacsim.core.utils.stage:get_current_stage",
        "get_assets_root_path": "isaacsim.storage.native:get_assets_root_path",
        "get_assets_root_path_async": "isaacsim.storage.native:get_assets_root_path_async",
        "is_file": "isaacsim.storage.native:is_file",
        "is_file_async": "isaacsim.storage.native:is_file_async",
    },
}
"""Imports of the classic API by its package name."""

CLOCKS: dict[Names, str] = {
    # source: imports of exts/omni.isaac.sensor in 4.1.0
    "omni.isaac": "omni.isaac.core_nodes.bindings._omni_isaac_core_nodes:acquire_interface",
    # source: isaac-sim/IsaacSim v5.0.0 to v6.0.1, isaacsim.core.simulation_manager
    "isaacsim": "isaacsim.core.simulation_manager:SimulationManager",
}
"""Getter of the simulation time in each release. The time starts at every play, with two steps of warm-up from 4.5 on."""


def import_classic(names: Names) -> Any:
    """Return the classes and functions of `IMPORTS` under their names there; Isaac is imported only here."""
    return SimpleNamespace(**{name: _import(place) for name, place in IMPORTS[names].items()})


def find_clock(names: Names) -> Callable[[], float] | None:
    """Return the getter of the simulation time that stamps pictures; None where the release has none."""
    try:
        found = _import(CLOCKS[names])
        # source: exts/omni.isaac.core_nodes of 4.1.0, omni.isaac.sensor's lidar: acquire_interface().get_sim_time()
        clock: Callable[[], float] = found().get_sim_time if names == "omni.isaac" else found.get_simulation_time
    except (ImportError, AttributeError):
        return None
    return clock


def _import(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
