"""Views of articulations and rigid bodies; their arrays are warp's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pxr import Usd, UsdGeom, UsdPhysics

from tests.simulated_isaac.arrays import as_numpy, warp_like
from tests.simulated_isaac.behaviour import Behaviour
from tests.simulated_isaac.classic_prims import pose_of
from tests.simulated_isaac.loader import DOFS, drives_on_stage


class _View(Behaviour):
    """One or more prims by path."""

    def _wrap(self, paths: str | Sequence[str]) -> None:
        self.paths = [paths] if isinstance(paths, str) else list(paths)
        lacking = [path for path in self.paths if not self._sim.stage.GetPrimAtPath(path)]
        if lacking:
            raise ValueError(f"no prim at {lacking}: the simulated Isaac makes none by wrapping it")
        self.prims = [self._sim.stage.GetPrimAtPath(path) for path in self.paths]

    @property
    def valid(self) -> bool:
        """Whether no prim was deleted since; a new prim of the same path does not count (6.2, prim.py)."""
        return all(prim.IsValid() and prim.GetStage() == self._sim.stage for prim in self.prims)

    def __len__(self) -> int:
        return len(self.paths)

    def is_physics_tensor_entity_valid(self) -> bool:
        physics = self._sim.physics
        return physics.is_ready and not any(physics.is_lost(path) for path in self.paths)

    def _need_prims(self) -> None:
        assert self.valid, "The prims of this object are not valid: they were deleted, or a new stage was opened"

    def _need_physics(self) -> None:
        self._need_prims()
        assert self.is_physics_tensor_entity_valid(), (
            "The physics tensor entity is not valid: play the simulation and do one app update"
        )

    def _falls_back(self, what: str) -> bool:
        """Tell whether USD answers instead of physics, which only a warning in the log shows."""
        self._need_prims()
        if self.is_physics_tensor_entity_valid():
            return False
        self._sim.tell(
            "warn", f"Physics tensor entity is not valid for use with 'tensor' backend in {what}. Falling back to 'usd'"
        )
        return True

    def _array(self, values: Any) -> Any:
        return warp_like(values, self._sim.traps.warp_arrays)


class Articulation(_View):
    """A view of one Franka; arrays have shape (1, 9)."""

    def create(self, paths: Any, resolve_paths: bool = True, reset_xform_op_properties: bool = False) -> None:
        self._wrap(paths)
        self._roots = []
        for prim in self.prims:
            found = [p for p in Usd.PrimRange(prim) if p.HasAPI(UsdPhysics.ArticulationRootAPI)]
            if not found:
                raise ValueError(f"{prim.GetPath()} has no articulation root at or below it")
            self._roots.append(found[0])
        if len(self.paths) != 1:
            raise NotImplementedError("simulated Isaac: a view of several articulations has no behaviour here")

    @property
    def dof_names(self) -> list[str]:
        return list(DOFS)

    @property
    def num_dofs(self) -> int:
        return len(DOFS)

    def get_dof_indices(self, names: Any) -> Any:
        return self._array(np.array([DOFS.index(n) for n in ([names] if isinstance(names, str) else names)], dtype=np.int32))

    def get_dof_positions(self, indices: Any = None, dof_indices: Any = None) -> Any:
        self._need_physics()
        return self._array(self._sim.physics.positions()[None, _dofs(dof_indices)])

    def get_dof_velocities(self, indices: Any = None, dof_indices: Any = None) -> Any:
        self._need_physics()
        return self._array(self._sim.physics.velocities()[None, _dofs(dof_indices)])

    def get_dof_position_targets(self, indices: Any = None, dof_indices: Any = None) -> Any:
        if self._falls_back("get_dof_position_targets"):
            values = np.array([d.target for d in drives_on_stage(self._sim.stage, self._roots[0])], dtype=np.float32)
        else:
            values = self._sim.physics.targets()
        return self._array(values[None, _dofs(dof_indices)])

    def set_dof_positions(self, positions: Any, indices: Any = None, dof_indices: Any = None) -> None:
        self._need_physics()
        dofs = _dofs(dof_indices)
        self._sim.physics.put_joints(_row(positions, dofs), dofs, targets_too=True, what="set_dof_positions")

    def set_dof_velocities(self, velocities: Any, indices: Any = None, dof_indices: Any = None) -> None:
        self._need_physics()
        dofs = _dofs(dof_indices)
        self._sim.physics.put_velocities(_row(velocities, dofs), dofs)

    def set_dof_position_targets(self, positions: Any, indices: Any = None, dof_indices: Any = None) -> None:
        dofs = _dofs(dof_indices)
        if self._falls_back("set_dof_position_targets"):
            self._write("targetPosition", _row(positions, dofs), dofs, per_degree=False)
        else:
            self._sim.physics.set_targets(_row(positions, dofs), dofs)

    def get_dof_gains(self, indices: Any = None, dof_indices: Any = None) -> tuple[Any, Any]:
        if self._falls_back("get_dof_gains"):
            drives = drives_on_stage(self._sim.stage, self._roots[0])
            both = np.array([[d.stiffness for d in drives], [d.damping for d in drives]], dtype=np.float32)
        else:
            both = np.array(self._sim.physics.gains())
        dofs = _dofs(dof_indices)
        return self._array(both[0][None, dofs]), self._array(both[1][None, dofs])

    def set_dof_gains(
        self,
        stiffnesses: Any = None,
        dampings: Any = None,
        indices: Any = None,
        dof_indices: Any = None,
        update_default_gains: bool = True,
    ) -> None:
        assert stiffnesses is not None or dampings is not None, "Both 'stiffnesses' and 'dampings' are not defined"
        dofs = _dofs(dof_indices)
        rows = [None if values is None else _row(values, dofs) for values in (stiffnesses, dampings)]
        if not self._falls_back("set_dof_gains"):
            self._sim.physics.set_gains(*rows, dofs)
            return
        for name, values in zip(("stiffness", "damping"), rows, strict=True):
            if values is not None:
                self._write(name, values, dofs, per_degree=True)

    def get_dof_limits(self, indices: Any = None, dof_indices: Any = None) -> tuple[Any, Any]:
        self._need_physics()
        low, high = self._sim.physics.robot.limits.astype(np.float32)[_dofs(dof_indices)].T
        return self._array(low[None]), self._array(high[None])

    def get_world_poses(self, indices: Any = None) -> tuple[Any, Any]:
        self._need_prims()
        return _poses(self)

    def set_solver_iteration_counts(
        self, position_counts: Any = None, velocity_counts: Any = None, indices: Any = None
    ) -> None:
        """Accept the call; MuJoCo solves in its own way."""

    def _write(self, name: str, values: Any, dofs: Any, per_degree: bool) -> None:
        """Write a number of the drives to USD, which counts revolute joints in degrees."""
        joints = {p.GetName(): p for p in Usd.PrimRange(self._roots[0]) if p.IsA(UsdPhysics.Joint)}
        for dof, value in zip(np.arange(len(DOFS))[dofs], values, strict=True):
            prim = joints[DOFS[dof]]
            is_turning = prim.IsA(UsdPhysics.RevoluteJoint)
            unit = np.rad2deg(1.0) if is_turning else 1.0
            attribute = prim.GetAttribute(f"drive:{'angular' if is_turning else 'linear'}:physics:{name}")
            attribute.Set(float(value / unit if per_degree else value * unit))


class RigidPrim(_View):
    """A view of rigid bodies; wrapping makes a prim one, and without physics USD answers."""

    def create(self, paths: Any, resolve_paths: bool = True, reset_xform_op_properties: bool = False) -> None:
        self._wrap(paths)
        for prim in self.prims:
            if not prim.HasAPI(UsdPhysics.RigidBodyAPI) and self._sim.traps.rigid_prim_writes_schema:
                UsdPhysics.RigidBodyAPI.Apply(prim)

    def is_physics_tensor_entity_valid(self) -> bool:
        physics = self._sim.physics
        return super().is_physics_tensor_entity_valid() and all(path in physics.loaded.bodies for path in self.paths)

    def get_world_poses(self, indices: Any = None) -> tuple[Any, Any]:
        if self._falls_back("get_world_poses"):
            return _poses(self)
        rows = [self._sim.physics.pose(self.paths[i]) for i in _rows(self, indices)]
        return self._array(np.array([pos for pos, _ in rows])), self._array(np.array([quat for _, quat in rows]))

    def get_velocities(self, indices: Any = None) -> tuple[Any, Any]:
        rows = _rows(self, indices)
        if self._falls_back("get_velocities"):
            return self._array(np.zeros((len(rows), 3), np.float32)), self._array(np.zeros((len(rows), 3), np.float32))
        both = [self._sim.physics.body_velocity(self.paths[i]) for i in rows]
        return self._array(np.array([linear for linear, _ in both])), self._array(np.array([turn for _, turn in both]))

    def set_velocities(self, linear_velocities: Any = None, angular_velocities: Any = None, indices: Any = None) -> None:
        if self._falls_back("set_velocities"):
            return
        rows = _rows(self, indices)
        for name, values in (("linear", linear_velocities), ("angular", angular_velocities)):
            if values is not None:
                for i, value in zip(rows, np.broadcast_to(as_numpy(values), (len(rows), 3)), strict=True):
                    self._sim.physics.put_body_velocity(self.paths[i], **{name: value})


def _dofs(dof_indices: Any) -> Any:
    return slice(None) if dof_indices is None else as_numpy(dof_indices).astype(int)


def _row(values: Any, dofs: Any) -> Any:
    """Return values for the given degrees of freedom, broadcast as the real interface does."""
    count = len(np.arange(len(DOFS))[dofs])
    return np.broadcast_to(as_numpy(values).astype(np.float32), (1, count))[0]


def _rows(view: _View, indices: Any) -> list[int]:
    return list(range(len(view.paths))) if indices is None else [int(i) for i in as_numpy(indices)]


def _poses(view: _View) -> tuple[Any, Any]:
    matrices = [np.array(UsdGeom.Imageable(p).ComputeLocalToWorldTransform(Usd.TimeCode.Default())).T for p in view.prims]
    poses = [pose_of(matrix) for matrix in matrices]
    return view._array(np.array([pos for pos, _ in poses])), view._array(np.array([quat for _, quat in poses]))
