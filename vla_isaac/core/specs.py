"""Action, camera and policy specs: the conventions of a policy, compared with the converter's before the first step.

A wrong rotation format or gripper polarity makes the arm move at random; here each convention is a named value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from vla_isaac.core.errors import ConfigError
from vla_isaac.core.number_fields import check_number_fields

Translation = Literal["none", "delta_base_m", "delta_tool_m", "position_base_m"]
"""`delta_base_m`, `delta_tool_m`: displacement of the ee [m] along base or tool axes; `position_base_m`: absolute."""

Rotation = Literal[
    "none",
    "rpy_difference_rad",
    "rpy_rotation_rad",
    "axis_angle_rad",
    "absolute_quat_wxyz",
    "absolute_quat_xyzw",
    "absolute_rot6d_columns",
    "absolute_rot6d_interleaved",
    "absolute_rpy_rad",
    "absolute_axis_angle_rad",
]
"""The first three are increments.

`rpy_difference_rad`: next minus current roll, pitch, yaw: a difference of angles, not a rotation (Bridge).
`rpy_rotation_rad`: the rotation whose roll, pitch, yaw are given. `axis_angle_rad`: a rotation vector.
`absolute_*`: the target orientation of the ee in the base frame.
"""

Axes = Literal["base", "tool"]
"""About which axes a rotation increment turns: base multiplies on the left, tool on the right.

For `rpy_difference_rad`: base takes angles about the fixed base axes, tool angles about the moving tool axes.
"""

Joints = Literal["none", "position_rad", "delta_rad", "velocity_rad_s", "velocity_fraction", "other_robot"]
"""`other_robot`: the numbers of a robot that is no Franka: a model can learn them, and nothing here executes them.

