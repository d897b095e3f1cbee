"""Where cameras sit and how they project."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vla_isaac.core.errors import ConfigError, ShapeError
from vla_isaac.scene.cameras import FRONT, SIDE, STANDARD_CAMERAS, VIDEO, WRIST, CameraConfig

LOOKING_DOWN = CameraConfig(name="top", eye=(0.5, 0.0, 1.0), target=(0.5, 0.0, 0.0), up=(1.0, 0.0, 0.0), fov_y=math.pi / 2)


def pixel(camera: CameraConfig, point, resolution_hw=None):
    x, y, z = camera.pose_mount_camera.inverse().apply(np.array(point))
    u, v, w = camera.intrinsics(resolution_hw) @ [x, y, z]
    return u / w, v / w


def test_what_a_camera_looks_at_is_in_the_middle_of_its_image():
    assert pixel(FRONT, FRONT.target, (100, 200)) == pytest.approx((100.0, 50.0))


def test_a_point_on_the_edge_of_the_field_of_view_is_on_the_edge_of_the_image():
    """90 degrees of view from 1 m above: half a metre of half image is 1 m; up in the image is +x, right is -y."""
    assert pixel(LOOKING_DOWN, (1.5, 0.0, 0.0), (100, 100)) == pytest.approx((50.0, 0.0))
    assert pixel(LOOKING_DOWN, (0.5, -1.0, 0.0), (100, 100)) == pytest.approx((100.0, 50.0))


def test_pixels_are_square_and_the_width_does_not_change_the_vertical_view():
    narrow, wide = LOOKING_DOWN.intrinsics((100, 50)), LOOKING_DOWN.intrinsics((100, 300))
    assert narrow[0, 0] == narrow[1, 1] == wide[0, 0] == wide[1, 1] == pytest.approx(50.0)
    assert (narrow[0, 2], wide[0, 2]) == (25.0, 150.0)


def test_seen_from_the_front_the_robots_left_is_on_the_right():
    assert pixel(FRONT, (0.5, 0.1, 0.0))[0] > pixel(FRONT, (0.5, -0.1, 0.0))[0]


@pytest.mark.parametrize("camera", [FRONT, SIDE])
def test_policy_cameras_see_the_whole_area_where_objects_stand(camera):
    corners = [pixel(camera, (x, y, 0.02)) for x in (0.36, 0.66) for y in (-0.30, 0.30)]
    height, width = camera.resolution_hw
    assert all(0 <= u <= width and 0 <= v <= height for u, v in corners)


def test_the_wrist_camera_sees_between_the_fingertips():
    column, row = pixel(WRIST, (0.0, 0.0, 0.1034))
    height, width = WRIST.resolution_hw
    assert 0 <= column <= width
    assert 0 <= row <= height


def test_cameras_have_names_of_their_own():
    assert len({c.name for c in (*STANDARD_CAMERAS, VIDEO)}) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolution_hw": (0, 224)}, r"has no pixels; give \(height, width\), for example \(224, 224\)"),
        ({"resolution_hw": (5000, 224)}, "larger than 4096 px"),
        ({"fov_y": 0.0}, "must lie within 0.05 to 2.8 rad"),
        ({"fov_y": math.pi}, "must lie within 0.05 to 2.8 rad"),
    ],
)
def test_an_impossible_camera_is_refused(options, message):
    with pytest.raises(ConfigError, match=f"camera 'odd': .*{message}"):
        CameraConfig(name="odd", eye=(1.0, 0.0, 1.0), target=(0.0, 0.0, 0.0), **options)


def test_a_camera_without_a_direction_is_refused():
    with pytest.raises(ShapeError, match="the same point"):
        CameraConfig(name="odd", eye=(1.0, 0.0, 1.0), target=(1.0, 0.0, 1.0))
