"""Turn the same seven numbers into joint targets under three conventions, and see how much that matters.

python examples/04_convert_actions.py

Needs numpy only: no simulator, no picture.
"""

from __future__ import annotations

import numpy as np

from vla_isaac.control import ActionConverter, ActionStatistics, Unnormaliser, action_preset
from vla_isaac.core.types import Action
from vla_isaac.robots import panda
from vla_isaac.robots.kinematics import pose_base_ee

MODEL_OUTPUT = np.array([0.5, 0.0, -0.5, 0.0, 0.0, 0.2, 1.0])
"""What a model says, between -1 and 1: forward, down, a small turn, and 1 for the gripper."""

STATISTICS = ActionStatistics(
    q01=(-0.03, -0.04, -0.03, -0.1, -0.1, -0.2, 0.0),
    q99=(0.03, 0.04, 0.03, 0.1, 0.1, 0.2, 1.0),
    mask=(True, True, True, True, True, True, False),  # the gripper passes through
)
"""How a dataset's actions are spread. Made up for this example: a real model brings its own, and needs it."""


JOINT_FRACTIONS = np.array([0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
"""The third convention speaks of joints: seven fractions of 0.2 rad, and the gripper."""


def main() -> None:
    start = pose_base_ee(panda.QPOS_HOME)
    metres = Unnormaliser("quantile", STATISTICS).apply(MODEL_OUTPUT)
    print("the model says       ", MODEL_OUTPUT)
    print("in the dataset's units", metres)
    print(f"the ee is at          {start.pos.round(3)}\n")

    for name, row in (("openvla_bridge", metres), ("libero", MODEL_OUTPUT), ("droid_joint_velocity", JOINT_FRACTIONS)):
        spec = action_preset(name)
        converter = ActionConverter(spec)
        converter.reset(panda.QPOS_HOME, gripper_width=0.04)
        action = Action(arm=row[:-1], gripper=float(row[-1]))
        target = converter.convert(action, qpos=panda.QPOS_HOME, gripper_width=0.04)

        moved = (1000 * (pose_base_ee(target.qpos).pos - start.pos)).round(1) + 0.0  # no -0.0
        fingers = "opens" if target.gripper_width > 0.04 else "closes"
        limited = {limit: count for limit, count in converter.clipped.as_dict().items() if count}
        print(f"{name} ({spec.rate_hz:g} Hz)")
        print(f"  the ee moves by {moved} mm in one step, the gripper {fingers} at 1")
        print(f"  joint target    {target.qpos.round(3)}")
        print(f"  limited         {limited or 'nothing'}")


if __name__ == "__main__":
    main()
