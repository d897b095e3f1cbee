"""`joint_move`: move arm and gripper of a loaded scene by hand, as smooth steps that Kit's updates drive."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.arrays import Array
from vla_isaac.core.errors import BackendError
from vla_isaac.core.types import JointTarget
from vla_isaac.robots.panda import FINGER_SPEED_LIMIT, QVEL_LIMIT
from vla_isaac.sim.backend import Backend, Steps

SPEED = 0.3  # fraction of the speed limits
SHORTEST, SETTLE = 0.4, 0.3  # [s] of a move, and until the arm has followed
PEAK = 1.875  # largest speed of a minimum-jerk move over its mean speed
MOST_IDLE_UPDATES = 600  # app updates without simulated time, after which an error is raised


def joint_move(backend: Backend, *, qpos: Array | None, gripper_width: float, speed_scale: float = 1.0) -> Steps[None]:
    """Move to joint angles [rad] (None: as they are) and a finger distance [m]; yields once per app update.

    The way is straight in joint space, with the minimum-jerk profile of T. Flash and N. Hogan (1985), "The Coordination of
    Arm Movements", and at most `SPEED` of the limits.

    Raises:
        BackendError: If the simulator has no state, or its time stands still.
    """
    start = backend.state()
    goal = start.qpos if qpos is None else qpos
    duration = _duration(goal - start.qpos, gripper_width - start.gripper_width, speed_scale)
    now, idle = start.time, 0
    while now < start.time + duration + SETTLE:
        part = _smooth(min((now - start.time) / duration, 1.0))
        width = start.gripper_width + part * (gripper_width - start.gripper_width)
        backend.apply(JointTarget(qpos=start.qpos + part * (goal - start.qpos), gripper_width=width))
        yield
        before, now = now, backend.state().time
        idle = 0 if now > before else idle + 1
        if idle >= MOST_IDLE_UPDATES:
            raise BackendError(
                "physics does not advance, so the arm cannot move", remedy="press Load to build the scene again"
            )


def _duration(angles: Array, width: float, speed_scale: float) -> float:
    slowest = max(float(np.max(np.abs(angles) / QVEL_LIMIT)), abs(width) / (2 * FINGER_SPEED_LIMIT))
    return max(SHORTEST, PEAK * slowest / (SPEED * speed_scale))


def _smooth(part: float) -> float:
    return part**3 * (10 - 15 * part + 6 * part**2)
