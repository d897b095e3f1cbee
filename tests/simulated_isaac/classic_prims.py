"""What single articulations and rigid prims do."""

from __future__ import annotations

from typing import Any

import numpy as np
from pxr import Gf, Sdf, Usd, UsdGeom, UsdPhysics

from tests.simulated_isaac.arrays import on_device
from tests.simulated_isaac.behaviour import Behaviour
from tests.simulated_isaac.loader import DOFS


class _Prim(Behaviour):
    """A wrapped prim."""

    def _wrap(self, prim_path: str, name: str, reset_xform_properties: bool) -> None:
        self._path, self._name = prim_path, name
        self._session = -1
        if not self._sim.stage.GetPrimAtPath(prim_path):
            raise Exception(f"no prim at {prim_path}: the simulated Isaac makes none by wrapping it")
        if reset_xform_properties:
            reset_xform_ops(self.prim)

    @property
    def prim_path(self) -> str:
        return self._path

    @property
    def name(self) -> str:
        return self._name

    @property
    def prim(self) -> Usd.Prim:
        return self._sim.stage.GetPrimAtPath(self._path)

    def is_valid(self) -> bool:
        return bool(self._sim.stage and self.prim)

    @property
    def _is_initialized(self) -> bool:
        return self._session >= 0 or not self._sim.traps.getters_none_before_initialize

    @property
    def _has_handle(self) -> bool:
        """Whether physics answers: made ready in this run of the timeline, and not deleted since."""
        physics = self._sim.physics
        is_stale = 0 <= self._session != physics.session
        is_fresh = not is_stale or not self._sim.traps.stop_discards_handles
        return physics.is_ready and is_fresh and self._is_initialized

    def initialize(self, physics_sim_view: Any = None) -> None:
        physics = self._sim.physics
        if not physics.is_ready:
            self._sim.tell("warn", f"{self._path}: Physics Simulation View is not created yet, initialize() needs it")
            raise Exception(f"{self._path}: initialize() needs a simulation that plays and one app update")
        self._session = physics.session

    def get_world_pose(self) -> tuple[Any, Any]:
        matrix = self._sim.physics.world_matrix(self.prim) if self._sim.physics.is_ready else _usd_matrix(self.prim)
        return pose_of(matrix)


class Articulation(_Prim):
    """A single articulation: the Franka."""

    def create(self, prim_path: str, name: str = "articulation", reset_xform_properties: bool = True) -> None:
        self._wrap(prim_path, name, reset_xform_properties)
        roots = [p for p in Usd.PrimRange(self.prim) if p.HasAPI(UsdPhysics.ArticulationRootAPI)]
        if not roots:
            raise Exception(f"{prim_path} has no articulation root at or below it")
        self._root = str(roots[0].GetPath())
        self._controller: Any = None

    def initialize(self, physics_sim_view: Any = None) -> None:
        self._sim.tell("info", f"initializing handles for {self._path}")
        super().initialize()

    def _ready(self, what: str) -> bool:
        physics = self._sim.physics
        if not self._is_initialized:
            self._sim.tell("warn", "Articulation needs to be initialized.")
            return False
        if self._sim.traps.deleted_robot_raises and (not self.prim or physics.is_lost(self._root)):
            raise RuntimeError(f"Failed to get {what}: the articulation {self._root} was deleted")
        if not self._has_handle or physics.robot is None:
            self._sim.tell("warn", f"Physics Simulation View is not created yet in order to use {what}")
            return False
        return True

    @property
    def handles_initialized(self) -> bool:
        return self._has_handle

    @property
    def dof_names(self) -> list[str] | None:
        return list(DOFS) if self._ready("dof_names") or self._session >= 0 else None

    @property
    def num_dof(self) -> int | None:
        return len(DOFS) if self._ready("num_dof") or self._session >= 0 else None

    @property
    def dof_properties(self) -> Any:
        if not self._ready("dof_properties"):
            return None
        limits = self._sim.physics.robot.limits.astype(np.float32)
        kinds = [("hasLimits", "?"), ("lower", "f4"), ("upper", "f4"), ("stiffness", "f4"), ("damping", "f4")]
        found = np.zeros(len(DOFS), dtype=kinds)
        found["hasLimits"], found["lower"], found["upper"] = True, limits[:, 0], limits[:, 1]
        found["stiffness"], found["damping"] = self._sim.physics.gains()
        return found

    def get_dof_index(self, dof_name: str) -> int:
        return DOFS.index(dof_name)

    def get_joint_positions(self, joint_indices: Any = None) -> Any:
        ready = self._ready("get_joint_positions")
        return on_device(self._sim, _pick(self._sim.physics.positions(), joint_indices)) if ready else None

    def get_joint_velocities(self, joint_indices: Any = None) -> Any:
        ready = self._ready("get_joint_velocities")
        return on_device(self._sim, _pick(self._sim.physics.velocities(), joint_indices)) if ready else None

    def set_joint_positions(self, positions: Any, joint_indices: Any = None) -> None:
        if self._ready("set_joint_positions"):
            values, dofs = _values(positions, joint_indices)
            self._sim.physics.put_joints(values, dofs, targets_too=True, what="set_joint_positions")

    def set_joint_velocities(self, velocities: Any, joint_indices: Any = None) -> None:
        if self._ready("set_joint_velocities"):
            self._sim.physics.put_velocities(*_values(velocities, joint_indices))

    def get_articulation_controller(self) -> Any:
        if self._controller is None:
            names = (
                "omni.isaac.core.controllers.ArticulationController",
                "isaacsim.core.api.controllers.ArticulationController",
            )
            self._controller = self._sim.recording.instance(names)
            self._controller._impl.articulation = self
        return self._controller

    def apply_action(self, control_actions: Any) -> None:
        self.get_articulation_controller()._impl.apply_action(control_actions)

    def get_applied_action(self) -> Any:
        return self.get_articulation_controller()._impl.get_applied_action()

    def set_solver_position_iteration_count(self, count: int) -> None:
        """Accept the call; MuJoCo solves in its own way."""

    def set_solver_velocity_iteration_count(self, count: int) -> None:
        """Accept the call; MuJoCo solves in its own way."""


