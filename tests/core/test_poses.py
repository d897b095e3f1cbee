"""Poses chain, invert and look."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vla_isaac.core.errors import ShapeError
from vla_isaac.core.poses import Pose, look_at

HALF = math.sqrt(0.5)
TURNED_LEFT = Pose(np.array([1.0, 2.0, 0.0]), np.array([HALF, 0.0, 0.0, HALF]))  # a quarter turn about z


def random_pose(seed: int) -> Pose:
    rng = np.random.default_rng(seed)
    return Pose.checked(rng.normal(size=3), rng.normal(size=4))


def test_a_pose_takes_inner_coordinates_to_outer_ones():
    assert TURNED_LEFT.apply(np.array([3.0, 0.0, 0.5])) == pytest.approx([1.0, 5.0, 0.5])


def test_a_pose_takes_many_points_at_once():
    points = np.array([[[1.0, 0, 0], [0, 1.0, 0]]])
    assert TURNED_LEFT.apply(points) == pytest.approx(np.array([[[1.0, 3.0, 0], [0.0, 2.0, 0]]]))


def test_chaining_is_the_product_of_matrices():
    a, b = random_pose(1), random_pose(2)
    assert (a @ b).matrix() == pytest.approx(a.matrix() @ b.matrix())


def test_the_inverse_is_the_inverse_matrix():
    pose = random_pose(3)
    assert pose.inverse().matrix() == pytest.approx(np.linalg.inv(pose.matrix()))


def test_a_pose_survives_its_matrix():
    pose = random_pose(4)
    back = Pose.from_matrix(pose.matrix())
    assert back.pos == pytest.approx(pose.pos)
    assert back.quat_wxyz == pytest.approx(pose.quat_wxyz)


def test_a_pose_made_from_a_matrix_does_not_share_its_memory():
    matrix = np.eye(4)
    pose = Pose.from_matrix(matrix)
    matrix[:3, 3] = 9.0
    assert pose.pos.tolist() == [0.0, 0.0, 0.0]


def test_the_identity_moves_nothing():
    assert Pose.identity().matrix().tolist() == np.eye(4).tolist()


@pytest.mark.parametrize(
    ("pos", "quat", "message"),
    [
        ([0, 0], [1, 0, 0, 0], r"pos has shape \(2,\), expected \(3,\)"),
        ([0, 0, 0], [1, 0, 0], r"quat_wxyz has shape \(3,\), expected \(4,\); scalar first"),
        ([0, np.nan, 0], [1, 0, 0, 0], r"pos\[1\] is nan"),
        ([0, 0, 0], [0, 0, 0, 0], "quat_wxyz is zero"),
    ],
)
def test_broken_outside_data_is_refused(pos, quat, message):
    with pytest.raises(ShapeError, match=message):
        Pose.checked(np.array(pos, dtype=float), np.array(quat, dtype=float))


def test_outside_quaternions_are_normalised():
    assert Pose.checked(np.zeros(3), np.array([-2.0, 0, 0, 0])).quat_wxyz == pytest.approx([1, 0, 0, 0])


def test_a_camera_looking_along_x_has_y_to_its_left_and_z_above():
    camera = look_at(np.zeros(3), np.array([5.0, 0.0, 0.0]))
    right, down, forward = camera.rotation.T
    assert forward == pytest.approx([1, 0, 0])
    assert right == pytest.approx([0, -1, 0])
    assert down == pytest.approx([0, 0, -1])


def test_what_a_camera_looks_at_lies_on_its_axis():
    eye, target = np.array([1.25, 0.1, 0.62]), np.array([0.47, -0.2, 0.05])
    seen = look_at(eye, target).inverse().apply(target)
    assert seen == pytest.approx([0.0, 0.0, np.linalg.norm(target - eye)])


def test_the_axes_of_a_camera_are_right_handed():
    assert np.linalg.det(look_at(np.array([1.0, 2.0, 3.0]), np.zeros(3)).rotation) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("target", "message"), [((1.0, 1.0, 1.0), "the same point"), ((1.0, 1.0, 0.0), "parallel to its viewing direction")]
)
def test_a_camera_that_cannot_be_oriented_is_refused(target, message):
    with pytest.raises(ShapeError, match=message):
        look_at(np.ones(3), np.array(target))
