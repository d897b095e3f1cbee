"""The Isaac Sim backend: the `Backend` methods over small ports, the same in a script and inside Kit.

In a script, `step` makes one app update, which is one control period. Inside Kit, Kit makes the updates: `step` must
not be called, and `on_period` is called after each control period of physics instead.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from vla_isaac.backends.isaac.app_loop import Mode, find_mode, make_loop
from vla_isaac.backends.isaac.assets import find_franka
from vla_isaac.backends.isaac.cameras import CameraBank, Moment
from vla_isaac.backends.isaac.physics_engine import active_engine, describe_physics
from vla_isaac.backends.isaac.ports import Ports
from vla_isaac.backends.isaac.probe import Offer, Port, enable_extensions, is_inside_kit, probe
from vla_isaac.backends.isaac.saved_state import SavedKitState
from vla_isaac.core.arrays import Array, frozen
from vla_isaac.core.errors import BackendError, RenderError, UsageError, VlaIsaacError
from vla_isaac.core.poses import Pose
from vla_isaac.core.types import Frame, JointTarget, SceneState
from vla_isaac.robots import kinematics, panda
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.sim.backend import RenderRequest, Steps, check_target
from vla_isaac.sim.clock import RAMP_PIECES, Clock

logger = logging.getLogger(__name__)

ROOT = "/World/VLA"  # not `/World`, where users keep their own prims
ROBOT_PATH = f"{ROOT}/Robot"
SETTLE_SECONDS = 0.2  # as in MuJoCo: time for contacts to come to rest
UI_HZ, SLOWEST_UI_HZ, FASTEST_UI_HZ = 60.0, 30.0, 120.0  # app updates per second inside Kit, at any control rate
MAX_PICTURE_UPDATES = 60  # until the first real picture; Isaac's own tests allow 10 to 20, and take 3 more
MAX_IDLE_UPDATES = 10  # without a physics step, after which an error is raised
MAX_SETTLE_UPDATES = 600  # inside Kit an update may be much shorter than a control period

RobotSource = Literal["reference", "embedded"]


class IsaacBackend:
    """Isaac Sim behind the backend protocol; see `sim.backend.Backend` for the contract of each method."""

    name = "isaac"

    def __init__(self, *, robot: RobotSource = "reference", port: Port | None = None, mode: Mode | None = None) -> None:
        """Connect to the Isaac Sim that runs this process.

        Args:
            robot: `reference` takes NVIDIA's Franka from the asset server, or the embedded Panda where that fails,
                which is reported in `notes` and in the log; `embedded` always takes the embedded one.
            port: Programming interface to use; None takes the one that `probe` recommends.
            mode: `script` if this process drives the updates, `kit` if Kit does; None detects it.

        Raises:
            BackendError: If this process does not run Isaac Sim, or offers no supported interface.
            UsageError: If an argument has another value.
        """
        for name, value, known in (
            ("robot", robot, ("reference", "embedded")),
            ("port", port, (None, "classic", "experimental")),
            ("mode", mode, (None, "script", "kit")),
        ):
            if value not in known:
                raise UsageError(
                    f"isaac: {name}={value!r} is unknown", remedy=f"choose {' or '.join(map(repr, filter(None, known)))}"
                )
        _check_inside_kit()
        enable_extensions(port)
        offer, self._engine = probe(), active_engine()
        self._choice = _choose(offer, port, self._engine)
        self._loop = make_loop(mode or find_mode())
        self._ports = self._make_ports(offer)
        from vla_isaac.backends.isaac.timeline import Timeline

        self._timeline = Timeline(self._loop)
        self._offer = offer
        self._robot = robot
        self._address: str | None = None
        self._links, self._link_names = copy.copy(self._ports.objects), tuple[str, ...]()
        self._cameras = CameraBank(self._ports.open_camera, ROOT)
        self._saved_state = SavedKitState(ROOT)
        self._ports.sim.on_step = self._stepped
        self._spec: SceneSpec | None = None
        self._layout: SceneLayout | None = None
        self._stage: Any = None
        self._is_written = self._is_in_step = False
        self._updates = self._updates_since_reset = self._updates_since_change = 0
        self._fault: Exception | None = None
        self._notes: dict[str, str] = {}
        self.on_period: Callable[[], None] | None = None

    # ---------------------------------------------------------------- notes and time

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the user, such as why another robot is used than was requested."""
        return tuple((self._notes | self._ports.sim.notes).values())

    def describe(self) -> str:
        """Return which interface is used and why, for panel, `doctor` and log."""
        return f"{self._choice} port, {self._engine} engine ({self._offer.why})"

    def pause(self) -> None:
        """Pause the timeline; for the extension inside Kit."""
        self._timeline.pause(is_in_step=self._is_in_step)

    def resume(self) -> None:
        """Resume the timeline; for the extension inside Kit."""
        self._timeline.resume(is_in_step=self._is_in_step)

    def new_stage(self) -> Steps[None]:
        """Open an empty stage in place of the open one, whose unsaved changes are lost; for the extension inside Kit."""
        self._layout = None
        self._cameras.close()
        self._is_written = False
        yield from self._timeline.stop()
        yield from self._ports.sim.new_stage()

    def describe_physics(self) -> str:
        """Return physics engine and device, such as ``"PhysX on the CPU"``."""
        return describe_physics()

    def watch_links(self, names: Sequence[str]) -> None:
        """Give `link_poses` of these links of the robot from the next reset on; for the self-test.

        They are wrapped like objects, which may rewrite their transform ops, so only while the timeline is stopped.
        """
        self._link_names = tuple(names)

    def link_poses(self) -> tuple[Array, Array]:
        """Return the simulator's positions (N, 3) and quaternions (N, 4) of the links that are watched."""
        self._ready()
        return self._links.read()[:2]

    # ---------------------------------------------------------------- the protocol

    def load(self, spec: SceneSpec) -> Steps[None]:
        """Set the scene; the next reset writes it to the stage, while the timeline is stopped."""
        same = self._spec is not None and replace(spec, instruction="", name="") == replace(
            self._spec, instruction="", name=""
        )
        self._layout = None
        if not (same and self._is_written and self._is_scene_intact()):
            yield from self._discard_scene()
            if self._robot == "reference" and self._address is None:
                found = yield from find_franka(self._ports.assets, self._engine)
                self._address = found.address
                if found.address is None:
                    self._add_note("robot", f"our own Panda stands in for NVIDIA's Franka: {found.why}")
        self._spec, self._clock = spec, Clock.from_timing(spec.timing)
        self._ramp = _ramp_fractions(self._clock)

    def reset(self, layout: SceneLayout) -> Steps[None]:
        """Stop, write the layout, play, make new handles, set gains and posture, let it settle; then time is 0."""
        spec = self._loaded()
        layout.check_fits(spec)
        self._layout, self._fault = None, None
        yield from self._timeline.stop()
        self._write(spec, layout)
        self._wrap(spec)
        yield from self._ports.sim.start(self._clock.physics_dt, self._steps_per_update())
        self._updates_since_reset = self._updates_since_change = 0
        self._ports.robot.connect()  # a stop invalidates the old handles
        self._ports.objects.connect()
        self._links.connect()
        self._layout_poses = _layout_poses(layout)
        posture = _joint_positions(layout.qpos, layout.gripper_width)
        self._ports.robot.set_gains(spec.gains.stiffness, spec.gains.damping)  # lost at every stop
        self._ports.robot.place(posture)
        self._begin_period(posture, posture)
        yield from self._settle()
        self._ports.robot.rest()
        self._ports.objects.rest()
        self._begin_period(posture, posture)
        self._first_step = self._ports.sim.steps_done
        self._start_poses = tuple(frozen(poses) for poses in self._object_poses()[:2])
        self._layout_cameras = {camera.name: camera for camera in layout.cameras}
        self._rows = {name: row for row, name in enumerate(spec.object_names)}
        self._layout = layout

    def apply(self, target: JointTarget) -> None:
        """Set the joint target of the next period; fingers are joints 8 and 9, half the width each."""
        self._ready()
        check_target(target)
        self._goal = _joint_positions(target.qpos, target.gripper_width)

    def step(self) -> None:
        """Advance by one control period; in a script only."""
        self._ready()
        if self._loop.mode == "kit":
            raise BackendError(
                "step() cannot be called inside Kit, whose own loop makes the steps",
                remedy="use vla_isaac.extension.get_session()",
            )
        with self._diagnosed_errors():
            self._begin_period(self._commanded, self._goal)
        self._advance(self._ports.sim.steps_done + self._clock.substeps)

    def state(self) -> SceneState:
        """Return the ground truth now, read from physics."""
        spec = self._loaded()
        self._ready()
        self._raise_fault()
        with self._diagnosed_errors():
            positions, velocities = self._ports.robot.positions(), self._ports.robot.velocities()
            pos, quat, linvel = self._object_poses()
        qpos = positions[: panda.NUM_ARM_JOINTS]
        steps = self._ports.sim.steps_done - self._first_step
        return SceneState(
            time=steps * self._clock.period / self._clock.substeps,
            qpos=qpos,
            qvel=velocities[: panda.NUM_ARM_JOINTS],
            gripper_width=float(positions[panda.NUM_ARM_JOINTS :].sum()),
            pose_world_ee=kinematics.pose_base_ee(qpos),
            pose_world_base=Pose.identity(),
            bodies=spec.bodies,
            object_pos=pos,
            object_quat=quat,
            object_linvel=linvel,
            initial_object_pos=self._start_poses[0],
            initial_object_quat=self._start_poses[1],
        )

    def render(self, requests: Sequence[RenderRequest]) -> Steps[Mapping[str, Frame]]:
        """Return pictures that are not older than the state now; waits a bounded number of updates for them."""
        spec = self._loaded()
        self._ready()
        self._raise_fault()
        cameras = [self._layout_cameras[spec.camera(r.camera).name] for r in requests]
        if self._is_in_step and not all(self._cameras.has(c, r) for c, r in zip(cameras, requests, strict=True)):
            yield  # a render product cannot be made inside a physics step
        feeds = [self._cameras.feed(self._stage, c, r, self._updates) for c, r in zip(cameras, requests, strict=True)]
        since = self._ports.sim.clock()
        if self._loop.mode == "kit":
            self._updates_since_change = 0
        time = (self._ports.sim.steps_done - self._first_step) * self._clock.period / self._clock.substeps
        for _ in range(MAX_PICTURE_UPDATES):
            moment = self._moment(since)
            pictures = [feed.picture(moment) for feed in feeds]
            if all(picture is not None for picture in pictures):
                return {
                    request.camera: feed.frame(request.camera, time, picture, self._rows)
                    for request, feed, picture in zip(requests, feeds, pictures, strict=True)
                    if picture is not None
                }
            yield from self._ports.sim.redraw()
            self._count_update()
        for camera, request in zip(cameras, requests, strict=True):
            self._cameras.feed(self._stage, camera, request, self._updates)  # raises if the prim was deleted while we waited
        blind = [r.camera for r, picture in zip(requests, pictures, strict=True) if picture is None]
        raise RenderError(
            f"camera {blind[0]!r} gave no fresh picture in {MAX_PICTURE_UPDATES} updates",
            remedy="check that rendering is on, the GPU has memory left, and that the camera's prim is still on the stage",
        )

    def close(self) -> None:
        """Stop everything of ours and restore changed settings; our prims stay. May be called twice."""
        self._cameras.close()
        if self._spec is not None:
            self._timeline.stop_now(is_in_step=self._is_in_step)
        self._ports.sim.detach()
        self._saved_state.restore(self._ports.sim.stage())
        self._ports.sim.on_step = None
        self.on_period = None
        self._spec = self._layout = self._stage = None
        self._is_written = False

    # ---------------------------------------------------------------- stage and handles

    def _discard_scene(self) -> Steps[None]:
        """Prepare for another scene: a new stage in a script; inside Kit the user's stage stays."""
        self._cameras.close()
        self._is_written = False
        yield from self._timeline.stop()
        if self._loop.mode == "script":
            yield from self._ports.sim.new_stage()
        else:
            self._ports.sim.detach()

    def _write(self, spec: SceneSpec, layout: SceneLayout) -> None:
        """Write the scene, or only its values where its prims exist already."""
        from vla_isaac.scene.usd import write_layout, write_scene

        stage = self._ports.sim.stage()
        if stage is None:
            raise BackendError("Isaac Sim has no stage open", remedy="open one (File > New), then press Load")
        if stage is not self._stage or not self._is_scene_intact():
            self._cameras.close()
            self._is_written = False
        self._stage = stage
        self._saved_state.remember(stage)
        if self._is_written:
            write_layout(stage, spec, layout, **self._robot_options())
            return
        self._ports.sim.detach()
        write_scene(stage, spec, layout, **self._robot_options())
        if self._address is not None and not _is_there(stage, f"{ROBOT_PATH}/panda_hand"):
            self._add_note(
                "robot",
                f"our own Panda stands in for NVIDIA's Franka: {self._address} brought no prim panda_hand; check that the "
                "file is there and is a Franka Panda",
            )
            self._address = None
            write_scene(stage, spec, layout, **self._robot_options())
        self._is_written = True

    def _robot_options(self) -> dict[str, Any]:
        ours = {"root": ROOT, "is_shared": self._loop.mode == "kit"}
        if self._address is None:
            return {"robot": "embedded", **ours}
        return {"robot": "reference", "robot_asset": self._address, **ours}

    def _is_scene_intact(self) -> bool:
        """Return whether robot and objects are still on the stage we wrote to, and that stage is the open one."""
        return self._stage is not None and self._ports.sim.stage() is self._stage and self._missing() is None

    def _missing(self) -> str | None:
        """Return the path of a prim of ours that has been deleted."""
        objects = self._object_paths(self._spec) if self._spec is not None else []
        paths = (ROBOT_PATH, f"{ROBOT_PATH}/panda_hand", f"{ROOT}/PhysicsScene", *objects)
        return next((path for path in paths if not _is_there(self._stage, path)), None)

    def _object_paths(self, spec: SceneSpec) -> list[str]:
        from vla_isaac.scene.usd_objects import prim_names

        names = prim_names(spec.object_names)
        return [f"{ROOT}/Objects/{names[name]}" for name in spec.object_names]

    def _wrap(self, spec: SceneSpec) -> None:
        """Wrap robot and movable objects, while the timeline is stopped."""
        self._ports.robot.wrap()
        self._free = [row for row, o in enumerate(spec.objects) if not o.fixed]
        paths = self._object_paths(spec)
        self._ports.objects.wrap([paths[row] for row in self._free])
        self._links.wrap([f"{ROBOT_PATH}/{name}" for name in self._link_names])

    def _object_poses(self) -> tuple[Array, Array, Array]:
        """Return poses and velocities of all objects; fixed ones have their poses of the layout."""
        pos, quat = (poses.copy() for poses in self._layout_poses)
        linvel = np.zeros_like(pos)
        pos[self._free], quat[self._free], linvel[self._free] = self._ports.objects.read()
        return pos, quat, linvel

    # ---------------------------------------------------------------- time

    def _steps_per_update(self) -> int:
        """Return the physics steps of an app update: a control period in a script, about 1/60 s inside Kit."""
        if self._loop.mode == "script":
            return self._clock.substeps
        return smooth_steps(self._clock.substeps, self._clock.physics_dt)

    def _begin_period(self, start: Array, goal: Array) -> None:
        """Start a period at this physics step in which the joints move from `start` to `goal`."""
        self._period_start = self._ports.sim.steps_done
        self._start, self._goal = start, goal
        self._ramp_to(0)

    def _ramp_to(self, step: int) -> None:
        """Command the ramp piece that begins at this physics step of the period, if one does."""
        fraction = self._ramp.get(step)
        if fraction is not None:
            self._commanded = self._start + fraction * (self._goal - self._start)
            self._ports.robot.command(self._commanded)

    def _stepped(self, done: int) -> None:
        """Command the next ramp piece; inside Kit, call `on_period` at the end of a period. Called by physics."""
        if self._fault is not None:
            return
        self._is_in_step = True
        try:
            step = done - self._period_start
            if step >= self._clock.substeps and self._layout is not None and self._loop.mode == "kit":
                if self.on_period is not None:
                    self.on_period()
                if self._layout is not None:  # else `on_period` closed this backend
                    self._begin_period(self._commanded, self._goal)
            elif step > 0:
                self._ramp_to(step)
        except Exception as error:  # the physics engine drops errors of callbacks: kept for the next call
            self._fault = error
        finally:
            self._is_in_step = False

    def _settle(self) -> Steps[None]:
        """Let contacts come to rest; inside Kit, then pause until `resume`."""
        enough = self._ports.sim.steps_done + max(1, round(SETTLE_SECONDS / self._clock.physics_dt))
        if self._loop.mode == "script":
            self._advance(enough)
            return
        for _ in range(MAX_SETTLE_UPDATES):
            if self._ports.sim.steps_done >= enough:
                break
            yield
            self._count_update()
            self._raise_fault()
        else:
            raise BackendError(
                "physics does not advance", remedy="press Play once in Isaac Sim to see what it reports, then Load"
            )
        self._timeline.pause()
        yield
        self._count_update()

    def _advance(self, until: int) -> None:
        """Make app updates until `until` physics steps are done."""
        idle = 0
        while self._ports.sim.steps_done < until:
            before = self._ports.sim.steps_done
            self._ports.sim.advance()
            self._updates_since_change = 0
            self._count_update()
            self._raise_fault()
            idle = idle + 1 if self._ports.sim.steps_done == before else 0
            if idle >= MAX_IDLE_UPDATES:
                raise self._diagnosed(BackendError("physics does not advance"))

    def _count_update(self) -> None:
        self._updates += 1
        self._updates_since_reset += 1
        self._updates_since_change += 1

    def _moment(self, since: float | None) -> Moment:
        return Moment(
            since=since,
            now=self._ports.sim.clock(),
            half_step=self._clock.physics_dt / 2,
            updates=self._updates,
            updates_since_reset=self._updates_since_reset,
            updates_since_change=self._updates_since_change,
        )

    # ---------------------------------------------------------------- order of calls, faults

    def _make_ports(self, offer: Offer) -> Ports:
        if self._choice == "classic" and offer.names is not None:
            from vla_isaac.backends.isaac.classic import classic_ports

            return classic_ports(offer.names, self._loop, ROBOT_PATH, f"{ROOT}/PhysicsScene")
        from vla_isaac.backends.isaac.experimental import experimental_ports

        return experimental_ports(self._loop, ROBOT_PATH)

    def _add_note(self, about: str, note: str) -> None:
        """Report a note in the log and to the panel."""
        self._notes[about] = note
        logger.warning("%s", note)

    @contextmanager
    def _diagnosed_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise self._diagnosed(error) from error

    def _diagnosed(self, error: Exception) -> VlaIsaacError:
        """Return the error that names the cause of a simulator fault, where it can be found."""
        if self._stage is None or self._ports.sim.stage() is not self._stage:
            return BackendError(
                "the stage was replaced while the scene was in use", remedy="press Load (in a script: load again)"
            )
        missing = self._missing()
        if missing is not None:
            what = "the robot's prim" if missing.startswith(ROBOT_PATH) else "the prim"
            return BackendError(f"{what} {missing} is gone from the stage", remedy="press Load (in a script: load again)")
        if self._timeline.is_stopped:
            return BackendError(
                "the timeline was stopped, which voids all physics handles",
                remedy="press Reset (in a script: reset the backend)",
            )
        if isinstance(error, VlaIsaacError):
            return error
        return BackendError(f"Isaac Sim failed: {type(error).__name__}: {error}", remedy="press Reset, else Load")

    def _raise_fault(self) -> None:
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise self._diagnosed(fault) from fault

    def _loaded(self) -> SceneSpec:
        if self._spec is None:
            raise BackendError(
                "the isaac backend has no scene", remedy="call load(spec) first, as in drive(backend.load(spec))"
            )
        return self._spec

    def _ready(self) -> None:
        if self._layout is None:
            self._loaded()
            raise BackendError("the isaac backend has no layout", remedy="call reset(layout) after load")


