"""Those who watch the loop: it does not know them, and one that fails is reported and let go."""

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
    """What is known when an episode begins."""

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
    """Why this policy acts; empty where nobody said."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """One turn of the loop: what was seen, decided, sent, and what came of it."""

    index: int
    """Number of this control period, from 1."""

    observation: Observation
    """What the policy was given."""

    chunk: ActionChunk
    """What it answered, with its `info`."""

    action: Action
    """The action carried out."""

    target: JointTarget
    """What was sent to the arm."""

    state: SceneState
    """The truth after the step."""

    verdict: Verdict
    """What the task says of it."""

    is_stale: bool = False
    """Whether nothing was decided for this period and the arm held the target before; only in live sessions."""


class Subscriber(Protocol):
    """Three calls per episode; each may raise, which costs only the subscriber."""

    def on_start(self, start: EpisodeStart) -> None:
        """See an episode begin."""
        ...

    def on_step(self, step: Step) -> None:
        """See one turn of the loop."""
        ...

    def on_end(self, result: EpisodeResult) -> None:
        """See it end; also called when the loop was interrupted."""
        ...