class ArticulationController(Behaviour):
    """Targets and gains of one articulation."""

    articulation: Articulation | None = None

    def _need(self) -> Any:
        if self.articulation is None or self.articulation._session < 0:
            raise RuntimeError("ArticulationController needs to be initialized: call initialize() of the articulation")
        return self._sim.physics

    def apply_action(self, control_actions: Any) -> None:
        physics = self._need()
        action = control_actions
        if not self.articulation._ready("apply_action"):
            return
        if action.joint_velocities is not None or action.joint_efforts is not None:
            raise NotImplementedError("simulated Isaac: apply_action knows joint_positions only")
        if action.joint_positions is None:
            return
        wanted = [np.nan if v is None else float(v) for v in action.joint_positions]
        if np.isnan(wanted).any() and not self._sim.traps.nan_keeps_target:
            raise ValueError(f"apply_action got joint_positions={action.joint_positions}, which are not all numbers")
        values, dofs = _values(wanted, action.joint_indices)
        values = np.where(np.isnan(values), physics.targets()[dofs], values)
        physics.set_targets(values, dofs)

    def get_applied_action(self) -> Any:
        names = ("omni.isaac.core.utils.types.ArticulationAction", "isaacsim.core.utils.types.ArticulationAction")
        return self._sim.recording.instance(names, joint_positions=self._need().targets())

    def get_gains(self) -> Any:
        physics = self._need()
        return physics.gains() if self.articulation._ready("get_gains") else None

    def set_gains(self, kps: Any = None, kds: Any = None, save_to_usd: bool = False) -> None:
        physics = self._need()
        if save_to_usd:
            raise NotImplementedError("simulated Isaac: set_gains(save_to_usd=True) has no behaviour here")
        if self.articulation._ready("set_gains"):
            physics.set_gains(kps, kds)

    def get_joint_limits(self) -> Any:
        physics = self._need()
        return tuple(physics.robot.limits.astype(np.float32).T) if self.articulation._ready("get_joint_limits") else None


class ArticulationAction(Behaviour):
    """Plain values."""

    def create(
        self, joint_positions: Any = None, joint_velocities: Any = None, joint_efforts: Any = None, joint_indices: Any = None
    ) -> None:
        self.joint_positions, self.joint_velocities = joint_positions, joint_velocities
        self.joint_efforts, self.joint_indices = joint_efforts, joint_indices

    def get_length(self) -> int | None:
        given = (self.joint_positions, self.joint_velocities, self.joint_efforts)
        return next((len(values) for values in given if values is not None), None)

    def get_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("joint_positions", "joint_velocities", "joint_efforts")}


