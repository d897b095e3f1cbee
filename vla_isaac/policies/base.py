"""The policy protocol: what it needs, a new episode, and what to do now."""

from __future__ import annotations

from typing import Protocol

from vla_isaac.core.specs import PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext, Observation


class Policy(Protocol):
    """Observation in, action chunk out; these three members are all that is required."""

    @property
    def spec(self) -> PolicySpec:
        """What it needs to see and what its actions mean."""
        ...

    def reset(self, context: EpisodeContext) -> None:
        """Begin an episode."""
        ...

    def act(self, observation: Observation) -> ActionChunk:
        """Decide; at least one action, in the convention of `spec.action`."""
        ...
