"""Declared conventions: which combinations make sense and how wide they are."""

from __future__ import annotations

import pytest

from vla_isaac.core.errors import ConfigError
from vla_isaac.core.specs import ActionSpec


@pytest.mark.parametrize(
    ("options", "arm_width", "width"),
    [
        ({"translation": "delta_base_m", "rotation": "rpy_difference_rad", "gripper": "open_is_one"}, 6, 7),
        ({"translation": "delta_tool_m", "gripper": "none"}, 3, 3),
        ({"rotation": "axis_angle_rad"}, 3, 4),
        ({"translation": "position_base_m", "rotation": "absolute_quat_wxyz"}, 7, 8),
        ({"translation": "position_base_m", "rotation": "absolute_rot6d_columns"}, 9, 10),
        ({"translation": "position_base_m", "rotation": "absolute_rpy_rad"}, 6, 7),
        ({"joints": "velocity_fraction"}, 7, 8),
        ({"joints": "position_rad", "gripper": "none"}, 7, 7),
    ],
)
def test_the_width_of_an_action_follows_from_its_convention(options, arm_width, width):
    spec = ActionSpec(**options)
    assert (spec.arm_width, spec.width) == (arm_width, width)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "declare either a Cartesian action or a joint action"),
        ({"translation": "delta_base_m", "joints": "delta_rad"}, "declare either a Cartesian action or a joint action"),
        ({"translation": "delta_base_m", "rotation": "absolute_rpy_rad"}, "make both absolute or both increments"),
        ({"translation": "position_base_m", "rotation": "axis_angle_rad"}, "make both absolute or both increments"),
        ({"translation": "delta"}, "translation='delta' is not known; choose one of none, delta_base_m"),
        ({"joints": "delta_rad", "gripper": "open"}, "gripper='open' is not known; choose one of none, width_m"),
        ({"joints": "delta_rad", "gripper_mode": "soft"}, "gripper_mode='soft' is not known"),
        ({"joints": "delta_rad", "rate_hz": 0.0}, "rate_hz=0.0 must be positive"),
        ({"joints": "delta_rad", "rate_hz": float("nan")}, "rate_hz is nan"),
    ],
)
def test_a_convention_that_makes_no_sense_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        ActionSpec(**options)
