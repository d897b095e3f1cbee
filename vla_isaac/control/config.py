"""`ControlConfig`: options of inverse kinematics, limits and workspace."""

from __future__ import annotations

from dataclasses import dataclass

from vla_isaac.core.errors import ConfigError
from vla_isaac.core.number_fields import check_number_fields
from vla_isaac.robots import panda

Seven = tuple[float, float, float, float, float, float, float]
Three = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class ControlConfig:
    """Inverse kinematics and limits of joint targets; `config/control/default.yaml` repeats the defaults."""

    damping: float = 0.05
    """Damping of the inverse kinematics far from the goal; it decreases near the goal."""

    iterations: int = 6
    """Most steps of inverse kinematics per action; warm-started, one or two are usual."""

    position_tolerance: float = 2e-4
    """Distance to the goal at which the iteration stops [m]."""

    rotation_tolerance: float = 2e-3
    """Angle to the goal at which the iteration stops [rad]."""

    posture: Seven = tuple(panda.QPOS_HOME.tolist())
    """Posture that the null-space motion of the elbow is drawn towards [rad]."""

    posture_gain: float = 0.05
    """Fraction of the way to `posture` per action, in the null space of the end effector; 0 is off."""

    joint_limit_margin: float = 0.01
    """Margin of every target to the joint limits [rad], the one that holds a measured posture included."""

    speed_scale: float = 1.0
    """Allowed fraction of the joint speed limits."""

    ee_speed: float = panda.EE_SPEED_LIMIT
    """Largest speed of `ee` from one target to the next [m/s], for every kind of action; the Panda's limit [FCI]."""

    ee_turn_rate: float = panda.EE_TURN_RATE_LIMIT
    """The same for orientation [rad/s] [FCI]."""

    workspace_low: Three = (0.15, -0.6, 0.005)
    """Lower corner of the box that `ee` stays in, base frame [m]."""

    workspace_high: Three = (0.85, 0.6, 0.9)
    """Upper corner of the box that `ee` stays in, base frame [m]."""

    gripper_speed: float = 2 * panda.FINGER_SPEED_LIMIT
    """How fast the distance between the fingers may change [m/s]."""

    def __post_init__(self) -> None:
        check_number_fields("control config", self)
        _require(self.iterations >= 1, "iterations", self.iterations, "give a whole number from 1, for example 6")
        for name in ("position_tolerance", "rotation_tolerance", "posture_gain", "damping"):
            value = getattr(self, name)
            _require(value >= 0, name, value, "give 0 or a positive number")
        for name in ("ee_speed", "ee_turn_rate", "gripper_speed"):
            value = getattr(self, name)
            _require(value > 0, name, value, "give a positive number")
        _require(self.posture_gain <= 1, "posture_gain", self.posture_gain, "give a share from 0 to 1")
        _require(0 < self.speed_scale <= 1, "speed_scale", self.speed_scale, "give a share above 0 and up to 1")
        _require(0 <= self.joint_limit_margin <= 0.5, "joint_limit_margin", self.joint_limit_margin, "give 0 to 0.5 rad")
        self._check_posture()
        self._check_workspace()

    def _check_posture(self) -> None:
        lower, upper = panda.QPOS_LOWER.tolist(), panda.QPOS_UPPER.tolist()
        for i, (low, value, high) in enumerate(zip(lower, self.posture, upper, strict=True)):
            _require(low <= value <= high, f"posture[{i}]", value, f"joint {i + 1} moves from {low} to {high} rad")

    def _check_workspace(self) -> None:
        for axis, low, high in zip("xyz", self.workspace_low, self.workspace_high, strict=True):
            _require(
                high - low >= 0.01,
                f"workspace {axis}",
                (low, high),
                "workspace_high must exceed workspace_low by at least 0.01 m",
            )


def _require(holds: bool, name: str, value: object, accepted: str) -> None:
    if not holds:
        raise ConfigError(f"control config: {name}={value} is not accepted", remedy=f"{accepted}")
