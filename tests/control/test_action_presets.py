"""The conventions of other systems are known by name and mean what their owners mean."""

import pytest

from vla_isaac.control import ACTION_PRESETS, ActionConverter, GripperDecoder, action_preset, describe_action_preset
from vla_isaac.core.errors import UnknownNameError


@pytest.mark.parametrize(
    ("name", "rate_hz", "width"),
    [
        ("rt1_fractal", 3, 7),
        ("openvla_bridge", 5, 7),
        ("octo_bridge", 5, 7),
        ("droid_cartesian", 15, 7),
        ("droid_joint_velocity", 15, 8),
        ("droid_joint_position", 15, 8),
        ("libero", 20, 7),
        ("pi0_joint", 20, 8),
        ("simpler_google_robot", 3, 7),
        ("simpler_widowx", 5, 7),
        ("vla_isaac", 10, 7),
        ("joint_position", 10, 8),
    ],
)
def test_each_convention_has_the_rate_and_width_its_owner_publishes(name, rate_hz, width):
    assert (action_preset(name).rate_hz, action_preset(name).width) == (rate_hz, width)


@pytest.mark.parametrize(
    ("name", "opened", "closed"),
    [
        ("openvla_bridge", 1.0, 0.0),
        ("octo_fractal", 1.0, 0.0),
        ("openvla_libero", 1.0, 0.0),
        ("droid_joint_velocity", 0.0, 1.0),
        ("droid_cartesian_raw", 0.0, 1.0),
        ("droid_cartesian", 1.0, 0.0),
        ("pi0_joint", 0.0, 1.0),
        ("libero", -1.0, 1.0),
        ("simpler_widowx", 1.0, -1.0),
        ("isaaclab_ik_rel", 1.0, -1.0),
        ("rt1_fractal", -1.0, 1.0),
        ("vla_isaac", 0.08, 0.0),
    ],
)
def test_each_convention_opens_and_closes_by_its_own_polarity(name, opened, closed):
    gripper = GripperDecoder(action_preset(name))
    gripper.reset(0.04)
    assert gripper.decode(opened, 0.04) == pytest.approx(0.08)
    assert gripper.decode(closed, 0.04) == pytest.approx(0.0)


def test_bridge_is_a_difference_of_angles_and_libero_a_rotation_vector():
    assert action_preset("openvla_bridge").rotation == "rpy_difference_rad"
    assert action_preset("libero").rotation == "axis_angle_rad"


def test_the_google_robot_holds_a_relative_command_for_fifteen_steps():
    assert action_preset("simpler_google_robot").relative_hold_steps == 15


def test_an_unknown_name_suggests_the_nearest_one():
    with pytest.raises(UnknownNameError, match=r"no action convention named 'libro'; did you mean 'libero'\? Known: droid"):
        action_preset("libro")


@pytest.mark.parametrize("name", sorted(ACTION_PRESETS))
def test_every_convention_has_one_line_a_source_and_a_converter(name):
    preset = describe_action_preset(name)
    assert "\n" not in preset.description
    assert preset.source
    assert ActionConverter(preset.spec).period == pytest.approx(1.0 / preset.spec.rate_hz)
