"""The physics engine that is active and the device it computes on, as Isaac Sim reports them."""

from __future__ import annotations

NAMES = {"physx": "PhysX", "newton": "Newton", "remotesim": "a remote simulator"}


def active_engine() -> str:
    """Return the physics engine in use: `physx`, or from 6.0 on also `newton`; older releases have one engine."""
    try:
        # source: isaac-sim/IsaacSim v5.0.0 to v6.0.1, isaacsim.core.simulation_manager; 4.2 has no such class
        from isaacsim.core.simulation_manager import SimulationManager

        # source: isaac-sim/IsaacSim v6.0.1, isaacsim.core.simulation_manager, simulation_manager.py:127; 6.2 wheel (audit)
        return str(SimulationManager.get_active_physics_engine()).lower()
    except (ImportError, AttributeError):
        return "physx"


def physics_device() -> str | None:
    """Return ``"cpu"`` or ``"cuda:N"``; None where the release does not say (4.2, 4.5)."""
    try:
        # source: isaac-sim/IsaacSim v5.0.0 to v6.0.1, isaacsim.core.simulation_manager, simulation_manager.py
        from isaacsim.core.simulation_manager import SimulationManager

        return str(SimulationManager.get_physics_sim_device()).lower()  # source: v5.1.0, simulation_manager.py:326
    except (ImportError, AttributeError):
        return None


def describe_physics() -> str:
    """Return engine and device, such as ``"PhysX on cuda:0"``."""
    engine, device = active_engine(), physics_device()
    where = "a device that this release does not report" if device is None else "the CPU" if device == "cpu" else device
    return f"{NAMES.get(engine, engine)} on {where}"
