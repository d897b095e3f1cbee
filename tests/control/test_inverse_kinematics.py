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


def test_a_joint_at_its_limit_stays_there_while_the_others_do_the_work():
    start = HOME.copy()
    start[6] = panda.QPOS_UPPER[6] - CONFIG.joint_limit_margin
    goal = forward_kinematics(start)
    goal[:3, 3] += [0.03, 0.02, 0.0]
    result = solve(goal, start, PATIENT)
    assert result.converged
    assert result.qpos[6] <= panda.QPOS_UPPER[6]


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


def test_damped_joint_steps_stay_bounded_where_the_arm_is_singular():
    jacobian = np.zeros((6, 7))
    assert np.array_equal(joint_step(jacobian, np.ones(6)), np.zeros(7))


def test_the_error_for_a_seven_number_displacement_points_at_the_gripper_field():
    with pytest.raises(ShapeError, match=r"shape \(7,\), expected \(6,\).*Action\.gripper"):
        joint_step(np.zeros((6, 7)), np.zeros(7))


def test_starts_begin_with_the_posture_and_cover_every_joint_from_end_to_end():
    starts = start_postures(CONFIG, 200)
    assert np.allclose(starts[0], HOME)
    reach = (starts.max(axis=0) - starts.min(axis=0)) / (panda.QPOS_UPPER - panda.QPOS_LOWER)
    assert (reach > 0.95).all()
