"""Registry of simulator backends by name; a backend is imported when its name is loaded."""

from __future__ import annotations

from vla_isaac.core.registry import Registry

BACKENDS = Registry(
    "backend",
    "backends",
    {
        "stub": "vla_isaac.backends.stub.backend:StubBackend",
        "mujoco": "vla_isaac.backends.mujoco.backend:MujocoBackend",
        "physx": "vla_isaac.backends.physx.backend:PhysxBackend",
        "isaac": "vla_isaac.backends.isaac.backend:IsaacBackend",
    },
)
