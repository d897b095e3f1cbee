"""`PolicyRunner`: one policy in one episode in lock-step, for scripts and batches; `LiveRun` is its live counterpart."""

from __future__ import annotations

from typing import Any

from vla_isaac.core.types import Observation
from vla_isaac.runtime.episode_run import EpisodeRun
from vla_isaac.runtime.policy_calls import PolicyCalls
from vla_isaac.runtime.result import End, EpisodeResult


class PolicyRunner:
    """Runs the loop from observation to action until the episode ends; simulated time stands still while the policy runs."""

    def __init__(self, episode: EpisodeRun, calls: PolicyCalls) -> None:
        """Create a runner of the policy of `calls` in `episode`, which has not begun."""
        self.episode = episode
        self._calls = calls

    def begin(self) -> None:
        """Start the episode; a policy that fails in its reset ends it at once.

        Raises:
            GoalError: If the goal can never be fulfilled.
        """
        self.episode.begin()
        try:
            self._calls.reset(self.episode.context(), name=self.episode.start.policy)
        except Exception as error:
            self.episode.fail(End.POLICY_FAILED, error)
        except BaseException:
            self.episode.stop("interrupted")
            raise

    def run(self) -> EpisodeResult:
        """Call `tick` until the end; an interrupt (Ctrl-C) ends the episode as STOPPED and is raised again."""
        try:
            while self.episode.end is None:
                self.tick()
        except BaseException:
            self.episode.stop("interrupted")
            raise
        return self.episode.result

    def tick(self) -> None:
        """Do one control period: observe, act, convert, apply, step, check."""
        episode = self.episode
        try:
            decision = episode.period.complete(self.answer)
        except Exception as error:
            episode.fail(episode.period.at_fault, error)
            return
        episode.check(decision)

    def stop(self, why: str = "stopped") -> None:
        """End the episode now; the arm holds still."""
        self.episode.stop(why)

    @property
    def end(self) -> End | None:
        """Return why the episode ended; None before."""
        return self.episode.end

    @property
    def error(self) -> Exception | None:
        """Return the error that ended the episode; None if none did."""
        return self.episode.error

    @property
    def result(self) -> EpisodeResult:
        """Return how the episode ended."""
        return self.episode.result

    @property
    def steps(self) -> int:
        """Return the control periods so far."""
        return self.episode.steps

    def answer(self, observation: Observation) -> Any:
        """Return the policy's answer to an observation, its next decision.

        Raises:
            PolicyError: If it takes too long, tries to exit Python, or tried to modify its input.
            Exception: Whatever the policy raises.
        """
        return self._calls.act(observation, name=self.episode.start.policy, decision=self.episode.steps + 1)
