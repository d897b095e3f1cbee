"""Constants of the Franka Emika Panda with the Franka Hand, each with its source.

Sources:
    [FCI] Franka Control Interface documentation, "Robot and interface specifications": Denavit-Hartenberg
    parameters (Craig's convention), joint limits.
    [URDF] franka_description: hand mount, finger origin and travel, speed limits used by the simulators.
"""

from __future__ import annotations

import math

from vla_isaac.core.arrays import frozen

ARM_JOINTS = tuple(f"panda_joint{i}" for i in range(1, 8))
FINGER_JOINTS = ("panda_finger_joint1", "panda_finger_joint2")
JOINTS = (*ARM_JOINTS, *FINGER_JOINTS)
"""All nine, in the order of every Franka asset."""
LINKS = (*(f"panda_link{i}" for i in range(8)), "panda_hand", "panda_leftfinger", "panda_rightfinger")
NUM_ARM_JOINTS = 7

DH_A = frozen([0.0, 0.0, 0.0, 0.0825, -0.0825, 0.0, 0.088])
"""Link lengths [m], shape (7,) [FCI]."""

DH_D = frozen([0.333, 0.0, 0.316, 0.0, 0.384, 0.0, 0.0])
"""Link offsets [m], shape (7,) [FCI]."""

DH_ALPHA = frozen([0.0, -math.pi / 2, math.pi / 2, math.pi / 2, -math.pi / 2, math.pi / 2, math.pi / 2])
"""Link twists [rad], shape (7,) [FCI]."""

FLANGE_OFFSET = 0.107  # [m] along z of link 7 [FCI]
HAND_YAW = -math.pi / 4  # [rad] of the hand about the flange's z axis [URDF]
HAND_TO_EE = 0.1034  # [m] along z of the hand to the point between the fingertips [URDF, hand_tcp]

QPOS_LOWER = frozen([-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973])
QPOS_UPPER = frozen([2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973])
"""Joint limits [rad], shape (7,) [FCI]."""

QVEL_LIMIT = frozen([2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61])
"""Joint speed limits [rad/s], shape (7,) [FCI, URDF]."""

EE_SPEED_LIMIT = 1.7  # [m/s] of the end effector [FCI, Cartesian limits]
EE_TURN_RATE_LIMIT = 2.5  # [rad/s] of the end effector [FCI, Cartesian limits]

FINGER_TRAVEL = 0.04  # [m] per finger; upper limit of panda_finger_joint1 [URDF]
GRIPPER_MAX_WIDTH = 2 * FINGER_TRAVEL  # [m] between the fingers
FINGER_SPEED_LIMIT = 0.2  # [m/s] per finger [URDF]

QPOS_HOME = frozen([0.0, -math.pi / 4, 0.0, -3 * math.pi / 4, 0.0, math.pi / 2, math.pi / 4])
"""The "ready" posture of Franka's own examples [rad], shape (7,): ee in front of the base, pointing down."""

TOP_DOWN_REACH = (0.30, 0.74)
"""Horizontal distance from the base axis [m] within which the ee can point straight down at every height from the
table (0.01 m) to 0.30 m; our own value, checked with inverse kinematics in
tests/robots/test_reach.py."""
