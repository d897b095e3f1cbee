"""Inverse kinematics reaches what the arm can reach and stays calm where it cannot."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vla_isaac.control import ControlConfig, joint_step, solve, solve_from_many
from vla_isaac.control.ik import displacement_between, start_postures
from vla_isaac.core.errors import ShapeError
from vla_isaac.robots import panda
from vla_isaac.robots.kinematics import ee_and_jacobian, forward_kinematics

CONFIG = ControlConfig()
PATIENT = replace(CONFIG, iterations=60)
HOME = np.array(panda.QPOS_HOME)


def reachable_poses(count: int, seed: int = 0) -> np.ndarray:
    postures = np.random.default_rng(seed).uniform(panda.QPOS_LOWER, panda.QPOS_UPPER, (count, 7))
    return forward_kinematics(postures)


def test_999_of_1000_of_ten_thousand_reachable_poses_are_reached_within_a_millimetre_and_half_a_degree():
    goals = reachable_poses(10_000)
    found = solve_from_many(goals, replace(CONFIG, joint_limit_margin=0.0))
    reached = forward_kinematics(found.qpos)
    distance = np.linalg.norm(reached[:, :3, 3] - goals[:, :3, 3], axis=1)
    turn = Rotation.from_matrix(reached[:, :3, :3] @ np.swapaxes(goals[:, :3, :3], 1, 2)).magnitude()
    share = np.mean((distance < 1e-3) & (turn < np.deg2rad(0.5)))
    print(f"\nreached {share:.2%} of 10,000 random reachable poses")
    assert share >= 0.999
    assert np.allclose(distance, found.position_error, atol=1e-9)
    assert np.allclose(turn, found.rotation_error, atol=1e-6)


def test_every_posture_found_is_inside_the_joint_limits_less_the_margin():
    found = solve_from_many(reachable_poses(500, seed=1), CONFIG, restarts=4)
    assert (found.qpos >= panda.QPOS_LOWER + CONFIG.joint_limit_margin).all()
    assert (found.qpos <= panda.QPOS_UPPER - CONFIG.joint_limit_margin).all()


def test_every_posture_on_the_control_path_is_inside_the_joint_limits_less_the_margin():
    starts = np.random.default_rng(2).uniform(panda.QPOS_LOWER, panda.QPOS_UPPER, (200, 7))
    found = [solve(goal, start, CONFIG) for goal, start in zip(reachable_poses(200, seed=3), starts, strict=True)]
    qpos = np.array([result.qpos for result in found])
    assert (qpos >= panda.QPOS_LOWER + CONFIG.joint_limit_margin).all()
    assert (qpos <= panda.QPOS_UPPER - CONFIG.joint_limit_margin).all()


def test_a_centimetre_from_the_start_needs_at_most_two_steps():
    goal = forward_kinematics(HOME)
    goal[:3, 3] += [0.006, -0.006, 0.005]
    result = solve(goal, HOME, CONFIG)
    assert result.converged
    assert result.iterations <= 2


def test_a_goal_that_is_already_met_moves_nothing():
    start = np.array([0.5, -0.3, 0.4, -2.0, 0.2, 1.9, 0.1])
    result = solve(forward_kinematics(start), start, CONFIG)
    assert result.iterations == 0
    assert np.array_equal(result.qpos, start)


def test_the_result_reports_the_error_that_forward_kinematics_shows():
    goal = forward_kinematics(HOME)
    goal[:3, 3] += [0.2, 0.1, -0.1]
    result = solve(goal, HOME, replace(CONFIG, iterations=1))
    missing = goal[:3, 3] - forward_kinematics(result.qpos)[:3, 3]
    assert not result.converged
    assert result.position_error == pytest.approx(np.linalg.norm(missing), abs=1e-12)


def test_a_goal_out_of_reach_is_approached_and_never_left_farther_away():
    goal = forward_kinematics(HOME)
    goal[:3, 3] = [2.0, 0.0, 0.4]
    result = solve(goal, HOME, PATIENT)
    assert not result.converged
    assert result.position_error < np.linalg.norm(goal[:3, 3] - forward_kinematics(HOME)[:3, 3])
    assert np.isfinite(result.qpos).all()


@pytest.mark.parametrize(("limit", "yaw"), [(panda.QPOS_UPPER[6] - 0.01, -0.4), (panda.QPOS_LOWER[6] + 0.01, 0.4)])
def test_a_joint_at_its_limit_stays_there_while_the_others_do_the_work(limit, yaw):
    start = HOME.copy()
    start[6] = limit
    goal = forward_kinematics(start)
    goal[:3, :3] = Rotation.from_rotvec([0.0, 0.0, yaw]).as_matrix() @ goal[:3, :3]  # joint 7 alone would go beyond
    result = solve(goal, start, PATIENT)
    assert result.converged
    assert result.qpos[6] == pytest.approx(limit, abs=1e-12)
    assert abs(result.qpos[0] - start[0]) > 0.5
    assert result.iterations <= 4


def test_the_elbow_is_drawn_toward_the_posture_while_the_hand_obeys():
    # swing the elbow away from home without moving the hand: along the Jacobian's null space
    start = HOME.copy()
    goal = forward_kinematics(HOME)
    for _ in range(60):
        jacobian = ee_and_jacobian(start)[1]
        null = np.linalg.svd(jacobian)[2][-1]
        start = solve(goal, start + 0.02 * null * np.sign(null[2]), replace(PATIENT, posture_gain=0.0)).qpos
    distance = np.linalg.norm(start - HOME)
    assert distance > 0.5
    qpos = start
    for i in range(40):
        goal[:3, 3] += [0.0, 0.005 * (-1) ** i, 0.0]
        result = solve(goal, qpos, CONFIG)
        qpos = result.qpos
        assert result.converged
    assert np.linalg.norm(qpos - HOME) < 0.6 * distance


def test_the_displacement_between_two_poses_is_the_rotation_vector_scipy_gives():
    a, b = reachable_poses(2, seed=3)
    turn = Rotation.from_matrix(b[:3, :3]) * Rotation.from_matrix(a[:3, :3]).inv()
    expected = np.concatenate([b[:3, 3] - a[:3, 3], turn.as_rotvec()])
    assert displacement_between(a, b) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0.6, 0.0, 0.8)])
def test_an_exact_half_turn_is_seen_as_one(axis):
    a, b = np.eye(4), np.eye(4)
    b[:3, :3] = Rotation.from_rotvec(np.pi * np.array(axis)).as_matrix()
    turn = displacement_between(a, b)[3:]
    assert np.linalg.norm(turn) == pytest.approx(np.pi)
    assert abs(turn @ axis) == pytest.approx(np.pi)


def test_undamped_joint_steps_make_exactly_the_wanted_motion():
    jacobian = ee_and_jacobian(HOME)[1]
    wanted = np.array([0.01, -0.02, 0.005, 0.1, 0.0, -0.05])
    assert jacobian @ joint_step(jacobian, wanted, damping=0.0) == pytest.approx(wanted)


def test_damping_shrinks_a_joint_step_the_more_the_weaker_its_direction_is():
    """A motion d along a direction that joints move by s comes out as d s / (s^2 + damping^2), Buss's equation 11."""
    jacobian = np.zeros((6, 7))
    jacobian[range(5), range(5)] = [2.0, 1.0, 0.5, 0.25, 0.1]  # the sixth direction is singular
    wanted = np.array([1.0, -2.0, 3.0, 4.0, 5.0, 6.0])
    by_hand = [2 / 4.25, -2 / 1.25, 1.5 / 0.5, 1 / 0.3125, 0.5 / 0.26, 0.0, 0.0]
    assert joint_step(jacobian, wanted, damping=0.5) == pytest.approx(by_hand)


