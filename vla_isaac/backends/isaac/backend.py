"""The Isaac Sim backend: the `Backend` methods over small ports, the same in a script and inside Kit.

In a script, `step` makes one app update, which is one control period. Inside Kit, Kit makes the updates: `step` must
not be called, and `on_period` is called after each control period of physics instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from vla_isaac.backends.isaac.app_loop import Mode, find_mode, make_loop
from vla_isaac.backends.isaac.choice import check_inside_kit, choose_port, make_ports
from vla_isaac.backends.isaac.faults import diagnosed
from vla_isaac.backends.isaac.handles import SceneHandles
from vla_isaac.backends.isaac.physics_engine import active_engine, describe_physics
from vla_isaac.backends.isaac.ports import Ports
from vla_isaac.backends.isaac.probe import Offer, Port, enable_extensions, probe
from vla_isaac.backends.isaac.stage_scene import PHYSICS_SCENE, ROBOT_PATH, RobotSource, StageScene
from vla_isaac.backends.isaac.stepping import Stepping
from vla_isaac.core.arrays import Array, frozen
from vla_isaac.core.errors import BackendError, RenderError, UsageError, VlaIsaacError
from vla_isaac.core.poses import Pose
from vla_isaac.core.types import Frame, JointTarget, SceneState
from vla_isaac.robots import kinematics, panda
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.sim.backend import RenderRequest, Steps, check_target
from vla_isaac.sim.clock import Clock

MAX_PICTURE_UPDATES = 60  # until the first real picture; Isaac's own tests allow 10 to 20, and take 3 more


@dataclass(frozen=True)
class BackendParts:
    """What the backend is made of, to be read by an inspector."""

    mode: Mode
    offer: Offer
    ports: Ports
    scene: StageScene
    stepping: Stepping


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
        check_inside_kit()
        enable_extensions(port)
        self._offer, self._engine = probe(), active_engine()
        self._choice = choose_port(self._offer, port, self._engine)
        self._loop = make_loop(mode or find_mode())
        self._ports = make_ports(self._choice, self._offer, self._loop, ROBOT_PATH, PHYSICS_SCENE)
        from vla_isaac.backends.isaac.timeline import Timeline

        self._timeline = Timeline(self._loop)
        self._scene = StageScene(self._ports, self._loop.mode, self._timeline, robot)
        self._handles = SceneHandles(self._ports)
        self._stepping = Stepping(self._loop, self._ports, self._timeline, self._diagnosed)
        self._spec: SceneSpec | None = None

    # ---------------------------------------------------------------- notes and time

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the user, such as why another robot is used than was requested."""
        return tuple((self._scene.notes | self._ports.sim.notes).values())

    @property
    def parts(self) -> BackendParts:
        """The parts of this backend; for the self-test, which reads what the protocol does not give."""
        return BackendParts(self._loop.mode, self._offer, self._ports, self._scene, self._stepping)

    @property
    def on_period(self) -> Callable[[], None] | None:
        """Called inside Kit after each control period of physics."""
        return self._stepping.on_period

    @on_period.setter
    def on_period(self, call: Callable[[], None] | None) -> None:
        self._stepping.on_period = call

    def describe(self) -> str:
        """Return which interface is used and why, for panel, `doctor` and log."""
        return f"{self._choice} port, {self._engine} engine ({self._offer.why})"

    def pause(self) -> None:
        """Pause the timeline; for the extension inside Kit."""
        self._timeline.pause(is_in_step=self._stepping.is_in_step)

    def resume(self) -> None:
        """Resume the timeline; for the extension inside Kit."""
        self._timeline.resume(is_in_step=self._stepping.is_in_step)

    def new_stage(self) -> Steps[None]:
        """Open an empty stage in place of the open one, whose unsaved changes are lost; for the extension inside Kit."""
        self._stepping.is_running = False
        yield from self._scene.renew_stage()

    def describe_physics(self) -> str:
        """Return physics engine and device, such as ``"PhysX on the CPU"``."""
        return describe_physics()

    def watch_links(self, names: Sequence[str]) -> None:
        """Give `link_poses` of these links of the robot from the next reset on; for the self-test.

        They are wrapped like objects, which may rewrite their transform ops, so only while the timeline is stopped.
        """
        self._handles.watch_links(names)

    def link_poses(self) -> tuple[Array, Array]:
        """Return the simulator's positions (N, 3) and quaternions (N, 4) of the links that are watched."""
        self._ready()
        return self._handles.link_poses()

    # ---------------------------------------------------------------- the protocol

    def load(self, spec: SceneSpec) -> Steps[None]:
        """Set the scene; the next reset writes it to the stage, while the timeline is stopped."""
        same = self._spec is not None and replace(spec, instruction="", name="") == replace(
            self._spec, instruction="", name=""
        )
        self._stepping.is_running = False
        if not (same and self._scene.is_intact()):
            yield from self._scene.discard()
            yield from self._scene.find_robot(self._engine)
        self._spec = spec
        self._stepping.load(Clock.from_timing(spec.timing))

    def reset(self, layout: SceneLayout) -> Steps[None]:
        """Stop, write the layout, play, make new handles, set gains and posture, let it settle; then time is 0."""
        spec = self._loaded()
        layout.check_fits(spec)
        self._stepping.is_running = False
        yield from self._timeline.stop()
        self._scene.write(spec, layout)
        self._handles.wrap(spec, layout)
        yield from self._stepping.start()
        posture = _joint_positions(layout.qpos, layout.gripper_width)
        self._handles.connect(spec.gains, posture)
        self._stepping.begin_period(posture, posture)
        yield from self._stepping.settle()
        self._handles.rest()
        self._stepping.begin_period(posture, posture)
        self._start_poses = tuple(frozen(poses) for poses in self._handles.object_poses()[:2])
        self._rows = {name: row for row, name in enumerate(spec.object_names)}
        self._stepping.run()

    def apply(self, target: JointTarget) -> None:
        """Set the joint target of the next period; fingers are joints 8 and 9, half the width each."""
        self._ready()
        check_target(target)
        self._stepping.aim(_joint_positions(target.qpos, target.gripper_width))

    def step(self) -> None:
        """Advance by one control period; in a script only."""
        self._ready()
        if self._loop.mode == "kit":
            raise BackendError(
                "step() cannot be called inside Kit, whose own loop makes the steps",
                remedy="use vla_isaac.extension.get_session()",
            )
        with self._diagnosed_errors():
            self._stepping.begin_next_period()
        self._stepping.advance_period()

    def state(self) -> SceneState:
        """Return the ground truth now, read from physics."""
        spec = self._loaded()
        self._ready()
        self._stepping.raise_fault()
        with self._diagnosed_errors():
            positions, velocities = self._ports.robot.positions(), self._ports.robot.velocities()
            pos, quat, linvel = self._handles.object_poses()
        qpos = positions[: panda.NUM_ARM_JOINTS]
        return SceneState(
            time=self._stepping.time,
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
        self._stepping.raise_fault()
        bank, counts, stage = self._scene.cameras, self._stepping.counts, self._scene.stage
        cameras = [self._scene.layout_cameras[spec.camera(r.camera).name] for r in requests]
        if self._stepping.is_in_step and not all(bank.has(c, r) for c, r in zip(cameras, requests, strict=True)):
            yield  # a render product cannot be made inside a physics step
        feeds = [bank.feed(stage, c, r, counts.total) for c, r in zip(cameras, requests, strict=True)]
        since = self._ports.sim.clock()
        if self._loop.mode == "kit":
            counts.changed()
        time, half_step = self._stepping.time, self._stepping.clock.physics_dt / 2
        for _ in range(MAX_PICTURE_UPDATES):
            moment = counts.moment(since, self._ports.sim.clock(), half_step)
            pictures = [feed.picture(moment) for feed in feeds]
            if all(picture is not None for picture in pictures):
                return {
                    request.camera: feed.frame(request.camera, time, picture, self._rows)
                    for request, feed, picture in zip(requests, feeds, pictures, strict=True)
                    if picture is not None
                }
            yield from self._ports.sim.redraw()
            counts.count()
        for camera, request in zip(cameras, requests, strict=True):
            bank.feed(self._scene.stage, camera, request, counts.total)  # raises if the prim was deleted while we waited
        blind = [r.camera for r, picture in zip(requests, pictures, strict=True) if picture is None]
        raise RenderError(
            f"camera {blind[0]!r} gave no fresh picture in {MAX_PICTURE_UPDATES} updates",
            remedy="check that rendering is on, the GPU has memory left, and that the camera's prim is still on the stage",
        )

    def close(self) -> None:
        """Stop everything of ours and restore changed settings; our prims stay. May be called twice."""
        self._scene.cameras.close()
        if self._spec is not None:
            self._timeline.stop_now(is_in_step=self._stepping.is_in_step)
        self._ports.sim.detach()
        self._scene.close()
        self._stepping.close()
        self._spec = None

    # ---------------------------------------------------------------- order of calls, faults

    @contextmanager
    def _diagnosed_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise self._diagnosed(error) from error

    def _diagnosed(self, error: Exception) -> VlaIsaacError:
        return diagnosed(error, self._scene, self._timeline)

    def _loaded(self) -> SceneSpec:
        if self._spec is None:
            raise BackendError(
                "the isaac backend has no scene", remedy="call load(spec) first, as in drive(backend.load(spec))"
            )
        return self._spec

    def _ready(self) -> None:
        if not self._stepping.is_running:
            self._loaded()
            raise BackendError("the isaac backend has no layout", remedy="call reset(layout) after load")


def _joint_positions(qpos: Sequence[float] | Array, gripper_width: float) -> Array:
    """Return the positions of all nine joints; each finger travels half the width."""
    finger = min(max(float(gripper_width), 0.0), panda.GRIPPER_MAX_WIDTH) / 2
    return np.array([*map(float, qpos), finger, finger])
