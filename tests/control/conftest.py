"""Ways to ask a converter for one step and to look at where the hand would be."""

from dataclasses import dataclass

import numpy as np
import pytest

from vla_isaac.control import ActionConverter, ControlConfig
from vla_isaac.core.specs import ActionSpec
from vla_isaac.core.types import Action, JointTarget
from vla_isaac.robots.kinematics import forward_kinematics

EXACT = ControlConfig(position_tolerance=1e-9, rotation_tolerance=1e-9, iterations=12)
START = np.array([0.3, -0.6, 0.2, -2.2, 0.1, 1.7, 0.5])


@dataclass
class OneStep:
    """The hand before and after one action; one second long, so that no speed limit interferes."""

    before: np.ndarray
    after: np.ndarray
    target: JointTarget
    converter: ActionConverter

    @property
    def moved(self) -> np.ndarray:
        return self.after[:3, 3] - self.before[:3, 3]

    @property
    def qpos_moved(self) -> np.ndarray:
        return self.target.qpos - START


@pytest.fixture
def one_step():
    def convert(spec: ActionSpec, arm, gripper=None, *, start=START, width=0.08, period=1.0) -> OneStep:
        converter = ActionConverter(spec, EXACT, period=period)
        converter.reset(start, width)
        target = converter.convert(Action(np.array(arm, dtype=float), gripper), qpos=start, gripper_width=width)
        return OneStep(forward_kinematics(start), forward_kinematics(target.qpos), target, converter)

    return convert