`velocity_fraction` is DROID's: one step adds `joint_scale` * value to each measured joint; a vector whose largest
entry exceeds 1 is first divided by it."""

Gripper = Literal[
    "none",
    "width_m",
    "open_is_one",
    "closed_is_one",
    "open_is_plus_one",
    "open_is_minus_one",
    "relative_closing",
]
"""`width_m`: finger distance. `open_is_one`: 1 open, 0 closed. `closed_is_one`: 0 open, 1 closed. `open_is_plus_one`:
+1 open, -1 closed. `open_is_minus_one`: -1 open, +1 closed. `relative_closing`: positive closes, negative opens;
1 is the whole travel of the fingers."""

GripperMode = Literal["continuous", "binary", "sticky"]
"""`binary`: fully open or closed, whichever is nearer. `sticky`: fully open or closed beyond `sticky_thresholds`, in
between the last decided value."""

Reference = Literal["measured", "commanded"]
"""What a delta is added to: the measured pose, or the last commanded target."""

_ROTATION_WIDTH = {
    "none": 0,
    "absolute_quat_wxyz": 4,
    "absolute_quat_xyzw": 4,
    "absolute_rot6d_columns": 6,
    "absolute_rot6d_interleaved": 6,
}


@dataclass(frozen=True, kw_only=True)
class ActionSpec:
    """What the numbers of an action mean; the policy declares it, the converter follows it.

    An arm action is either Cartesian (`translation` and `rotation`) or in joint space (`joints`), never both.
    """

    translation: Translation = "none"
    """Meaning of the first three numbers of a Cartesian action."""

    rotation: Rotation = "none"
    """Meaning of the numbers after the translation."""

    axes: Axes = "base"
    """Axes of a rotation increment."""

    joints: Joints = "none"
    """Meaning of the seven numbers of a joint action."""

    other_width: int = 0
    """How many numbers an action has, gripper included; only for `other_robot`."""

    gripper: Gripper = "width_m"
    """Meaning of the gripper's number."""

    gripper_mode: GripperMode = "continuous"
    """How the gripper's number becomes a command."""

    sticky_thresholds: tuple[float, float] = (0.05, 0.95)
    """Closed below, open above, as opening fraction; only for `sticky` (Bridge: 0.05 and 0.95)."""

    relative_hold_steps: int = 1
    """For how many steps a relative gripper command is kept (SimplerEnv's Google robot: 15)."""

    rate_hz: float = 10.0
    """Rate at which the policy was trained and must be stepped [Hz]."""

    translation_scale: float = 1.0
    """Metres per unit of translation (LIBERO: 0.05)."""

    rotation_scale: float = 1.0
    """Radians per unit of rotation increment (LIBERO: 0.5)."""

    joint_scale: float = 1.0
    """Radians per unit of joint motion (DROID: 0.2); absolute joint positions are in radians and not scaled."""

    command_limit: float | None = None
    """Arm numbers are clipped to +- this before scaling (controller units: 1)."""

    shorten_vectors: bool = False
    """Whether translation and rotation vectors longer than one unit are shortened to one (DROID Cartesian)."""

    reference: Reference = "measured"
    """What a delta is added to."""

    def __post_init__(self) -> None:
        check_number_fields("action spec", self)
        for name, kind in _CHOICES.items():
            value = getattr(self, name)
            if value not in get_args(kind):
                raise ConfigError(
                    f"action spec: {name}={value!r} is not known", remedy=f"choose one of {', '.join(get_args(kind))}"
                )
        cartesian = self.translation != "none" or self.rotation != "none"
        if cartesian == (self.joints != "none"):
            raise ConfigError(
                f"action spec: translation={self.translation!r}, rotation={self.rotation!r} and joints={self.joints!r}",
                remedy="declare either a Cartesian action or a joint action",
            )
        absolute = self.rotation.startswith("absolute")
        if cartesian and self.rotation != "none" and absolute != (self.translation == "position_base_m"):
            raise ConfigError(
                f"action spec: translation={self.translation!r} with rotation={self.rotation!r} mixes an absolute pose "
                "with an increment",
                remedy="make both absolute or both increments",
            )
        is_other = self.joints == "other_robot"
        if is_other != (self.other_width > 0) or (is_other and self.gripper != "none"):
            raise ConfigError(
                f"action spec: joints={self.joints!r} with other_width={self.other_width} and gripper={self.gripper!r}",
                remedy="other_robot needs other_width, the number of all its values, and gripper 'none'; others need 0",
            )
        for name in ("rate_hz", "command_limit", "relative_hold_steps"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"action spec: {name}={value} must be positive")
        if self.shorten_vectors and (not cartesian or absolute or self.translation == "position_base_m"):
            raise ConfigError(
                "action spec: shorten_vectors is for Cartesian increments", remedy="leave it off for joints and poses"
            )

    @property
    def arm_width(self) -> int:
        """Number of arm values per action."""
        if self.joints == "other_robot":
            return self.other_width
        if self.joints != "none":
            return 7
        return (3 if self.translation != "none" else 0) + _ROTATION_WIDTH.get(self.rotation, 3)

    @property
    def width(self) -> int:
        """Number of values per action, gripper included."""
        return self.arm_width + (self.gripper != "none")


_CHOICES = {
    "translation": Translation,
    "rotation": Rotation,
    "axes": Axes,
    "joints": Joints,
    "gripper": Gripper,
    "gripper_mode": GripperMode,
    "reference": Reference,
}


@dataclass(frozen=True, kw_only=True)
class CameraView:
    """Camera pose and field of view of a policy's training data; compared with the scene before the first step."""

    mount: str
    """`world` or `hand`."""

    eye: tuple[float, float, float]
    """Optical centre in the frame of its mount [m]."""

    target: tuple[float, float, float]
    """A point it looks at [m]."""

    up: tuple[float, float, float]
    """Direction that is up in the picture."""

    fov_y: float
    """Vertical field of view [rad]."""


@dataclass(frozen=True, kw_only=True)
class PolicySpec:
    """Inputs, rate and action convention of a policy."""

    action: ActionSpec
    """Convention of its actions; `action.rate_hz` is the control rate."""

    cameras: tuple[str, ...] = ()
    """Cameras whose frames it is given, by name."""

    image_hw: tuple[int, int] = (224, 224)
    """Height and width [px] of those frames."""

    chunk_length: int = 1
    """Largest number of actions in a chunk."""

    needs_proprioception: bool = False
    """Whether it reads joint angles, ee pose or gripper width."""

    views: Mapping[str, CameraView] = field(default_factory=dict)
    """Required camera poses, by name; a camera without one may be anywhere."""

    rendered: bool = False
    """Whether its pictures must be rendered, with perspective and light, as those of its training; the stub's are flat."""

    privileged: bool = False
    """Whether it is given the scene state and the goal; true for the expert only."""
