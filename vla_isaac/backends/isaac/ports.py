"""Protocols (ports) for what the backend needs of Isaac Sim; each API implements them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from vla_isaac.backends.isaac.assets import AssetServer
from vla_isaac.backends.isaac.camera_pictures import Layers, Picture, as_numpy
from vla_isaac.core.arrays import AnyArray, Array
from vla_isaac.core.errors import BackendError
from vla_isaac.robots import panda
from vla_isaac.sim.backend import Steps


class SimPort(Protocol):
    """Simulation time: start, stop, steps."""

    steps_done: int
    """Physics steps since the last `start`."""

    on_step: Callable[[int], None] | None
    """Called at every physics step with the number of steps done, just before the next step or just after the last."""

    def stage(self) -> Any:
        """Return the open USD stage."""
        ...

    def new_stage(self) -> Steps[Any]:
        """Open an empty stage and return it."""
        ...

    notes: dict[str, str]
    """Notes for the user, by subject."""

    def start(self, physics_dt: float, steps_per_update: int) -> Steps[None]:
        """Play a stopped timeline with this physics step [s] and that many of them per app update."""
        ...

    def clock(self) -> float | None:
        """Return the simulation time now on the clock that stamps pictures [s]; None where the release has none."""
        ...

    def advance(self) -> None:
        """Make one app update with physics and rendering; only in a script."""
        ...

    def redraw(self) -> Steps[None]:
        """Make or await one app update for rendering; in a script without physics."""
        ...

    def detach(self) -> None:
        """Drop everything bound to the stage and remove the callback; may be called twice."""
        ...


class RobotPort(Protocol):
    """The articulation; arrays have nine joints: arm [rad], then fingers [m]."""

    def wrap(self) -> None:
        """Wrap the prim; before every start, since it may write the prim's transform."""
        ...

    def connect(self) -> None:
        """Make handles; after every start."""
        ...

    def positions(self) -> Array:
        """Return joint positions, shape (9,)."""
        ...

    def velocities(self) -> Array:
        """Return joint speeds, shape (9,)."""
        ...

    def place(self, positions: Array) -> None:
        """Teleport the joints, at rest; only before an episode begins."""
        ...

    def rest(self) -> None:
        """Set all joint speeds to zero; only before an episode begins."""
        ...

    def command(self, positions: Array) -> None:
        """Set the targets of the joint drives; finite values only."""
        ...

    def joint_names(self) -> tuple[str, ...] | None:
        """Return the names of the joints in the simulator's order; None without a handle."""
        ...

    def limits(self) -> Array:
        """Return lower and upper limits, shape (9, 2): arm [rad], fingers [m]; with a handle only."""
        ...

    def gains(self) -> tuple[Any, Any]:
        """Return stiffness and damping of all joints as the simulator gives them; with a handle only."""
        ...

    def set_gains(self, stiffness: Sequence[float] | None, damping: Sequence[float] | None) -> None:
        """Set the arm's gains [Nm/rad, Nm s/rad], seven each; None keeps those of the asset."""
        ...


class ObjectsPort(Protocol):
    """The movable objects."""

    def wrap(self, paths: Sequence[str]) -> None:
        """Wrap the prims; before every start, since it may write their transforms."""
        ...

    def connect(self) -> None:
        """Make handles; after every start."""
        ...

    def read(self) -> tuple[Array, Array, Array]:
        """Return positions (N, 3) [m], quaternions (N, 4) (w, x, y, z), velocities (N, 3) [m/s], all in the world."""
        ...

    def rest(self) -> None:
        """Set all speeds to zero."""
        ...


class CameraPort(Protocol):
    """One camera prim, recorded at one size."""

    def read(self) -> Picture | None:
        """Return the newest picture, or None while there is no valid one."""
        ...

    def close(self) -> None:
        """Stop recording; may be called twice."""
        ...


@dataclass(frozen=True)
class Ports:
    """All ports of one API."""

    name: str
    sim: SimPort
    robot: RobotPort
    objects: ObjectsPort
    assets: AssetServer
    open_camera: Callable[[str, tuple[int, int], Layers], CameraPort]
    """Opens a camera: path of the prim, height and width [px], layers to record."""


def as_row(name: str, values: Any, length: int) -> Array:
    """Return a single robot's values as float64, shape (length,).

    Raises:
        BackendError: If the simulator returned nothing, or another length.
    """
    if values is None:
        raise BackendError(
            f"Isaac Sim returned no {name}: its physics handles are invalid",
            remedy="the timeline was stopped, or the robot's prim is gone. Press Reset (in a script: reset the backend)",
        )
    row = as_numpy(values).astype(np.float64).reshape(-1)
    if len(row) != length:
        raise BackendError(
            f"Isaac Sim returned {len(row)} {name}, but a Panda has {length}",
            remedy="the asset is not a Franka Panda with its hand",
        )
    return row


def check_joints(found: Sequence[str] | None, expected: Sequence[str]) -> None:
    """Raise `BackendError` unless an articulation has the Panda's nine joints, in order."""
    if found is None:
        raise BackendError(
            "Isaac Sim created no articulation for the robot's prim",
            remedy="it has no ArticulationRootAPI, or physics did not start",
        )
    if list(found) != list(expected):
        raise BackendError(
            f"the robot's joints are {', '.join(found)}",
            remedy=f"a Panda's are {', '.join(expected)}. Choose another asset, or robot 'embedded'",
        )


def check_finite(positions: Array) -> None:
    """Raise `BackendError` for NaN and infinity, which Isaac Sim reads as 'keep the old target'."""
    if not np.isfinite(positions).all():
        raise BackendError(
            f"joint targets must be finite, got {positions.tolist()}", remedy="Isaac Sim would silently keep old ones"
        )


def with_arm(gains: Any, arm: Sequence[float] | None) -> AnyArray | None:
    """Return the nine gains with the arm's seven replaced; None if `arm` is None."""
    if arm is None:
        return None
    row = as_row("gains", gains, len(panda.JOINTS))
    row[: panda.NUM_ARM_JOINTS] = arm
    return row
