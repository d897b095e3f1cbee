"""Subscribers of the loop: it does not know them, and one that fails is reported and detached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vla_isaac.core.goals import GoalPlan
from vla_isaac.core.specs import PolicySpec
from vla_isaac.core.types import Action, ActionChunk, JointTarget, Observation, SceneState, Verdict
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.scene.spec import SceneLayout, SceneSpec


@dataclass(frozen=True, eq=False, kw_only=True)
class EpisodeStart:
    """The stage of an episode and its policy, before the first step."""

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


@dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """One control period: observation, action, target, and the state and verdict after it. All recorders record this."""

    index: int
    """Number of this control period, from 1."""

    observation: Observation
    """What the policy was given, with the frames of its cameras."""

    chunk: ActionChunk
    """What it answered, with its `info`."""

    action: Action
    """The action carried out."""

    target: JointTarget
    """What was sent to the arm."""

    state: SceneState
    """The state of the scene after the step."""

    verdict: Verdict
    """The task's verdict on that state."""

    is_last: bool
    """Whether the episode ends with this step, by success or for lack of time."""

    is_stale: bool = False
    """Whether nothing was decided for this period and the arm held the target before; only in live sessions."""


class Subscriber(Protocol):
    """Three calls per episode; each may raise, which costs only the subscriber."""

    def on_start(self, start: EpisodeStart) -> None:
        """Take the start of an episode."""
        ...

    def on_step(self, step: Step) -> None:
        """Take one control period."""
        ...

    def on_end(self, result: EpisodeResult) -> None:
        """Take the end; also called when the loop was interrupted."""
        ...
