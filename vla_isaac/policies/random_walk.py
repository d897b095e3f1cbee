"""A policy that moves at random: small steps of the end effector, the same for the same seed."""

from __future__ import annotations

from vla_isaac.core.seeding import stream
from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext, Observation
from vla_isaac.robots import panda

STEP = 0.02  # [m] largest step along each axis
TURN = 0.05  # [rad] largest turn about each axis
LINGER = 0.8  # share of the last action that is kept, so that the arm wanders rather than trembles


class RandomPolicy:
    """Wanders within the workspace and opens or closes the gripper now and then."""

    spec = PolicySpec(action=ActionSpec(translation="delta_base_m", rotation="axis_angle_rad", rate_hz=20.0))

    def reset(self, context: EpisodeContext) -> None:
        """Start the random stream of this episode."""
        self._rng = stream(context.seed, "random policy")
        self._arm = self._rng.uniform(-1.0, 1.0, size=6)
        self._width = panda.GRIPPER_MAX_WIDTH

    def act(self, observation: Observation) -> ActionChunk:
        """Return one random step."""
        self._arm = LINGER * self._arm + (1 - LINGER) * self._rng.uniform(-3.0, 3.0, size=6)
        if self._rng.random() < 0.02:
            self._width = panda.GRIPPER_MAX_WIDTH - self._width
        scale = [STEP] * 3 + [TURN] * 3
        return ActionChunk.single(self._arm.clip(-1.0, 1.0) * scale, self._width)
