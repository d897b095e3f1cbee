"""The MuJoCo backend: load a scene, apply a layout, step, render."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.backends.mujoco.physics import add_physics, set_gains
from vla_isaac.core.arrays import Array, frozen
from vla_isaac.core.errors import BackendError, SceneError
from vla_isaac.core.poses import Pose
from vla_isaac.core.types import Body, Frame, JointTarget, SceneState
from vla_isaac.rendering.engine import mujoco_module
from vla_isaac.rendering.model import apply_looks, build_model
from vla_isaac.rendering.scene_renderer import SceneRenderer
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.sim.backend import RenderRequest, Steps, check_target
from vla_isaac.sim.clock import RAMP_PIECES, Clock

SETTLE_SECONDS = 0.2  # time for contacts to come to rest after objects are placed


class MujocoBackend:
    """MuJoCo physics and rendering without a GPU; see `sim.backend.Backend` for the contract of each method."""

    name = "mujoco"

    def __init__(self, *, robot_model: str | Path | None = None) -> None:
        """Prepare an empty backend.

        Args:
            robot_model: MJCF of a Panda with meshes, in the layout of MuJoCo Menagerie; None takes our own.

        Raises:
            MissingDependencyError: If MuJoCo is not installed.
        """
        self._mujoco = mujoco_module()
        self._robot_model = Path(robot_model) if robot_model else None
        self._spec: SceneSpec | None = None
        self._layout: SceneLayout | None = None
        self._model: Any = None
        self._data: Any = None

    def load(self, spec: SceneSpec) -> Steps[None]:
        """Build the scene; the model is recompiled only when the scene's content differs."""
        yield from ()
        if self._spec is not None and replace(spec, instruction="", name="") == replace(self._spec, instruction="", name=""):
            self._spec, self._layout = spec, None
            return
        self.close()
        self._model, self._index = build_model(spec, self._robot_model, dress=lambda mj: add_physics(mj, spec))
        set_gains(self._model, self._index.robot, spec.gains)
        self._renderer = SceneRenderer(spec, self._model, self._index, self._robot_model)
        self._data = self._mujoco.MjData(self._model)
        self._spec, self._layout = spec, None
        self._bodies: tuple[Body, ...] = spec.bodies
        self._clock = Clock.from_timing(spec.timing)
        self._ramp = self._clock.ramp(RAMP_PIECES)
        self._nominal_mass = self._model.body_mass.copy()
        self._nominal_inertia = self._model.body_inertia.copy()

    def reset(self, layout: SceneLayout) -> Steps[None]:
        """Apply the layout and let it settle."""
        yield from ()
        spec = self._loaded()
        layout.check_fits(spec)
        self._mujoco.mj_resetData(self._model, self._data)
        self._apply_matter(layout)
        apply_looks(self._model, self._index, layout)
        self._place(layout)
        self._mujoco.mj_step(self._model, self._data, max(1, round(SETTLE_SECONDS / self._clock.physics_dt)))
        self._data.qvel[:] = 0.0
        self._data.time = 0.0
        self._mujoco.mj_forward(self._model, self._data)
        self._layout = layout
        self._initial_pos = frozen(self._data.xpos[self._index.object_bodies])
        self._initial_quat = frozen(self._data.xquat[self._index.object_bodies])

    def apply(self, target: JointTarget) -> None:
        """Set the joint target of the next period."""
        self._ready()
        check_target(target)
        robot = self._index.robot
        self._goal = self._data.ctrl.copy()
        self._goal[robot.ctrl] = target.qpos
        self._goal[robot.gripper_ctrl] = target.gripper_width * robot.gripper_gain

    def step(self) -> None:
        """Advance by one control period, approaching the target in a few linear pieces."""
        self._ready()
        mujoco, model, data = self._mujoco, self._model, self._data
        start = data.ctrl.copy()
        way = self._goal - start
        for steps, share in self._ramp:
            data.ctrl[:] = start + share * way
            mujoco.mj_step(model, data, steps)
        self._num_steps += 1
        data.time = self._num_steps * self._clock.period  # no drift from adding up physics steps
        mujoco.mj_kinematics(model, data)
        self._pictures_stale = True

    def state(self) -> SceneState:
        """Return the ground truth now."""
        self._ready()
        data, index, robot = self._data, self._index, self._index.robot
        quat = np.empty(4)
        self._mujoco.mju_mat2Quat(quat, data.site_xmat[robot.ee_site])
        linvel = np.zeros((len(self._bodies), 3))
        linvel[index.free_rows] = data.qvel[index.free_dof[:, :3]]
        return SceneState(
            time=float(data.time),
            qpos=data.qpos[robot.qpos],
            qvel=data.qvel[robot.dof],
            gripper_width=float(data.qpos[robot.fingers].sum()),
            pose_world_ee=Pose(data.site_xpos[robot.ee_site].copy(), quat),
            pose_world_base=self._pose_world_base,
            bodies=self._bodies,
            object_pos=data.xpos[index.object_bodies],
            object_quat=data.xquat[index.object_bodies],
            object_linvel=linvel,
            initial_object_pos=self._initial_pos,
            initial_object_quat=self._initial_quat,
        )

    def render(self, requests: Sequence[RenderRequest]) -> Steps[Mapping[str, Frame]]:
        """Render the requested cameras from the current state."""
        yield from ()
        layout = self._ready()
        if self._pictures_stale:
            self._mujoco.mj_camlight(self._model, self._data)
            self._pictures_stale = False
        return self._renderer.frames(self._data, layout, requests)

    def move_object(self, name: str, pos: Array) -> None:
        """Move an object during an episode, at rest, with its orientation; its initial pose in the state stays.

        Args:
            name: The object.
            pos: Its centre in the world frame [m], shape (3,).

        Raises:
            UnknownNameError: If the scene has no object of that name.
            SceneError: If it is fixed to the table.
        """
        self._ready()
        row = self.state().index(name)
        found = np.flatnonzero(self._index.free_rows == row)
        if found.size == 0:
            raise SceneError(f"{name} is fastened to the table and cannot be moved", remedy="choose a movable object")
        self._data.qpos[self._index.free_qpos[found[0], :3]] = pos
        self._data.qvel[self._index.free_dof[found[0]]] = 0.0
        self._forward_with_static_parts()
        self._pictures_stale = True

    def close(self) -> None:
        """Free GL and the model."""
        if self._model is not None:
            self._renderer.close()
        self._spec = self._layout = self._model = self._data = None

    # ---------------------------------------------------------------- layout

    def _apply_matter(self, layout: SceneLayout) -> None:
        """Set masses and frictions; constants derived from masses are recomputed only if a mass changed."""
        model, index = self._model, self._index
        mass, inertia = self._nominal_mass.copy(), self._nominal_inertia.copy()
        for o, placement, body, geoms in zip(
            self._loaded().objects, layout.objects, index.object_bodies, index.object_geoms, strict=True
        ):
            mass[body] *= placement.mass / o.mass
            inertia[body] *= placement.mass / o.mass
            model.geom_friction[geoms, 0] = placement.friction
        model.geom_friction[index.table_geom, 0] = layout.table.friction
        if not np.array_equal(mass, model.body_mass):
            model.body_mass[:], model.body_inertia[:] = mass, inertia
            self._mujoco.mj_setConst(model, self._data)
            self._mujoco.mj_resetData(model, self._data)

    def _place(self, layout: SceneLayout) -> None:
        model, data, index = self._model, self._data, self._index
        poses = np.array([(*p.pos, *p.quat_wxyz) for p in layout.objects]).reshape(-1, 7)
        model.body_pos[index.object_bodies[index.fixed_rows]] = poses[index.fixed_rows, :3]
        model.body_quat[index.object_bodies[index.fixed_rows]] = poses[index.fixed_rows, 3:]
        data.qpos[index.free_qpos] = poses[index.free_rows]
        robot = index.robot
        data.qpos[robot.qpos] = layout.qpos
        data.qpos[robot.fingers] = layout.gripper_width / 2
        data.ctrl[robot.ctrl] = layout.qpos
        data.ctrl[robot.gripper_ctrl] = layout.gripper_width * robot.gripper_gain
        self._goal = data.ctrl.copy()
        self._num_steps = 0
        self._pictures_stale = True
        self._forward_with_static_parts()
        base = robot.base_body
        self._pose_world_base = Pose(frozen(data.xpos[base]), frozen(data.xquat[base]))

    def _forward_with_static_parts(self) -> None:
        """Compute every pose; with sleeping on, MuJoCo skips static bodies, but a layout has just moved them."""
        flags = self._model.opt.enableflags
        self._model.opt.enableflags = 0
        self._mujoco.mj_forward(self._model, self._data)
        self._model.opt.enableflags = flags

    # ---------------------------------------------------------------- order of calls

    def _loaded(self) -> SceneSpec:
        if self._spec is None:
            raise BackendError(
                "the mujoco backend has no scene", remedy="call load(spec) first, for example drive(backend.load(spec))"
            )
        return self._spec

    def _ready(self) -> SceneLayout:
        if self._layout is None:
            self._loaded()
            raise BackendError("the mujoco backend has no layout", remedy="call reset(layout) after load")
        return self._layout