def _is_there(stage: Any, path: str) -> bool:
    """Return whether a prim is defined; an `over` without a definition is valid but not defined."""
    prim = stage.GetPrimAtPath(path)
    return bool(prim.IsValid()) and bool(prim.IsDefined())


def _check_inside_kit() -> None:
    """Raise unless this process runs Isaac Sim; elsewhere, looking for its modules may start it."""
    if not is_inside_kit():
        raise BackendError(
            "this process does not run Isaac Sim",
            remedy=(
                "use its own Python: ./python.sh -m vla_isaac run --backend isaac, or "
                "`with vla_isaac.backends.isaac.standalone.simulation_app():` around your script, or enable the extension"
            ),
        )


def _choose(offer: Offer, port: Port | None, engine: str) -> Port:
    """Return the port to use, or raise an error that says why there is none."""
    offered = {"classic": offer.names is not None, "experimental": offer.experimental}
    choice = port or offer.choose()
    if choice == "classic" and engine != "physx":
        raise BackendError(
            f"the classic programming interface works with the physics engine PhysX, and {engine} is active",
            remedy="choose port='experimental', or start an experience with PhysX, such as isaacsim.exp.full.kit",
        )
    if choice is None or not offered[choice]:
        raise BackendError(
            f"this Isaac Sim offers no {port or 'known'} programming interface: {offer.why}",
            remedy="enable its extensions (isaacsim.core.api, isaacsim.sensors.camera) or use a release from 4.2 to 6.2",
        )
    return choice


