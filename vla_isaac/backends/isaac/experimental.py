"""The experimental API of Isaac Sim 6.0 and newer: functions, views and Warp arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vla_isaac.backends.isaac.app_loop import Loop
from vla_isaac.backends.isaac.assets import AssetServer
from vla_isaac.backends.isaac.camera_pictures import Layers, Picture, image_of, label_numbers, plane_of
from vla_isaac.backends.isaac.frame_stamp import FrameStamp
from vla_isaac.backends.isaac.ports import Ports, as_row, check_finite, check_joints, with_arm
from vla_isaac.backends.isaac.rates import Rates, set_min_frame_rate
from vla_isaac.core.arrays import AnyArray, Array
from vla_isaac.robots import panda
from vla_isaac.sim.backend import Steps

PROBED_MODULE = "isaacsim.sensors.experimental.rtx"
"""The module this file requires; added in 6.0, last of those in `probe.EXPERIMENTAL_NEEDS`."""

SENSOR_SCHEMA = "OmniSensorAPI"
"""Schema of a camera that is a sensor; its tick rate of 0 draws with every update."""
# source: isaac-sim/IsaacSim v6.0.1, isaacsim.sensors.experimental.rtx/python/impl/_sensor_base.py (_SensorAuthoring)

DEPTH, SEGMENTATION = "distance_to_image_plane", "semantic_segmentation"


def experimental_ports(loop: Loop, robot_path: str) -> Ports:
    """Return the ports of the experimental API."""
    from isaacsim.storage.native import get_assets_root_path, get_assets_root_path_async, is_file, is_file_async

    return Ports(
        name="experimental",
        sim=ExperimentalSim(loop),
        robot=ExperimentalRobot(robot_path),
        objects=ExperimentalObjects(),
        assets=AssetServer(
            loop,
            (get_assets_root_path, get_assets_root_path_async),
            # calls, so that their arguments are compared with the recorded signatures
            (lambda address: is_file(address), lambda address: is_file_async(address)),  # noqa: PLW0108
        ),
        open_camera=ExperimentalCamera,
    )


class ExperimentalSim:
    """Time by functions and class methods; this API has no world object."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._callback: int | None = None
        self.steps_done = 0
        self.on_step: Callable[[int], None] | None = None
        self.notes: dict[str, str] = {}

    def stage(self) -> Any:
        """Return the open stage."""
        from isaacsim.core.experimental.utils.stage import get_current_stage

        try:
            return get_current_stage()
        except ValueError:  # there is none
            return None

    def new_stage(self) -> Steps[Any]:
        """Open an empty stage."""
        from isaacsim.core.experimental.utils.stage import create_new_stage, create_new_stage_async

        self.detach()
        yield from self._loop.call(create_new_stage, create_new_stage_async)
        yield from self._loop.update()
        return self.stage()

    def start(self, physics_dt: float, steps_per_update: int) -> Steps[None]:
        """Set the rates, play, and make one update without physics, after which views are valid."""
        from isaacsim.core.experimental.utils.app import play
        from isaacsim.core.rendering_manager import RenderingManager
        from isaacsim.core.simulation_manager import SimulationEvent, SimulationManager

        self.detach()
        rates = Rates.of(physics_dt, steps_per_update)
        SimulationManager.setup_simulation(dt=rates.physics_dt)
        RenderingManager.set_dt(rates.update_dt)
        set_min_frame_rate(rates.min_frame_rate)  # the classic API does this with its rates
        play()
        yield from self._loop.call(RenderingManager.render, RenderingManager.render_async)
        self.steps_done = 0
        # bound methods are held weakly; the backend keeps this object alive
        self._callback = SimulationManager.register_callback(self._stepped, event=SimulationEvent.PHYSICS_POST_STEP)

    def clock(self) -> float | None:
        """Return the simulation time now."""
        from isaacsim.core.simulation_manager import SimulationManager

        return float(SimulationManager.get_simulation_time())

    def advance(self) -> None:
        """Make one app update with its physics steps."""
        from isaacsim.core.experimental.utils.app import update_app

        update_app()

    def redraw(self) -> Steps[None]:
        """Render without stepping in a script; inside Kit wait for the next update."""
        if self._loop.mode == "script":
            from isaacsim.core.rendering_manager import RenderingManager

            RenderingManager.render()
        else:
            yield from self._loop.update()

    def detach(self) -> None:
        """Remove the callback."""
        from isaacsim.core.simulation_manager import SimulationManager

        if self._callback is not None:
            SimulationManager.deregister_callback(self._callback)
        self._callback = None

    def _stepped(self, _dt: float, _context: Any) -> None:
        """Count a step; this callback runs after the step."""
        self.steps_done += 1
        if self.on_step is not None:
            self.on_step(self.steps_done)