def test_without_saying_so_a_direction_of_a_twentieth_is_halved():
    jacobian = 0.05 * np.eye(6, 7)
    assert joint_step(jacobian, np.ones(6)) == pytest.approx([*[0.5 / 0.05] * 6, 0.0])


def test_damped_joint_steps_stay_bounded_where_the_arm_is_singular():
    almost_upright = np.full(7, 1e-3)  # upright, the axes of four joints are parallel
    jacobian = ee_and_jacobian(almost_upright)[1]
    directions, strengths, _ = np.linalg.svd(jacobian)
    assert 0 < strengths[-1] < 1e-3
    undamped, damped = (np.linalg.norm(joint_step(jacobian, directions[:, -1], damping=d)) for d in (0.0, 0.05))
    assert undamped > 1000
    assert damped < 0.4  # s / damping^2


def test_the_error_for_a_seven_number_displacement_points_at_the_gripper_field():
    with pytest.raises(ShapeError, match=r"shape \(7,\), expected \(6,\).*Action\.gripper"):
        joint_step(np.zeros((6, 7)), np.zeros(7))


def test_starts_begin_with_the_posture_and_cover_every_joint_from_end_to_end():
    starts = start_postures(CONFIG, 200)
    assert np.allclose(starts[0], HOME)
    reach = (starts.max(axis=0) - starts.min(axis=0)) / (panda.QPOS_UPPER - panda.QPOS_LOWER)
    assert (reach > 0.95).all()
