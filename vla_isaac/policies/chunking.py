"""Execution of action chunks: the first k rows, or a temporal ensemble of all rows that predict this step.

Policy wrappers: each takes another policy and is itself a policy that returns one action at a time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from vla_isaac.core.arrays import Array
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.specs import PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext, Observation
from vla_isaac.policies.base import Policy
from vla_isaac.policies.read_only_boundary import plain_chunk


class _ChunkExecution:
    """Base of both wrappers: they return chunks of one action."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._chunks: deque[ActionChunk] = deque(maxlen=policy.spec.chunk_length)
        self.card = getattr(policy, "card", None)  # of a checkpoint

    @property
    def spec(self) -> PolicySpec:
        """Return the wrapped policy's spec, with a chunk length of one."""
        return replace(self._policy.spec, chunk_length=1)

    def reset(self, context: EpisodeContext) -> None:
        """Start an episode and discard the chunks of the last one."""
        self._chunks.clear()
        self._policy.reset(context)


class FirstRows(_ChunkExecution):
    """Execute the first `rows` actions of each chunk, then query the policy again."""

    def __init__(self, policy: Policy, rows: int = 1) -> None:
        """Wrap a policy.

        Args:
            policy: The policy that is queried.
            rows: How many actions of each chunk are executed; 1 queries the policy at every step.

        Raises:
            ConfigError: If `rows` is not within 1 and the policy's chunk length.
        """
        if not 1 <= rows <= policy.spec.chunk_length:
            raise ConfigError(
                f"cannot execute {rows} rows of chunks of {policy.spec.chunk_length}",
                remedy=f"choose 1 to {policy.spec.chunk_length}",
            )
        super().__init__(policy)
        self._rows = rows

    def act(self, observation: Observation) -> ActionChunk:
        """Return the next row; query the policy when none is left."""
        if not self._chunks:
            chunk = plain_chunk(self._policy.act(observation))
            self._chunks.extend(_row(chunk, k) for k in range(min(self._rows, len(chunk))))
        return self._chunks.popleft()


class TemporalEnsemble(_ChunkExecution):
    """Query the policy at every step and average all rows that predict this step, as ACT does.

    The weight of the i-th oldest prediction is ``exp(-decay * i)``: i = 0 is the oldest, so older rows weigh more.
    Rows of absolute rotations cannot be averaged by component and are refused.

    Source: T. Zhao et al. (2023), "Learning Fine-Grained Bimanual Manipulation with Low-Cost Hardware", decay 0.01.
    """

    def __init__(self, policy: Policy, decay: float = 0.01) -> None:
        """Wrap a policy.

        Args:
            policy: The policy that is queried at every step.
            decay: ACT's m; 0 is a plain mean, larger gives more weight to older predictions.

        Raises:
            ConfigError: If the policy's rotations cannot be averaged or `decay` is negative.
        """
        if policy.spec.action.rotation.startswith("absolute"):
            raise ConfigError(
                f"temporal ensembling cannot average {policy.spec.action.rotation} by component",
                remedy="use FirstRows instead",
            )
        if decay < 0:
            raise ConfigError(f"temporal ensembling: decay={decay} must not be negative")
        super().__init__(policy)
        self._decay = decay

    def act(self, observation: Observation) -> ActionChunk:
        """Return the weighted mean of all remembered predictions for this step."""
        self._chunks.append(plain_chunk(self._policy.act(observation)))
        ages = range(len(self._chunks) - 1, -1, -1)
        rows = [
            (c.arm[age], c.gripper[age] if c.gripper is not None else None)
            for c, age in zip(self._chunks, ages, strict=True)
            if age < len(c)
        ]
        weights = np.exp(-self._decay * np.arange(len(rows)))
        weights /= weights.sum()
        arm: Array = np.sum([w * arm for w, (arm, _) in zip(weights, rows, strict=True)], axis=0)
        grips = [g for _, g in rows]
        gripper = None if any(g is None for g in grips) else float(np.dot(weights, np.array(grips, dtype=np.float64)))
        return ActionChunk(arm[None], None if gripper is None else np.array([gripper]), self._chunks[-1].info)


def _row(chunk: ActionChunk, k: int) -> ActionChunk:
    gripper = None if chunk.gripper is None else chunk.gripper[k : k + 1]
    return ActionChunk(chunk.arm[k : k + 1], gripper, chunk.info)
