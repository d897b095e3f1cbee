"""Each convention moves the hand as its owner means it; expected values by hand or by SciPy ("xyz" is our rpy)."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vla_isaac.control import ActionConverter, ControlConfig, action_preset
from vla_isaac.core.errors import ConfigError, PolicyError, ShapeError
from vla_isaac.core.specs import ActionSpec
from vla_isaac.core.types import Action, ActionChunk
from vla_isaac.robots import panda
from vla_isaac.robots.kinematics import forward_kinematics

HOME = np.array(panda.QPOS_HOME)
ANGLES = (0.1, -0.2, 0.3)


def delta(rotation="axis_angle_rad", **options) -> ActionSpec:
    return ActionSpec(translation="delta_base_m", rotation=rotation, **options)


def turn_of(step, axes="base") -> Rotation:
    before, after = Rotation.from_matrix(step.before[:3, :3]), Rotation.from_matrix(step.after[:3, :3])
    return after * before.inv() if axes == "base" else before.inv() * after


def same_rotation(a: Rotation, b: Rotation) -> bool:
    return (a * b.inv()).magnitude() < 1e-6


# --- translation


def test_a_base_displacement_moves_the_hand_along_base_axes(one_step):
    assert one_step(delta(), [0.02, -0.01, 0.03, 0, 0, 0]).moved == pytest.approx([0.02, -0.01, 0.03], abs=1e-6)


def test_a_tool_displacement_moves_the_hand_along_its_own_axes(one_step):
    spec = ActionSpec(translation="delta_tool_m", rotation="axis_angle_rad", axes="tool")
    step = one_step(spec, [0, 0, 0.02, 0, 0, 0], start=HOME)
    assert step.moved == pytest.approx([0, 0, -0.02], abs=1e-6)  # at home the hand points straight down


def test_translation_alone_keeps_the_orientation(one_step):
    step = one_step(ActionSpec(translation="delta_base_m"), [0.05, 0.05, -0.05])
    assert step.moved == pytest.approx([0.05, 0.05, -0.05], abs=1e-6)
    assert turn_of(step).magnitude() < 1e-6


def test_rotation_alone_keeps_the_position(one_step):
    step = one_step(ActionSpec(rotation="axis_angle_rad"), [0, 0, 0.2])
    assert step.moved == pytest.approx([0, 0, 0], abs=1e-6)
    assert same_rotation(turn_of(step), Rotation.from_rotvec([0, 0, 0.2]))


# --- rotation increments


def test_an_axis_angle_in_base_axes_multiplies_on_the_left(one_step):
    step = one_step(delta(axes="base"), [0, 0, 0, *ANGLES])
    assert same_rotation(turn_of(step, "base"), Rotation.from_rotvec(ANGLES))


def test_an_axis_angle_in_tool_axes_multiplies_on_the_right(one_step):
    step = one_step(delta(axes="tool"), [0, 0, 0, *ANGLES])
    assert same_rotation(turn_of(step, "tool"), Rotation.from_rotvec(ANGLES))


@pytest.mark.parametrize("axes", ["base", "tool"])
def test_an_rpy_rotation_is_the_rotation_of_those_angles(one_step, axes):
    step = one_step(delta("rpy_rotation_rad", axes=axes), [0, 0, 0, *ANGLES])
    assert same_rotation(turn_of(step, axes), Rotation.from_euler("xyz", ANGLES))


@pytest.mark.parametrize(("axes", "order"), [("base", "xyz"), ("tool", "XYZ")])
def test_an_rpy_difference_is_added_to_the_angles_fixed_or_moving(one_step, axes, order):
    step = one_step(delta("rpy_difference_rad", axes=axes), [0, 0, 0, *ANGLES])
    angles = Rotation.from_matrix(step.before[:3, :3]).as_euler(order) + ANGLES
    assert same_rotation(Rotation.from_matrix(step.after[:3, :3]), Rotation.from_euler(order, angles))


def test_a_difference_of_angles_and_a_rotation_by_them_are_not_the_same(one_step):
    difference = one_step(delta("rpy_difference_rad"), [0, 0, 0, *ANGLES])
    rotation = one_step(delta("rpy_rotation_rad"), [0, 0, 0, *ANGLES])
    apart = Rotation.from_matrix(difference.after[:3, :3]) * Rotation.from_matrix(rotation.after[:3, :3]).inv()
    assert apart.magnitude() > 0.1


def test_at_home_a_pitch_difference_turns_the_other_way_than_a_rotation_by_pitch(one_step):
    # the hand points down: roll is pi, so yaw-pitch-roll space is mirrored in pitch
    difference = one_step(delta("rpy_difference_rad"), [0, 0, 0, 0, 0.1, 0], start=HOME)
    assert same_rotation(turn_of(difference), Rotation.from_rotvec([0, 0.1, 0]))
    rotation = one_step(delta("rpy_rotation_rad", axes="tool"), [0, 0, 0, 0, 0.1, 0], start=HOME)
    assert same_rotation(turn_of(rotation), Rotation.from_rotvec([0, -0.1, 0]))


# --- absolute poses

WANTED_POS = (0.45, 0.1, 0.3)
WANTED_TURN = Rotation.from_euler("xyz", (3.0, 0.2, 0.4))
_QUAT = WANTED_TURN.as_quat()
_MATRIX = WANTED_TURN.as_matrix()


@pytest.mark.parametrize(
    ("rotation", "numbers"),
    [
        ("absolute_quat_xyzw", _QUAT),
        ("absolute_quat_wxyz", _QUAT[[3, 0, 1, 2]]),
        ("absolute_quat_wxyz", -5.0 * _QUAT[[3, 0, 1, 2]]),
        ("absolute_rot6d_columns", [*_MATRIX[:, 0], *_MATRIX[:, 1]]),
        ("absolute_rot6d_interleaved", _MATRIX[:, :2].flatten()),
        ("absolute_rot6d_columns", [*(2 * _MATRIX[:, 0]), *(_MATRIX[:, 1] + 0.5 * _MATRIX[:, 0])]),
        ("absolute_rpy_rad", (3.0, 0.2, 0.4)),
        ("absolute_axis_angle_rad", WANTED_TURN.as_rotvec()),
    ],
)
def test_every_spelling_of_an_absolute_pose_leads_to_that_pose(one_step, rotation, numbers):
    spec = ActionSpec(translation="position_base_m", rotation=rotation)
    step = one_step(spec, [*WANTED_POS, *numbers])
    assert step.after[:3, 3] == pytest.approx(WANTED_POS, abs=1e-6)
    assert same_rotation(Rotation.from_matrix(step.after[:3, :3]), WANTED_TURN)
    assert step.converter.clipped.total == 0


# --- scales and limits of the convention


def test_libero_units_are_five_centimetres_and_half_a_radian(one_step):
    step = one_step(action_preset("libero"), [0.5, 0, -1.0, 0, 0, 0.4])
    assert step.moved == pytest.approx([0.025, 0, -0.05], abs=1e-6)
    assert same_rotation(turn_of(step), Rotation.from_rotvec([0, 0, 0.2]))


def test_libero_numbers_beyond_one_are_clipped_and_counted(one_step):
    step = one_step(action_preset("libero"), [3.0, 0, 0, 0, 0, 0])
    assert step.moved == pytest.approx([0.05, 0, 0], abs=1e-6)
    assert step.converter.clipped.as_dict() == {"command": 1, "workspace": 0, "joint_limit": 0, "speed": 0, "gripper": 0}


def test_droid_cartesian_vectors_longer_than_one_are_shortened_not_clipped(one_step):
    step = one_step(action_preset("droid_cartesian"), [3.0, 4.0, 0, 0, 0, 2.0])
    assert step.moved == pytest.approx([0.6 * 0.075, 0.8 * 0.075, 0], abs=1e-6)
    assert same_rotation(turn_of(step), Rotation.from_rotvec([0, 0, 0.15]))


def test_isaac_lab_relative_commands_are_halved(one_step):
    step = one_step(action_preset("isaaclab_ik_rel"), [0.04, 0, 0, 0, 0, 0])
    assert step.moved == pytest.approx([0.02, 0, 0], abs=1e-6)


# --- joints


def test_joint_positions_are_sent_as_they_are(one_step):
    start = np.array([0.3, -0.6, 0.2, -2.2, 0.1, 1.7, 0.5])
    step = one_step(ActionSpec(joints="position_rad"), start + 0.1)
    assert step.qpos_moved == pytest.approx(np.full(7, 0.1))


def test_joint_deltas_are_scaled_and_added(one_step):
    assert one_step(ActionSpec(joints="delta_rad", joint_scale=0.5), [0.2] * 7).qpos_moved == pytest.approx([0.1] * 7)


def test_joint_velocities_last_one_period(one_step):
    step = one_step(ActionSpec(joints="velocity_rad_s"), [0.5] * 7, period=0.2)
    assert step.qpos_moved == pytest.approx([0.1] * 7)


def test_a_droid_fraction_of_one_half_adds_a_tenth_of_a_radian(one_step):
    step = one_step(action_preset("droid_joint_velocity"), [0.5, -0.5, 0, 0, 0, 0, 0])
    assert step.qpos_moved == pytest.approx([0.1, -0.1, 0, 0, 0, 0, 0])


def test_droid_fractions_beyond_one_are_divided_by_the_largest(one_step):
    spec = ActionSpec(joints="velocity_fraction", joint_scale=0.2)
    step = one_step(spec, [2.0, -1.0, 0.5, 0, 0, 0, 0])
    assert step.qpos_moved == pytest.approx([0.2, -0.1, 0.05, 0, 0, 0, 0])
    assert step.converter.clipped.command == 1


def test_the_openpi_client_clips_before_it_divides(one_step):
    step = one_step(action_preset("droid_joint_velocity"), [2.0, -1.0, 0.5, 0, 0, 0, 0])
    assert step.qpos_moved == pytest.approx([0.2, -0.2, 0.1, 0, 0, 0, 0])


# --- what an increment is added to


@pytest.mark.parametrize(("reference", "travelled"), [("measured", 0.02), ("commanded", 0.06)])
def test_an_increment_is_added_to_the_measured_or_the_commanded_pose(reference, travelled):
    converter = ActionConverter(delta(reference=reference))
    converter.reset(HOME, 0.08)
    for _ in range(3):  # an arm that does not follow at all
        target = converter.convert(Action(np.array([0.02, 0, 0, 0, 0, 0])), qpos=HOME, gripper_width=0.08)
    moved = forward_kinematics(target.qpos)[0, 3] - forward_kinematics(HOME)[0, 3]
    assert moved == pytest.approx(travelled, abs=3e-4)


@pytest.mark.parametrize(("reference", "travelled"), [("measured", 0.1), ("commanded", 0.3)])
def test_the_same_holds_for_joint_increments(reference, travelled):
    converter = ActionConverter(ActionSpec(joints="delta_rad", reference=reference))
    converter.reset(HOME, 0.08)
    for _ in range(3):
        target = converter.convert(Action(np.array([0.1, 0, 0, 0, 0, 0, 0])), qpos=HOME, gripper_width=0.08)
    assert target.qpos[0] == pytest.approx(travelled)


def test_a_hundred_small_commanded_steps_do_not_drift():
    converter = ActionConverter(delta(reference="commanded"))
    converter.reset(HOME, 0.08)
    for i in range(100):
        action = Action(np.array([0.002, 0.001 * (-1) ** i, -0.001, 0, 0, 0.005]))
        target = converter.convert(action, qpos=HOME, gripper_width=0.08)
    start, end = forward_kinematics(HOME), forward_kinematics(target.qpos)
    turn = Rotation.from_matrix(end[:3, :3] @ start[:3, :3].T)
    assert end[:3, 3] - start[:3, 3] == pytest.approx([0.2, 0, -0.1], abs=2.1e-4)
    assert (turn * Rotation.from_rotvec([0, 0, 0.5]).inv()).magnitude() < 2.1e-3


def test_zero_action_holds_a_sagging_arm_where_translation_alone_is_commanded():
    converter = ActionConverter(ActionSpec(translation="delta_base_m"))
    converter.reset(HOME, 0.08)
    sagging = HOME + np.array([0, 0, 0, 0, 0, 0.05, 0])
    target = converter.convert(Action(np.zeros(3)), qpos=sagging, gripper_width=0.08)
    tilt = Rotation.from_matrix(forward_kinematics(target.qpos)[:3, :3] @ forward_kinematics(HOME)[:3, :3].T)
    assert tilt.magnitude() < 2.1e-3


# --- limits


def test_a_cartesian_goal_outside_the_workspace_is_moved_inside_and_counted(one_step):
    step = one_step(delta(), [0, 0, -1.0, 0, 0, 0])
    assert 0.005 <= step.after[2, 3] <= 0.008
    assert step.converter.clipped.workspace == 1


def test_a_hand_pressed_to_the_floor_still_slides_along_it():
    converter = ActionConverter(delta())
    qpos = HOME
    converter.reset(qpos, 0.08)
    for _ in range(60):
        qpos = converter.convert(Action(np.array([0.005, 0, -0.02, 0, 0, 0])), qpos=qpos, gripper_width=0.08).qpos
    position = forward_kinematics(qpos)[:3, 3]
    assert position[2] == pytest.approx(0.006, abs=5e-4)
    assert position[0] > 0.3069 + 60 * 0.005 - 0.01


def push(converter: ActionConverter, arm, count: int) -> np.ndarray:
    """Convert the same action again and again; the targets, shape (count, 7)."""
    action = Action(np.array(arm, dtype=float))
    return np.array([converter.convert(action, qpos=HOME, gripper_width=0.0).qpos for _ in range(count)])


def test_an_arm_pushed_beyond_its_reach_comes_to_rest_and_comes_back_when_called():
    converter = ActionConverter(delta(reference="commanded"))
    converter.reset(HOME, 0.08)
    outward = push(converter, [0.02, 0.02, 0.02, 0, 0, 0], 60)
    assert np.abs(np.diff(outward[-20:], axis=0)).max() < 1e-3
    pose = forward_kinematics(outward[-1])
    assert np.arccos(-pose[2, 2]) < 0.02  # the hand still points down
    back = forward_kinematics(push(converter, [-0.02, -0.02, -0.02, 0, 0, 0], 5)[-1])
    assert (back[:3, 3] - pose[:3, 3] < -0.06).all()  # 0.1 m were asked for; a stretched elbow starts slowly


def test_a_hand_turned_against_its_last_joint_stays_in_its_place():
    converter = ActionConverter(delta(reference="commanded"))
    converter.reset(HOME, 0.08)
    pose = forward_kinematics(push(converter, [0, 0, 0, 0, 0, 0.1], 100)[-1])
    assert np.linalg.norm(pose[:3, 3] - forward_kinematics(HOME)[:3, 3]) < 0.02
    assert np.arccos(-pose[2, 2]) < 0.02


def test_a_goal_far_away_is_approached_at_the_cartesian_speed_limit():
    converter = ActionConverter(ActionSpec(translation="position_base_m"), ControlConfig(ee_speed=0.5))
    converter.reset(HOME, 0.08)
    target = converter.convert(Action(np.array([0.5, 0.3, 0.3])), qpos=HOME, gripper_width=0.08)
    moved = forward_kinematics(target.qpos)[:3, 3] - forward_kinematics(HOME)[:3, 3]
    assert np.linalg.norm(moved) == pytest.approx(0.05, abs=1e-3)
    assert converter.clipped.speed == 1


def test_a_measurement_that_is_not_finite_holds_the_arm():
    converter = ActionConverter(delta())
    converter.reset(HOME, 0.08)
    target = converter.convert(Action(np.zeros(6)), qpos=np.full(7, np.nan), gripper_width=0.08)
    assert np.array_equal(target.qpos, HOME)


# --- gripper, reset, defaults


def test_the_gripper_is_decoded_and_ramped(one_step):
    step = one_step(action_preset("libero"), np.zeros(6), 1.0, period=0.05)
    assert step.target.gripper_width == pytest.approx(0.06)  # 0.4 m/s for 0.05 s on the way to closed


def test_the_period_is_that_of_the_policy_unless_given():
    assert ActionConverter(action_preset("libero")).period == pytest.approx(0.05)
    assert ActionConverter(action_preset("libero"), period=0.02).period == 0.02


def test_reset_clears_the_counts_and_starts_from_the_robot(one_step):
    converter = one_step(delta(), [0, 0, -1.0, 0, 0, 0]).converter
    converter.reset(HOME, 0.0)
    target = converter.convert(Action(np.zeros(6)), qpos=HOME, gripper_width=0.0)
    assert target.qpos == pytest.approx(HOME)
    assert target.gripper_width == 0.0
    assert converter.clipped.total == 0


def test_a_converter_that_was_not_reset_starts_from_the_robot():
    target = ActionConverter(delta()).convert(Action(np.zeros(6)), qpos=HOME, gripper_width=0.03)
    assert target.qpos == pytest.approx(HOME)
    assert target.gripper_width == 0.03


def test_a_target_cannot_be_changed_behind_the_converters_back(one_step):
    target = one_step(delta(), [0.01, 0, 0, 0, 0, 0]).target
    with pytest.raises(ValueError, match="read-only"):
        target.qpos[0] = 1.0


def test_a_chunk_of_rows_converts_step_by_step():
    chunk = ActionChunk.from_rows(np.array([[0.01, 0, 0, 0, 0, 0, 0.08], [0.01, 0, 0, 0, 0, 0, 0.08]]))
    converter = ActionConverter(action_preset("vla_isaac"))
    qpos = HOME
    for i in range(len(chunk)):
        qpos = converter.convert(chunk[i], qpos=qpos, gripper_width=0.08).qpos
    assert forward_kinematics(qpos)[0, 3] - forward_kinematics(HOME)[0, 3] == pytest.approx(0.02, abs=5e-4)


# --- errors

JOINTS = ActionSpec(joints="position_rad")
QUAT = ActionSpec(translation="position_base_m", rotation="absolute_quat_wxyz")
ROT6D = ActionSpec(translation="position_base_m", rotation="absolute_rot6d_columns")


@pytest.mark.parametrize(
    ("spec", "arm", "gripper", "message"),
    [
        (delta(), np.zeros(7), None, r"shape \(7,\), expected \(6,\).*Action\.gripper.*ActionChunk\.from_rows"),
        (JOINTS, np.zeros(8), None, r"shape \(8,\), expected \(7,\), the arm_width of joints='position_rad'.*from_rows"),
        (delta(), np.zeros(3), None, r"shape \(3,\), expected \(6,\).*compare the policy's ActionSpec"),
        (delta(), np.zeros((4, 6)), None, r"shape \(4, 6\).*this is a chunk: convert one step of it at a time"),
        (delta(), "left", None, r"the action's arm is 'left'; expected 6 numbers"),
        (delta(), [0, 0, np.nan, 0, 0, 0], None, r"the action's arm\[2\] is nan; every entry must be a finite number"),
        (delta(), [0, 0, 0, 0, 0, -np.inf], None, r"the action's arm\[5\] is -inf"),
        (delta(), np.zeros(6), np.nan, r"the action's gripper is nan; expected a finite number, or None"),
        (delta(), np.zeros(6), "open", r"the action's gripper is 'open'; expected one number or None"),
        (delta(gripper="none"), np.zeros(6), 1.0, r"gripper=1.0 although its convention declares gripper='none'"),
        (QUAT, [0.4, 0, 0.3, 0, 0, 0, 0], None, r"quaternion is \(0, 0, 0, 0\), which is no rotation"),
        (
            ROT6D,
            [0.4, 0, 0.3, 1, 0, 0, 2, 0, 0],
            None,
            r"rot6d is \(1, 0, 0, 2, 0, 0\): its two columns are",
        ),
    ],
)
def test_a_broken_action_is_refused_with_what_was_expected(spec, arm, gripper, message):
    converter = ActionConverter(spec)
    converter.reset(HOME, 0.08)
    with pytest.raises(PolicyError, match=message):
        converter.convert(Action(arm, gripper), qpos=HOME, gripper_width=0.08)


def test_numbers_whose_sum_overflows_are_not_mistaken_for_infinite(one_step):
    step = one_step(delta(), [1.7e308] * 6)
    assert np.isfinite(step.target.qpos).all()


def test_a_start_that_is_not_seven_finite_joints_is_refused():
    with pytest.raises(ShapeError, match=r"qpos has shape \(6,\), expected \(7,\)"):
        ActionConverter(delta()).reset(np.zeros(6), 0.08)
    with pytest.raises(ShapeError, match=r"qpos\[0\] is nan"):
        ActionConverter(delta()).reset(np.full(7, np.nan), 0.08)


@pytest.mark.parametrize("period", [0.0, -1.0, np.inf, np.nan])
def test_a_period_that_is_no_time_is_refused(period):
    with pytest.raises(ConfigError, match=r"period=.* is not accepted; give a positive number"):
        ActionConverter(delta(), period=period)
