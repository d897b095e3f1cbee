"""`Demonstrator`: the expert in the action convention of demonstrations, with or without perturbation.

Seven values at the control rate: translation of the ee along base axes [m], its rotation vector [rad], and the gripper
opening, 1 open and 0 closed. Published trainers read the opening as a fraction (Open X-Embodiment, Octo, OpenVLA: the
last column, within 0 to 1, absolute); the expert's widths [m] are 0.08 times this fraction.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vla_isaac.collection.perturbation import Disturbance, Perturbation
from vla_isaac.collection.recorder import DEMONSTRATED
from vla_isaac.core.errors import ConventionError
from vla_isaac.core.specs import ActionSpec
from vla_isaac.core.types import Action, ActionChunk, EpisodeContext, Observation
from vla_isaac.policies.base import Policy
from vla_isaac.robots.panda import GRIPPER_MAX_WIDTH


def demonstration_spec(rate_hz: float) -> ActionSpec:
    """Return the action convention of demonstrations."""
    return ActionSpec(translation="delta_base_m", rotation="axis_angle_rad", gripper="open_is_one", rate_hz=rate_hz)


class Demonstrator:
    """A policy wrapper around an expert whose actions are rounded to float32, as a dataset stores them."""

    never_blocks = True

    def __init__(self, expert: Policy) -> None:
        """Wrap an expert.

        Raises:
            ConventionError: If its actions are not displacements of the ee in base axes with the width of the gripper.
        """
        theirs = expert.spec.action
        ours = demonstration_spec(theirs.rate_hz)
        if replace(theirs, gripper="open_is_one") != ours or theirs.gripper != "width_m":
            raise ConventionError(
                "demonstrations are made of delta_base_m, axis_angle_rad and width_m; the expert gives "
                f"{theirs.translation}, {theirs.rotation}, {theirs.gripper}; choose the policy 'scripted'"
            )
        self._expert = expert
        self.perturbation: Perturbation | None = None
        """Perturbation of the next episode; None leaves its actions unchanged."""
        self.spec = replace(expert.spec, action=ours)

    def reset(self, context: EpisodeContext) -> None:
        """Start an episode, perturbed if `perturbation` is set."""
        self._disturbance: Disturbance | None = None
        if self.perturbation is not None:
            self._disturbance = Disturbance(self.perturbation, context.seed, self.spec.action.rate_hz)
        self._expert.reset(context)

    @property
    def noise(self) -> float:
        """Standard deviation of this episode's noise, as a share of the top speed."""
        return self._disturbance.noise if self._disturbance else 0.0

    def act(self, observation: Observation) -> ActionChunk:
        """Return the action to execute; the action to learn is in `info` where it differs."""
        chunk = self._expert.act(observation)
        expert_action = chunk[0]
        width = GRIPPER_MAX_WIDTH if expert_action.gripper is None else expert_action.gripper
        clean = _rounded(Action(expert_action.arm, width / GRIPPER_MAX_WIDTH))
        if self._disturbance is None:
            return ActionChunk.single(clean.arm, clean.gripper, **chunk.info)
        done = _rounded(self._disturbance.disturbed(clean, widest=1.0))
        return ActionChunk.single(done.arm, done.gripper, **{**chunk.info, DEMONSTRATED: clean})


def _rounded(action: Action) -> Action:
    """Return the action in the stored precision, so that a replay is bit-identical."""
    gripper = None if action.gripper is None else float(np.float32(action.gripper))
    return Action(np.asarray(action.arm, dtype=np.float32).astype(np.float64), gripper)
