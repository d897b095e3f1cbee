"""The classic API: `World`, articulation, rigid prims, `Camera`; the same classes from 4.2 to 6.2 in two packages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vla_isaac.backends.isaac.app_loop import Loop
from vla_isaac.backends.isaac.assets import AssetServer
from vla_isaac.backends.isaac.camera_pictures import Layers, Picture, image_of, label_numbers, plane_of
from vla_isaac.backends.isaac.classic_names import find_clock, import_classic
from vla_isaac.backends.isaac.ports import Ports, as_row, check_finite, check_joints, with_arm
from vla_isaac.backends.isaac.probe import Names
from vla_isaac.backends.isaac.rates import Rates
from vla_isaac.core.arrays import Array
from vla_isaac.robots import panda
from vla_isaac.sim.backend import Steps

# source: isaac-sim/IsaacSim v5.1.0, isaacsim.sensors.camera, camera.py (destroy, resume); 4.1.0, exts/omni.isaac.sensor
CAMERA_SUBSCRIPTIONS = ("_acquisition_callback", "_stage_open_callback", "_timer_reset_callback")
"""Attributes of a `Camera` that hold its bound methods, so that it never dies and the next play resumes it."""

# source: isaac-sim/IsaacSim v5.0.0 and v5.1.0, isaacsim.core.api, simulation_context.py (__init__, clear_instance)
WORLD_SUBSCRIPTIONS = ("_on_post_physics_ready_callback",)
"""Attributes of a `World` that hold its bound methods, and that `clear_instance` of 4.5 to 5.1 forgets."""

RATE_SETTING = "/app/runLoops/main/rateLimitFrequency"


def classic_ports(names: Names, loop: Loop, robot_path: str, physics_scene: str) -> Ports:
    """Return the ports of the classic API."""
    isaac = import_classic(names)
    return Ports(
        name="classic",
        sim=ClassicSim(isaac, loop, find_clock(names), physics_scene),
        robot=ClassicRobot(isaac, robot_path),
        objects=ClassicObjects(isaac),
        assets=AssetServer(
            loop,
            (isaac.get_assets_root_path, isaac.get_assets_root_path_async),
            # calls, so that their arguments are compared with the recorded signatures
            (lambda address: isaac.is_file(address), lambda address: isaac.is_file_async(address)),  # noqa: PLW0108
        ),
        open_camera=lambda path, size, layers: ClassicCamera(isaac, path, size, layers),
    )


class ClassicSim:
    """`World`, of which there is one per process: our own, or inside Kit that of another extension."""

    def __init__(self, isaac: Any, loop: Loop, clock: Callable[[], float] | None, physics_scene: str) -> None:
        self._isaac, self._loop, self._clock, self._physics_scene = isaac, loop, clock, physics_scene
        self._callback = f"vla_isaac_step_{id(self)}"  # a name in use would keep its old function
        self._world: Any = None
        self._has_callback = False
        self._others_rates: tuple[float, float] | None = None  # physics and rendering step of another extension's world
        self.notes: dict[str, str] = {}
        self.steps_done = 0
        self.on_step: Callable[[int], None] | None = None

    def stage(self) -> Any:
        """Return the open stage."""
        return self._isaac.get_current_stage()

    def new_stage(self) -> Steps[Any]:
        """Open an empty stage."""
        self.detach()
        yield from self._loop.call(self._isaac.create_new_stage, self._isaac.create_new_stage_async)
        yield from self._loop.update()
        return self.stage()

    def start(self, physics_dt: float, steps_per_update: int) -> Steps[None]:
        """Play with these rates; other rates need another scene, for which `detach` is called before."""
        if self._world is None or self._isaac.World.instance() is not self._world:
            yield from self._take_world(physics_dt, steps_per_update)
        world = self._world
        self._remove_callback()  # play would subscribe it again, and a name in use keeps its old function
        reset = self._isaac.SimulationContext  # World's own reset would also reset another extension's objects and tasks
        yield from self._loop.call(lambda: reset.reset(world), lambda: reset.reset_async(world))
        self.steps_done = 0
        world.add_physics_callback(self._callback, self._stepped)
        self._has_callback = True

    def clock(self) -> float | None:
        """Return the simulation time now."""
        return None if self._clock is None else float(self._clock())

    def advance(self) -> None:
        """Make one app update with its physics steps."""
        self._world.step(render=True)

    def redraw(self) -> Steps[None]:
        """Render without stepping in a script; inside Kit wait for the next update."""
        if self._loop.mode == "script":
            self._world.render()
        else:
            yield from self._loop.update()

    def detach(self) -> None:
        """Remove the callback and release the world: ours is cleared, another's gets its rates back."""
        world, self._world = self._world, None
        rates, self._others_rates = self._others_rates, None
        if world is not None and self._isaac.World.instance() is world:
            self._remove_callback(world)
            if rates is None:
                self._isaac.World.clear_instance()  # a second one would ignore its arguments
            else:
                world.set_simulation_dt(*rates)
        self._has_callback = False
        if world is not None and rates is None:
            _unsubscribe(world, WORLD_SUBSCRIPTIONS)

    def _take_world(self, physics_dt: float, steps_per_update: int) -> Steps[None]:
        self.detach()
        whole = Rates.of(physics_dt, steps_per_update)
        rates = {"physics_dt": whole.physics_dt, "rendering_dt": whole.update_dt}
        others = self._isaac.World.instance()
        self.notes.pop("world", None)
        if others is None:
            self._world = self._isaac.World(**rates, stage_units_in_meters=1.0, physics_prim_path=self._physics_scene)
            if self._loop.mode == "kit":
                yield from self._loop.call(_no_op, self._world.initialize_simulation_context_async)
            return
        if others.get_physics_context() is None:
            yield from self._loop.call(_no_op, others.initialize_simulation_context_async)
        self._others_rates = others.get_physics_dt(), others.get_rendering_dt()
        others.set_simulation_dt(**rates)
        self._world = others
        self.notes["world"] = (
            "another extension's World is in use: it keeps its objects and callbacks; our rates apply until close()"
        )

    def _stepped(self, _step_size: float) -> None:
        """Count a step; the classic callback runs before the step."""
        if self.on_step is not None:
            self.on_step(self.steps_done)
        self.steps_done += 1

    def _remove_callback(self, world: Any = None) -> None:
        """Remove the callback; a stopped world has dropped the subscription and kept the function."""
        world = world or self._world
        if not self._has_callback:
            return
        if not world.physics_callback_exists(self._callback):
            world.add_physics_callback(self._callback, self._stepped)
        world.remove_physics_callback(self._callback)
        self._has_callback = False


