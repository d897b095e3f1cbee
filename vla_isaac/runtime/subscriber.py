"""Subscribers of the loop: the protocol and its events; a subscriber that raises is reported and detached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vla_isaac.core.goals import GoalPlan
from vla_isaac.core.specs import PolicySpec
from vla_isaac.core.types import Action, ActionChunk, JointTarget, Observation, SceneState, Verdict
from vla_isaac.grounding import Understanding
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.scene.spec import SceneLayout, SceneSpec


@dataclass(frozen=True, eq=False, kw_only=True)
class EpisodeStart:
    """Scene, layout, task and policy of an episode, before the first step."""

    scene: SceneSpec
    layout: SceneLayout
    state: SceneState
    instruction: str
    plan: GoalPlan | None
    seed: int
    policy: str
    policy_spec: PolicySpec
    backend: str
    max_steps: int
    policy_reason: str = ""
    """Why this policy acts; empty where no reason is given."""

    understood: Understanding | None = None
    """How the goals were read from the instruction; None where they were given."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """One control period: observation, action, target, and the state and verdict after it; the input of all recorders."""

    index: int
    """Number of this control period, from 1."""

    observation: Observation
    """The policy's observation, with its camera frames."""

    chunk: ActionChunk
    """The policy's answer, with its `info`."""

    action: Action
    """The executed action."""

    target: JointTarget
    """The target sent to the arm."""

    state: SceneState
    """The state of the scene after the step."""

    verdict: Verdict
    """The task's verdict on that state."""

    is_last: bool
    """Whether the episode ends with this step, by success or timeout."""

    is_stale: bool = False
    """Whether no new action was available and the arm held the previous target; only in live sessions."""


class Subscriber(Protocol):
    """Three calls per episode; an error in one detaches only the subscriber."""

    def on_start(self, start: EpisodeStart) -> None:
        """Receive the start of an episode."""
        ...

    def on_step(self, step: Step) -> None:
        """Receive one control period."""
        ...

    def on_end(self, result: EpisodeResult) -> None:
        """Receive the result; also called when the loop was interrupted."""
        ...