class RigidPrim(_Prim):
    """A single rigid body; without a handle it silently answers from USD."""

    def create(self, prim_path: str, name: str = "rigid_prim", reset_xform_properties: bool = True) -> None:
        self._wrap(prim_path, name, reset_xform_properties)
        if not self.prim.HasAPI(UsdPhysics.RigidBodyAPI) and self._sim.traps.rigid_prim_writes_schema:
            UsdPhysics.RigidBodyAPI.Apply(self.prim)
        if not self.prim.HasAPI(UsdPhysics.MassAPI) and self._sim.traps.rigid_prim_writes_schema:
            UsdPhysics.MassAPI.Apply(self.prim)

    @property
    def _is_simulated(self) -> bool:
        physics = self._sim.physics
        if self._session >= 0 and (not self.prim or physics.is_lost(self._path)):
            raise RuntimeError(f"the rigid body {self._path} was deleted")
        return self._has_handle and self._path in physics.loaded.bodies

    def get_world_pose(self) -> tuple[Any, Any]:
        pos, quat = self._sim.physics.pose(self._path) if self._is_simulated else pose_of(_usd_matrix(self.prim))
        return on_device(self._sim, pos), on_device(self._sim, quat)

    def get_linear_velocity(self) -> Any:
        linear = self._sim.physics.body_velocity(self._path)[0] if self._is_simulated else np.zeros(3, dtype=np.float32)
        return on_device(self._sim, linear)

    def get_angular_velocity(self) -> Any:
        return self._sim.physics.body_velocity(self._path)[1] if self._is_simulated else np.zeros(3, dtype=np.float32)

    def set_linear_velocity(self, velocity: Any) -> None:
        self._set(linear=velocity)

    def set_angular_velocity(self, velocity: Any) -> None:
        self._set(angular=velocity)

    def _set(self, **velocity: Any) -> None:
        if self._is_simulated:
            self._sim.physics.put_body_velocity(self._path, **velocity)
        else:
            self._sim.tell("warn", f"{self._path}: no physics handle; its velocity is only written to USD")

    def get_mass(self) -> float:
        return float(UsdPhysics.MassAPI(self.prim).GetMassAttr().Get() or 0.0)


def reset_xform_ops(prim: Usd.Prim) -> None:
    """Give a prim the standard transform ops and its pose again, also while the timeline plays.

    Source: isaac-sim/IsaacSim v5.1.0 source/extensions/isaacsim.core.prims/python/impl/xform_prim.py, _set_xform_properties
    (lines 1194 to 1241), called by the constructor (line 153) of every wrapped prim.
    """
    pos, quat = pose_of(np.linalg.inv(_usd_matrix(prim.GetParent())) @ _usd_matrix(prim))
    names = ("xformOp:translate", "xformOp:orient", "xformOp:scale")
    kinds = (Sdf.ValueTypeNames.Double3, Sdf.ValueTypeNames.Quatd, Sdf.ValueTypeNames.Double3)
    scale = prim.GetAttribute(names[2])
    scale = Gf.Vec3d(scale.Get()) if scale else Gf.Vec3d(1.0)
    UsdGeom.Xformable(prim).ClearXformOpOrder()
    for name, kind, value in zip(
        names, kinds, (Gf.Vec3d(*map(float, pos)), Gf.Quatd(*map(float, quat)), scale), strict=True
    ):
        attribute = prim.GetAttribute(name) or prim.CreateAttribute(name, kind, False)
        attribute.Set(attribute.GetTypeName().type.pythonClass(value))
    UsdGeom.Xformable(prim).CreateXformOpOrderAttr(list(names))


def _usd_matrix(prim: Usd.Prim) -> Any:
    return np.array(UsdGeom.Imageable(prim).ComputeLocalToWorldTransform(Usd.TimeCode.Default())).T


def pose_of(matrix: Any) -> tuple[Any, Any]:
    turn = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
    quat = Gf.Matrix3d(*turn.T.flatten().tolist()).ExtractRotation().GetQuat()
    return matrix[:3, 3].astype(np.float32), np.array([quat.GetReal(), *quat.GetImaginary()], dtype=np.float32)


def _pick(values: Any, indices: Any) -> Any:
    return values.copy() if indices is None else values[np.asarray(indices)]


def _values(values: Any, indices: Any) -> tuple[Any, Any]:
    dofs = np.arange(len(DOFS)) if indices is None else np.asarray(indices, dtype=int)
    found = np.asarray(values, dtype=float).reshape(-1)
    if found.shape != dofs.shape:
        raise ValueError(f"{found.shape[0]} values for {dofs.shape[0]} joints")
    return found, dofs
