"""Rotations against SciPy, against hand examples and against themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_isaac.core import rotations as rot

HALF = math.sqrt(0.5)
QUARTER_TURN_Z = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
NUMBERS = st.floats(-1.0, 1.0, allow_nan=False, width=32)
ANGLES = st.floats(-10.0, 10.0, allow_nan=False)
RNG = np.random.default_rng(7)


@st.composite
def quaternions(draw):
    q = np.array(draw(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS)))
    return np.array([1.0, 0.0, 0.0, 0.0]) if np.linalg.norm(q) < 1e-3 else q / np.linalg.norm(q)


@pytest.fixture
def scipy_rotation():
    return pytest.importorskip("scipy.spatial.transform").Rotation


def batch(n: int = 1000) -> np.ndarray:
    q = RNG.normal(size=(n, 4))
    return q / np.linalg.norm(q, axis=1, keepdims=True)


def xyzw(quat_wxyz: np.ndarray) -> np.ndarray:
    return quat_wxyz[..., [1, 2, 3, 0]]


def test_a_quarter_turn_about_z_is_the_same_in_every_form():
    quat = np.array([HALF, 0.0, 0.0, HALF])
    assert rot.quat_to_matrix(quat) == pytest.approx(QUARTER_TURN_Z)
    assert rot.matrix_to_quat(QUARTER_TURN_Z) == pytest.approx(quat)
    assert rot.axis_angle_to_quat(np.array([0.0, 0.0, math.pi / 2])) == pytest.approx(quat)
    assert rot.rpy_to_quat(np.array([0.0, 0.0, math.pi / 2])) == pytest.approx(quat)


def test_a_product_rotates_by_the_second_factor_first():
    about_x, about_z = np.array([HALF, HALF, 0.0, 0.0]), np.array([HALF, 0.0, 0.0, HALF])
    y_axis = rot.quat_to_matrix(rot.quat_multiply(about_z, about_x))[:, 1]
    assert y_axis == pytest.approx([0.0, 0.0, 1.0])  # y goes to z about x, and z stays z about z


def test_matrices_agree_with_scipy(scipy_rotation):
    q = batch()
    assert rot.quat_to_matrix(q) == pytest.approx(scipy_rotation.from_quat(xyzw(q)).as_matrix(), abs=1e-14)


def test_rpy_is_the_lower_case_xyz_of_scipy(scipy_rotation):
    rpy = RNG.uniform(-1.5, 1.5, size=(1000, 3))
    assert rot.rpy_to_matrix(rpy) == pytest.approx(scipy_rotation.from_euler("xyz", rpy).as_matrix(), abs=1e-14)
    assert rot.matrix_to_rpy(rot.rpy_to_matrix(rpy)) == pytest.approx(rpy, abs=1e-12)


def test_rotation_vectors_agree_with_scipy(scipy_rotation):
    q = batch()
    vectors = scipy_rotation.from_quat(xyzw(q)).as_rotvec()
    assert rot.quat_to_axis_angle(q) == pytest.approx(vectors, abs=1e-12)
    assert rot.axis_angle_to_matrix(vectors) == pytest.approx(rot.quat_to_matrix(q), abs=1e-13)


def test_products_agree_with_scipy(scipy_rotation):
    a, b = batch(), batch()
    product = scipy_rotation.from_quat(xyzw(a)) * scipy_rotation.from_quat(xyzw(b))
    assert rot.quat_to_matrix(rot.quat_multiply(a, b)) == pytest.approx(product.as_matrix(), abs=1e-13)


@given(quaternions())
def test_a_quaternion_survives_the_matrix_up_to_its_sign(quat):
    assert rot.matrix_to_quat(rot.quat_to_matrix(quat)) == pytest.approx(rot.quat_normalized(quat), abs=1e-7) or (
        abs(quat[0]) < 1e-7  # a half turn is the same about either direction of its axis
    )


@given(quaternions())
def test_a_rotation_survives_every_form(quat):
    matrix = rot.quat_to_matrix(quat)
    forms = [
        rot.quat_to_matrix(rot.matrix_to_quat(matrix)),
        rot.axis_angle_to_matrix(rot.matrix_to_axis_angle(matrix)),
        rot.rpy_to_matrix(rot.matrix_to_rpy(matrix)),
        rot.rot6d_columns_to_matrix(rot.matrix_to_rot6d_columns(matrix)),
        rot.rot6d_interleaved_to_matrix(rot.matrix_to_rot6d_interleaved(matrix)),
    ]
    assert max(float(np.abs(form - matrix).max()) for form in forms) < 1e-7


@given(quaternions(), quaternions())
def test_the_inverse_undoes_a_rotation(a, b):
    back = rot.quat_multiply(rot.quat_conjugate(a), rot.quat_multiply(a, b))
    assert back == pytest.approx(b, abs=1e-12)


@given(quaternions())
def test_a_normalised_quaternion_has_length_one_and_a_non_negative_scalar(quat):
    normal = rot.quat_normalized(3.0 * quat)
    assert np.linalg.norm(normal) == pytest.approx(1.0)
    assert normal[0] >= 0.0


@pytest.mark.parametrize("pitch", [math.pi / 2, -math.pi / 2])
@pytest.mark.parametrize("yaw", [0.0, 0.4, -2.0])
def test_at_gimbal_lock_roll_is_zero_and_the_rotation_is_kept(pitch, yaw):
    matrix = rot.rpy_to_matrix(np.array([0.7, pitch, yaw]))
    matrix[np.abs(matrix) < 1e-12] = 0.0
    rpy = rot.matrix_to_rpy(matrix)
    assert rpy[0] == 0.0
    assert rot.rpy_to_matrix(rpy) == pytest.approx(matrix, abs=1e-9)


def test_a_half_turn_has_a_rotation_vector_of_length_pi():
    assert rot.matrix_to_axis_angle(np.diag([1.0, -1.0, -1.0])) == pytest.approx([math.pi, 0.0, 0.0])


@pytest.mark.parametrize("angle", [0.0, 1e-300, 1e-12, 1e-8, 1e-4])
def test_tiny_rotation_vectors_are_exact(angle):
    vector = np.array([0.0, angle, 0.0])
    assert rot.quat_to_axis_angle(rot.axis_angle_to_quat(vector)) == pytest.approx(vector, rel=1e-12, abs=0.0)


def test_rot6d_by_columns_lists_the_first_column_then_the_second():
    assert rot.matrix_to_rot6d_columns(QUARTER_TURN_Z).tolist() == [0, 1, 0, -1, 0, 0]
    assert rot.rot6d_columns_to_matrix(np.array([0, 2, 0, -3, 5, 0])) == pytest.approx(QUARTER_TURN_Z)


def test_interleaved_rot6d_lists_the_rows_of_the_first_two_columns():
    assert rot.matrix_to_rot6d_interleaved(QUARTER_TURN_Z).tolist() == [0, -1, 1, 0, 0, 0]
    assert rot.rot6d_interleaved_to_matrix(np.array([0, -1, 1, 0, 0, 0])) == pytest.approx(QUARTER_TURN_Z)


def test_rot6d_of_noise_becomes_a_proper_rotation():
    matrix = rot.rot6d_columns_to_matrix(RNG.normal(size=(500, 6)))
    assert matrix @ np.swapaxes(matrix, -1, -2) == pytest.approx(np.broadcast_to(np.eye(3), (500, 3, 3)), abs=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("angle", "wrapped"),
    [(0.0, 0.0), (math.pi, math.pi), (-math.pi, math.pi), (1.5 * math.pi, -0.5 * math.pi), (2 * math.pi, 0.0)],
)
def test_angles_wrap_into_the_half_open_circle_that_holds_plus_pi(angle, wrapped):
    assert float(rot.wrap_angle(angle)) == pytest.approx(wrapped)


def test_the_number_after_pi_does_not_wrap_to_minus_pi():
    assert float(rot.wrap_angle(math.nextafter(math.pi, 4.0))) > -math.pi


@given(ANGLES)
def test_a_wrapped_angle_points_the_same_way(angle):
    wrapped = float(rot.wrap_angle(angle))
    assert -math.pi < wrapped <= math.pi
    assert math.cos(wrapped) == pytest.approx(math.cos(angle), abs=1e-9)
    assert math.sin(wrapped) == pytest.approx(math.sin(angle), abs=1e-9)


@pytest.mark.parametrize("angle", [0.0, 1e-9, 0.3, math.pi - 1e-9, math.pi])
def test_the_angle_between_two_rotations_is_that_of_the_turn_between_them(angle):
    start = rot.quat_to_matrix(batch(1)[0])
    turned = start @ rot.axis_angle_to_matrix(np.array([0.0, angle, 0.0]))
    assert float(rot.angle_between(start, turned)) == pytest.approx(angle, abs=1e-14, rel=1e-6)


def test_a_batch_gives_the_same_numbers_as_one_at_a_time():
    q = batch(24).reshape(2, 3, 4, 4)
    matrices = rot.quat_to_matrix(q)
    for function in (rot.matrix_to_quat, rot.matrix_to_axis_angle, rot.matrix_to_rpy, rot.matrix_to_rot6d_columns):
        together = function(matrices)
        assert np.array_equal(together[1, 2, 3], function(matrices[1, 2, 3]))


def test_one_matrix_gives_the_same_bits_as_in_a_batch():
    flips = np.array([[1, -1, -1], [-1, 1, -1], [-1, -1, 1], [1, 1, 1]])  # each of the four candidates is the largest once
    turned = [np.diag(signs.astype(float)) @ rot.quat_to_matrix(quat) for signs in flips for quat in batch(50)]
    together = rot.matrix_to_quat(np.array(turned))
    for matrix, quat in zip(turned, together, strict=True):
        assert rot.matrix_to_quat(matrix).tobytes() == quat.tobytes()
