"""`NewtonBackend`: our loop on NVIDIA's Newton, on the CPU, in a world that it reads from the USD file we export.

Only what an expert needs: no pictures, no move of an object. The model knows of our scene what the file says; here stand
only the names of the prims and what any user of Newton has to choose: the solver, and the settling at the start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import newton
import numpy as np
import warp as wp
from newton.solvers import SolverMuJoCo

from vla_isaac.backends.mujoco.backend import SETTLE_SECONDS
from vla_isaac.core.arrays import Array, frozen
from vla_isaac.core.poses import Pose
from vla_isaac.core.types import Frame, JointTarget, SceneState
from vla_isaac.robots import panda
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.scene.usd import write_file
from vla_isaac.scene.usd_objects import prim_names
from vla_isaac.sim.backend import RenderRequest, Steps, check_target
from vla_isaac.sim.clock import RAMP_PIECES, Clock

wp.config.enable_backward = False  # nothing is differentiated, and a thousand small steps need no optimiser:
wp.config.optimization_level = 0  # less to compile, which is most of the time here

JOINTS = (*panda.ARM_JOINTS, *panda.FINGER_JOINTS)
CPU: Mapping[str, Any] = {"use_mujoco_cpu": True}
"""Options of the solver: MuJoCo's C engine below it, which is fast on a CPU."""


def imported(file: Path) -> Any:
    """Read a file as Newton does it, PhysX's attributes where Newton has none of its own.

    Newton reads no switch for gravity on a single link, neither its own nor `physxRigidBody:disableGravity`. What it
    reads, once the solver's attributes are known to the builder, is `mjc:gravcomp`: the writer says that too. So
    nothing here helps the arm to hold itself.
    """
    builder = newton.ModelBuilder()
    SolverMuJoCo.register_custom_attributes(builder)
    resolvers = [newton.usd.SchemaResolverNewton(), newton.usd.SchemaResolverPhysx()]
    builder.add_usd(str(file), schema_resolvers=resolvers, load_visual_shapes=False)
    return builder.finalize(device="cpu")


def values(array: Any) -> np.ndarray:
    """Return what an array of Newton's holds now; on the CPU its `numpy()` is a view, which moves on with the state."""
    return array.numpy().copy()


def leaf(label: str) -> str:
    return label.rsplit("/", 1)[-1]


