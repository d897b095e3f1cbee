"""Options are checked when they are made, and the shipped file says what the code says."""

import pytest

from vla_isaac.control import ControlConfig
from vla_isaac.core.config import load_preset
from vla_isaac.core.errors import ConfigError


def test_the_shipped_preset_equals_the_defaults_of_the_code():
    assert load_preset(ControlConfig, "control", "default") == ControlConfig()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"iterations": 0}, r"iterations=0 is not accepted; give a whole number from 1"),
        ({"speed_scale": 1.5}, r"speed_scale=1.5 is not accepted; give a share above 0 and up to 1"),
        ({"damping": -0.1}, r"damping=-0.1 is not accepted"),
        ({"gripper_speed": 0.0}, r"gripper_speed=0.0 is not accepted; give a positive number"),
        ({"joint_limit_margin": 1.0}, r"joint_limit_margin=1.0 is not accepted"),
        ({"posture": (0, 0, 0, 0.5, 0, 1, 0)}, r"posture\[3\]=0.5 is not accepted; joint 4 moves from -3.0718 to -0.0698"),
        ({"workspace_low": (0.15, 0.7, 0.005)}, r"workspace y=\(0.7, 0.6\) is not accepted; workspace_high must exceed"),
    ],
)
def test_an_impossible_option_is_refused_with_what_is_accepted(options, message):
    with pytest.raises(ConfigError, match=message):
        ControlConfig(**options)