class ClassicRobot:
    """A single articulation, commanded by `apply_action`."""

    def __init__(self, isaac: Any, path: str) -> None:
        self._isaac, self._path = isaac, path
        self._robot: Any = None

    def wrap(self) -> None:
        """Make a new articulation; rewrites the prim's transform, which 4.x cannot be told to leave."""
        self._robot = self._isaac.Articulation(prim_path=self._path, name="vla_isaac_robot")

    def connect(self) -> None:
        """Make new handles, since `Stop` invalidates the old ones."""
        self._robot.initialize()
        check_joints(self._robot.dof_names, panda.JOINTS)

    def positions(self) -> Array:
        """Return joint positions, shape (9,)."""
        return as_row("joint positions", self._robot.get_joint_positions(), len(panda.JOINTS))

    def velocities(self) -> Array:
        """Return joint speeds, shape (9,)."""
        return as_row("joint speeds", self._robot.get_joint_velocities(), len(panda.JOINTS))

    def place(self, positions: Array) -> None:
        """Teleport, and set the drive targets there."""
        self._robot.set_joint_positions(positions)
        self.rest()
        self.command(positions)

    def rest(self) -> None:
        """Set all joint speeds to zero."""
        self._robot.set_joint_velocities(np.zeros(len(panda.JOINTS)))

    def command(self, positions: Array) -> None:
        """Set targets; NaN would silently keep the old ones, so it raises."""
        check_finite(positions)
        self._robot.apply_action(self._isaac.ArticulationAction(joint_positions=positions))

    def joint_names(self) -> tuple[str, ...] | None:
        """Return the joints of the articulation."""
        names = None if self._robot is None else self._robot.dof_names
        return None if names is None else tuple(map(str, names))

    def limits(self) -> Array:
        """Return lower and upper limits, shape (9, 2)."""
        # source: isaac-sim/IsaacSim v5.1.0, isaacsim.core.prims, single_articulation.py:181: fields lower, upper
        properties = self._robot.dof_properties
        return np.stack([as_row("joint limits", properties[side], len(panda.JOINTS)) for side in ("lower", "upper")], axis=1)

    def gains(self) -> tuple[Any, Any]:
        """Return stiffness and damping of all joints."""
        both: tuple[Any, Any] = self._robot.get_articulation_controller().get_gains()
        return both

    def set_gains(self, stiffness: Sequence[float] | None, damping: Sequence[float] | None) -> None:
        """Replace the arm's part of the current gains."""
        if stiffness is None and damping is None:
            return
        controller = self._robot.get_articulation_controller()
        kps, kds = self.gains()
        controller.set_gains(kps=with_arm(kps, stiffness), kds=with_arm(kds, damping))


