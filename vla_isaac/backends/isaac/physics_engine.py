"""`describe_physics`: the physics engine that is active and the device it computes on, as Isaac Sim reports them."""

from __future__ import annotations

NAMES = {"physx": "PhysX", "newton": "Newton", "remotesim": "a remote simulator"}


def describe_physics() -> str:
    """Return engine and device, such as ``"PhysX on cuda:0"``; releases without the question have PhysX only."""
    try:
        # source: isaac-sim/IsaacSim v5.0.0 to v6.0.1, isaacsim.core.simulation_manager, simulation_manager.py
        from isaacsim.core.simulation_manager import SimulationManager
    except ImportError:  # 4.2 has no such class
        return "PhysX, on a device that this release does not report"
    engine = "physx"
    if hasattr(SimulationManager, "get_active_physics_engine"):
        # source: isaac-sim/IsaacSim v6.0.1, isaacsim.core.simulation_manager, simulation_manager.py:127
        engine = str(SimulationManager.get_active_physics_engine())
    try:
        # source: isaac-sim/IsaacSim v5.0.0 to v6.0.1, isaacsim.core.simulation_manager: "cpu" or "cuda:N"
        device = str(SimulationManager.get_physics_sim_device())
    except AttributeError:  # 4.5, whose class is not published
        return f"{NAMES.get(engine, engine)}, on a device that this release does not report"
    return f"{NAMES.get(engine, engine)} on {'the CPU' if device == 'cpu' else device}"
