"""Forward kinematics and Jacobian against a plain product of matrices, finite differences, hand figures and MuJoCo."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vla_isaac.core.errors import ConfigError
from vla_isaac.core.resources import resource
from vla_isaac.core.rotations import angle_between, matrix_to_axis_angle
from vla_isaac.robots import kinematics, panda

# Franka's table of modified Denavit-Hartenberg parameters, typed in again: a [m], d [m], alpha [rad]
QUARTER = math.pi / 2
TABLE = [
    (0.0, 0.333, 0.0),
    (0.0, 0.0, -QUARTER),
    (0.0, 0.316, QUARTER),
    (0.0825, 0.0, QUARTER),
    (-0.0825, 0.384, -QUARTER),
    (0.0, 0.0, QUARTER),
    (0.088, 0.0, QUARTER),
]


def postures(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(panda.QPOS_LOWER, panda.QPOS_UPPER, size=(n, 7))


def turn_x(angle: float) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1, 0, 0, 0], [0, c, -s, 0], [0, s, c, 0], [0, 0, 0, 1]])


def turn_z(angle: float) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


def shift(x: float, z: float) -> np.ndarray:
    matrix = np.eye(4)
    matrix[[0, 2], 3] = x, z
    return matrix


def product_of_matrices(qpos: np.ndarray) -> np.ndarray:
    """Craig's order: turn and shift along the old x axis, then turn and shift along the new z axis."""
    matrix = np.eye(4)
    for (a, d, alpha), q in zip(TABLE, qpos, strict=True):
        matrix = matrix @ turn_x(alpha) @ shift(a, 0) @ turn_z(q) @ shift(0, d)
    return matrix @ shift(0, 0.107) @ turn_z(-math.pi / 4) @ shift(0, 0.1034)


def test_forward_kinematics_is_the_product_of_the_published_transforms():
    q = postures(500)
    expected = np.array([product_of_matrices(one) for one in q])
    assert np.abs(kinematics.forward_kinematics(q) - expected).max() < 1e-14


def test_at_home_the_end_effector_is_in_front_of_the_base_and_points_down():
    """By hand: two 45 degree links, elbow offsets 0.0825 m, wrist offset 0.088 m, 0.2104 m of flange and hand."""
    matrix = kinematics.forward_kinematics(panda.QPOS_HOME)
    assert matrix[:3, 3] == pytest.approx([0.30689, 0.0, 0.48688], abs=1e-5)
    assert matrix[:3, :3] == pytest.approx(np.diag([1.0, -1.0, -1.0]), abs=1e-12)


def test_stretched_upwards_all_lengths_add_up():
    """By hand: at zero the arm stands upright and the hand hangs down beside it, 0.088 m in front."""
    matrix = kinematics.forward_kinematics(np.zeros(7))
    assert matrix[:3, 3] == pytest.approx([0.088, 0.0, 0.333 + 0.316 + 0.384 - 0.107 - 0.1034])


def test_the_first_joint_turns_everything_about_the_vertical():
    q = postures(1)[0]
    turned = kinematics.forward_kinematics(q + np.array([0.3, 0, 0, 0, 0, 0, 0]))
    assert turned == pytest.approx(turn_z(0.3) @ kinematics.forward_kinematics(q))


def test_the_jacobian_is_the_derivative_of_the_pose():
    step = 1e-6
    for q in postures(20, seed=1):
        expected = np.empty((6, 7))
        for i in range(7):
            back, ahead = (kinematics.forward_kinematics(q + sign * step * np.eye(7)[i]) for sign in (-1, 1))
            expected[:3, i] = (ahead - back)[:3, 3] / (2 * step)
            expected[3:, i] = matrix_to_axis_angle(ahead[:3, :3] @ back[:3, :3].T) / (2 * step)
        assert kinematics.jacobian(q) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("function", [kinematics.forward_kinematics, kinematics.jacobian, kinematics.link_frames])
def test_a_batch_gives_the_same_numbers_as_one_at_a_time(function):
    q = postures(12).reshape(3, 4, 7)
    assert np.array_equal(function(q)[2, 1], function(q[2, 1]))


def test_one_pass_gives_the_same_pose_and_jacobian_as_two():
    q = postures(5)
    matrix, jacobian = kinematics.ee_and_jacobian(q)
    assert np.array_equal(matrix, kinematics.forward_kinematics(q))
    assert np.array_equal(jacobian, kinematics.jacobian(q))


def test_a_pose_is_the_matrix_of_the_same_posture():
    q = postures(1)[0]
    assert kinematics.pose_base_ee(q).matrix() == pytest.approx(kinematics.forward_kinematics(q), abs=1e-12)


def test_the_posture_given_is_not_changed():
    q = postures(1)[0]
    kept = q.copy()
    kinematics.ee_and_jacobian(q)
    assert np.array_equal(q, kept)


def test_the_home_posture_is_within_the_limits():
    assert ((panda.QPOS_HOME > panda.QPOS_LOWER) & (panda.QPOS_HOME < panda.QPOS_UPPER)).all()


def test_mujoco_computes_the_same_kinematics_from_our_robot_description(capsys):
    mujoco = pytest.importorskip("mujoco")
    try:
        path = resource("data", "robots", "panda", "panda.xml")
    except ConfigError as error:
        pytest.skip(str(error))
    model = mujoco.MjModel.from_xml_path(str(path))
    data, site = mujoco.MjData(model), model.site("ee").id
    columns = [model.joint(name).dofadr[0] for name in panda.ARM_JOINTS]
    q = postures(10_000, seed=2)
    ours, our_jacobians = kinematics.ee_and_jacobian(q)
    worst = np.zeros(3)
    linear, angular = np.zeros((2, 3, model.nv))
    for one, matrix, jacobian in zip(q, ours, our_jacobians, strict=True):
        data.qpos[[model.joint(name).qposadr[0] for name in panda.ARM_JOINTS]] = one
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_jacSite(model, data, linear, angular, site)
        theirs = np.concatenate([linear, angular])[:, columns]
        turn = float(angle_between(data.site_xmat[site].reshape(3, 3), matrix[:3, :3]))
        differences = np.linalg.norm(data.site_xpos[site] - matrix[:3, 3]), turn, np.abs(theirs - jacobian).max()
        worst = np.maximum(worst, differences)
    with capsys.disabled():
        print("\nworst of 10,000: position {:.1e} m, rotation {:.1e} rad, Jacobian {:.1e}".format(*worst))
    assert (worst <= 1e-9).all()
