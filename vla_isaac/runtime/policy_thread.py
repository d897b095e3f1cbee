"""`PolicyThread`: the policy of a live session and the thread on which it answers."""

from __future__ import annotations

from collections.abc import Callable

from vla_isaac.policies.base import Policy
from vla_isaac.runtime.inference import InferenceWorker


class PolicyThread:
    """Keeps the policy made last, and its thread."""

    def __init__(self, make_policy: Callable[[str], Policy]) -> None:
        """Begin without a policy; `make_policy` makes one by its name."""
        self._make_policy = make_policy
        self._policies: dict[str, Policy] = {}  # at most one
        self.worker = InferenceWorker()

    def policy(self, name: str) -> Policy:
        """Return the policy, made again unless it is the one made last."""
        if name not in self._policies:
            self._policies = {name: self._make_policy(name)}
        return self._policies[name]

    def renew(self) -> None:
        """Leave thread and policy, of which neither can be used again, and take another thread."""
        self.leave()
        self.worker = InferenceWorker()

    def leave(self) -> None:
        """Release the thread without waiting for it, and forget the policy."""
        self.worker.leave()
        self._policies.clear()
