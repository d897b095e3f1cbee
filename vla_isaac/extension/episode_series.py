"""`EpisodeSeries`: several episodes in a row, each with the next seed, and how they ended."""

from __future__ import annotations

from dataclasses import dataclass, replace

MOST_EPISODES = 1000


@dataclass(frozen=True)
class EpisodeSeries:
    """Episodes of one scene and policy; seeds are those from `first_seed` up."""

    num_episodes: int
    first_seed: int
    outcomes: tuple[bool, ...] = ()
    """Success of each episode that has ended."""

    is_active: bool = True
    """Whether further episodes follow."""

    @property
    def seed(self) -> int:
        """Return the seed of the next episode."""
        return self.first_seed + len(self.outcomes)

    def with_outcome(self, success: bool) -> EpisodeSeries:
        """Return the series after another episode."""
        outcomes = (*self.outcomes, success)
        return replace(self, outcomes=outcomes, is_active=len(outcomes) < self.num_episodes)

    def ended(self) -> EpisodeSeries:
        """Return the series without further episodes."""
        return replace(self, is_active=False)
