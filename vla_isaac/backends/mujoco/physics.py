"""What a scene's MuJoCo model needs for physics in addition to pictures: solver options, frictions and gains."""

from __future__ import annotations

from typing import Any

import numpy as np

from vla_isaac.rendering.engine import mujoco_module
from vla_isaac.rendering.model import TABLE
from vla_isaac.rendering.robot import RobotIndex
from vla_isaac.scene.objects import BALL_ROLLING
from vla_isaac.scene.spec import JointGains, SceneSpec
from vla_isaac.sim.clock import Clock

TORSION, ROLLING = 0.005, 0.0001  # MuJoCo's defaults


def add_physics(mj: Any, spec: SceneSpec) -> None:
    """Set solver options and frictions in an `MjSpec`, before it is compiled."""
    _set_options(mj, Clock.from_timing(spec.timing).physics_dt)
    mj.geom(TABLE).friction = [spec.table.friction, TORSION, ROLLING]
    for o in spec.objects:
        is_ball = o.shape == "ball"
        for geom in mj.body(o.name).geoms:
            geom.friction = [o.friction, TORSION, BALL_ROLLING if is_ball else ROLLING]
            geom.condim = 6 if is_ball else 3


def set_gains(model: Any, robot: RobotIndex, gains: JointGains) -> None:
    """Set the arm's position actuators, whose force is ``stiffness * (target - q) - damping * qvel``."""
    if gains.stiffness is not None:
        model.actuator_gainprm[robot.ctrl, 0] = gains.stiffness
        model.actuator_biasprm[robot.ctrl, 1] = -np.array(gains.stiffness)
    if gains.damping is not None:
        model.actuator_biasprm[robot.ctrl, 2] = -np.array(gains.damping)


def _set_options(mj: Any, physics_dt: float) -> None:
    """Set the solver options for grasping; resting objects sleep, which gives most of the speed."""
    mujoco = mujoco_module()
    mj.option.timestep = physics_dt
    mj.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    mj.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    mj.option.impratio = 10.0
    sleep = getattr(mujoco.mjtEnableBit, "mjENBL_SLEEP", None)  # MuJoCo 3.4 and newer
    if sleep is not None:
        mj.option.enableflags |= int(sleep)
