"""The stub backend: a deterministic kinematic world in numpy.

Not simulated: contact (nothing can be pushed or toppled, fingers pass through objects they cannot hold), gravity
other than a straight drop, light, shadows and textures. Objects that drop are at rest within the same step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vla_isaac.backends.stub import draw
from vla_isaac.backends.stub.world import World
from vla_isaac.core.errors import BackendError
from vla_isaac.core.poses import Pose
from vla_isaac.core.types import Frame, JointTarget, SceneState
from vla_isaac.robots import panda
from vla_isaac.scene.cameras import CameraConfig
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.sim.backend import RenderRequest, Steps, check_target

_POSE_EE_HAND = Pose(np.array([0.0, 0.0, -panda.HAND_TO_EE]), Pose.identity().quat_wxyz)


class StubBackend:
    """One kinematic world with one Panda; see `sim.backend.Backend` for the contract of each method."""

    name = "stub"

    def __init__(self) -> None:
        self._spec: SceneSpec | None = None
        self._world: World | None = None

    def load(self, spec: SceneSpec) -> Steps[None]:
        """Set the scene; replaces an earlier one."""
        yield from ()
        self.close()
        self._spec = spec

    def reset(self, layout: SceneLayout) -> Steps[None]:
        """Put everything exactly where `layout` says, at rest at time 0.

        Raises:
            SceneError: If the layout does not fit the loaded scene.
            BackendError: If no scene is loaded.
        """
        yield from ()
        if self._spec is None:
            raise BackendError("the stub backend has no scene to reset", remedy="call load(spec) first")
        layout.check_fits(self._spec)
        self._world = World(self._spec, layout)

    def apply(self, target: JointTarget) -> None:
        """Set where the joints should be at the end of the next control period, kept within the Panda's limits.

        Raises:
            ShapeError: If the target is not seven finite angles and a finite width.
            BackendError: If the backend was not reset.
        """
        world = self._ready()
        check_target(target)
        world.target = JointTarget(
            np.minimum(np.maximum(target.qpos, panda.QPOS_LOWER), panda.QPOS_UPPER),
            min(max(float(target.gripper_width), 0.0), panda.GRIPPER_MAX_WIDTH),
        )

    def step(self) -> None:
        """Advance by one control period: arm and fingers move, the held object follows, unsupported ones drop."""
        self._ready().advance()

    def state(self) -> SceneState:
        """Return the ground truth now; later steps do not change the returned value."""
        return self._ready().state()

    def render(self, requests: Sequence[RenderRequest]) -> Steps[Mapping[str, Frame]]:
        """Return one flat picture per request; `look` makes no difference here.

        Raises:
            UnknownNameError: If the scene has no such camera.
            BackendError: If the backend was not reset.
        """
        yield from ()
        world = self._ready()
        return {request.camera: _frame(world, request) for request in requests}

    def close(self) -> None:
        """Forget the scene; may be called twice."""
        self._spec = self._world = None

    def _ready(self) -> World:
        if self._world is None:
            first = "load(spec) and reset(layout)" if self._spec is None else "reset(layout)"
            raise BackendError("the stub backend has nothing to work with", remedy=f"call {first} first")
        return self._world


def _frame(world: World, request: RenderRequest) -> Frame:
    state, camera = world.state(), _layout_camera(world, request.camera)
    mount = state.pose_world_ee @ _POSE_EE_HAND if camera.mount == "hand" else Pose.identity()
    resolution = request.resolution_hw or camera.resolution_hw
    view = draw.StubCamera(mount @ camera.pose_mount_camera, camera.intrinsics(resolution), resolution)
    solids = [*_object_solids(world), *draw.robot_solids(state.qpos, state.gripper_width)]
    picture = draw.paint(view, world.layout.table, solids, depth=request.depth, segmentation=request.segmentation)
    return Frame(
        camera=camera.name, time=state.time, rgb=picture.rgb, depth=picture.depth, segmentation=picture.segmentation
    )


def _layout_camera(world: World, name: str) -> CameraConfig:
    """Return a camera of the layout; the scene raises for an unknown name."""
    return world.layout.cameras[world.spec.cameras.index(world.spec.camera(name))]


def _object_solids(world: World) -> list[draw.DrawnSolid]:
    return [
        draw.box_solid(Pose(pos, quat), body.half_extents, placement.rgb, row)
        for row, (pos, quat, body, placement) in enumerate(
            zip(world.object_pos, world.object_quat, world.bodies, world.layout.objects, strict=True)
        )
    ]
