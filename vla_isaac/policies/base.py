"""The policy protocol: `spec`, `reset` and `act`."""

from __future__ import annotations

from typing import Protocol

from vla_isaac.core.specs import PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext, Observation


class Policy(Protocol):
    """Takes an observation and returns an action chunk; these three members are all that is required."""

    @property
    def spec(self) -> PolicySpec:
        """Return the required observations and the action convention."""
        ...

    def reset(self, context: EpisodeContext) -> None:
        """Start an episode."""
        ...

    def act(self, observation: Observation) -> ActionChunk:
        """Return at least one action, in the convention of `spec.action`."""
        ...
