"""The Panda inside a MuJoCo model: our own primitives, or a mesh model in the layout of MuJoCo Menagerie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.input_files import reading, regular_file
from vla_isaac.core.resources import resource
from vla_isaac.rendering.engine import mujoco_module
from vla_isaac.robots import panda

EE_SITE = "vla_isaac_ee"


@dataclass(frozen=True)
class RobotNames:
    """Names of the parts in a robot file."""

    base: str
    hand: str
    arm_joints: tuple[str, ...]
    finger_joints: tuple[str, ...]
    arm_actuators: tuple[str, ...]
    gripper_actuator: str


EMBEDDED = RobotNames(
    base="panda_link0",
    hand="panda_hand",
    arm_joints=panda.ARM_JOINTS,
    finger_joints=panda.FINGER_JOINTS,
    arm_actuators=panda.ARM_JOINTS,
    gripper_actuator="panda_gripper",
)

MENAGERIE = RobotNames(
    base="link0",
    hand="hand",
    arm_joints=tuple(f"joint{i}" for i in range(1, 8)),
    finger_joints=("finger_joint1", "finger_joint2"),
    arm_actuators=tuple(f"actuator{i}" for i in range(1, 8)),
    gripper_actuator="actuator8",
)


def load_robot(path: Path | None) -> tuple[Any, RobotNames]:
    """Return an `MjSpec` with the robot alone, and the names of its parts.

    Args:
        path: A mesh model in the layout of MuJoCo Menagerie's ``franka_emika_panda/panda.xml``; None takes our own.

    Raises:
        ConfigError: If the file cannot be read or is not a Panda with the Franka Hand.
    """
    mujoco = mujoco_module()
    file = path or resource("data", "robots", "panda", "panda.xml")
    with reading(file, error=ConfigError, remedy="give the path of an MJCF file", what="--robot-model"):
        spec = mujoco.MjSpec.from_file(str(regular_file(file, error=ConfigError, remedy="give the path of an MJCF file")))
    names = next((n for n in (EMBEDDED, MENAGERIE) if spec.body(n.base) is not None), None)
    missing = _missing(spec, names) if names else [f"a body {EMBEDDED.base!r} or {MENAGERIE.base!r}"]
    if names is None or missing:
        raise ConfigError(
            f"--robot-model {file}: is not a Panda with the Franka Hand, it lacks {', '.join(missing)}",
            remedy="give a model in the layout of MuJoCo Menagerie's franka_emika_panda/panda.xml",
        )
    for key in list(spec.keys):
        spec.delete(key)  # key frames have the length of the robot's own state, not of the scene's
    spec.body(names.hand).add_site(name=EE_SITE, pos=[0, 0, panda.HAND_TO_EE], group=5)
    return spec, names


def _missing(spec: Any, names: RobotNames) -> list[str]:
    joints = [n for n in (*names.arm_joints, *names.finger_joints) if spec.joint(n) is None]
    actuators = [n for n in (*names.arm_actuators, names.gripper_actuator) if spec.actuator(n) is None]
    bodies = [n for n in (names.hand,) if spec.body(n) is None]
    return [*joints, *actuators, *bodies]


@dataclass(frozen=True)
class RobotIndex:
    """Indices of the robot in the arrays of a compiled model."""

    qpos: AnyArray
    """Rows of the arm joints in `qpos`, shape (7,)."""

    dof: AnyArray
    """Rows of the arm joints in `qvel`, shape (7,)."""

    fingers: AnyArray
    """Rows of the finger joints in `qpos`, shape (2,)."""

    ctrl: AnyArray
    """Rows of the arm actuators in `ctrl`, shape (7,)."""

    gripper_ctrl: int
    """Row of the gripper actuator in `ctrl`."""

    gripper_gain: float
    """Control units per metre of finger distance."""

    ee_site: int
    base_body: int
    body_ids: AnyArray
    """Every body of the robot."""

    @classmethod
    def of(cls, model: Any, names: RobotNames) -> RobotIndex:
        """Look up the names in a compiled model."""
        joints = [model.joint(n) for n in names.arm_joints]
        base = model.body(names.base).id
        gripper = model.actuator(names.gripper_actuator).id
        return cls(
            qpos=np.array([j.qposadr[0] for j in joints]),
            dof=np.array([j.dofadr[0] for j in joints]),
            fingers=np.array([model.joint(n).qposadr[0] for n in names.finger_joints]),
            ctrl=np.array([model.actuator(n).id for n in names.arm_actuators]),
            gripper_ctrl=gripper,
            gripper_gain=float(model.actuator_ctrlrange[gripper, 1]) / panda.GRIPPER_MAX_WIDTH,
            ee_site=model.site(EE_SITE).id,
            base_body=base,
            body_ids=np.flatnonzero(model.body_rootid == base),
        )