class NewtonBackend:
    """Newton in place of a simulator of ours; see `sim.backend.Backend`."""

    name = "newton"

    def __init__(self, engine: Mapping[str, Any] = CPU) -> None:
        self._engine = engine
        self._folder = TemporaryDirectory()
        self._num_files = 0

    def load(self, spec: SceneSpec) -> Steps[None]:
        yield from ()
        self._spec = spec
        self._clock = Clock.from_timing(spec.timing)
        self._ramp = self._clock.ramp(RAMP_PIECES)

    def reset(self, layout: SceneLayout) -> Steps[None]:
        """Write the layout as a file, read it, and let it settle."""
        yield from ()
        self._num_files += 1  # a name of its own: USD may still hold an older file of the same name
        file = Path(self._folder.name) / f"scene_{self._num_files}.usda"
        write_file(file, self._spec, layout)
        self._find(imported(file), layout)
        for _ in range(round(SETTLE_SECONDS / self._clock.physics_dt)):
            self._advance()
        self._state.joint_qd.zero_()
        self._num_steps = 0
        pos, quat, _ = self._objects()
        self._initial = frozen(pos), frozen(quat)

    def _find(self, model: Any, layout: SceneLayout) -> None:
        """Look up joints and bodies by the names of their prims."""
        self.model, self.solver = model, SolverMuJoCo(model, **self._engine)
        self._state, self._following, self._control = model.state(), model.state(), model.control()
        newton.eval_fk(model, model.joint_q, model.joint_qd, self._state)
        self._start = values(self._control.joint_target_q)
        rows = dict(zip(map(leaf, model.joint_label), model.joint_q_start.numpy()[:-1], strict=True))
        speeds = dict(zip(map(leaf, model.joint_label), model.joint_qd_start.numpy()[:-1], strict=True))
        self._q, self._qd = ([int(found[name]) for name in JOINTS] for found in (rows, speeds))
        bodies = {label: i for i, label in enumerate(model.body_label)}
        self._hand, self._base = (bodies[f"/World/Robot/{name}"] for name in ("panda_hand", "panda_link0"))
        names = prim_names(self._spec.object_names)
        self._rows = {
            row: bodies[f"/World/Objects/{names[o.name]}"] for row, o in enumerate(self._spec.objects) if not o.fixed
        }
        self._placed = [p.pose_world for p in layout.objects]
        self._goal = self._start.copy()

    def apply(self, target: JointTarget) -> None:
        check_target(target)
        self._goal[self._q] = [*target.qpos, *[target.gripper_width / 2] * 2]

    def step(self) -> None:
        """Advance by one control period, approaching the target in a few linear pieces as the MuJoCo backend does."""
        start = self._start.copy()
        for steps, share in self._ramp:
            self._control.joint_target_q.assign(start + share * (self._goal - start))
            for _ in range(steps):
                self._advance()
        self._start = self._goal.copy()
        self._num_steps += 1

    def _advance(self) -> None:
        self._state.clear_forces()
        self.solver.step(self._state, self._following, self._control, None, self._clock.physics_dt)
        self._state, self._following = self._following, self._state

    def push(self, row: int, linear: Sequence[float], angular: Sequence[float]) -> None:
        """Give an object a velocity [m/s] and a spin [rad/s]."""
        joint = self.model.joint_child.numpy().tolist().index(self._rows[row])
        first = int(self.model.joint_qd_start.numpy()[joint])
        speeds = values(self._state.joint_qd)
        speeds[first : first + 6] = [*linear, *angular]
        self._state.joint_qd.assign(speeds)

    def state(self) -> SceneState:
        q, qd = values(self._state.joint_q).astype(float), values(self._state.joint_qd).astype(float)
        pos, quat, linvel = self._objects()
        return SceneState(
            time=self._num_steps * self._clock.period,
            qpos=q[self._q[:7]],
            qvel=qd[self._qd[:7]],
            gripper_width=float(q[self._q[7:]].sum()),
            pose_world_ee=self._pose(self._hand) @ Pose(np.array([0.0, 0.0, panda.HAND_TO_EE]), np.eye(4)[0]),
            pose_world_base=self._pose(self._base),
            bodies=self._spec.bodies,
            object_pos=pos,
            object_quat=quat,
            object_linvel=linvel,
            initial_object_pos=self._initial[0],
            initial_object_quat=self._initial[1],
        )

    def _pose(self, body: int) -> Pose:
        x, y, z, qx, qy, qz, qw = values(self._state.body_q)[body].astype(float)
        return Pose(np.array([x, y, z]), np.array([qw, qx, qy, qz]))

    def _objects(self) -> tuple[Array, Array, Array]:
        """Return positions, orientations and velocities; what is fastened has no body and stands where it was put."""
        poses = [self._pose(self._rows[row]) if row in self._rows else at for row, at in enumerate(self._placed)]
        linvel = np.zeros((len(poses), 3))
        for row, body in self._rows.items():
            linvel[row] = values(self._state.body_qd)[body, :3]
        shape = (len(poses), -1) if poses else (0, 3)
        return np.array([p.pos for p in poses]).reshape(shape), np.array([p.quat_wxyz for p in poses]), linvel

    def render(self, requests: Sequence[RenderRequest]) -> Steps[Mapping[str, Frame]]:
        yield from ()
        assert not requests, "Newton draws nothing here"
        return {}

    def close(self) -> None:
        self._folder.cleanup()
