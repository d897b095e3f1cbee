"""Checks of the robot at rest: names, limits, link poses, fingers, gains."""

from __future__ import annotations

import numpy as np

from vla_isaac.core import rotations
from vla_isaac.core.arrays import Array
from vla_isaac.core.types import JointTarget
from vla_isaac.robots import kinematics, panda
from vla_isaac.self_test.bench import TestBench
from vla_isaac.self_test.check import Measurement, check, worst
from vla_isaac.self_test.scene import description_gains
from vla_isaac.sim.backend import Steps

GROUP = "robot"
LIMIT_TOLERANCE = 0.01  # [rad, m] the margin that safety keeps from every limit
HAND_TOLERANCE = 0.002  # [m] a fifth of the position error at which a grasp fails
TURN_TOLERANCE = 0.5  # [degrees]
HOLD_TOLERANCE = 0.004  # [rad] about 2 mm at the hand, a fifth of the error at which a grasp fails
FINGER_TOLERANCE = 0.002  # [m]
GAIN_TOLERANCE = 0.01  # share; float32 and degrees to radians round far below
WIDTHS = (panda.GRIPPER_MAX_WIDTH, 0.03)


@check("joint-names", GROUP, "The articulation has the Panda's nine joints, in this order.", remedy="use another asset")
def joint_names(bench: TestBench) -> Steps[Measurement]:
    """Read the names; does not need a reset that succeeded."""
    try:
        yield from bench.scene()
    except Exception:
        if bench.layout is None:
            raise
    names = bench.inspector.joint_names()
    return Measurement(holds=names == panda.JOINTS, found=", ".join(names), expected=", ".join(panda.JOINTS))


@check("joint-limits", GROUP, "The joints have the limits of Franka's data sheet.", remedy="post this report")
def joint_limits(bench: TestBench) -> Steps[Measurement]:
    """Compare the limits."""
    yield from bench.scene()
    fingers = np.tile([0.0, panda.FINGER_TRAVEL], (2, 1))
    expected = np.concatenate([np.stack([panda.QPOS_LOWER, panda.QPOS_UPPER], axis=1), fingers])
    found = bench.inspector.joint_limits()
    off = worst(found - expected)
    rows = ", ".join(f"[{low:.3f}, {high:.3f}]" for low, high in found)
    accepted = f"within {LIMIT_TOLERANCE} of " + ", ".join(f"[{low:.3f}, {high:.3f}]" for low, high in expected)
    return Measurement(holds=off <= LIMIT_TOLERANCE, found=rows, expected=accepted, values={"off": off})


@check(
    "hand-pose",
    GROUP,
    "The link panda_hand is where the published kinematics put it.",
    remedy="the asset has other lengths or another base; choose robot 'embedded'",
)
def hand_pose(bench: TestBench) -> Steps[Measurement]:
    """Compare the simulator's link pose with the kinematics of the joints it reports."""
    yield from bench.scene()
    yield from bench.hold(2)
    sample = bench.sample()
    expected = kinematics.forward_kinematics(sample.joints[: panda.NUM_ARM_JOINTS])
    expected = expected @ _lifted(-panda.HAND_TO_EE)
    (pos,), (quat,) = bench.inspector.link_poses(["panda_hand"])
    off = float(np.linalg.norm(pos - expected[:3, 3]))
    turn = angle_between(quat, rotations.matrix_to_quat(expected[:3, :3]))
    return Measurement(
        holds=off <= HAND_TOLERANCE and turn <= TURN_TOLERANCE,
        found=f"{1000 * off:.2f} mm and {turn:.2f} degrees away",
        expected=f"at most {1000 * HAND_TOLERANCE:g} mm and {TURN_TOLERANCE} degrees",
        values={"off_m": off, "turn_deg": turn},
    )


@check(
    "arm-holds",
    GROUP,
    "The arm holds its target against gravity.",
    remedy="gravity acts on the links: check physxRigidBody:disableGravity of the asset, and the gains",
)
def arm_holds(bench: TestBench) -> Steps[Measurement]:
    """Hold for a second."""
    yield from bench.scene()
    samples = yield from bench.hold(50)
    off = worst(samples[-1].joints[: panda.NUM_ARM_JOINTS] - panda.QPOS_HOME)
    return Measurement(
        holds=off <= HOLD_TOLERANCE,
        found=f"{off:.4f} rad from the target after 1 s",
        expected=f"at most {HOLD_TOLERANCE} rad",
        values={"off_rad": off},
    )


