"""The simulated PhysX: reads the stage when the timeline starts, keeps poses to itself, forgets all at stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mujoco
import numpy as np
from pxr import Usd, UsdPhysics

from tests.simulated_isaac import loader
from tests.simulated_isaac.labels import label_of
from tests.simulated_isaac.rates import DEFAULT_MIN_FRAME_RATE, MIN_FRAME_RATE, Substepping
from tests.simulated_isaac.traps import SETTLING_SECONDS, WARM_UP_STEPS

if TYPE_CHECKING:
    from tests.simulated_isaac.simulation import Simulation


class Physics:
    """The world while it is simulated; all numbers in SI units."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self.loaded: loader.Loaded | None = None
        self.data: Any = None
        self.session = 0
        """Counts the starts; handles of an earlier one are stale."""

        self.is_ready = False
        """True from the first app update after play on: handles can be made."""

        self.steps = 0
        self.time = 0.0
        self.dt = 1.0 / 60.0
        self.began = 0.0
        """Simulation time at the end of the reset: that of 4.2 makes an update of its own."""

        self.lost: set[str] = set()
        self._substepping = Substepping()
        self.is_stepping = False
        """Whether a physics step with its callbacks is under way."""

    # ------------------------------------------------------------ the timeline

    def start(self) -> None:
        self.session += 1
        self.dt = self.dt_on_stage()
        stage = self._sim.stage
        self.loaded = loader.load(
            stage, self.dt, lambda prim: label_of(prim, self._sim.version, is_joined=self._sim.joins_labels)
        )
        for path in self.loaded.skipped:
            self._sim.tell("warn", f"simulated PhysX leaves {path} out: it knows cubes, spheres, cylinders, capsules, hulls")
        self.data = mujoco.MjData(self.loaded.model)
        self.steps, self.time, self._substepping, self.is_ready = 0, 0.0, Substepping(), False
        self.began = 0.0
        self.lost = set()
        robot = self.loaded.robot
        if robot is not None:
            low, high = robot.limits.T
            self.data.qpos[robot.qpos] = np.clip([d.position for d in robot.drives], low, high)
            self.data.ctrl[robot.ctrl] = self._clamped([d.target for d in robot.drives])
        mujoco.mj_forward(self.loaded.model, self.data)
        if self._sim.traps.play_steps_count and self._sim.version >= (4, 5):
            self.step(WARM_UP_STEPS)

    def stop(self) -> None:
        self.is_ready = False
        gains = self._gains()
        self.loaded = self.data = None
        self.steps, self.time = 0, 0.0
        self._sim.samples.clear()
        self._kept_gains = None if self._sim.traps.gains_lost_on_stop else gains

    _kept_gains: Any = None

    def forget(self) -> None:
        """A new stage: nothing of the old one is left."""
        self.stop()
        self._kept_gains = None
        self.session += 1

    def deleted(self, path: str) -> None:
        self.lost.add(path)

    def is_lost(self, path: str) -> bool:
        is_gone = any(path == gone or path.startswith(f"{gone}/") for gone in self.lost)
        return is_gone and self._sim.traps.deleted_robot_raises

    def update_passed(self) -> None:
        if not self.is_ready and self.loaded is not None:
            self.is_ready = True
            if self._kept_gains is not None and self.loaded.robot is not None:
                loader.set_gains(self.loaded.model, self.loaded.robot, *self._kept_gains)
            self._sim.ready_stream.emit()

    def _gains(self) -> Any:
        if self.loaded is None or self.loaded.robot is None:
            return None
        return loader.get_gains(self.loaded.model, self.loaded.robot)

    # ------------------------------------------------------------ rates

    def scene_prim(self) -> Usd.Prim | None:
        return next((p for p in self._sim.stage.Traverse() if p.IsA(UsdPhysics.Scene)), None)

    def dt_on_stage(self) -> float:
        scene = self.scene_prim()
        rate = scene.GetAttribute("physxScene:timeStepsPerSecond").Get() if scene else None
        return 1.0 / rate if rate else 1.0 / 60.0

    # ------------------------------------------------------------ steps

    def advance(self, app_dt: float, substeps: int | None) -> None:
        if substeps is not None:
            self.step(substeps)
            return
        slowest = self._sim.settings.get(MIN_FRAME_RATE)
        slowest = DEFAULT_MIN_FRAME_RATE if slowest is None else int(slowest)
        self.step(self._substepping.steps(app_dt, round(1.0 / self.dt), slowest))

    def step(self, steps: int) -> None:
        """Do physics steps, each between its callbacks."""
        sim = self._sim
        if self.loaded is None:
            return
        if self.is_stepping:
            sim.refuse_on_kits_loop("a physics step")
        self.is_stepping = True
        session, model, data = self.session, self.loaded.model, self.data
        try:
            for _ in range(steps):
                sim.physics_pre_stream.emit(self.dt)
                if self.session != session or self.data is not data:
                    return  # a callback stopped the timeline
                mujoco.mj_step(model, data)
                self.steps += 1
                self.time = self.steps * self.dt
                sim.samples.store(sim.num_updates, self.time)
                sim.physics_post_stream.emit(self.dt)
                if self.session != session or self.data is not data:
                    return
            mujoco.mj_kinematics(model, data)
        finally:
            self.is_stepping = False

    # ------------------------------------------------------------ the robot

    @property
    def robot(self) -> loader.Robot | None:
        return self.loaded.robot if self.loaded else None

    def positions(self) -> Any:
        return self.data.qpos[self.robot.qpos].astype(np.float32)

    def velocities(self) -> Any:
        return self.data.qvel[self.robot.dof].astype(np.float32)

    def targets(self) -> Any:
        return self.data.ctrl[self.robot.ctrl].astype(np.float32)

    def set_targets(self, values: Any, dofs: Any) -> None:
        targets = self.data.ctrl[self.robot.ctrl].copy()
        targets[dofs] = np.asarray(values, dtype=np.float32)
        self.data.ctrl[self.robot.ctrl] = self._clamped(targets)

    def _clamped(self, targets: Any) -> Any:
        low, high = self.loaded.robot.limits.T
        return np.clip(targets, low, high) if self._sim.traps.targets_clamped else np.asarray(targets, dtype=float)

    def put_joints(self, values: Any, dofs: Any, *, targets_too: bool, what: str) -> None:
        if self.time - self.began > SETTLING_SECONDS:
            self._sim.violate("late_teleport", f"{what} {self.time - self.began:.2f} s of simulated time after play")
        self.data.qpos[self.robot.qpos[dofs]] = np.asarray(values, dtype=np.float32)
        if targets_too:
            self.set_targets(values, dofs)
        mujoco.mj_forward(self.loaded.model, self.data)

    def put_velocities(self, values: Any, dofs: Any) -> None:
        self.data.qvel[self.robot.dof[dofs]] = np.asarray(values, dtype=np.float32)

    def gains(self) -> tuple[Any, Any]:
        stiffnesses, dampings = loader.get_gains(self.loaded.model, self.robot)
        return stiffnesses.astype(np.float32), dampings.astype(np.float32)

    def set_gains(self, stiffnesses: Any, dampings: Any, dofs: Any = slice(None)) -> None:
        old = loader.get_gains(self.loaded.model, self.robot)
        for values, new in zip(old, (stiffnesses, dampings), strict=True):
            if new is not None:
                values[dofs] = np.asarray(new, dtype=np.float32)
        loader.set_gains(self.loaded.model, self.robot, *old)

    # ------------------------------------------------------------ bodies

    def world_matrix(self, prim: Usd.Prim) -> Any:
        """Return where a prim is now: from physics for bodies and what hangs below them, else from the stage."""
        holder = prim
        while self.data is not None and holder and not holder.IsPseudoRoot():
            body = self.loaded.bodies.get(str(holder.GetPath()))
            if body is not None:
                inner = np.linalg.inv(loader.world_matrix(holder)) @ loader.world_matrix(prim)
                return self.body_matrix(body) @ inner
            holder = holder.GetParent()
        return loader.world_matrix(prim)

    def body_matrix(self, body: int) -> Any:
        found = np.eye(4)
        found[:3, :3] = self.data.xmat[body].reshape(3, 3)
        found[:3, 3] = self.data.xpos[body]
        return found

    def pose(self, path: str) -> tuple[Any, Any]:
        """Return position and quaternion (w, x, y, z) of a simulated body, float32 as PhysX gives them."""
        body = self.loaded.bodies[path]
        return self.data.xpos[body].astype(np.float32), self.data.xquat[body].astype(np.float32)

    def body_velocity(self, path: str) -> tuple[Any, Any]:
        """Return linear and angular velocity in the world."""
        if path not in self.loaded.free:
            found = np.zeros(6)
            mujoco.mj_objectVelocity(
                self.loaded.model, self.data, mujoco.mjtObj.mjOBJ_BODY, self.loaded.bodies[path], found, 0
            )
            return found[3:].astype(np.float32), found[:3].astype(np.float32)
        row = self.loaded.free[path][1]
        turn = self.data.xmat[self.loaded.bodies[path]].reshape(3, 3)
        return self.data.qvel[row : row + 3].astype(np.float32), (turn @ self.data.qvel[row + 3 : row + 6]).astype(
            np.float32
        )

    def put_body_velocity(self, path: str, linear: Any = None, angular: Any = None) -> None:
        row = self.loaded.free[path][1]
        if linear is not None:
            self.data.qvel[row : row + 3] = np.asarray(linear, dtype=np.float32)
        if angular is not None:
            turn = self.data.xmat[self.loaded.bodies[path]].reshape(3, 3)
            self.data.qvel[row + 3 : row + 6] = turn.T @ np.asarray(angular, dtype=np.float32)
