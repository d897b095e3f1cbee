"""`LiveStage`: what is loaded in a live session, and whether it still is what somebody wants to run."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vla_isaac.core.errors import UsageError
from vla_isaac.core.read_only import read_only_copy
from vla_isaac.core.types import SceneState
from vla_isaac.policies.base import Policy
from vla_isaac.policies.boundary import own_spec
from vla_isaac.runtime.episode import with_instruction
from vla_isaac.runtime.live_choice import Choice
from vla_isaac.runtime.subscriber import EpisodeStart
from vla_isaac.tasks.task import DWELL, Task


@dataclass(frozen=True, eq=False)
class LiveStage:
    """The choice it was made of, how the episode starts, and who acts."""

    choice: Choice
    start: EpisodeStart
    policy: Policy

    @property
    def task(self) -> Task:
        """What is to be done, ready to be reset."""
        family = self.choice.task
        return Task(self.start.plan, dwell=family.preset.dwell if family else DWELL)

    def for_run(self, choice: Choice, policy: Policy, state: SceneState) -> LiveStage:
        """Return the same stage for a run of `choice`, which may name another policy and another free instruction.

        Raises:
            UsageError: If something else was chosen since the load, or the policy acts at another rate.
            InstructionError: If the instruction cannot be read.
        """
        if changes := choice.changes_since(self.choice):
            raise UsageError(f"{' and '.join(changes)} changed since the scene was loaded", remedy="press Load, then Run")
        spec = own_spec(policy)
        rate, loaded = spec.action.rate_hz, self.start.scene.timing.control_hz
        if rate != loaded:
            raise UsageError(
                f"the policy {choice.policy!r} acts at {rate:g} Hz but the scene was loaded for {loaded:g} Hz",
                remedy="press Load, then Run",
            )
        start = replace(self.start, policy=choice.policy, policy_spec=spec, state=read_only_copy(state))
        if choice.task is None:
            start = with_instruction(start, choice.sentence)
        return LiveStage(choice, start, policy)
