"""A policy that holds still: the floor that every other policy must beat."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext, Observation
from vla_isaac.robots import panda


class HoldPolicy:
    """Repeats the joint angles it saw first, with the gripper as it was."""

    spec = PolicySpec(action=ActionSpec(joints="position_rad", rate_hz=20.0), needs_proprioception=True)

    def reset(self, context: EpisodeContext) -> None:
        """Forget the posture of the last episode."""
        self._chunk: ActionChunk | None = None

    def act(self, observation: Observation) -> ActionChunk:
        """Return the first posture again."""
        if self._chunk is None:
            self._chunk = ActionChunk.single(
                np.array(observation.qpos), min(observation.gripper_width, panda.GRIPPER_MAX_WIDTH)
            )
        return self._chunk
