"""What is done to a policy to learn what it goes by: black pictures, and a goal judged beside the one asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vla_isaac.core.goals import GoalPlan
from vla_isaac.core.specs import PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext, Frame, Observation, SceneState, Verdict
from vla_isaac.policies.base import Policy
from vla_isaac.tasks.task import Task


class Blackened:
    """A policy around another, which is given black pictures of the right size at the right time."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    @property
    def spec(self) -> PolicySpec:
        """That of the policy inside."""
        return self._policy.spec

    def reset(self, context: EpisodeContext) -> None:
        """Begin an episode."""
        self._policy.reset(context)

    def act(self, observation: Observation) -> ActionChunk:
        """Decide without having seen anything."""
        frames = {name: _black(frame) for name, frame in observation.frames.items()}
        return self._policy.act(replace(observation, frames=frames))


class TaskBesideAnother(Task):
    """A task that also remembers whether another plan was fulfilled in the meantime."""

    def __init__(self, plan: GoalPlan | None, other: GoalPlan, *, dwell: float) -> None:
        super().__init__(plan, dwell=dwell)
        self._other = Task(other, dwell=dwell)
        self.other_was_reached = False
        """Whether the other plan has been fulfilled at any time."""

    def reset(self, state: SceneState) -> None:
        """Begin an episode.

        Raises:
            GoalError: If either plan can never be fulfilled from `state`.
        """
        super().reset(state)
        self._other.reset(state)
        self.other_was_reached = False

    def judge(self, state: SceneState) -> Verdict:
        """Judge one state by both plans; what is returned is of the one that counts."""
        self.other_was_reached |= bool(self._other.judge(state).success)
        return super().judge(state)


def _black(frame: Frame) -> Frame:
    return replace(
        frame,
        rgb=np.zeros_like(frame.rgb),
        depth=None if frame.depth is None else np.zeros_like(frame.depth),
        segmentation=None if frame.segmentation is None else np.full_like(frame.segmentation, -1),
    )
