"""The classic interface under both of its names (4.2 to 6.2): which behaviour stands behind which recorded class."""

from __future__ import annotations

from tests.simulated_isaac.classic_camera import Camera
from tests.simulated_isaac.classic_functions import functions
from tests.simulated_isaac.classic_prims import Articulation, ArticulationAction, ArticulationController, RigidPrim
from tests.simulated_isaac.classic_world import World
from tests.simulated_isaac.launcher import SimulationApp

__all__ = ["CLASSES", "functions"]


CLASSES: dict[str, type] = {
    "omni.isaac.core.World": World,
    "isaacsim.core.api.World": World,
    "omni.isaac.core.articulations.Articulation": Articulation,
    "isaacsim.core.prims.SingleArticulation": Articulation,
    "omni.isaac.core.robots.Robot": Articulation,
    "isaacsim.core.api.robots.Robot": Articulation,
    "omni.isaac.core.controllers.ArticulationController": ArticulationController,
    "isaacsim.core.api.controllers.ArticulationController": ArticulationController,
    "omni.isaac.core.utils.types.ArticulationAction": ArticulationAction,
    "isaacsim.core.utils.types.ArticulationAction": ArticulationAction,
    "omni.isaac.core.prims.RigidPrim": RigidPrim,
    "isaacsim.core.prims.SingleRigidPrim": RigidPrim,
    "omni.isaac.sensor.Camera": Camera,
    "isaacsim.sensors.camera.Camera": Camera,
    "omni.isaac.kit.SimulationApp": SimulationApp,
    "isaacsim.SimulationApp": SimulationApp,
}
