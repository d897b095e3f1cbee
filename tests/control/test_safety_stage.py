"""The safety stage lets through what is allowed, shortens the rest, and counts what it did."""

import contextlib

import numpy as np
import pytest

from vla_isaac.control import ActionConverter, ClipCounts, ControlConfig, SafetyStage
from vla_isaac.control.ik import joint_limits
from vla_isaac.core.errors import ShapeError
from vla_isaac.core.specs import ActionSpec
from vla_isaac.core.types import Action, JointTarget
from vla_isaac.robots import panda
from vla_isaac.robots.kinematics import forward_kinematics

HOME = np.array(panda.QPOS_HOME)
PERIOD = 0.1


def step(qpos, width=0.08, *, previous=HOME, previous_width=0.08, **options):
    stage = SafetyStage(ControlConfig(**options))
    target = stage.apply(JointTarget(qpos, width), JointTarget(previous, previous_width), PERIOD)
    return target, stage.clipped


def test_an_allowed_target_passes_unchanged_and_uncounted():
    wanted = HOME + 0.05
    target, clipped = step(wanted)
    assert np.array_equal(target.qpos, wanted)
    assert clipped == ClipCounts()


def test_a_step_that_is_too_long_is_shortened_without_changing_its_direction():
    wanted = HOME + np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 0.8])
    target, clipped = step(wanted, ee_turn_rate=5.0)
    assert target.qpos[6] - HOME[6] == pytest.approx(0.261)  # 2.61 rad/s for 0.1 s
    assert target.qpos[5] - HOME[5] == pytest.approx(0.261 / 4)
    assert clipped.as_dict() == {"command": 0, "workspace": 0, "joint_limit": 0, "speed": 1, "gripper": 0}


def test_the_speed_scale_shortens_steps_further():
    target, _ = step(HOME + np.array([0, 0, 0, 0, 0, 0, 0.8]), speed_scale=0.5)
    assert target.qpos[6] - HOME[6] == pytest.approx(0.1305)


def test_a_joint_command_keeps_the_turn_rate_of_the_hand():
    target, clipped = step(HOME + np.array([0, 0, 0, 0, 0, 0, 0.26]))  # alone, joint 7 turns the hand by its own angle
    assert 0.25 * (1 - 1 / 128) <= target.qpos[6] - HOME[6] <= 0.25  # 2.5 rad/s for 0.1 s; 0.26 is within 2.61 rad/s
    assert clipped.as_dict() == {"command": 0, "workspace": 0, "joint_limit": 0, "speed": 1, "gripper": 0}


def test_a_joint_command_keeps_the_speed_of_the_hand():
    stretched = np.array([0.0, 0.6, 0.0, -0.9, 0.0, 1.6, 0.8])  # 0.75 m from the axis of joint 1
    target, clipped = step(stretched + np.array([0.2, 0, 0, 0, 0, 0, 0]), previous=stretched, ee_speed=1.0)
    moved = forward_kinematics(target.qpos)[:3, 3] - forward_kinematics(stretched)[:3, 3]
    assert 0.1 * (1 - 1 / 64) <= np.linalg.norm(moved) <= 0.1
    assert clipped.speed == 1


def test_a_target_of_the_stage_passes_it_again_unchanged():
    stage = SafetyStage(ControlConfig())
    previous, wanted = JointTarget(HOME, 0.08), JointTarget(HOME + 0.3, 0.08)
    target = stage.apply(wanted, previous, PERIOD)
    again = SafetyStage(ControlConfig()).apply(target, previous, PERIOD)
    assert np.array_equal(again.qpos, target.qpos)


def test_a_joint_beyond_its_limit_is_stopped_at_the_margin():
    previous = HOME + np.array([0, 0, 0, 0, 0, 2.0, 0])
    target, clipped = step(previous + np.array([0, 0, 0, 0, 0, 0.2, 0]), previous=previous, workspace_low=(-1, -1, -1))
    assert target.qpos[5] == pytest.approx(3.7525 - 0.01)
    assert clipped.joint_limit == 1


def test_the_hand_stops_at_the_wall_of_the_workspace():
    target, clipped = step(HOME + np.array([0.2, 0, 0, 0, 0, 0, 0]), workspace_high=(0.85, 0.03, 0.9))
    # turning joint 1 by a moves the hand to y = 0.3069 sin(a), so the wall at 0.03 m is met at a = 0.0979
    assert forward_kinematics(target.qpos)[1, 3] <= 0.03
    assert target.qpos[0] == pytest.approx(0.0979, abs=0.2 / 256)
    assert clipped.workspace == 1


