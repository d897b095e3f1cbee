"""`PolicyCalls`: the calls of a policy from a script, on a thread of its own, each with a limit of real time.

A policy that never returns cannot be stopped: Python cannot end a thread. So the policy runs on a daemon thread, which
keeps neither the script nor Python's exit waiting, and after the limit the script goes on without it.

The change of threads takes some 20 microseconds per decision. A class of which ``never_blocks`` is true is called directly:
those of this package that only calculate, such as the expert. Its subclasses do not inherit that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vla_isaac.core.checks import check_finite
from vla_isaac.core.errors import PolicyError, UsageError
from vla_isaac.core.types import EpisodeContext, Observation
from vla_isaac.policies.base import Policy
from vla_isaac.policies.read_only_boundary import ask, begin_episode
from vla_isaac.runtime.inference import POLICY_TIMEOUT, InferenceWorker, Question, no_answer

_LONGEST_WAIT = 0.5  # [s] at once: on Windows an interrupt is noticed only between two waits
_GRACE = 2.0  # [s] for a policy to return after an interrupt, so that Python does not exit in the middle of its call

REMEDY = "raise the limit with --policy-timeout SECONDS (policy_timeout= in Python; 0 waits for ever), or fix the policy"


class PolicyCalls:
    """Calls one policy for one episode after another; what it raises is raised here."""

    def __init__(self, policy: Policy, *, timeout: float = POLICY_TIMEOUT, first_timeout: float = 0.0) -> None:
        """Prepare the calls; the thread starts with the first one.

        Args:
            policy: The policy.
            timeout: Timeout of a call after the first decision, in real time [s]; 0 waits for ever.
            first_timeout: Timeout of each call up to the first decision, in which many policies load or compile.

        Raises:
            UsageError: If a timeout is negative or no finite number.
        """
        self.policy = policy
        self._timeout, self._first_timeout = checked_timeout(timeout), checked_timeout(first_timeout)
        self._is_direct = bool(vars(type(policy)).get("never_blocks"))
        self._worker = InferenceWorker()
        self._question: Question | None = None
        self._has_decided = False

    @property
    def is_hung(self) -> bool:
        """Whether a call has not returned; the policy cannot be used again."""
        return self._question is not None and not self._question.is_answered

    def reset(self, context: EpisodeContext, *, name: str) -> None:
        """Reset the policy; `name` is its name in errors.

        Raises:
            PolicyError: If it takes too long, tries to exit Python, or tried to modify its input.
            Exception: Whatever the policy raises.
        """
        self._call(lambda: begin_episode(self.policy, context), name, None)

    def act(self, observation: Observation, *, name: str, decision: int) -> Any:
        """Return the policy's answer; `decision` counts from 1; errors as in `reset`."""
        answer = self._call(lambda: ask(self.policy, observation), name, decision)
        self._has_decided = True
        return answer

    def leave(self) -> None:
        """End the thread after its current call; returns at once. A later call starts another one."""
        self._worker.leave()
        self._worker = InferenceWorker()

    def _call(self, work: Callable[[], Any], name: str, decision: int | None) -> Any:
        if self._is_direct:
            return work()
        if self.is_hung:
            raise PolicyError(
                f"the policy {name!r} is still in an earlier call that took too long", remedy="make the policy again"
            )
        limit = self._timeout if self._has_decided else self._first_timeout
        self._question = question = self._worker.ask(work)
        try:
            while not question.wait(min(_LONGEST_WAIT, max(limit - question.waited, 0.0)) if limit else _LONGEST_WAIT):
                if limit and question.waited >= limit:
                    raise no_answer(name, decision, limit, REMEDY)
        except KeyboardInterrupt:
            question.wait(_GRACE)
            raise
        if isinstance(question.error, KeyboardInterrupt):
            raise question.error
        return question.answer


def checked_timeout(seconds: float) -> float:
    """Return a timeout in seconds; 0 means none.

    Raises:
        UsageError: If it is negative or no finite number.
    """
    check_finite("the policy's timeout", seconds, error=UsageError)
    if seconds < 0:
        raise UsageError(f"the policy's timeout is {seconds} s", remedy="give a number of seconds; 0 waits for ever")
    return float(seconds)
