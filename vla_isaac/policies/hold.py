"""A policy that holds still: the lower bound that every other policy must exceed."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext, Observation
from vla_isaac.robots import panda


class HoldPolicy:
    """Returns the first observed joint angles at every step; the gripper keeps its width."""

    spec = PolicySpec(action=ActionSpec(joints="position_rad", rate_hz=20.0), needs_proprioception=True)

    never_blocks = True  # read by runtime/policy_calls.py

    def reset(self, context: EpisodeContext) -> None:
        """Discard the posture of the last episode."""
        self._chunk: ActionChunk | None = None

    def act(self, observation: Observation) -> ActionChunk:
        """Return the first posture."""
        if self._chunk is None:
            self._chunk = ActionChunk.single(
                np.array(observation.qpos), min(observation.gripper_width, panda.GRIPPER_MAX_WIDTH)
            )
        return self._chunk
