"""What the backend needs of Isaac Sim, cut into small ports; each programming interface fills them in its own way."""

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
    """Time: start, stop, one step after another."""

    steps_done: int
    """Physics steps since the last `start`."""

    on_step: Callable[[int], None] | None
    """Called at every physics step with the number of steps done, right before the next or right after the last."""

    def stage(self) -> Any:
        """Return the open USD stage."""
        ...

    def new_stage(self) -> Steps[Any]:
        """Open an empty stage and return it."""
        ...

    notes: dict[str, str]
    """What a person should know, by what it is about."""

    def start(self, physics_dt: float, steps_per_update: int) -> Steps[None]:
        """Play a stopped timeline with this physics step [s] and that many of them per app update."""
        ...

    def clock(self) -> float | None:
        """Return the simulation time now on the clock that stamps pictures [s]; None where the release has none."""
        ...

    def advance(self) -> None:
        """Do one app update with physics and pictures; only in a script."""
        ...

    def redraw(self) -> Steps[None]:
        """Do or await one app update for the sake of pictures; in a script without physics."""
        ...

    def detach(self) -> None:
        """Forget what is bound to the stage as it was and leave no callback behind; may be called twice."""
        ...


class RobotPort(Protocol):
    """The articulation; all arrays have its nine joints: arm [rad], then fingers [m]."""

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
        """Put the joints there at once, at rest; only before an episode begins."""
        ...

    def rest(self) -> None:
        """Take all speed from the joints; only before an episode begins."""
        ...

    def command(self, positions: Array) -> None:
        """Set the targets of the joint drives; finite values only."""
        ...

    def set_gains(self, stiffness: Sequence[float] | None, damping: Sequence[float] | None) -> None:
        """Set the arm's gains [Nm/rad, Nm s/rad], seven each; None keeps those of the asset."""
        ...


class ObjectsPort(Protocol):
    """The objects that can move."""

    def connect(self, paths: Sequence[str]) -> None:
        """Make handles; after every start."""
        ...

    def read(self) -> tuple[Array, Array, Array]:
        """Return positions (N, 3) [m], quaternions (N, 4) (w, x, y, z), velocities (N, 3) [m/s], all in the world."""
        ...

    def rest(self) -> None:
        """Take all speed from them."""
        ...


class CameraPort(Protocol):
    """One camera prim, recorded at one size."""

    def read(self) -> Picture | None:
        """Return the newest picture, or None while there is no real one."""
        ...

    def close(self) -> None:
        """Record no longer; may be called twice."""
        ...


@dataclass(frozen=True)
class Ports:
    """All of them, for one interface."""

    name: str
    sim: SimPort
    robot: RobotPort
    objects: ObjectsPort
    assets: AssetServer
    open_camera: Callable[[str, tuple[int, int], Layers], CameraPort]
    """Path of the prim, height and width [px], what to record."""


def as_row(name: str, values: Any, length: int) -> Array:
    """Return a single robot's values as float64, shape (length,).

    Raises:
        BackendError: If the simulator gave nothing, or something of another length.
    """
    if values is None:
        raise BackendError(
            f"Isaac Sim gave no {name}: its physics handles are void",
            remedy="the timeline was stopped, or the robot's prim is gone. Press Reset (in a script: reset the backend)",
        )
    row = as_numpy(values).astype(np.float64).reshape(-1)
    if len(row) != length:
        raise BackendError(
            f"Isaac Sim gave {len(row)} {name} where a Panda has {length}",
            remedy="the asset is not a Franka Panda with its hand",
        )
    return row


def check_joints(found: Sequence[str] | None, wanted: Sequence[str]) -> None:
    """Refuse an articulation whose joints are not the Panda's nine, in their order."""
    if found is None:
        raise BackendError(
            "Isaac Sim made no articulation of the robot's prim",
            remedy="it has no ArticulationRootAPI, or physics did not start",
        )
    if list(found) != list(wanted):
        raise BackendError(
            f"the robot's joints are {', '.join(found)}",
            remedy=f"a Panda's are {', '.join(wanted)}. Choose another asset, or robot 'embedded'",
        )


def check_finite(positions: Array) -> None:
    """Refuse NaN and infinity, which Isaac Sim reads as 'keep the old target'."""
    if not np.isfinite(positions).all():
        raise BackendError(
            f"joint targets must be finite, got {positions.tolist()}", remedy="Isaac Sim would silently keep old ones"
        )


def with_arm(gains: Any, arm: Sequence[float] | None) -> AnyArray | None:
    """Return the nine gains with the arm's seven replaced; None where nothing changes."""
    if arm is None:
        return None
    row = as_row("gains", gains, len(panda.JOINTS))
    row[: panda.NUM_ARM_JOINTS] = arm
    return row