def test_a_hand_outside_the_workspace_may_come_back_but_go_no_farther():
    box = {"workspace_low": (0.4, -0.6, 0.005)}
    before = forward_kinematics(HOME)[0, 3]
    inward, _ = step(HOME + np.array([0, 0.1, 0, 0, 0, 0, 0]), **box)
    outward, clipped = step(HOME + np.array([0, -0.1, 0, 0, 0, 0, 0]), **box)
    assert forward_kinematics(inward.qpos)[0, 3] > before
    assert np.array_equal(outward.qpos, HOME)
    assert clipped.workspace == 1


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_a_target_that_is_not_finite_holds_the_arm(odd):
    target, clipped = step(np.array([odd, 0, 0, -2, 0, 1, 0]))
    assert np.array_equal(target.qpos, HOME)
    assert clipped.command == 1


@pytest.mark.parametrize(
    ("wanted", "previous", "expected", "count"),
    [
        (0.0, 0.08, 0.04, 0),  # 0.4 m/s for 0.1 s; a ramp is no clipping
        (0.08, 0.0, 0.04, 0),
        (0.5, 0.07, 0.08, 1),
        (-1.0, 0.02, 0.0, 1),
        (np.nan, 0.03, 0.03, 1),
        (np.inf, 0.06, 0.08, 1),
    ],
)
def test_the_fingers_stay_in_their_travel_and_below_their_speed(wanted, previous, expected, count):
    target, clipped = step(HOME, wanted, previous_width=previous)
    assert target.gripper_width == pytest.approx(expected)
    assert clipped.gripper == count


def test_a_limit_met_twice_in_one_step_counts_once():
    stage = SafetyStage(ControlConfig())
    stage.note("speed")
    stage.apply(JointTarget(HOME + 0.5, 0.08), JointTarget(HOME, 0.08), PERIOD)
    assert stage.clipped.speed == 1


def test_the_total_is_the_sum_of_all_counts():
    assert ClipCounts(command=1, workspace=2, joint_limit=3, speed=4, gripper=5).total == 15


def test_a_target_that_passed_shares_no_memory_with_what_was_wanted_or_with_the_stage():
    stage, wanted = SafetyStage(ControlConfig()), np.array(panda.QPOS_HOME)
    target = stage.apply(JointTarget(wanted, 0.04), JointTarget(panda.QPOS_HOME, 0.04), 0.05)
    wanted[:] = 50.0
    assert np.array_equal(target.qpos, panda.QPOS_HOME)


def test_a_converter_goes_on_from_its_own_memory_of_the_last_target():
    converter = ActionConverter(ActionSpec(joints="delta_rad", reference="commanded", rate_hz=20.0))
    converter.reset(panda.QPOS_HOME, 0.04)
    still = Action(np.zeros(7), 0.04)
    first = converter.convert(still, qpos=panda.QPOS_HOME, gripper_width=0.04)
    with contextlib.suppress(ValueError):
        first.qpos.setflags(write=True)
        first.qpos[:] = 50.0
    again = converter.convert(still, qpos=panda.QPOS_HOME, gripper_width=0.04)
    assert np.array_equal(again.qpos, panda.QPOS_HOME)


def test_holding_keeps_joints_and_fingers_where_they_are_but_inside_their_limits():
    stage = SafetyStage(ControlConfig())
    inside = stage.hold(panda.QPOS_HOME, 0.04)
    outside = stage.hold(np.full(7, 50.0), 3.0)
    assert np.array_equal(inside.qpos, panda.QPOS_HOME)
    assert inside.gripper_width == 0.04
    assert (outside.qpos <= panda.QPOS_UPPER).all()
    assert outside.gripper_width == panda.GRIPPER_MAX_WIDTH
    assert stage.clipped.total == 0


@pytest.mark.parametrize("bound", [panda.QPOS_LOWER, panda.QPOS_UPPER])
def test_targets_after_a_reset_inside_the_margin_are_outside_the_margin_at_once(bound):
    lower, upper = joint_limits(ControlConfig())
    converter = ActionConverter(ActionSpec(joints="delta_rad", reference="commanded", rate_hz=20.0))
    converter.reset(bound, 0.04)
    target = converter.convert(Action(np.zeros(7), 0.04), qpos=bound, gripper_width=0.04)
    assert (lower <= target.qpos).all() and (target.qpos <= upper).all()
    assert np.array_equal(converter.hold(bound, 0.04).qpos, target.qpos)


def test_holding_joints_that_are_not_numbers_is_refused():
    with pytest.raises(ShapeError, match=r"qpos\[0\] is nan"):
        SafetyStage(ControlConfig()).hold(np.full(7, np.nan), 0.04)
