"""A random-walk policy: small random steps of the end effector, reproducible by seed."""

from __future__ import annotations

from vla_isaac.core.seeding import stream
from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext, Observation
from vla_isaac.robots import panda

STEP = 0.02  # [m] largest step along each axis
TURN = 0.05  # [rad] largest turn about each axis
SMOOTHING = 0.8  # weight of the last action; keeps the motion smooth


class RandomPolicy:
    """Moves randomly within the workspace and opens or closes the gripper at random."""

    spec = PolicySpec(action=ActionSpec(translation="delta_base_m", rotation="axis_angle_rad", rate_hz=20.0))

    never_blocks = True  # read by runtime/policy_calls.py

    def reset(self, context: EpisodeContext) -> None:
        """Seed the random stream of this episode."""
        self._rng = stream(context.seed, "random policy")
        self._arm = self._rng.uniform(-1.0, 1.0, size=6)
        self._width = panda.GRIPPER_MAX_WIDTH

    def act(self, observation: Observation) -> ActionChunk:
        """Return one random step."""
        self._arm = SMOOTHING * self._arm + (1 - SMOOTHING) * self._rng.uniform(-3.0, 3.0, size=6)
        if self._rng.random() < 0.02:
            self._width = panda.GRIPPER_MAX_WIDTH - self._width
        scale = [STEP] * 3 + [TURN] * 3
        return ActionChunk.single(self._arm.clip(-1.0, 1.0) * scale, self._width)
