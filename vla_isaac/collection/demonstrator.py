"""`Demonstrator`: the expert in the convention that demonstrations are kept in, undisturbed or disturbed.

Seven numbers at the control rate: the motion of the ee along base axes [m], its rotation vector [rad], and how far the
gripper is open, 1 open and 0 closed. Fractions of opening are what published trainers read (Open X-Embodiment, Octo,
OpenVLA: the last column, within 0 to 1, absolute); the expert's widths [m] are these times 0.08.
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
    """Return the convention of demonstrations."""
    return ActionSpec(translation="delta_base_m", rotation="axis_angle_rad", gripper="open_is_one", rate_hz=rate_hz)


class Demonstrator:
    """A policy around an expert whose actions are exactly those a dataset of float32 gives back."""

    def __init__(self, expert: Policy) -> None:
        """Wrap an expert.

        Raises:
            ConventionError: If its actions are not small motions of the ee in base axes with the width of the gripper.
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
        """Of the next episode; None leaves it alone."""
        self.spec = replace(expert.spec, action=ours)

    def reset(self, context: EpisodeContext) -> None:
        """Begin an episode, disturbed if `perturbation` is set."""
        self._disturbance: Disturbance | None = None
        if self.perturbation is not None:
            self._disturbance = Disturbance(self.perturbation, context.seed, self.spec.action.rate_hz)
        self._expert.reset(context)

    @property
    def noise(self) -> float:
        """Standard deviation of this episode's noise, as a share of the top speed."""
        return self._disturbance.noise if self._disturbance else 0.0

    def act(self, observation: Observation) -> ActionChunk:
        """Return what is carried out now; what is to be learned is in `info` where it differs."""
        chunk = self._expert.act(observation)
        wanted = chunk[0]
        width = GRIPPER_MAX_WIDTH if wanted.gripper is None else wanted.gripper
        clean = _rounded(Action(wanted.arm, width / GRIPPER_MAX_WIDTH))
        if self._disturbance is None:
            return ActionChunk.single(clean.arm, clean.gripper, **chunk.info)
        done = _rounded(self._disturbance.disturbed(clean, widest=1.0))
        return ActionChunk.single(done.arm, done.gripper, **{**chunk.info, DEMONSTRATED: clean})


def _rounded(action: Action) -> Action:
    """Return the action with the precision it is kept in, so that driving it again is the same to the last bit."""
    gripper = None if action.gripper is None else float(np.float32(action.gripper))
    return Action(np.asarray(action.arm, dtype=np.float32).astype(np.float64), gripper)
