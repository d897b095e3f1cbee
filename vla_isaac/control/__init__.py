"""Conversion of a policy's actions to safe joint targets: action conventions, inverse kinematics, limits."""

from vla_isaac.control.config import ControlConfig
from vla_isaac.control.converter import ActionConverter
from vla_isaac.control.gripper import GripperDecoder
from vla_isaac.control.ik import IkBatch, IkResult, joint_step, solve, solve_from_many
from vla_isaac.control.normalisation import ActionStatistics, Unnormaliser
from vla_isaac.control.presets import ACTION_PRESETS, ActionPreset, action_preset, describe_action_preset
from vla_isaac.control.safety import ClipCounts, SafetyStage

__all__ = [
    "ACTION_PRESETS",
    "ActionConverter",
    "ActionPreset",
    "ActionStatistics",
    "ClipCounts",
    "ControlConfig",
    "GripperDecoder",
    "IkBatch",
    "IkResult",
    "SafetyStage",
    "Unnormaliser",
    "action_preset",
    "describe_action_preset",
    "joint_step",
    "solve",
    "solve_from_many",
]