@check(
    "finger-travel",
    GROUP,
    "Each finger travels half the gripper's width, and the links move by as much.",
    remedy="the asset's gripper has another unit or travel; choose robot 'embedded'",
)
def finger_travel(bench: TestBench) -> Steps[Measurement]:
    """Compare joints and links at two widths."""
    readings = yield from bench.shared("the gripper at two widths", _fingers)
    off = max(abs(width - asked) for (width, _, _), asked in zip(readings, WIDTHS, strict=True))
    moved = abs((readings[0][1] - readings[1][1]) - (WIDTHS[0] - WIDTHS[1]))
    shown = "; ".join(
        f"asked {1000 * asked:.0f}: joints {1000 * width:.1f}, links {1000 * gap:.1f} mm"
        for (width, gap, _), asked in zip(readings, WIDTHS, strict=True)
    )
    return Measurement(
        holds=max(off, moved) <= FINGER_TOLERANCE,
        found=shown,
        expected=f"within {1000 * FINGER_TOLERANCE:g} mm; the links' distance changes by as much as the width",
        values={"off_m": off, "links_off_m": moved},
    )


@check("finger-mimic", GROUP, "Both fingers move alike.", remedy="set the target of both fingers; post this report")
def finger_mimic(bench: TestBench) -> Steps[Measurement]:
    """Compare the two finger joints at two widths."""
    readings = yield from bench.shared("the gripper at two widths", _fingers)
    off = max(difference for _, _, difference in readings)
    return Measurement(
        holds=off <= FINGER_TOLERANCE,
        found=f"{1000 * off:.2f} mm apart",
        expected=f"at most {1000 * FINGER_TOLERANCE:g} mm",
        values={"apart_m": off},
    )


def _fingers(bench: TestBench) -> Steps[list[tuple[float, float, float]]]:
    """Return, for each of `WIDTHS`: the joints' sum, the distance of the finger links, the joints' difference [m]."""
    yield from bench.scene()
    readings = []
    for width in (*WIDTHS, WIDTHS[0]):
        samples = yield from bench.hold(40, JointTarget(panda.QPOS_HOME.copy(), width))
        first, second = samples[-1].joints[panda.NUM_ARM_JOINTS :]
        poses, _ = bench.inspector.link_poses(["panda_leftfinger", "panda_rightfinger"])
        readings.append((float(first + second), float(np.linalg.norm(poses[0] - poses[1])), abs(float(first - second))))
    return readings[:2]


@check(
    "gains",
    GROUP,
    "Gains are read as they were set, in Nm/rad and Nm s/rad.",
    remedy="a factor of 57.3 means gains per degree: do not trust how the arm moves in this release; post this report",
)
def gains(bench: TestBench) -> Steps[Measurement]:
    """Compare the gains with those of the scene."""
    yield from bench.scene()
    return _compare_gains(bench)


@check(
    "gains-after-reset",
    GROUP,
    "The gains are the same after a further stop and play.",
    remedy="the backend sets gains at every reset; post this report",
)
def gains_after_reset(bench: TestBench) -> Steps[Measurement]:
    """Reset twice more and compare the gains."""
    yield from bench.scene()
    assert bench.layout is not None
    for _ in range(2):
        yield from bench.stage(bench.layout)
    return _compare_gains(bench)


def _compare_gains(bench: TestBench) -> Measurement:
    expected = description_gains()
    stiffness, damping = bench.inspector.gains()
    off = max(worst(stiffness / np.array(expected.stiffness) - 1), worst(damping / np.array(expected.damping) - 1))
    return Measurement(
        holds=off <= GAIN_TOLERANCE,
        found=f"stiffness {_numbers(stiffness)}; damping {_numbers(damping)}",
        expected=f"stiffness {_numbers(np.array(expected.stiffness))}; damping {_numbers(np.array(expected.damping))}",
        values={"off_share": off},
    )


def angle_between(first: Array, second: Array) -> float:
    """Return the angle between two orientations (w, x, y, z) [degrees]."""
    scale = np.linalg.norm(first) * np.linalg.norm(second)
    return float(np.degrees(2 * np.arccos(np.clip(abs(np.dot(first, second)) / scale, 0.0, 1.0))))


def _numbers(values: Array) -> str:
    return " ".join(f"{value:.4g}" for value in values)


def _lifted(z: float) -> Array:
    matrix = np.eye(4)
    matrix[2, 3] = z
    return matrix
