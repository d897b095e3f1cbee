"""Names turned into objects: only front doors do this."""

from __future__ import annotations

from pathlib import Path

from vla_isaac.backends import BACKENDS
from vla_isaac.core.errors import UsageError
from vla_isaac.policies import POLICIES
from vla_isaac.policies.base import Policy
from vla_isaac.sim.backend import Backend


def make_backend(name: str, *, robot_model: Path | None = None) -> Backend:
    """Return a backend by name.

    Raises:
        UnknownNameError: If there is none of that name.
        UsageError: If it takes no robot model.
        MissingDependencyError: If its package is not installed.
    """
    factory = BACKENDS.load(name)
    if robot_model is None:
        backend: Backend = factory()
        return backend
    if name != "mujoco":
        raise UsageError(f"--robot-model is for --backend mujoco; the backend {name!r} has a robot of its own")
    if not robot_model.is_file():
        raise UsageError(f"--robot-model {robot_model}: there is no such file; give the path of an MJCF file")
    with_model: Backend = factory(robot_model=robot_model)
    return with_model


def make_policy(name: str) -> Policy:
    """Return a policy by name.

    Raises:
        UnknownNameError: If there is none of that name.
    """
    policy: Policy = POLICIES.load(name)()
    return policy