def smooth_steps(substeps: int, physics_dt: float) -> int:
    """Return the physics steps of an app update near 60 Hz, if possible a divisor of the control period's."""
    within = [
        n for n in range(1, substeps + 1) if substeps % n == 0 and SLOWEST_UI_HZ <= 1 / (n * physics_dt) <= FASTEST_UI_HZ
    ]
    ideal = 1 / (UI_HZ * physics_dt)
    return min(within, key=lambda n: abs(n - ideal)) if within else max(1, round(ideal))


def _joint_positions(qpos: Sequence[float] | Array, gripper_width: float) -> Array:
    """Return the positions of all nine joints; each finger travels half the width."""
    finger = min(max(float(gripper_width), 0.0), panda.GRIPPER_MAX_WIDTH) / 2
    return np.array([*map(float, qpos), finger, finger])


def _layout_poses(layout: SceneLayout) -> tuple[Array, Array]:
    """Return positions (N, 3) and quaternions (N, 4) of the objects in the layout."""
    count = len(layout.objects)
    return (
        np.array([o.pos for o in layout.objects], dtype=np.float64).reshape(count, 3),
        np.array([o.quat_wxyz for o in layout.objects], dtype=np.float64).reshape(count, 4),
    )


def _ramp_fractions(clock: Clock) -> dict[int, float]:
    """Return the commanded fraction of the way by the physics step of the period at which it starts."""
    fractions, step = {}, 0
    for length, fraction in clock.ramp(RAMP_PIECES):
        fractions[step] = fraction
        step += length
    return fractions