class ExperimentalRobot:
    """An `Articulation` view of one robot, so every array has one row."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._robot: Any = None

    def wrap(self) -> None:
        """Do nothing: a view writes no transform."""

    def connect(self) -> None:
        """Make a new view."""
        from isaacsim.core.experimental.prims import Articulation

        self._robot = Articulation(self._path)
        check_joints(self._robot.dof_names, panda.JOINTS)

    def positions(self) -> Array:
        """Return joint positions, shape (9,)."""
        return as_row("joint positions", self._robot.get_dof_positions(), len(panda.JOINTS))

    def velocities(self) -> Array:
        """Return joint speeds, shape (9,)."""
        return as_row("joint speeds", self._robot.get_dof_velocities(), len(panda.JOINTS))

    def place(self, positions: Array) -> None:
        """Teleport, and set the drive targets there."""
        self._robot.set_dof_positions(_row(positions))
        self.rest()
        self.command(positions)

    def rest(self) -> None:
        """Set all joint speeds to zero."""
        self._robot.set_dof_velocities(_row(np.zeros(len(panda.JOINTS))))

    def command(self, positions: Array) -> None:
        """Set targets."""
        check_finite(positions)
        self._robot.set_dof_position_targets(_row(positions))

    def joint_names(self) -> tuple[str, ...] | None:
        """Return the joints of the articulation."""
        names = None if self._robot is None else self._robot.dof_names
        return None if names is None else tuple(map(str, names))

    def limits(self) -> Array:
        """Return lower and upper limits, shape (9, 2)."""
        # source: isaac-sim/IsaacSim v6.0.1, isaacsim.core.experimental.prims, articulation.py:771
        both = self._robot.get_dof_limits()
        return np.stack([as_row("joint limits", values, len(panda.JOINTS)) for values in both], axis=1)

    def gains(self) -> tuple[Any, Any]:
        """Return stiffness and damping of all joints."""
        both: tuple[Any, Any] = self._robot.get_dof_gains()
        return both

    def set_gains(self, stiffness: Sequence[float] | None, damping: Sequence[float] | None) -> None:
        """Replace the arm's part of the current gains."""
        if stiffness is None and damping is None:
            return
        old_stiffness, old_damping = self.gains()
        stiff, damp = with_arm(old_stiffness, stiffness), with_arm(old_damping, damping)
        self._robot.set_dof_gains(
            stiffnesses=None if stiff is None else _row(stiff), dampings=None if damp is None else _row(damp)
        )


class ExperimentalObjects:
    """One view over all movable objects."""

    def __init__(self) -> None:
        self._prims: Any = None
        self._paths: list[str] = []

    def wrap(self, paths: Sequence[str]) -> None:
        """Keep the paths: a view writes no transform."""
        self._paths = list(paths)

    def connect(self) -> None:
        """Make a new view; None without movable objects."""
        from isaacsim.core.experimental.prims import RigidPrim

        self._prims = RigidPrim(self._paths) if self._paths else None

    def read(self) -> tuple[Array, Array, Array]:
        """Read poses and speeds from physics, not from USD."""
        if self._prims is None:
            return np.empty((0, 3)), np.empty((0, 4)), np.empty((0, 3))
        count = len(self._paths)
        positions, orientations = self._prims.get_world_poses()
        linear, _angular = self._prims.get_velocities()
        return (
            as_row("object positions", positions, 3 * count).reshape(count, 3),
            as_row("object orientations", orientations, 4 * count).reshape(count, 4),
            as_row("object velocities", linear, 3 * count).reshape(count, 3),
        )

    def rest(self) -> None:
        """Set all speeds to zero."""
        if self._prims is not None:
            zeros = np.zeros((len(self._paths), 3), dtype=np.float32)
            self._prims.set_velocities(linear_velocities=zeros, angular_velocities=zeros)


class ExperimentalCamera:
    """A `CameraSensor` on an existing prim; its resolution is (height, width)."""

    def __init__(self, path: str, size: tuple[int, int], layers: Layers) -> None:
        from isaacsim.sensors.experimental.rtx import CameraSensor, RtxCamera

        self._size, self._layers = size, layers
        _make_sensor(path)
        camera = RtxCamera(path, reset_xform_op_properties=False)
        annotators = ["rgb", *([DEPTH] if layers.depth else []), *([SEGMENTATION] if layers.segmentation else [])]
        self._sensor: Any = CameraSensor(camera, resolution=size, annotators=annotators)
        self._stamp: FrameStamp | None = FrameStamp(str(self._sensor.render_product.GetPath()))

    def read(self) -> Picture | None:
        """Return the newest picture."""
        rgb = image_of(self._data("rgb")[0], self._size)
        depth = plane_of(self._data(DEPTH)[0], self._size) if self._layers.depth else None
        data, info = self._data(SEGMENTATION) if self._layers.segmentation else (None, {})
        ids = plane_of(data, self._size)
        if rgb is None or (self._layers.depth and depth is None) or (self._layers.segmentation and ids is None):
            return None
        time = None if self._stamp is None else self._stamp.read()
        return Picture(rgb=rgb, depth=depth, label_ids=ids, labels=label_numbers(info), time=time)

    def close(self) -> None:
        """Release the sensor."""
        if self._stamp is not None:
            self._stamp.close()
        self._stamp = self._sensor = None

    def _data(self, annotator: str) -> tuple[Any, Any]:
        data, info = self._sensor.get_data(annotator)
        return data, info


def _make_sensor(path: str) -> None:
    """Apply the schema without which `RtxCamera` of 6.0 refuses to wrap a camera prim."""
    from isaacsim.core.experimental.utils.stage import get_current_stage

    prim = get_current_stage().GetPrimAtPath(path)
    if SENSOR_SCHEMA not in prim.GetPrimTypeInfo().GetAppliedAPISchemas():
        prim.AddAppliedSchema(SENSOR_SCHEMA)


def _row(values: AnyArray) -> AnyArray:
    return np.asarray(values, dtype=np.float32).reshape(1, -1)
