"""`PosedScene`: pictures of a scene in the poses of another physics engine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_isaac.core.arrays import Array
from vla_isaac.core.types import Frame
from vla_isaac.rendering.engine import mujoco_module
from vla_isaac.rendering.model import apply_looks, build_model
from vla_isaac.rendering.scene_renderer import SceneRenderer
from vla_isaac.scene.render_request import RenderRequest
from vla_isaac.scene.spec import SceneLayout, SceneSpec


class PosedScene:
    """A MuJoCo model of a scene without dynamics: poses are written into it, kinematics are computed, cameras drawn."""

    def __init__(self, spec: SceneSpec) -> None:
        """Compile the scene.

        Raises:
            MissingDependencyError: If MuJoCo is not installed.
        """
        self._mujoco = mujoco_module()
        self._model, self._index = build_model(spec, None)
        self._data = self._mujoco.MjData(self._model)
        self._renderer = SceneRenderer(spec, self._model, self._index)
        self._layout: SceneLayout | None = None

    def frames(
        self,
        layout: SceneLayout,
        requests: Sequence[RenderRequest],
        *,
        time: float,
        qpos: Array,
        fingers: Array,
        object_pos: Array,
        object_quat: Array,
    ) -> dict[str, Frame]:
        """Draw one frame per request.

        Args:
            layout: Colours, lamps and cameras.
            requests: What to draw.
            time: Time stamp of the frames [s].
            qpos: Arm joint angles [rad], shape (7,).
            fingers: Position of each finger joint [m], shape (2,).
            object_pos: Centres in the world frame [m], shape (N, 3).
            object_quat: Orientations (w, x, y, z), shape (N, 4).

        Raises:
            UnknownNameError: If the scene has no such camera.
            RenderError: If this machine has no OpenGL.
        """
        if layout is not self._layout:
            apply_looks(self._model, self._index, layout)
            self._layout = layout
        self._set_joints(qpos, fingers)
        self._set_objects(object_pos, object_quat)
        self._data.time = time
        self._mujoco.mj_kinematics(self._model, self._data)
        self._mujoco.mj_camlight(self._model, self._data)
        return self._renderer.frames(self._data, layout, requests)

    def close(self) -> None:
        """Free GL; may be called twice."""
        self._renderer.close()

    def _set_joints(self, qpos: Array, fingers: Array) -> None:
        self._data.qpos[self._index.robot.qpos] = qpos
        self._data.qpos[self._index.robot.fingers] = fingers

    def _set_objects(self, pos: Array, quat: Array) -> None:
        """Write free objects into the positions of their joints, fixed ones into the model."""
        index, fixed = self._index, self._index.fixed_rows
        self._data.qpos[index.free_qpos] = np.concatenate([pos, quat], axis=1)[index.free_rows]
        self._model.body_pos[index.object_bodies[fixed]] = pos[fixed]
        self._model.body_quat[index.object_bodies[fixed]] = quat[fixed]
