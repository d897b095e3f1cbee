"""`inspector_of`: the `Inspector` of a backend."""

from __future__ import annotations

from vla_isaac.core.errors import UsageError
from vla_isaac.core.registry import Registry
from vla_isaac.sim.backend import Backend
from vla_isaac.sim.inspection import Inspector

INSPECTORS = Registry(
    "inspector",
    "inspectors",
    {
        "mujoco": "vla_isaac.backends.mujoco.inspection:MujocoInspector",
        "isaac": "vla_isaac.backends.isaac.inspection:IsaacInspector",
    },
)
"""Inspectors by the name of their backend; imported when used."""


def inspector_of(backend: Backend) -> Inspector:
    """Return the inspector of a backend.

    Raises:
        UsageError: If the backend has no physics to test.
    """
    if backend.name not in INSPECTORS.targets():
        raise UsageError(
            f"the backend {backend.name!r} has no self-test", remedy=f"choose {' or '.join(INSPECTORS.targets())}"
        )
    inspector: Inspector = INSPECTORS.load(backend.name)(backend)
    return inspector
