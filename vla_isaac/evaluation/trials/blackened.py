"""The trial ``blackened``: every camera image is black."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vla_isaac.core.specs import PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext, Frame, Observation
from vla_isaac.policies.base import Policy


class BlackImagePolicy:
    """A policy wrapper that replaces the camera images by black ones of the same size and time."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    @property
    def spec(self) -> PolicySpec:
        """Return the spec of the wrapped policy."""
        return self._policy.spec

    def reset(self, context: EpisodeContext) -> None:
        """Start an episode."""
        self._policy.reset(context)

    def act(self, observation: Observation) -> ActionChunk:
        """Return the action for black images."""
        frames = {name: _black(frame) for name, frame in observation.frames.items()}
        return self._policy.act(replace(observation, frames=frames))


def _black(frame: Frame) -> Frame:
    return replace(
        frame,
        rgb=np.zeros_like(frame.rgb),
        depth=None if frame.depth is None else np.zeros_like(frame.depth),
        segmentation=None if frame.segmentation is None else np.full_like(frame.segmentation, -1),
    )
