"""The action conventions of other systems by name, each an `ActionSpec` with its source.

A convention does not guarantee that a policy works here: a model trained on another robot needs its own statistics.
The numbers come from each system's code; the revisions are in `docs/conventions`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vla_isaac.core.errors import UsageError
from vla_isaac.core.registry import unknown_name
from vla_isaac.core.specs import ActionSpec


@dataclass(frozen=True, kw_only=True)
class ActionPreset:
    """One published convention."""

    spec: ActionSpec
    """Meaning of its numbers, after unnormalisation."""

    description: str
    """One line, shown in lists."""

    source: str
    """Repository and file of the source."""


_BRIDGE = ActionSpec(
    translation="delta_base_m", rotation="rpy_difference_rad", gripper="open_is_one", gripper_mode="binary", rate_hz=5.0
)
_FRACTAL = ActionSpec(
    translation="delta_base_m", rotation="rpy_rotation_rad", gripper="open_is_one", gripper_mode="binary", rate_hz=3.0
)
_PI0_JOINTS = ActionSpec(joints="position_rad", gripper="closed_is_one", rate_hz=20.0)

_PRESETS: dict[str, ActionPreset] = {
    "vla_isaac": ActionPreset(
        spec=ActionSpec(translation="delta_base_m", rotation="axis_angle_rad", gripper="width_m", rate_hz=10.0),
        description="ours: metres and a rotation vector per step in base axes, finger distance [m]; 10 Hz",
        source="docs/conventions",
    ),
    "joint_position": ActionPreset(
        spec=ActionSpec(joints="position_rad", gripper="width_m", rate_hz=10.0),
        description="seven joint angles [rad] and the finger distance [m]; 10 Hz",
        source="docs/conventions",
    ),
    "rt1_fractal": ActionPreset(
        spec=ActionSpec(
            translation="delta_base_m", rotation="rpy_rotation_rad", gripper="relative_closing", rate_hz=3.0
        ),
        description="RT-1 on Fractal, raw: metres and radians per step, relative closing command; 3 Hz",
        source="openvla/openvla prismatic/vla/datasets/rlds/oxe/transforms.py",
    ),
    "rt1_fractal_standardised": ActionPreset(
        spec=_FRACTAL,
        description="Fractal as OpenVLA and Octo learn it: as rt1_fractal, gripper 1 open and 0 closed; 3 Hz",
        source="octo-models/octo octo/data/oxe/oxe_standardization_transforms.py",
    ),
    "openvla_bridge": ActionPreset(
        spec=_BRIDGE,
        description="OpenVLA with a Bridge key: metres, difference of roll, pitch, yaw, gripper 1 open; 5 Hz",
        source="openvla/openvla prismatic/vla/datasets/rlds/oxe/transforms.py",
    ),
    "openvla_libero": ActionPreset(
        spec=ActionSpec(
            translation="delta_base_m", rotation="axis_angle_rad", gripper="open_is_one", gripper_mode="binary",
            translation_scale=0.05, rotation_scale=0.5, command_limit=1.0, rate_hz=20.0,
        ),
        description="OpenVLA with a LIBERO key, before post-processing: controller units, gripper 1 open; 20 Hz",
        source="openvla/openvla experiments/robot/libero",
    ),
    "libero": ActionPreset(
        spec=ActionSpec(
            translation="delta_base_m", rotation="axis_angle_rad", gripper="open_is_minus_one", gripper_mode="binary",
            translation_scale=0.05, rotation_scale=0.5, command_limit=1.0, rate_hz=20.0,
        ),
        description="LIBERO environment (robosuite OSC_POSE): 1 is 0.05 m or 0.5 rad, gripper -1 open; 20 Hz",
        source="robosuite 1.5.2 controllers/parts/arm/osc.py",
    ),
    "droid_cartesian": ActionPreset(
        spec=ActionSpec(
            translation="delta_base_m", rotation="axis_angle_rad", gripper="open_is_one",
            translation_scale=0.075, rotation_scale=0.15, shorten_vectors=True, rate_hz=15.0,
        ),
        description="DROID Cartesian command, standardised: 1 is 0.075 m or 0.15 rad, gripper 1 open; 15 Hz",
        source="droid-dataset/droid droid/robot_ik/robot_ik_solver.py",
    ),
    "droid_cartesian_raw": ActionPreset(
        spec=ActionSpec(
            translation="delta_base_m", rotation="axis_angle_rad", gripper="closed_is_one",
            translation_scale=0.075, rotation_scale=0.15, shorten_vectors=True, rate_hz=15.0,
        ),
        description="DROID Cartesian command as stored: as droid_cartesian, gripper 1 closed; 15 Hz",
        source="droid-dataset/droid droid/robot_ik/robot_ik_solver.py",
    ),
    "droid_joint_velocity": ActionPreset(
        spec=ActionSpec(
            joints="velocity_fraction", joint_scale=0.2, command_limit=1.0,
            gripper="closed_is_one", gripper_mode="binary", rate_hz=15.0,
        ),
        description="openpi DROID: 1 adds 0.2 rad to a measured joint, gripper 1 closed; 15 Hz",
        source="Physical-Intelligence/openpi examples/droid/main.py",
    ),
    "droid_joint_position": ActionPreset(
        spec=ActionSpec(joints="position_rad", gripper="closed_is_one", gripper_mode="binary", rate_hz=15.0),
        description="openpi DROID, jointpos variants: seven joint angles [rad], gripper 1 closed; 15 Hz",
        source="Physical-Intelligence/openpi src/openpi/training/config.py",
    ),
    "octo_bridge": ActionPreset(
        spec=_BRIDGE,
        description="Octo on Bridge: as openvla_bridge, gripper 1 open and not scaled; 5 Hz",
        source="octo-models/octo octo/data/oxe/oxe_standardization_transforms.py",
    ),
    "octo_fractal": ActionPreset(
        spec=_FRACTAL,
        description="Octo on Fractal: as rt1_fractal_standardised; 3 Hz",
        source="octo-models/octo octo/data/oxe/oxe_standardization_transforms.py",
    ),
    "pi0_joint": ActionPreset(
        spec=_PI0_JOINTS,
        description="pi0 base on a Franka: joint angles [rad] in columns 0-6, column 7 gripper 1 closed; 20 Hz",
        source="Physical-Intelligence/openpi docs/norm_stats.md",
    ),
    "isaaclab_ik_rel": ActionPreset(
        spec=ActionSpec(
            translation="delta_base_m", rotation="axis_angle_rad", gripper="open_is_plus_one", gripper_mode="binary",
            translation_scale=0.5, rotation_scale=0.5, rate_hz=50.0,
        ),
        description="Isaac Lab Franka relative IK: 1 is 0.5 m or 0.5 rad, gripper not negative opens; 50 Hz",
        source="isaac-sim/IsaacLab lift/config/franka/ik_rel_env_cfg.py",
    ),
    "simpler_google_robot": ActionPreset(
        spec=ActionSpec(
            translation="delta_base_m", rotation="axis_angle_rad",
            gripper="relative_closing", relative_hold_steps=15, rate_hz=3.0,
        ),
        description="SimplerEnv Google robot: metres, rotation vector, relative closing held for 15 steps; 3 Hz",
        source="simpler-env/SimplerEnv simpler_env/policies/octo/octo_model.py",
    ),
    "simpler_widowx": ActionPreset(
        spec=ActionSpec(
            translation="delta_base_m", rotation="axis_angle_rad", gripper="open_is_plus_one", gripper_mode="binary",
            rate_hz=5.0,
        ),
        description="SimplerEnv WidowX: metres, rotation vector, gripper +1 open and -1 closed; 5 Hz",
        source="simpler-env/SimplerEnv simpler_env/policies/octo/octo_model.py",
    ),
}  # fmt: skip

OTHER_ROBOT = "other_robot"
"""Convention of datasets of a robot that is no Franka: any numbers, which a model can learn and nothing here executes."""

ACTION_PRESETS: dict[str, ActionSpec] = {name: preset.spec for name, preset in _PRESETS.items()}
"""Action conventions by name."""


def action_preset(name: str) -> ActionSpec:
    """Return the action convention of that name.

    Raises:
        UnknownNameError: If there is none; the message lists near matches and all names.
    """
    return describe_action_preset(name).spec


def convention_of_data(name: str, *, width: int, rate_hz: float) -> ActionSpec:
    """Return the action convention of that name for a dataset: at the dataset's rate, and checked against its actions.

    Args:
        name: A preset, or `OTHER_ROBOT`.
        width: Numbers of an action.
        rate_hz: Rate of the dataset [Hz].

    Raises:
        UnknownNameError: If there is no such convention.
        UsageError: If its actions have another number of values; the message lists the conventions that fit.
    """
    if name == OTHER_ROBOT:
        return ActionSpec(joints="other_robot", gripper="none", other_width=width, rate_hz=rate_hz)
    if name not in _PRESETS:
        raise unknown_name("action convention", name, (*ACTION_PRESETS, OTHER_ROBOT))
    spec = _PRESETS[name].spec
    if spec.width != width:
        fitting = [*(other for other, preset in ACTION_PRESETS.items() if preset.width == width), OTHER_ROBOT]
        raise UsageError(
            f"the actions of the dataset have {width} numbers, the convention {name!r} has {spec.width}",
            remedy=f"conventions for {width} numbers: {', '.join(fitting)}; {OTHER_ROBOT} can be learned, not executed here",
        )
    return replace(spec, rate_hz=rate_hz)


def describe_action_preset(name: str) -> ActionPreset:
    """Return the convention of that name with its description and source.

    Raises:
        UnknownNameError: If there is none; the message lists near matches and all names.
    """
    if name not in _PRESETS:
        raise unknown_name("action convention", name, ACTION_PRESETS)
    return _PRESETS[name]