class ClassicObjects:
    """One rigid prim per object."""

    def __init__(self, isaac: Any) -> None:
        self._isaac = isaac
        self._prims: list[Any] = []

    def wrap(self, paths: Sequence[str]) -> None:
        """Make a prim for each path; rewrites their transforms."""
        self._prims = [self._isaac.RigidPrim(prim_path=path, name=f"vla_isaac_object_{i}") for i, path in enumerate(paths)]

    def connect(self) -> None:
        """Make new handles."""
        for prim in self._prims:
            prim.initialize()

    def read(self) -> tuple[Array, Array, Array]:
        """Read poses and speeds from physics, not from USD."""
        pos, quat, linvel = np.empty((len(self._prims), 3)), np.empty((len(self._prims), 4)), np.empty((len(self._prims), 3))
        for i, prim in enumerate(self._prims):
            position, orientation = prim.get_world_pose()
            pos[i] = as_row("object position", position, 3)
            quat[i] = as_row("object orientation", orientation, 4)
            linvel[i] = as_row("object velocity", prim.get_linear_velocity(), 3)
        return pos, quat, linvel

    def rest(self) -> None:
        """Set all speeds to zero."""
        for prim in self._prims:
            prim.set_linear_velocity(np.zeros(3))
            prim.set_angular_velocity(np.zeros(3))


class ClassicCamera:
    """A `Camera` on an existing prim."""

    def __init__(self, isaac: Any, path: str, size: tuple[int, int], layers: Layers) -> None:
        self._size, self._layers = size, layers
        self._camera = isaac.Camera(
            prim_path=path, name=f"vla_isaac_{path}_{size[0]}x{size[1]}", resolution=(size[1], size[0])
        )
        self._camera.initialize()
        rate = _rate_limit()
        if rate:  # without a rate limit no frame is dropped; with one, minus the rate makes every frame pass Isaac's check
            self._camera.set_frequency(-rate)
        if layers.depth:
            self._camera.add_distance_to_image_plane_to_frame()
        if layers.segmentation:
            self._camera.add_semantic_segmentation_to_frame()

    def read(self) -> Picture | None:
        """Return the newest picture; None for empty first frames and wrong sizes."""
        rgb = image_of(self._camera.get_rgba(), self._size)
        frame = self._camera.get_current_frame()
        if rgb is None or frame.get("rendering_frame", 0) == 0:
            return None
        depth = plane_of(self._camera.get_depth(), self._size) if self._layers.depth else None
        found = frame.get("semantic_segmentation") if self._layers.segmentation else None
        ids = plane_of(found["data"], self._size) if isinstance(found, dict) else None
        if (self._layers.depth and depth is None) or (self._layers.segmentation and ids is None):
            return None
        return Picture(
            rgb=rgb,
            depth=depth,
            label_ids=ids,
            labels=label_numbers(found["info"]) if isinstance(found, dict) else None,
            time=float(frame["rendering_time"]),
        )

    def close(self) -> None:
        """Detach the camera; before 5.0 its destructor does so, before 6.0 its subscriptions must be dropped for that."""
        if self._camera is not None and hasattr(self._camera, "destroy"):
            self._camera.destroy()  # source: isaacsim.sensors.camera of 5.0 and newer; checked with hasattr
        _unsubscribe(self._camera, CAMERA_SUBSCRIPTIONS)
        self._camera = None


def _unsubscribe(owner: Any, subscriptions: Sequence[str]) -> None:
    """Drop the subscriptions that keep an object alive; each lives as long as the attribute that holds it."""
    for held in subscriptions:
        if getattr(owner, held, None) is not None:
            setattr(owner, held, None)


def _rate_limit() -> float | None:
    """Return the rate limit that a camera takes as its frequency [Hz]; it then drops frames without simulated time."""
    import carb.settings  # source: docs.omniverse.nvidia.com Kit manual, carb.settings: get_settings(), get

    rate = carb.settings.get_settings().get(RATE_SETTING)
    return float(rate) if rate else None


def _no_op() -> None:
    return None
